//! A file as a listing shows it. Never what it holds.

use chrono::{DateTime, SubsecRound as _, Utc};
use object_store::path::Path;
use object_store::{ObjectMeta, Result};
use serde::{Deserialize, Serialize};

/// Bytes of the beginning of a file that a listing may tell: those that show whether it is one of ours.
pub const BEGINNING: usize = 14;

/// One file of a listing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Entry {
    /// Path in the lake.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// When it was written, to the millisecond, as the store knows it.
    pub modified: DateTime<Utc>,
    /// How it begins, where that is known without reading it.
    #[serde(skip)]
    pub beginning: Option<[u8; BEGINNING]>,
}

impl From<ObjectMeta> for Entry {
    fn from(meta: ObjectMeta) -> Self {
        let modified = meta.last_modified.trunc_subsecs(3);
        Self { path: meta.location.into(), size: meta.size, modified, beginning: None }
    }
}

impl TryFrom<Entry> for ObjectMeta {
    type Error = object_store::Error;

    fn try_from(Entry { path, size, modified, .. }: Entry) -> Result<Self> {
        Ok(Self { location: Path::parse(path)?, last_modified: modified, size, e_tag: None, version: None })
    }
}
