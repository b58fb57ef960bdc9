//! A file written piece by piece before it is published: on disk for a local lake, otherwise in memory. Does not know
//! what the file holds.

use std::fs::{self, File};
use std::io::{self, Write};
#[cfg(target_os = "linux")]
use std::num::NonZero;

use anyhow::Result;
use bytes::Bytes;
use object_store::path::Path;
use object_store::{Error, PutMode};
#[cfg(target_os = "linux")]
use rustix::fs::Advice;

use super::Store;
use super::staged::StagedFolder;
use super::staging::{Staged, failed};

/// How many bytes start on their way to the disk together.
const AT_ONCE: u64 = 4 << 20;

/// A file not published yet. It is invisible until [`super::Store::put_draft`] and is removed on drop.
#[derive(Debug)]
pub struct Draft(Kind);

#[derive(Debug)]
enum Kind {
    Memory(Vec<u8>),
    Disk(OnDisk),
}

/// A staged file.
#[derive(Debug)]
struct OnDisk {
    file: Option<File>,
    /// How many bytes were written, and how many of them are on their way to the disk.
    written: u64,
    begun: u64,
    staged: Staged,
    /// Why it cannot be published. Reported by `publish`, like any other failed write.
    failed: Option<Error>,
}

impl Draft {
    /// A draft kept in memory.
    #[must_use]
    pub fn in_memory() -> Self {
        Self(Kind::Memory(Vec::new()))
    }

    /// Everything written so far.
    ///
    /// # Errors
    /// When it is on disk and cannot be read.
    pub fn into_bytes(self) -> io::Result<Bytes> {
        match self.0 {
            Kind::Memory(bytes) => Ok(bytes.into()),
            Kind::Disk(draft) => Ok(fs::read(&draft.staged.path)?.into()),
        }
    }
}

impl OnDisk {
    /// Stages a file to be published as `target`.
    fn new(folder: &StagedFolder, target: &Path) -> Self {
        let (_, staged) = folder.stage(target);
        let open = || {
            if let Some(folder) = staged.path.parent() {
                fs::create_dir_all(folder)?;
            }
            File::options().write(true).create_new(true).open(&staged.path)
        };
        match folder.check_there().and_then(|()| open().map_err(failed)) {
            Ok(file) => Self { file: Some(file), written: 0, begun: 0, staged, failed: None },
            Err(error) => Self { file: None, written: 0, begun: 0, staged, failed: Some(error) },
        }
    }

    /// Appends bytes. From time to time, what was written so far starts on its way to the disk, so that little is left
    /// to wait for when the file is published.
    fn append(&mut self, bytes: &[u8]) {
        let Some(file) = &mut self.file else { return };
        if let Err(error) = file.write_all(bytes) {
            self.failed = Some(failed(error));
            self.file = None;
            return;
        }
        self.written += bytes.len() as u64;
        if self.written - self.begun >= AT_ONCE {
            begin_to_disk(file, self.begun, self.written - self.begun);
            self.begun = self.written;
        }
    }

    /// Publishes it, replacing any file of that name.
    async fn publish(mut self, folder: &StagedFolder) -> object_store::Result<()> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        // Some systems cannot rename an open file.
        self.file = None;
        folder.check_there()?;
        folder.shown(self.staged.clone(), false).await
    }
}

/// Lets the system write a part of a file to the disk, without waiting. Linux does so for pages that are said not to be
/// needed; while they are on their way, local file systems keep them in memory all the same.
#[cfg(target_os = "linux")]
fn begin_to_disk(file: &File, from: u64, len: u64) {
    // It is only advice: the file is synced before it is published.
    let _ = rustix::fs::fadvise(file, from, NonZero::new(len), Advice::DontNeed);
}

/// Other systems write when they see fit.
#[cfg(not(target_os = "linux"))]
fn begin_to_disk(_: &File, _: u64, _: u64) {}

impl Store {
    /// Starts a file to be published as `path`.
    ///
    /// # Errors
    /// When `path` is not a valid file name.
    pub fn draft(&self, path: &str) -> Result<Draft> {
        let Some(local) = self.local() else { return Ok(Draft::in_memory()) };
        Ok(Draft(Kind::Disk(OnDisk::new(local, &Path::parse(path)?))))
    }

    /// Like [`Store::put`], for a draft.
    ///
    /// # Errors
    /// [`super::WriteError`], including from earlier writes to the draft, or why a fence does not hold.
    pub async fn put_draft(&self, path: &str, draft: Draft) -> Result<()> {
        self.check().await?;
        let published = match (draft.0, self.local()) {
            (Kind::Disk(draft), Some(local)) => {
                self.outdate(path);
                draft.publish(local).await
            }
            (draft, _) => match Draft(draft).into_bytes() {
                Ok(body) => self.publish(path, body, PutMode::Overwrite).await,
                Err(error) => Err(failed(error)),
            },
        };
        published.map_err(|error| self.unwritten(path, &error))
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Kind::Memory(all) => all.write(bytes),
            Kind::Disk(draft) => {
                draft.append(bytes);
                Ok(bytes.len())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for OnDisk {
    fn drop(&mut self) {
        // Once published, nothing is left under the staged name.
        drop(fs::remove_file(&self.staged.path));
    }
}
