//! From the URL of a lake to its store: the one place that knows which kinds of store there are.

use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use object_store::memory::InMemory;

use super::Store;
use super::staged::StagedFolder;

impl Store {
    /// Opens the lake at `url`: a folder, which need not exist yet.
    ///
    /// # Errors
    /// When this version does not support the URL, or it names something other than a folder.
    pub fn open(url: &str) -> Result<Self> {
        match url.split_once("://") {
            None => Self::folder(url),
            Some((scheme, _)) => {
                bail!(
                    "unsupported lake `{url}`: this version cannot use {scheme} URLs; give the path of a local folder"
                )
            }
        }
    }

    fn folder(path: &str) -> Result<Self> {
        let root = std::path::absolute(path).with_context(|| format!("invalid lake path `{path}`"))?;
        let root = fs::canonicalize(&root).unwrap_or_else(|_| normalised(&root));
        if root.exists() && !root.is_dir() {
            bail!("`{path}` cannot be a lake: it is a file, not a folder");
        }
        let folder = StagedFolder::new(root).with_context(|| format!("invalid lake path `{path}`"))?;
        let folder = Arc::new(folder);
        Ok(Self { name: path.to_owned(), objects: Arc::clone(&folder) as _, local: Some(folder), fences: Vec::new() })
    }

    /// A lake in memory, for tests.
    #[must_use]
    pub fn memory() -> Self {
        Self { name: "memory".into(), objects: Arc::new(InMemory::new()), local: None, fences: Vec::new() }
    }
}

/// A path that does not exist yet, with its `..` resolved: object paths have none.
fn normalised(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}
