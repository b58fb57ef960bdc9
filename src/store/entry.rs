//! A file as a listing shows it. Never what it holds.

use chrono::{DateTime, SubsecRound as _, Utc};
use object_store::ObjectMeta;
use serde::{Deserialize, Serialize};

/// One file of a listing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Entry {
    /// Path in the lake.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// When it was written, to the millisecond, as the store knows it.
    pub modified: DateTime<Utc>,
}

impl From<ObjectMeta> for Entry {
    fn from(meta: ObjectMeta) -> Self {
        Self { path: meta.location.into(), size: meta.size, modified: meta.last_modified.trunc_subsecs(3) }
    }
}
