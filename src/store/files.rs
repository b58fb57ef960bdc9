//! Whole files of a local lake, read on the calling thread: for threads that would otherwise wait for the async runtime
//! to read for them. Object stores are read through [`Store::read`].

use std::io::Read as _;
use std::sync::Arc;

use anyhow::Result;

use super::Store;
use super::cause::of_system;
use super::staged::StagedFolder;

/// The files of a local lake.
#[derive(Debug, Clone)]
pub struct LocalFiles {
    folder: Arc<StagedFolder>,
    /// The lake's name, for errors.
    lake: String,
}

impl Store {
    /// The files of a local lake; `None` for an object store.
    #[must_use]
    pub fn files(&self) -> Option<LocalFiles> {
        Some(LocalFiles { folder: Arc::clone(self.local()?), lake: self.name.clone() })
    }
}

impl LocalFiles {
    /// Lets the system read a file from the disk, because it will be needed soon.
    #[cfg(target_os = "linux")]
    pub fn expect(&self, path: &str) {
        // It is only advice: an error appears when the file is read.
        if let Ok(file) = self.folder.open(path) {
            let _ = rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::WillNeed);
        }
    }

    /// Other systems read ahead when they see fit.
    #[cfg(not(target_os = "linux"))]
    #[allow(clippy::unused_self)]
    pub fn expect(&self, _: &str) {}

    /// Reads all of a file into `body`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self, path: &str, body: &mut Vec<u8>) -> Result<()> {
        body.clear();
        let read = self.folder.open(path).and_then(|file| {
            // No more than its length: some files of the system have no end.
            let length = file.metadata()?.len();
            body.reserve(usize::try_from(length).unwrap_or_default());
            file.take(length).read_to_end(body)
        });
        read.map_err(|error| of_system("read", path.to_owned(), self.lake.clone(), &error))?;
        Ok(())
    }
}
