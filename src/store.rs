//! The lake's files: list, read, publish whole. Paths are relative to the lake, with `/`.
//!
//! On a local folder a file is staged under `.staging/`, synced and renamed, so a kill at any moment
//! leaves either the old file or the new one (the local store of `object_store` 0.13 stages beside
//! the target, where readers would see it, and does not sync). Never here: what a path means.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::ops::Range;
use std::path::{Component, Path as FsPath, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::local::LocalFileSystem;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutPayload};

const STAGING: &str = ".staging";

/// A staged file of another host is given up after this long.
const STALE: Duration = Duration::from_hours(24);

/// The lake could not be written: exit 1, with the reason.
#[derive(Debug, thiserror::Error)]
#[error("cannot write `{path}` in the lake {lake}: {cause}")]
pub struct WriteError {
    /// The lake as the user named it.
    pub lake: String,
    /// The file in the lake.
    pub path: String,
    /// What the system said.
    pub cause: String,
}

/// One file of a listing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Path in the lake.
    pub path: String,
    /// Bytes.
    pub size: u64,
}

/// A lake's store.
#[derive(Debug, Clone)]
pub struct Store {
    name: String,
    local: Option<PathBuf>,
    objects: Arc<dyn ObjectStore>,
    staged: Arc<AtomicU64>,
}

impl Store {
    /// Opens the lake at `url`: a folder, which need not exist yet.
    ///
    /// # Errors
    /// When the URL is of a kind this build cannot write, or the folder is something else.
    pub fn open(url: &str) -> Result<Self> {
        if let Some((scheme, _)) = url.split_once("://") {
            bail!("the lake `{url}` is a {scheme} URL; this version keeps lakes in local folders: give a path");
        }
        let root = std::path::absolute(url).with_context(|| format!("the lake `{url}` is no path"))?;
        // Object paths know no `..`.
        let root = fs::canonicalize(&root).unwrap_or_else(|_| folded(&root));
        if root.exists() && !root.is_dir() {
            bail!(WriteError { lake: url.into(), path: String::new(), cause: "it is a file, not a folder".into() });
        }
        // The root is joined by hand: the store must not demand that it exists before the first write.
        Ok(Self {
            name: url.to_owned(),
            local: Some(root),
            objects: Arc::new(LocalFileSystem::new()),
            staged: Arc::default(),
        })
    }

    /// A lake in memory, for tests.
    #[must_use]
    pub fn memory() -> Self {
        Self { name: "memory".into(), local: None, objects: Arc::new(InMemory::new()), staged: Arc::default() }
    }

    /// The lake as the user named it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The folder of a local lake.
    #[must_use]
    pub fn folder(&self) -> Option<&FsPath> {
        self.local.as_deref()
    }

    /// Bytes free on the disk of a local lake, or of the nearest folder above one that is not there yet.
    #[must_use]
    pub fn free(&self) -> Option<u64> {
        let there = self.local.as_deref()?.ancestors().find(|folder| folder.is_dir())?;
        let disk = rustix::fs::statvfs(there).ok()?;
        Some(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    fn path(&self, path: &str) -> Result<Path> {
        match &self.local {
            Some(root) => Path::from_absolute_path(root.join(path)).with_context(|| format!("`{path}` is no path")),
            None => Ok(Path::parse(path)?),
        }
    }

    /// Every file below `folder`, sorted by path.
    ///
    /// # Errors
    /// When the store cannot be listed; a folder that is not there is empty.
    pub async fn list(&self, folder: &str) -> Result<Vec<Entry>> {
        let prefix = self.path(folder)?;
        if self.local.as_ref().is_some_and(|root| !root.join(folder).is_dir()) {
            return Ok(Vec::new());
        }
        let cut = prefix.as_ref().len() - folder.len();
        let listed = self
            .objects
            .list(Some(&prefix))
            .map_ok(|meta| Entry { path: meta.location.as_ref()[cut..].to_owned(), size: meta.size });
        let mut entries: Vec<Entry> =
            listed.try_collect().await.with_context(|| format!("cannot list `{folder}` in the lake {}", self.name))?;
        entries.sort();
        Ok(entries)
    }

    /// A whole file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn read(&self, path: &str) -> Result<Bytes> {
        let read = async { Ok::<_, anyhow::Error>(self.objects.get(&self.path(path)?).await?.bytes().await?) };
        read.await.with_context(|| format!("cannot read `{path}` in the lake {}", self.name))
    }

    /// A part of a file.
    ///
    /// # Errors
    /// When it cannot be read, or is shorter.
    pub async fn read_range(&self, path: &str, range: Range<u64>) -> Result<Bytes> {
        let read = async { Ok::<_, anyhow::Error>(self.objects.get_range(&self.path(path)?, range).await?) };
        read.await.with_context(|| format!("cannot read `{path}` in the lake {}", self.name))
    }

    /// Publishes a file, in the place of one that is there.
    ///
    /// # Errors
    /// [`WriteError`].
    pub async fn put(&self, path: &str, body: Bytes) -> Result<()> {
        self.publish(path, body, false).await.map(|_| ())
    }

    /// Publishes a file if its name is free; `false` if it is taken.
    ///
    /// # Errors
    /// [`WriteError`].
    pub async fn create(&self, path: &str, body: Bytes) -> Result<bool> {
        self.publish(path, body, true).await
    }

    async fn publish(&self, path: &str, body: Bytes, keep: bool) -> Result<bool> {
        let failed = |cause: String| WriteError { lake: self.name.clone(), path: path.to_owned(), cause };
        if let Some(root) = self.local.clone() {
            let staged = format!("{}-{}-{}", host(), std::process::id(), self.staged.fetch_add(1, Ordering::Relaxed));
            let target = root.join(path);
            let work = move || publish_local(&root, &staged, &target, &body, keep);
            return Ok(tokio::task::spawn_blocking(work).await?.map_err(|e| failed(e.to_string()))?);
        }
        let mode = if keep { PutMode::Create } else { PutMode::Overwrite };
        match self.objects.put_opts(&self.path(path)?, PutPayload::from_bytes(body), mode.into()).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
            Err(error) => bail!(failed(error.to_string())),
        }
    }

