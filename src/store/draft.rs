//! A file that is written bit by bit before it is published: on the disk of a local lake, elsewhere in memory. Never what it
//! holds.

use std::fs::{self, File};
use std::io::{self, Write};

use anyhow::Result;
use bytes::Bytes;
use object_store::path::Path;
use object_store::{Error, PutMode};

use super::Store;
use super::staged::StagedFolder;
use super::staging::{Staged, failed};

/// A file on its way into the lake. Nobody sees it before [`super::Store::put_draft`], and it is gone when it is dropped.
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
    /// Why it cannot be published: told then, as of any file that cannot be written.
    failed: Option<Error>,
}

impl Draft {
    /// A file that stays in memory.
    #[must_use]
    pub fn in_memory() -> Self {
        Self(Kind::Memory(Vec::new()))
    }

    /// All that was written.
    ///
    /// # Errors
    /// When it lies on a disk and cannot be read.
    pub fn into_bytes(self) -> io::Result<Bytes> {
        match self.0 {
            Kind::Memory(bytes) => Ok(bytes.into()),
            Kind::Disk(draft) => Ok(fs::read(&draft.staged.path)?.into()),
        }
    }
}

impl OnDisk {
    /// A file of a folder, to be published under a name.
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

    /// Gives it its name, replacing a file of that name.
    async fn publish(mut self, folder: &StagedFolder) -> object_store::Result<()> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        // Some systems give no other name to a file that is open.
        self.file = None;
        folder.check_there()?;
        folder.shown(self.staged.clone(), false).await
    }
}

impl Store {
    /// A file that is written bit by bit, to be published under a name.
    ///
    /// # Errors
    /// When there can be no file of that name.
    pub fn draft(&self, path: &str) -> Result<Draft> {
        let Some(local) = self.local() else { return Ok(Draft::in_memory()) };
        Ok(Draft(Kind::Disk(OnDisk::new(local, &Path::parse(path)?))))
    }

    /// As [`Store::put`], of a file that was written bit by bit.
    ///
    /// # Errors
    /// [`super::WriteError`], also where it could not be written before, or why a fence does not hold.
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
        // After it was published there is none of its name.
        drop(fs::remove_file(&self.staged.path));
    }
}
