//! A local folder as an [`ObjectStore`] whose files appear whole and synced, or not at all.
//!
//! A file is written under `.staging/`, synced and renamed, so a kill at any moment leaves either the old file or the
//! new one. Reading is left to `object_store`'s local store and listing to `walk`. That store's own writes are not
//! used: they stage beside the target, where readers of the folder would see the file, and do not sync. What a path
//! means is not decided here.

use std::fmt;
use std::fs::{self, DirEntry, File};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom};
use std::ops::Range;
use std::path::{Path as FsPath, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{FutureExt as _, StreamExt as _, TryStreamExt as _};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{
    CopyMode, CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt as _, PutMode, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, UpdateVersion,
    UploadPart,
};

use super::entry::Entry;
use super::passed_over::PassedOver;
use super::process::Process;
use super::remembered::{Place, is_memory};
use super::staging::{SPOOL, STAGING, Staged, failed, lock};
use super::walk::{level, walk};

/// Age at which a staged file from another host counts as abandoned.
const STALE: Duration = Duration::from_hours(24);

/// Device and inode, which identify a folder.
#[cfg(unix)]
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(folder: &FsPath) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(folder).ok().map(|found| (found.dev(), found.ino()))
}

/// On other systems only its existence is known.
#[cfg(not(unix))]
type Identity = ();

#[cfg(not(unix))]
fn identity(folder: &FsPath) -> Option<Identity> {
    folder.is_dir().then_some(())
}

/// A local folder. It need not exist before the first write.
#[derive(Debug)]
pub(super) struct StagedFolder {
    root: PathBuf,
    files: PrefixStore<LocalFileSystem>,
    staged: AtomicU64,
    /// The identity of the folder at the first write.
    written: OnceLock<Identity>,
    /// Whether listings are remembered.
    remembers: AtomicBool,
    passed_over: PassedOver,
}

impl StagedFolder {
    /// `root` must be absolute. Paths that listings pass over are recorded in `passed_over`.
    pub(super) fn new(root: PathBuf, passed_over: PassedOver) -> Result<Self> {
        // `LocalFileSystem::new_with_prefix` would require the root to exist.
        let files = PrefixStore::new(LocalFileSystem::new(), Path::from_absolute_path(&root)?);
        let (staged, written, remembers) = (AtomicU64::default(), OnceLock::new(), AtomicBool::default());
        Ok(Self { root, files, staged, written, remembers, passed_over })
    }

    /// The folder, if it does not exist yet.
    pub(super) fn missing(&self) -> Option<&FsPath> {
        Some(self.root.as_path()).filter(|root| !root.is_dir())
    }

    /// Free bytes on the disk of the folder, or of its nearest existing ancestor.
    #[cfg(unix)]
    pub(super) fn free(&self) -> Option<u64> {
        let existing = self.root.ancestors().find(|folder| folder.is_dir())?;
        let disk = rustix::fs::statvfs(existing).ok()?;
        Some(disk.f_bavail.saturating_mul(disk.f_frsize))
    }

    /// Not known on other systems.
    #[cfg(not(unix))]
    #[allow(clippy::unused_self)]
    pub(super) fn free(&self) -> Option<u64> {
        None
    }

    /// From now on, listings are remembered.
    pub(super) fn remember(&self) {
        self.remembers.store(true, Ordering::Relaxed);
    }

    /// Every file below a folder except staged ones, sorted by path.
    pub(super) fn below(&self, folder: &Path) -> impl Future<Output = Result<Vec<Entry>>> + Send + use<> {
        let (root, prefix, passed_over) = (self.root.clone(), folder.clone(), self.passed_over.clone());
        let staged = self.remembers.load(Ordering::Relaxed).then(|| self.stage(folder).1.path);
        let place = Place::new(folder.to_string(), root.join(STAGING), staged);
        let walked = move || {
            let mut files = walk(&root, &prefix, place, &passed_over)?;
            if prefix.as_ref().is_empty() || is_staged(prefix.as_ref()) {
                files.retain(|file| !is_staged(&file.path));
            }
            Ok(files)
        };
        async { tokio::task::spawn_blocking(walked).await? }
    }

