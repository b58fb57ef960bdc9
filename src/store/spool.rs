//! Files that are appended to during a run and survive if it is killed, among the staged files of a local lake: object
//! stores have no append. Does not know what they hold, or who may take over what another run left.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::PathBuf;

use object_store::path::Path;

use super::Store;
use super::staged::StagedFolder;
use super::staging::{SPOOL, STAGING};

/// A file that is appended to. It stays until it is removed.
#[derive(Debug)]
pub struct Spool {
    file: File,
    path: PathBuf,
}

/// A file left by another run.
#[derive(Debug)]
pub struct Left {
    path: PathBuf,
    /// A free name to write to.
    staged: PathBuf,
}

impl Spool {
    fn create(path: PathBuf) -> io::Result<Self> {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let file = File::options().append(true).create_new(true).open(&path)?;
        Ok(Self { file, path })
    }

    /// Appends bytes. After a kill, all or part of them are there.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append(&mut self, parts: &[&[u8]]) -> io::Result<()> {
        parts.iter().try_for_each(|part| self.file.write_all(part))
    }

    /// Removes it, because its contents are in the lake or cannot be kept. One left behind does no harm.
    pub fn remove(self) {
        drop(fs::remove_file(self.path));
    }
}

impl Left {
    /// Its contents.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        fs::read(&self.path)
    }

    /// Takes the file over, with `bytes` as its new contents. Its former writer may still have the old file open:
    /// whatever it appends goes nowhere.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn go_on(&self, bytes: &[u8]) -> io::Result<Spool> {
        let mut spool = Spool::create(self.staged.clone())?;
        match spool.append(&[bytes]).and_then(|()| fs::rename(&spool.path, &self.path)) {
            Ok(()) => Ok(Spool { path: self.path.clone(), ..spool }),
            Err(error) => {
                spool.remove();
                Err(error)
            }
        }
    }

    /// Its path in the lake.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{STAGING}/{}", self.path.file_name().unwrap_or_default().to_string_lossy())
    }

    /// Removes it.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&self) -> io::Result<()> {
        fs::remove_file(&self.path)
    }
}

impl StagedFolder {
    /// A free path in the folder of staged files.
    fn free_path(&self) -> PathBuf {
        self.stage(&Path::default()).1.path
    }
}

impl Store {
    /// Creates a file for `of`. `None` on an object store, which has no append.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn spool(&self, of: &str) -> Option<io::Result<Spool>> {
        let local = self.local()?;
        let path = local.free_path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let made = local.check_there().map_err(io::Error::from);
        Some(made.and_then(|()| Spool::create(path.with_file_name(format!("{SPOOL}{of}.{name}")))))
    }

    /// All files for `of`, from any run, sorted by name.
    #[must_use]
    pub fn spools(&self, of: &str) -> Vec<Left> {
        let Some(local) = self.local() else { return Vec::new() };
        let begins = format!("{SPOOL}{of}.");
        let folder = local.free_path().with_file_name("");
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let is_one = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().starts_with(&begins);
        let mut paths: Vec<PathBuf> = entries.filter(is_one).map(|entry| entry.path()).collect();
        paths.sort();
        paths.into_iter().map(|path| Left { path, staged: local.free_path() }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &std::path::Path) -> Vec<String> {
        let entries = fs::read_dir(folder.join(STAGING)).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn what_is_appended_outlives_the_clearing_of_staged_files_and_is_gone_on_with() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().to_str().unwrap()).unwrap();
        assert!(store.spools("v.a").is_empty());
        let mut spool = store.spool("v.a").unwrap().unwrap();
        spool.append(&[b"one ", b"two"]).unwrap();
        let others = [store.spool("v.ab").unwrap().unwrap(), store.spool("w.a").unwrap().unwrap()];
        // Of a process that has ended.
        let name = names(folder.path()).into_iter().find(|name| name.starts_with("spool.v.a.")).unwrap();
        let gone = folder.path().join(STAGING).join(format!("spool.v.a.{}-{}-0", super::super::host(), i32::MAX));
        fs::rename(folder.path().join(STAGING).join(name), &gone).unwrap();
        store.clear_staging().unwrap();
        let [left] = <[Left; 1]>::try_from(store.spools("v.a")).unwrap();
        assert_eq!(left.read().unwrap(), b"one two");
        let mut next = left.go_on(b"one").unwrap();
        next.append(&[b", 2"]).unwrap();
        // The former writer's appends go nowhere.
        spool.append(&[b" three"]).unwrap();
        assert_eq!(fs::read(&gone).unwrap(), b"one, 2");
        next.remove();
        for other in others {
            other.remove();
        }
        assert_eq!(names(folder.path()), Vec::<String>::new());
        assert!(Store::memory().spool("v.a").is_none() && Store::memory().spools("v.a").is_empty());
    }
}
