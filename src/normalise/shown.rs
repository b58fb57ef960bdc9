//! When a vendor showed the rows of a file. From when rows are known is decided elsewhere.

use serde::{Deserialize, Serialize};

/// When a vendor showed the rows of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shown {
    /// When it was received.
    Then,
    /// On an unknown earlier day: an import without a day of capture.
    Before,
}