    /// Opens a file to read it.
    pub(super) fn open(&self, path: &str) -> io::Result<File> {
        File::open(self.root.join(path))
    }

    /// The first `size` bytes of a file, or all of it if shorter.
    pub(super) fn start(&self, path: &str, size: u64) -> io::Result<Vec<u8>> {
        let mut start = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        self.open(path)?.take(size).read_to_end(&mut start)?;
        Ok(start)
    }

    /// The last `size` bytes of a file.
    pub(super) fn end(&self, path: &str, size: u64) -> io::Result<Vec<u8>> {
        let mut file = self.open(path)?;
        file.seek(SeekFrom::End(-i64::try_from(size).unwrap_or(i64::MAX)))?;
        let mut end = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        file.take(size).read_to_end(&mut end)?;
        Ok(end)
    }

    /// Deletes a file if it exists and `is_due` says so of its contents.
    pub(super) fn remove_if(&self, path: &str, is_due: impl Fn(&[u8]) -> bool) -> io::Result<()> {
        // The lock keeps others from replacing it between the read and the deletion. On a disk without locks nobody can
        // replace it at all.
        let _locked = lock(&self.root.join(STAGING)).and_then(|lock| lock.lock().map(|()| lock));
        let path = self.root.join(path);
        match fs::read(&path).and_then(|body| if is_due(&body) { fs::remove_file(&path) } else { Ok(()) }) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }

    /// Fails if the folder was taken away: writing then would start a new lake in its place.
    pub(super) fn check_there(&self) -> Result<()> {
        // A write in progress may have created a folder of that name again.
        if self.written.get().is_some_and(|written| identity(&self.root).as_ref() != Some(written)) {
            let source = "the folder was removed or moved in the meantime".into();
            return Err(Error::Generic { store: "StagedFolder", source });
        }
        Ok(())
    }

    /// Replaces an error of a write if it came from the folder being taken away meanwhile.
    fn or_gone(&self, error: Error) -> Error {
        self.check_there().err().unwrap_or(error)
    }

    /// Locks the folder while a file is compared and replaced. The lock is released with the process at the latest.
    async fn locked(&self) -> Result<File> {
        let folder = self.root.join(STAGING);
        let lock = move || {
            fs::create_dir_all(&folder)?;
            let lock = lock(&folder)?;
            lock.lock()?;
            Ok(lock)
        };
        let locked = tokio::task::spawn_blocking(lock).await?;
        locked.map_err(failed)
    }

    /// Publishes a staged file under its name.
    pub(super) async fn shown(&self, staged: Staged, is_new: bool) -> Result<()> {
        staged.publish(is_new).await.map_err(|error| self.or_gone(error))?;
        if self.written.get().is_none()
            && let Some(identity) = identity(&self.root)
        {
            // Of two first writes, both see the same folder.
            let _ = self.written.set(identity);
        }
        Ok(())
    }

