//! How much of what was asked for an answer holds. Never what follows from it.

use serde::{Deserialize, Serialize};

/// How much of what was asked for an answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Wholeness {
    /// All of it.
    Whole,
    /// Some keys are lacking for good: the vendor has no more.
    Short,
    /// Some keys, rows or columns are lacking: it is asked for again.
    Partial,
}
