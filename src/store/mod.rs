//! The files of a lake: list, read, publish whole, delete. Paths are relative to the lake and use `/`.
//!
//! A [`Store`] wraps one [`ObjectStore`] and treats all kinds alike; only `open.rs` knows which kinds exist. What a
//! path means is not decided here.

mod address;
mod cause;
mod cloud;
#[cfg(test)]
pub(crate) mod counted;
mod draft;
mod entry;
mod error;
mod files;
mod glance;
mod http;
pub mod lease;
mod listing;
mod open;
mod passed_over;
mod probe;
mod process;
mod remembered;
mod remote;
mod spool;
mod staged;
mod staging;
#[cfg(test)]
pub(crate) mod unreliable;
#[cfg_attr(not(unix), path = "walk_plain.rs")]
mod walk;
mod whole;

use std::ops::Range;
use std::path::Path as FsPath;
use std::sync::Arc;

use anyhow::Result;
use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::future::join_all;
use futures::{StreamExt as _, stream};
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt as _, PutMode, PutPayload, UpdateVersion};

pub use address::Address;
pub use cloud::{Access, Speaks, StoreSettings};
pub use draft::Draft;
pub use entry::{BEGINNING, Entry};
pub use error::{Obstructed, StoreError, WriteError, is_passing};
pub use files::LocalFiles;
pub use probe::{Abilities, Condition};
pub use process::host;
pub use spool::{Left, Spool};
pub use whole::whole;

use cause::{cause, is_obstructed, of_system};
use glance::Glance;
use passed_over::PassedOver;
use remote::Remote;
use staged::StagedFolder;

/// Files read concurrently.
const AT_ONCE: usize = 16;

/// A file as it was read, so that it can be replaced only if unchanged.
#[derive(Debug)]
pub struct Versioned {
    /// Its contents.
    pub body: Bytes,
    /// Last modified, according to the store.
    pub modified: DateTime<Utc>,
    version: UpdateVersion,
}

/// A condition checked before each write.
#[async_trait]
pub trait Fence: std::fmt::Debug + Send + Sync {
    /// Succeeds if the condition holds.
    ///
    /// # Errors
    /// The reason it does not hold.
    async fn check(&self) -> Result<()>;
}

/// The store of a lake.
#[derive(Debug, Clone)]
pub struct Store {
    name: String,
    settings: StoreSettings,
    objects: Arc<dyn ObjectStore>,
    /// The same store by kind, for questions only one kind can answer.
    kind: Kind,
    /// Listings taken at one time, for callers that do not need the current state.
    glance: Option<Arc<Glance>>,
    /// Checked before each write.
    fences: Vec<Arc<dyn Fence>>,
    passed_over: PassedOver,
}

#[derive(Debug, Clone)]
enum Kind {
    Local(Arc<StagedFolder>),
    Remote(Arc<Remote>),
}

impl Store {
    fn local(&self) -> Option<&Arc<StagedFolder>> {
        match &self.kind {
            Kind::Local(folder) => Some(folder),
            Kind::Remote(_) => None,
        }
    }

    /// Whether the store is behind a network, so that each question is a request.
    #[must_use]
    pub fn is_remote(&self) -> bool {
        self.local().is_none()
    }

    /// Whether puts of new files fail if the name is taken, as far as known.
    fn creates(&self) -> bool {
        !matches!(&self.kind, Kind::Remote(remote) if !remote.creates())
    }

    /// Whether replacing fails if the file has changed since it was read, as far as known.
    fn swaps(&self) -> bool {
        !matches!(&self.kind, Kind::Remote(remote) if !remote.swaps())
    }

    /// The same store, writing only while `fence` holds.
    #[must_use]
    pub fn fenced(&self, fence: impl Fence + 'static) -> Self {
        let mut store = self.clone();
        store.fences.push(Arc::new(fence));
        store
    }

