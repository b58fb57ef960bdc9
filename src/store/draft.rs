//! A file written piece by piece before it is published: on disk for a local lake, otherwise in memory. Does not know
//! what the file holds.

use std::fs::{self, File};
use std::io::{self, Write};

use anyhow::Result;
use bytes::Bytes;
use object_store::path::Path;
use object_store::{Error, PutMode};

use super::Store;
use super::staged::StagedFolder;
use super::staging::{Staged, failed};

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
            Ok(file) => Self { file: Some(file), staged, failed: None },
            Err(error) => Self { file: None, staged, failed: Some(error) },
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
            Kind::Disk(OnDisk { file, failed: failure, .. }) => {
                if let Some(open) = file
                    && let Err(error) = open.write_all(bytes)
                {
                    *failure = Some(failed(error));
                    *file = None;
                }
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
