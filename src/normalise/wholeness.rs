//! How much of the requested data an answer holds. What follows from it is decided elsewhere.

use serde::{Deserialize, Serialize};

/// How much of the requested data an answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wholeness {
    /// All of it.
    Whole,
    /// Some keys are missing for good: the vendor has no more.
    Short,
    /// Some keys, rows or columns are missing, and it will be requested again.
    Partial,
}
