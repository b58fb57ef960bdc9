//! The states of keys.