    /// Removes abandoned staged files.
    pub(super) fn clear(&self) -> anyhow::Result<()> {
        let folder = self.root.join(STAGING);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", folder.display())),
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            // Spools are kept for the next run that asks for them.
            if is_memory(&name) || name.starts_with(SPOOL) {
                continue;
            }
            match is_abandoned(&entry).then(|| fs::remove_file(entry.path())) {
                // Another run may be clearing at the same time.
                Some(Err(error)) if error.kind() != ErrorKind::NotFound => {
                    return Err(error).with_context(|| format!("cannot remove {}", entry.path().display()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// A new staged name, and the file to be published from it.
    pub(super) fn stage(&self, target: &Path) -> (Path, Staged) {
        let serial = self.staged.fetch_add(1, Ordering::Relaxed);
        let staged = Path::from(format!("{STAGING}/{}-{serial}", Process::own().name()));
        let file = Staged { path: self.root.join(staged.as_ref()), target: self.root.join(target.as_ref()) };
        (staged, file)
    }
}

/// Whether the process named at the start of the file name has ended.
fn is_abandoned(entry: &DirEntry) -> bool {
    let name = entry.file_name().to_string_lossy().into_owned();
    let owner = name.rsplit_once('-').and_then(|(owner, _)| Process::parse(owner));
    if owner.is_some_and(|owner| owner.is_gone()) {
        return true;
    }
    let age = entry.metadata().and_then(|meta| meta.modified()).ok().and_then(|at| at.elapsed().ok());
    age.is_some_and(|age| age > STALE)
}

fn is_staged(path: &str) -> bool {
    path.split('/').next() == Some(STAGING)
}

impl fmt::Display for StagedFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StagedFolder({})", self.root.display())
    }
}

#[async_trait]
impl ObjectStore for StagedFolder {
    async fn put_opts(&self, location: &Path, payload: PutPayload, mut options: PutOptions) -> Result<PutResult> {
        let (is_new, expected) = match std::mem::take(&mut options.mode) {
            PutMode::Overwrite => (false, None),
            PutMode::Create => (true, None),
            PutMode::Update(UpdateVersion { e_tag: Some(tag), .. }) => (false, Some(tag)),
            PutMode::Update(_) => {
                let operation = "`put_opts` with mode `PutMode::Update` and no tag".into();
                return Err(Error::NotImplemented { operation, implementer: self.to_string() });
            }
        };
        let _locked = match expected {
            None => None,
            Some(expected) => {
                let locked = self.locked().await?;
                if self.files.head(location).await?.e_tag != Some(expected) {
                    let path = location.to_string();
                    return Err(Error::Precondition { path, source: "it was replaced in the meantime".into() });
                }
                Some(locked)
            }
        };
        self.check_there()?;
        let (staged, file) = self.stage(location);
        // The e-tag stays valid: it is derived from inode, time and size.
        let put = self.files.put_opts(&staged, payload, options).await.map_err(|error| self.or_gone(error))?;
        self.shown(file, is_new).await?;
        Ok(put)
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        let (staged, file) = self.stage(location);
        let parts = self.files.put_multipart_opts(&staged, options).await?;
        Ok(Box::new(StagedUpload { parts, file }))
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let mut found = self.files.get_opts(location, options).await?;
        // `PrefixStore` strips its prefix from listings but not here.
        found.meta.location = location.clone();
        Ok(found)
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.files.get_ranges(location, ranges).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.files.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let listed = self.below(&prefix.cloned().unwrap_or_default());
        listed.into_stream().map_ok(|files| stream::iter(files).map(ObjectMeta::try_from)).try_flatten().boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let (root, prefix) = (self.root.clone(), prefix.cloned().unwrap_or_default());
        let passed_over = self.passed_over.clone();
        let mut listed = tokio::task::spawn_blocking(move || level(&root, &prefix, &passed_over)).await??;
        listed.common_prefixes.retain(|folder| !is_staged(folder.as_ref()));
        listed.objects.retain(|meta| !is_staged(meta.location.as_ref()));
        Ok(listed)
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        let (staged, file) = self.stage(to);
        let is_new = options.mode == CopyMode::Create;
        // Link instead of copying: files are replaced, never modified.
        self.files.copy_opts(from, &staged, options.with_mode(CopyMode::Overwrite)).await?;
        file.publish(is_new).await
    }
}

/// A multipart upload.
#[derive(Debug)]
struct StagedUpload {
    parts: Box<dyn MultipartUpload>,
    file: Staged,
}

#[async_trait]
impl MultipartUpload for StagedUpload {
    fn put_part(&mut self, data: PutPayload) -> UploadPart {
        self.parts.put_part(data)
    }

    async fn complete(&mut self) -> Result<PutResult> {
        let put = self.parts.complete().await?;
        self.file.clone().publish(false).await?;
        Ok(put)
    }

    async fn abort(&mut self) -> Result<()> {
        self.parts.abort().await
    }
}
