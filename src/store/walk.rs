//! Every file below a local folder: a folder is opened once, from the one that holds it, and a file is asked once for its
//! size and time. The local store of `object_store` resolves each path from the root, thirteen system calls a file, and ends
//! at the first name that it cannot take. Never here: what a path means.

use std::ffi::{CStr, OsStr};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path as FsPath;

use chrono::DateTime;
use object_store::path::Path;
use object_store::{Error, ListResult, ObjectMeta, Result};
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, openat, stat, statat};
use rustix::io::Errno;
use rustix::path::Arg;

use super::is_unfinished;
use super::passed_over::{self, PassedOver};

/// Folders within folders.
const DEEPEST: usize = 32;

/// Every file below `prefix` in `root`, sorted by path; none where it does not exist.
pub(super) fn walk(root: &FsPath, prefix: &Path, passed_over: &PassedOver) -> Result<Vec<ObjectMeta>> {
    let mut found = look(root, (prefix, true), passed_over)?.files;
    found.sort_by(|a, b| a.location.cmp(&b.location));
    Ok(found)
}

/// The files and folders in `prefix` in `root`, sorted by name; none where it does not exist.
pub(super) fn level(root: &FsPath, prefix: &Path, passed_over: &PassedOver) -> Result<ListResult> {
    let Walk { files, folders, .. } = look(root, (prefix, false), passed_over)?;
    Ok(ListResult { common_prefixes: folders, objects: files })
}

fn look<'a>(root: &'a FsPath, (prefix, is_deep): (&Path, bool), passed_over: &'a PassedOver) -> Result<Walk<'a>> {
    let path = prefix.to_string();
    let mut walk = Walk { root, passed_over, is_deep, path, files: Vec::new(), folders: Vec::new() };
    let looked = match open(CWD, root.join(prefix.as_ref()).as_path()) {
        Ok(folder) => walk.folder(folder, 0),
        Err(Errno::NOENT) => Ok(()),
        // The lake itself lies below a file.
        Err(Errno::NOTDIR) if !root.is_dir() => Ok(()),
        Err(Errno::NOTDIR) => {
            walk.pass_over(passed_over::NO_FOLDER);
            Ok(())
        }
        Err(Errno::LOOP) => {
            walk.pass_over(passed_over::LEADS_BACK);
            Ok(())
        }
        Err(error) => Err(error.into()),
    };
    looked.map(|()| walk).map_err(|error: io::Error| Error::Generic { store: "StagedFolder", source: error.into() })
}

#[derive(Debug)]
struct Walk<'a> {
    root: &'a FsPath,
    passed_over: &'a PassedOver,
    /// Whether folders are looked into.
    is_deep: bool,
    /// The path of the folder or file that is looked at.
    path: String,
    files: Vec<ObjectMeta>,
    folders: Vec<Path>,
}

impl Walk<'_> {
    fn folder(&mut self, folder: OwnedFd, depth: usize) -> io::Result<()> {
        if depth > DEEPEST {
            self.pass_over(passed_over::DEEP);
            return Ok(());
        }
        let mut entries = Dir::new(folder)?;
        let mut below = Vec::new();
        while let Some(entry) = entries.read() {
            let entry = entry?;
            let name = entry.file_name();
            if name != c"." && name != c".." {
                below.push((name.to_owned(), entry.file_type()));
            }
        }
        below.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let folder = entries.fd()?;
        let end = self.path.len();
        for (name, kind) in below {
            let text = OsStr::from_bytes(name.to_bytes());
            let part = passed_over::part(text);
            if end > 0 {
                self.path.push('/');
            }
            self.path.push_str(&text.to_string_lossy());
            match part {
                Ok(_) => {
                    if let Err(error) = self.entry((folder, &name), kind, depth) {
                        self.pass_over(&passed_over::unreadable(error));
                    }
                }
                Err(_) if passed_over::is_nothing(text) => {}
                Err(reason) => self.pass_over(reason),
            }
            self.path.truncate(end);
        }
        Ok(())
    }

    /// An entry of a folder. What is gone by now was deleted meanwhile.
    fn entry(&mut self, (folder, name): (BorrowedFd<'_>, &CStr), kind: FileType, depth: usize) -> io::Result<()> {
        if kind == FileType::Directory {
            if !self.is_deep {
                self.folders.push(Path::parse(&self.path).map_err(io::Error::other)?);
                return Ok(());
            }
            return match open(folder, name) {
                Ok(inner) => self.folder(inner, depth + 1),
                Err(Errno::NOENT) => Ok(()),
                Err(error) => Err(error.into()),
            };
        }
        let meta = match statat(folder, name, AtFlags::empty()) {
            Ok(meta) => meta,
            Err(Errno::NOENT) => {
                if statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).is_ok() {
                    self.pass_over(passed_over::LEADS_NOWHERE);
                }
                return Ok(());
            }
            Err(Errno::LOOP) => {
                self.pass_over(passed_over::LEADS_BACK);
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        match FileType::from_raw_mode(meta.st_mode) {
            FileType::Directory if self.leads_back(&meta) => self.pass_over(passed_over::LEADS_BACK),
            FileType::Directory => return self.entry((folder, name), FileType::Directory, depth),
            FileType::RegularFile if is_unfinished(&self.path) => {}
            FileType::RegularFile => {
                let nanos = u32::try_from(meta.st_mtime_nsec).unwrap_or_default();
                self.files.push(ObjectMeta {
                    location: Path::parse(&self.path).map_err(io::Error::other)?,
                    last_modified: DateTime::from_timestamp(meta.st_mtime, nanos).unwrap_or_default(),
                    size: u64::try_from(meta.st_size).unwrap_or_default(),
                    e_tag: None,
                    version: None,
                });
            }
            _ => self.pass_over(passed_over::NO_FILE),
        }
        Ok(())
    }

    /// Whether a folder that a link leads to is one of those above the link.
    fn leads_back(&self, meta: &Stat) -> bool {
        let link = self.root.join(&self.path);
        let is_it = |above: &FsPath| stat(above).is_ok_and(|at| (at.st_dev, at.st_ino) == (meta.st_dev, meta.st_ino));
        link.ancestors().skip(1).any(is_it)
    }

    fn pass_over(&self, reason: &str) {
        self.passed_over.add(&self.path, reason);
    }
}

fn open(at: impl AsFd, path: impl Arg) -> rustix::io::Result<OwnedFd> {
    openat(at, path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}
