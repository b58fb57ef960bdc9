//! Opens the store at the URL of a lake. The only place that knows which kinds of store exist.

use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use object_store::ObjectStore;
use object_store::memory::InMemory;

use super::cloud::{self, Access, StoreSettings};
use super::passed_over::PassedOver;
use super::remote::Remote;
use super::staged::StagedFolder;
use super::{Kind, Store};

/// Schemes of object stores.
const SCHEMES: [&str; 3] = ["s3", "gs", "az"];

impl Store {
    /// Opens the lake at `url`, a folder, which need not exist yet.
    ///
    /// # Errors
    /// As [`Store::reach`].
    pub fn open(url: &str) -> Result<Self> {
        Self::reach(url, &Access::default())
    }

    /// Opens the lake at `url`: a folder, which need not exist yet, or a folder in a bucket.
    ///
    /// # Errors
    /// When no store has such a URL, it names something other than a folder, or settings or credentials are incomplete.
    pub fn reach(url: &str, access: &Access) -> Result<Self> {
        let Some((scheme, place)) = url.split_once("://") else { return Self::folder(url) };
        if let Some((_, place)) = place.rsplit_once('@') {
            bail!("invalid lake `{scheme}://{place}`: a URL is no place for credentials; set them in the environment");
        }
        if !SCHEMES.contains(&scheme) {
            bail!(
                "unsupported lake `{url}`: this version cannot use {scheme} URLs; give the path of a local folder, or \
                 s3://BUCKET/FOLDER, gs://BUCKET/FOLDER or az://CONTAINER/FOLDER"
            )
        }
        let remote = cloud::open(scheme, place, access).with_context(|| format!("invalid lake `{url}`"))?;
        Ok(Self { settings: access.settings.clone(), ..Self::remote(url, remote) })
    }

    fn folder(path: &str) -> Result<Self> {
        let root = std::path::absolute(path).with_context(|| format!("invalid lake path `{path}`"))?;
        let root = fs::canonicalize(&root).unwrap_or_else(|_| normalised(&root));
        if root.exists() && !root.is_dir() {
            bail!("`{path}` cannot be a lake: it is a file, not a folder");
        }
        let passed_over = PassedOver::default();
        let folder = StagedFolder::new(root, passed_over.clone());
        let folder = Arc::new(folder.with_context(|| format!("invalid lake path `{path}`"))?);
        Ok(Self { passed_over, ..Self::of(path, Arc::clone(&folder) as _, Kind::Local(folder)) })
    }

    /// A lake in an object store of any kind, for tests.
    #[must_use]
    pub fn over(name: &str, objects: Arc<dyn ObjectStore>) -> Self {
        Self::remote(name, Remote::new(objects))
    }

    /// A lake in memory, for tests.
    #[must_use]
    pub fn memory() -> Self {
        Self::over("memory", Arc::new(InMemory::new()))
    }

    fn remote(name: &str, remote: Remote) -> Self {
        let remote = Arc::new(remote);
        Self::of(name, Arc::clone(&remote) as _, Kind::Remote(remote))
    }

    fn of(name: &str, objects: Arc<dyn ObjectStore>, kind: Kind) -> Self {
        let passed_over = PassedOver::default();
        let settings = StoreSettings::default();
        Self { name: name.to_owned(), settings, objects, kind, glance: None, fences: Vec::new(), passed_over }
    }
}

/// Resolves `..` in a path that need not exist yet, because object paths cannot hold it.
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