    /// Removes a file; one that is not there is removed already.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn delete(&self, path: &str) -> Result<()> {
        match self.objects.delete(&self.path(path)?).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error).with_context(|| format!("cannot remove `{path}` in the lake {}", self.name)),
        }
    }

    /// Removes what killed runs left half written. Files of processes that still run are left alone.
    ///
    /// # Errors
    /// When the folder cannot be read or a file cannot be removed.
    pub fn clear_staging(&self) -> Result<()> {
        let Some(root) = &self.local else { return Ok(()) };
        let folder = root.join(STAGING);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", folder.display())),
        };
        for entry in entries {
            let entry = entry?;
            if abandoned(&entry) {
                match fs::remove_file(entry.path()) {
                    Err(error) if error.kind() != ErrorKind::NotFound => {
                        return Err(error).with_context(|| format!("cannot remove {}", entry.path().display()));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

/// A path that is not there yet, with its `..` taken back.
fn folded(path: &FsPath) -> PathBuf {
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

/// Whether nobody will finish this staged file (`<host>-<pid>-<n>`).
fn abandoned(entry: &fs::DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy().into_owned();
    let mut parts = name.rsplitn(3, '-');
    let (_, pid, owner) = (parts.next(), parts.next(), parts.next());
    match (owner, pid.and_then(|pid| pid.parse().ok())) {
        (Some(owner), Some(pid)) if owner == host() => !is_alive(pid),
        _ => {
            let age = entry.metadata().and_then(|m| m.modified()).ok().and_then(|at| at.elapsed().ok());
            age.is_some_and(|age| age > STALE)
        }
    }
}

fn publish_local(root: &FsPath, staged: &str, target: &FsPath, body: &[u8], keep: bool) -> std::io::Result<bool> {
    let staging = root.join(STAGING);
    fs::create_dir_all(&staging)?;
    let staged = staging.join(staged);
    let mut file = File::create(&staged)?;
    file.write_all(body)?;
    file.sync_all()?;
    drop(file);
    let folder = target.parent().unwrap_or(root);
    fs::create_dir_all(folder)?;
    let published = if keep {
        // A link fails where the name is taken, which a rename would not.
        let linked = fs::hard_link(&staged, target);
        fs::remove_file(&staged)?;
        match linked {
            Ok(()) => true,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => false,
            Err(error) => return Err(error),
        }
    } else {
        fs::rename(&staged, target)?;
        true
    };
    File::open(folder)?.sync_all()?;
    Ok(published)
}

/// This machine's name.
#[must_use]
pub fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().replace('/', "_")
}

/// Whether a process of this machine still runs.
#[must_use]
pub fn is_alive(pid: i32) -> bool {
    use rustix::process::{Pid, test_kill_process};
    let Some(pid) = Pid::from_raw(pid) else { return false };
    // A process of another user exists too: it refuses the signal instead of being unknown.
    !matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn suite(store: Store) {
        assert!(store.list("bronze").await.unwrap().is_empty());
        store.put("bronze/a/b.json", Bytes::from_static(b"one")).await.unwrap();
        store.put("bronze/a/b.json", Bytes::from_static(b"three")).await.unwrap();
        assert!(!store.create("bronze/a/b.json", Bytes::from_static(b"x")).await.unwrap());
        assert!(store.create("bronze/a.json", Bytes::from_static(b"x")).await.unwrap());
        let listed = store.list("bronze").await.unwrap();
        let paths: Vec<(&str, u64)> = listed.iter().map(|e| (e.path.as_str(), e.size)).collect();
        assert_eq!(paths, [("bronze/a.json", 1), ("bronze/a/b.json", 5)]);
        assert_eq!(store.read("bronze/a/b.json").await.unwrap(), "three");
        assert_eq!(store.read_range("bronze/a/b.json", 1..3).await.unwrap(), "hr");
        store.delete("bronze/a.json").await.unwrap();
        store.delete("bronze/a.json").await.unwrap();
        assert_eq!(store.list("bronze").await.unwrap().len(), 1);
    }

    #[tokio::test]
    async fn memory_and_local_behave_alike() {
        suite(Store::memory()).await;
        let folder = tempfile::tempdir().unwrap();
        suite(Store::open(folder.path().join("x/../a lake").to_str().unwrap()).unwrap()).await;
    }

    #[tokio::test]
    async fn what_a_killed_run_staged_is_cleared_and_a_living_run_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().to_str().unwrap()).unwrap();
        let staging = folder.path().join(STAGING);
        fs::create_dir_all(&staging).unwrap();
        let dead = staging.join(format!("{}-{}-0", host(), i32::MAX));
        let living = staging.join(format!("{}-{}-0", host(), std::process::id()));
        fs::write(&dead, "half").unwrap();
        fs::write(&living, "half").unwrap();
        store.clear_staging().unwrap();
        assert!(!dead.exists() && living.exists());
    }

    #[test]
    fn a_cloud_url_is_refused_with_the_way_out() {
        let error = Store::open("s3://bucket/lake").unwrap_err().to_string();
        assert!(error.contains("s3 URL") && error.contains("give a path"), "{error}");
    }
}
