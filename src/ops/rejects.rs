//! `rejects`: rows that were set aside, read back. Never why: that is decided where they are typed.

use std::io::BufRead as _;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

use crate::bronze;
use crate::spec::Table;
use crate::world::World;

/// One row that was set aside.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rejected {
    /// The table.
    #[serde(default)]
    pub table: String,
    /// The partition it would be in.
    #[serde(default)]
    pub partition: String,
    /// Why it was set aside.
    pub reason: String,
    /// The bronze file.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// The line, unchanged.
    pub row: String,
}

/// Every rejected row of a table.
///
/// # Errors
/// When the lake cannot be read.
pub async fn rejects(world: &World, table: &Table) -> Result<Vec<Rejected>> {
    let folder = format!("rejects/{}", table.name);
    let mut all = Vec::new();
    for entry in world.store.list(&folder).await? {
        let path = &entry.path;
        let inner = path.strip_prefix(&folder).and_then(|path| path.strip_prefix('/'));
        let Some(partition) = inner.and_then(|path| path.strip_suffix(".jsonl.gz")) else { continue };
        let mut text = Vec::new();
        bronze::inflate(&world.store.read(path).await?, &mut text).with_context(|| format!("`{path}`"))?;
        for line in text.lines() {
            let mut rejected: Rejected =
                serde_json::from_str(&line?).with_context(|| format!("`{path}` has an invalid line"))?;
            rejected.table.clone_from(&table.name);
            partition.clone_into(&mut rejected.partition);
            all.push(rejected);
        }
    }
    Ok(all)
}
