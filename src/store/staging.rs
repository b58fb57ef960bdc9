//! One file under `.staging/`: synced and given its name, and the lock of the folder. Never which files are written.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path as FsPath, PathBuf};

use object_store::{Error, Result};

/// The folder of files that are written and not visible yet.
pub(super) const STAGING: &str = ".staging";

/// What the names of files in it begin with that outlive a run that is killed.
pub(super) const SPOOL: &str = "spool.";

/// A file that is written and not visible yet.
#[derive(Debug, Clone)]
pub(super) struct Staged {
    pub(super) path: PathBuf,
    pub(super) target: PathBuf,
}

impl Staged {
    /// Makes the file visible under its name.
    pub(super) async fn publish(self, is_new: bool) -> Result<()> {
        let name = self.target.display().to_string();
        let published = tokio::task::spawn_blocking(move || {
            let published = self.sync_and_move(is_new);
            // After a link, a failure, or the rename of a file onto itself it is still there.
            drop(fs::remove_file(&self.path));
            published
        });
        published.await?.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists if is_new => Error::AlreadyExists { path: name, source: error.into() },
            _ => failed(error),
        })
    }

    fn sync_and_move(&self, is_new: bool) -> io::Result<()> {
        // Some systems sync only what may be written.
        File::options().write(true).open(&self.path)?.sync_all()?;
        let folder = self.target.parent().unwrap_or(&self.target);
        fs::create_dir_all(folder).map_err(|error| match error.kind() {
            // Only a taken name is one.
            ErrorKind::AlreadyExists => {
                io::Error::new(ErrorKind::NotADirectory, "a file lies where its folder should be")
            }
            _ => error,
        })?;
        if is_new {
            // A link fails where the name is taken; a rename would not.
            fs::hard_link(&self.path, &self.target)?;
        } else {
            fs::rename(&self.path, &self.target)?;
        }
        sync(folder)
    }
}

/// What is locked while a file is compared and replaced: the folder of staged files itself.
#[cfg(unix)]
pub(super) fn lock(folder: &FsPath) -> io::Result<File> {
    File::open(folder)
}

/// Elsewhere a folder cannot be opened as a file.
#[cfg(not(unix))]
pub(super) fn lock(folder: &FsPath) -> io::Result<File> {
    File::options().create(true).truncate(false).write(true).open(folder.with_extension("lock"))
}

/// Keeps a new name in a folder, whatever happens to the machine.
#[cfg(unix)]
fn sync(folder: &FsPath) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Elsewhere a folder cannot be opened as a file; names are the file system's own concern.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)]
fn sync(_: &FsPath) -> io::Result<()> {
    Ok(())
}

/// What a store says where the system gives an error.
pub(super) fn failed(error: io::Error) -> Error {
    Error::Generic { store: "StagedFolder", source: error.into() }
}
