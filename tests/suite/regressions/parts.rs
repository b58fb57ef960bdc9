//! Imports and files of other programs beside answers: what they add, and what they must not displace.