    /// The lake, as the user named it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A path of the lake, as the user would write it.
    #[must_use]
    pub fn location(&self, path: &str) -> String {
        format!("{}/{path}", self.name.trim_end_matches('/'))
    }

    /// The underlying store, for engines that read it themselves. Paths are relative to the lake.
    #[must_use]
    pub fn objects(&self) -> Arc<dyn ObjectStore> {
        Arc::clone(&self.objects)
    }

    /// The folder of a local lake, if it does not exist yet.
    #[must_use]
    pub fn missing(&self) -> Option<&FsPath> {
        self.local()?.missing()
    }

    /// Free bytes on the disk of a local lake.
    #[must_use]
    pub fn free(&self) -> Option<u64> {
        self.local()?.free()
    }

    /// From now on, remember listings of a local lake in the lake itself, so that the next one is faster. For commands
    /// that write to the lake.
    pub fn remember(&self) {
        if let Some(local) = self.local() {
            local.remember();
        }
    }

    /// Removes files that killed runs left half written. Files of running processes stay.
    ///
    /// # Errors
    /// When the folder cannot be read or a file cannot be removed.
    pub fn clear_staging(&self) -> Result<()> {
        self.local().map_or(Ok(()), |folder| folder.clear())
    }

    /// Reads a whole file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn read(&self, path: &str) -> Result<Bytes> {
        let read = async { self.objects.get(&Path::parse(path)?).await?.bytes().await };
        read.await.map_err(|error| self.failed("read", path, &error))
    }

    /// Reads part of a file.
    ///
    /// # Errors
    /// When it cannot be read or is too short.
    pub async fn read_range(&self, path: &str, range: Range<u64>) -> Result<Bytes> {
        let read = async { self.objects.get_range(&Path::parse(path)?, range).await };
        read.await.map_err(|error| self.failed("read", path, &error))
    }

    /// Applies `read` to the first bytes of each file, concurrently, and returns the results in order. Each file comes
    /// with the number of bytes to read. From an object store only `usual` bytes are read at first, and the rest if
    /// `length` says that more is needed.
    pub async fn heads<T: Send + 'static>(
        &self,
        files: Vec<(String, u64)>,
        (usual, length): (u64, fn(&[u8]) -> u64),
        read: fn(&[u8]) -> T,
    ) -> Vec<Result<T>> {
        let Some(local) = self.local() else {
            let one = async |(path, size): (String, u64)| {
                let mut start = self.read_range(&path, 0..size.min(usual)).await?;
                if size > usual && length(&start) > usual {
                    start = self.read_range(&path, 0..size.min(length(&start))).await?;
                }
                Ok(read(&start))
            };
            return stream::iter(files).map(one).buffered(AT_ONCE).collect().await;
        };
        // One blocking thread for many files, not one each.
        let parts = files.chunks(files.len().div_ceil(AT_ONCE).max(1)).map(|part| {
            let (local, name, part) = (Arc::clone(local), self.name.clone(), part.to_vec());
            let one = move |(path, size): (String, u64)| {
                let start = local.start(&path, size);
                Ok(read(&start.map_err(|error| of_system("read", path, name.clone(), &error))?))
            };
            tokio::task::spawn_blocking(move || part.into_iter().map(one).collect::<Vec<_>>())
        });
        let parts = join_all(parts).await.into_iter();
        // Propagate a panic of `read`.
        parts.flat_map(|part| part.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))).collect()
    }

    /// The last bytes of each file of a local lake, up to `most`, in order; `None` where they cannot be read. Empty for
    /// an object store.
    pub async fn ends(&self, files: Vec<(String, u64)>, most: u64) -> Vec<Option<Vec<u8>>> {
        let Some(local) = self.local().cloned() else { return Vec::new() };
        let one = move |(path, size): (String, u64)| local.end(&path, size.min(most)).ok();
        // One blocking thread for all of them.
        let read = tokio::task::spawn_blocking(move || files.into_iter().map(one).collect());
        read.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }

    /// Reads a whole file and its version. `None` if there is no such file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn versioned(&self, path: &str) -> Result<Option<Versioned>> {
        let read = async {
            let found = self.objects.get(&Path::parse(path)?).await?;
            let meta = found.meta.clone();
            let version = UpdateVersion { e_tag: meta.e_tag, version: meta.version };
            Ok(Versioned { body: found.bytes().await?, modified: meta.last_modified, version })
        };
        match read.await {
            Ok(found) => Ok(Some(found)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.failed("read", path, &error)),
        }
    }

    /// Replaces a file if it is still as it was read. `false` if it is not.
    ///
    /// # Errors
    /// [`WriteError`].
    pub async fn replace(&self, path: &str, read: &Versioned, body: Bytes) -> Result<bool> {
        match self.publish(path, body, PutMode::Update(read.version.clone())).await {
            Ok(()) => Ok(true),
            Err(Error::Precondition { .. } | Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(self.unwritten(path, &error)),
        }
    }

    /// Publishes a file, replacing any file of that name.
    ///
    /// # Errors
    /// [`WriteError`], or why a fence does not hold.
    pub async fn put(&self, path: &str, body: Bytes) -> Result<()> {
        self.check().await?;
        self.publish(path, body, PutMode::Overwrite).await.map_err(|error| self.unwritten(path, &error))
    }

    /// Publishes a file if its name is free. `false` if it is taken.
    ///
    /// # Errors
    /// [`WriteError`], or why a fence does not hold.
    pub async fn create(&self, path: &str, body: Bytes) -> Result<bool> {
        self.check().await?;
        match self.publish(path, body, PutMode::Create).await {
            Ok(()) => Ok(true),
            Err(Error::AlreadyExists { .. }) => Ok(false),
            Err(error) => Err(self.unwritten(path, &error)),
        }
    }

    async fn publish(&self, path: &str, body: Bytes, mode: PutMode) -> object_store::Result<()> {
        self.outdate(path);
        self.objects.put_opts(&Path::parse(path)?, PutPayload::from_bytes(body), mode.into()).await.map(|_| ())
    }

    /// Checks all fences.
    async fn check(&self) -> Result<()> {
        for fence in &self.fences {
            fence.check().await?;
        }
        Ok(())
    }

    /// Deletes a file. Succeeds if there is none.
    ///
    /// # Errors
    /// When the store refuses, or why a fence does not hold.
    pub async fn delete(&self, path: &str) -> Result<()> {
        self.check().await?;
        self.outdate(path);
        let deleted = async { self.objects.delete(&Path::parse(path)?).await };
        match deleted.await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.failed("delete", path, &error)),
        }
    }

    /// Deletes a file of a local lake if `is_due` says so of its contents. Blocks, and checks no fence.
    ///
    /// # Errors
    /// When it cannot be read or deleted.
    fn delete_if(&self, path: &str, is_due: impl Fn(&[u8]) -> bool) -> Result<()> {
        let Some(local) = self.local() else { return Ok(()) };
        local
            .remove_if(path, is_due)
            .map_err(|error| of_system("delete", path.to_owned(), self.name.clone(), &error).into())
    }

    fn failed(&self, verb: &'static str, path: &str, error: &Error) -> anyhow::Error {
        let (path, lake, is_passing) = (path.to_owned(), self.name.clone(), cause::is_passing(error));
        StoreError { verb, path, lake, cause: cause(error), is_passing }.into()
    }

    fn unwritten(&self, path: &str, error: &Error) -> anyhow::Error {
        let (lake, path, cause) = (self.name.clone(), path.to_owned(), cause(error));
        if is_obstructed(error) {
            return Obstructed { lake, path, cause }.into();
        }
        WriteError { lake, path, cause }.into()
    }
}

/// Whether this is a file that `object_store`'s local store is still writing: its name ends in `#` and a number.
fn is_unfinished(path: &str) -> bool {
    let number = path.rsplit('/').next().and_then(|name| name.split_once('#'));
    number.is_some_and(|(_, number)| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests;
