//! A file as listings show it. Reads no file.

use chrono::{DateTime, SubsecRound as _, Utc};
use object_store::path::Path;
use object_store::{ObjectMeta, Result};
use serde::{Deserialize, Serialize};

/// How many leading bytes of a file a listing may know: enough to tell whether it is one of ours.
pub const BEGINNING: usize = 14;

/// One file of a listing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Entry {
    /// Path relative to the lake.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// Last modified, to the millisecond, according to the store.
    pub modified: DateTime<Utc>,
    /// The first bytes, where known without reading the file.
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
