//! When a vendor showed the rows of a file. Never when rows are known.

use serde::{Deserialize, Serialize};

/// When a vendor showed the rows of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shown {
    /// When we received it.
    Then,
    /// On an unknown day up to then: an import whose day of capture is not given.
    Before,
}
