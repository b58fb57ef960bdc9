//! Every file below a local folder: a folder is opened once, from the one that holds it, and a file is asked once for its
//! size and time. The local store of `object_store` resolves each path from the root, thirteen system calls a file. Never
//! here: what a path means.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path as FsPath;

use chrono::DateTime;
use object_store::path::Path;
use object_store::{Error, ObjectMeta, Result};
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, openat, statat};
use rustix::io::Errno;
use rustix::path::Arg;

use super::is_unfinished;

/// Folders within folders; more are links that lead back.
const DEEPEST: usize = 32;

/// Every file below `prefix` in `root`, sorted by path; none where it does not exist.
pub(super) fn walk(root: &FsPath, prefix: &Path) -> Result<Vec<ObjectMeta>> {
    let mut walk = Walk { path: prefix.to_string(), found: Vec::new() };
    match open(CWD, root.join(prefix.as_ref()).as_path()) {
        Ok(folder) => walk.folder(folder, 0)?,
        Err(Errno::NOENT | Errno::NOTDIR) => {}
        Err(error) => return Err(walk.failed(error)),
    }
    walk.found.sort_by(|a, b| a.location.cmp(&b.location));
    Ok(walk.found)
}

#[derive(Debug, Default)]
struct Walk {
    /// The path of the folder or file that is looked at.
    path: String,
    found: Vec<ObjectMeta>,
}

impl Walk {
    fn folder(&mut self, folder: OwnedFd, depth: usize) -> Result<()> {
        if depth > DEEPEST {
            return Err(self.failed(Errno::LOOP));
        }
        let mut entries = Dir::new(folder).map_err(|error| self.failed(error))?;
        let mut below = Vec::new();
        while let Some(entry) = entries.read() {
            let entry = entry.map_err(|error| self.failed(error))?;
            let name = entry.file_name();
            if name != c"." && name != c".." {
                below.push((name.to_owned(), entry.file_type()));
            }
        }
        below.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let folder = entries.fd().map_err(|error| self.failed(error))?;
        let end = self.path.len();
        for (name, kind) in below {
            let text = name.to_str().map_err(|error| self.failed(io::Error::other(error)))?;
            if end > 0 {
                self.path.push('/');
            }
            self.path.push_str(text);
            self.entry((folder, &name), kind, depth)?;
            self.path.truncate(end);
        }
        Ok(())
    }

    /// An entry of a folder. What is gone by now was deleted meanwhile, or is a link to nothing.
    fn entry(&mut self, (folder, name): (BorrowedFd<'_>, &CStr), kind: FileType, depth: usize) -> Result<()> {
        if kind == FileType::Directory {
            return match open(folder, name) {
                Ok(inner) => self.folder(inner, depth + 1),
                Err(Errno::NOENT) => Ok(()),
                Err(error) => Err(self.failed(error)),
            };
        }
        let meta = match statat(folder, name, AtFlags::empty()) {
            Ok(meta) => meta,
            Err(Errno::NOENT | Errno::LOOP) => return Ok(()),
            Err(error) => return Err(self.failed(error)),
        };
        match FileType::from_raw_mode(meta.st_mode) {
            FileType::Directory => return self.entry((folder, name), FileType::Directory, depth),
            FileType::RegularFile if !is_unfinished(&self.path) => {
                let nanos = u32::try_from(meta.st_mtime_nsec).unwrap_or_default();
                self.found.push(ObjectMeta {
                    location: Path::parse(&self.path)?,
                    last_modified: DateTime::from_timestamp(meta.st_mtime, nanos).unwrap_or_default(),
                    size: u64::try_from(meta.st_size).unwrap_or_default(),
                    e_tag: None,
                    version: None,
                });
            }
            _ => {}
        }
        Ok(())
    }

    fn failed(&self, error: impl Into<io::Error>) -> Error {
        let (path, error): (_, io::Error) = (&self.path, error.into());
        Error::Generic { store: "StagedFolder", source: format!("cannot list `{path}`: {error}").into() }
    }
}

fn open(at: impl AsFd, path: impl Arg) -> rustix::io::Result<OwnedFd> {
    openat(at, path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}
