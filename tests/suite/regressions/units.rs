//! Figures in another unit than their contract says, and numbers of many digits.
