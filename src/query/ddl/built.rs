//! Which tables and companions of a lake have files. The files are not read.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::store::Store;

/// The names of the tables and companions that have files.
pub(super) async fn built(store: &Store) -> Result<BTreeSet<String>> {
    let mut built = BTreeSet::new();
    for file in store.list("silver").await? {
        let mut parts = file.path.split('/').skip(1);
        built.extend(parts.next().filter(|_| file.path.ends_with("/part-0.parquet")).map(str::to_owned));
    }
    Ok(built)
}
