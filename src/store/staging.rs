//! A single file under `.staging/`, how it is synced and published, and the lock on that folder. Which files are
//! written is not decided here.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path as FsPath, PathBuf};

use object_store::{Error, Result};

/// The folder of files that are not published yet.
pub(super) const STAGING: &str = ".staging";

/// Prefix of files in it that survive a killed run.
pub(super) const SPOOL: &str = "spool.";

/// A file written but not published yet.
#[derive(Debug, Clone)]
pub(super) struct Staged {
    pub(super) path: PathBuf,
    pub(super) target: PathBuf,
}

impl Staged {
    /// Publishes the file under its name.
    pub(super) async fn publish(self, is_new: bool) -> Result<()> {
        let name = self.target.display().to_string();
        let published = tokio::task::spawn_blocking(move || {
            let published = self.sync_and_move(is_new);
            // It still exists after a link, a failure, or a rename onto itself.
            drop(fs::remove_file(&self.path));
            published
        });
        published.await?.map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists if is_new => Error::AlreadyExists { path: name, source: error.into() },
            _ => failed(error),
        })
    }

    fn sync_and_move(&self, is_new: bool) -> io::Result<()> {
        // Some systems can only sync a file opened for writing.
        File::options().write(true).open(&self.path)?.sync_all()?;
        let folder = self.target.parent().unwrap_or(&self.target);
        fs::create_dir_all(folder).map_err(|error| match error.kind() {
            // `AlreadyExists` is reserved for a taken name.
            ErrorKind::AlreadyExists => {
                io::Error::new(ErrorKind::NotADirectory, "there is a file where its folder should be")
            }
            _ => error,
        })?;
        if is_new {
            // A link fails if the name is taken; a rename would not.
            fs::hard_link(&self.path, &self.target)?;
        } else {
            fs::rename(&self.path, &self.target)?;
        }
        sync(folder)
    }
}

/// Opens the lock taken while a file is compared and replaced: the folder of staged files itself.
#[cfg(unix)]
pub(super) fn lock(folder: &FsPath) -> io::Result<File> {
    File::open(folder)
}

/// On other systems a folder cannot be opened as a file.
#[cfg(not(unix))]
pub(super) fn lock(folder: &FsPath) -> io::Result<File> {
    File::options().create(true).truncate(false).write(true).open(folder.with_extension("lock"))
}

/// Makes a new name in a folder survive a crash of the machine.
#[cfg(unix)]
fn sync(folder: &FsPath) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// On other systems a folder cannot be opened as a file, and names are left to the file system.
#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps)]
fn sync(_: &FsPath) -> io::Result<()> {
    Ok(())
}

/// Converts an I/O error into one of `object_store`.
pub(super) fn failed(error: io::Error) -> Error {
    Error::Generic { store: "StagedFolder", source: error.into() }
}
