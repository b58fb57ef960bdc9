//! Lists every file below a local folder. Each folder is opened once, relative to its parent, and each file takes one
//! `stat`; what subfolders held is remembered (`remembered.rs`). `object_store`'s local store resolves each path from
//! the root, thirteen system calls per file, and stops at the first name it cannot represent. What a path means is not
//! decided here.

use std::ffi::{CStr, CString, OsStr};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path as FsPath;

use chrono::{DateTime, SubsecRound as _};
use object_store::path::Path;
use object_store::{Error, ListResult, ObjectMeta, Result};
#[cfg(not(target_os = "linux"))]
use rustix::fs::Dir;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, Stat, fstat, openat, stat, statat};
#[cfg(target_os = "linux")]
use rustix::fs::{RawDir, StatFs, fstatfs};
use rustix::io::{Errno, read};
use rustix::path::Arg;

use super::entry::{BEGINNING, Entry};
use super::is_unfinished;
use super::passed_over::{self, PassedOver};
use super::remembered::{File, Memory, Place, State};

/// Maximum depth of folders.
const DEEPEST: usize = 32;

/// Size of the buffer for directory entries.
const NAMES: usize = 64 * 1024;

/// Every file below `prefix` in `root`, sorted by path; none if it does not exist. `place` is where its subfolders are
/// remembered.
pub(super) fn walk(root: &FsPath, prefix: &Path, place: Place, passed_over: &PassedOver) -> Result<Vec<Entry>> {
    let mut found = look(root, (prefix, true), Some(place), passed_over)?.files;
    if !found.is_sorted_by(|a, b| a.path <= b.path) {
        found.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    }
    Ok(found)
}

/// The files and folders directly in `prefix` in `root`, sorted by name; none if it does not exist.
pub(super) fn level(root: &FsPath, prefix: &Path, passed_over: &PassedOver) -> Result<ListResult> {
    let Walk { files, folders, .. } = look(root, (prefix, false), None, passed_over)?;
    let objects = files.into_iter().map(ObjectMeta::try_from).collect::<Result<_>>()?;
    Ok(ListResult { common_prefixes: folders, objects })
}

fn look<'a>(
    root: &'a FsPath,
    (prefix, is_deep): (&Path, bool),
    place: Option<Place>,
    passed_over: &'a PassedOver,
) -> Result<Walk<'a>> {
    let path = prefix.to_string();
    let buffer = Vec::with_capacity(NAMES);
    let mut walk = Walk { root, passed_over, is_deep, path, buffer, files: Vec::new(), folders: Vec::new() };
    let looked = match open(CWD, root.join(prefix.as_ref()).as_path()) {
        Ok(folder) => walk.top(&folder, place),
        Err(Errno::NOENT) => Ok(()),
        // The lake's own path goes through a file.
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

/// The names in a folder, each with its kind.
type Names = Vec<(CString, FileType)>;

#[derive(Debug)]
struct Walk<'a> {
    root: &'a FsPath,
    passed_over: &'a PassedOver,
    /// Whether to descend into folders.
    is_deep: bool,
    /// The path of the current folder or file.
    path: String,
    /// Buffer for directory entries.
    buffer: Vec<u8>,
    files: Vec<Entry>,
    folders: Vec<Path>,
}

impl Walk<'_> {
    /// Walks the requested folder, remembering its subfolders.
    fn top(&mut self, folder: &OwnedFd, place: Option<Place>) -> io::Result<()> {
        let names = self.names(folder)?;
        let place = place.filter(|place| names.len() >= place.many && tells_changes(folder));
        let memory = place.map(Memory::of).filter(Memory::is_of_use);
        let Some(mut memory) = memory else {
            self.all(folder, names, 0);
            return Ok(());
        };
        let folder = folder.as_fd();
        let device = fstat(folder)?.st_dev;
        for (name, kind) in names {
            let before = self.files.len();
            let seen = statat(folder, &name, AtFlags::SYMLINK_NOFOLLOW).ok().filter(|_| kind == FileType::Directory);
            let is_plain = |seen: &Stat| is_folder(seen) && seen.st_dev == device;
            let state = seen.filter(is_plain).as_ref().and_then(state);
            let text = name.to_str().unwrap_or_default();
            if let Some(state) = state
                && self.recall((folder, text), state, &mut memory)
            {
                continue;
            }
            self.files.truncate(before);
            let is_plain = self.named((folder, &name), kind, 0);
            if let Some(state) = state.filter(|state| is_plain && memory.writes() && memory.is_settled(*state)) {
                self.remember((folder, text), (state, before), &mut memory);
            }
        }
        memory.keep();
        Ok(())
    }

    /// Adds the files of a folder if it is unchanged. Returns whether it was.
    fn recall(&mut self, (folder, name): (BorrowedFd<'_>, &str), state: State, memory: &mut Memory) -> bool {
        let (end, mut are_there) = (self.path.len(), true);
        self.enter(name);
        let (begin, inner) = (self.path.len() - name.len(), self.path.len());
        let is_known = memory.recall(name, state, |file| {
            self.enter(file.name);
            let seen = statat(folder, &self.path[begin..], AtFlags::empty()).ok().filter(is_file);
            let is_same = seen.as_ref().and_then(self::state) == Some(file.state);
            match &seen {
                Some(seen) => self.add(seen, file.beginning.filter(|_| is_same)),
                None => are_there = false,
            }
            self.path.truncate(inner);
            is_same
        });
        self.path.truncate(end);
        is_known && are_there
    }

    /// Remembers a folder and its files, which were added last, unless one of them changed just now.
    fn remember(&self, (folder, name): (BorrowedFd<'_>, &str), (of, before): (State, usize), memory: &mut Memory) {
        let above = if self.path.is_empty() { 0 } else { self.path.len() + 1 };
        let files = self.files[before..].iter().map(|file| {
            let inner = &file.path[above..];
            let seen = state(&statat(folder, inner, AtFlags::SYMLINK_NOFOLLOW).ok().filter(is_file)?)?;
            let beginning = beginning(folder, inner).ok()?;
            memory.is_settled(seen).then(|| File { name: &inner[name.len() + 1..], state: seen, beginning })
        });
        if let Some(files) = files.collect::<Option<Vec<_>>>() {
            memory.add(name, of, files.into_iter());
        }
    }

    /// The names in a folder, sorted.
    fn names(&mut self, folder: impl AsFd) -> io::Result<Names> {
        let mut names = names(folder, &mut self.buffer)?;
        names.retain(|(name, _)| name.as_c_str() != c"." && name.as_c_str() != c"..");
        names.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Ok(names)
    }

    /// Walks a folder. Returns whether everything in it was added and is a plain file.
    fn folder(&mut self, folder: &OwnedFd, depth: usize) -> io::Result<bool> {
        if depth > DEEPEST {
            self.pass_over(passed_over::DEEP);
            return Ok(false);
        }
        let names = self.names(folder)?;
        Ok(self.all(folder, names, depth))
    }

    /// Walks the given names of a folder, like [`Walk::folder`].
    fn all(&mut self, folder: &OwnedFd, names: Names, depth: usize) -> bool {
        let mut is_plain = true;
        for (name, kind) in names {
            let is_added = self.named((folder.as_fd(), &name), kind, depth);
            is_plain &= is_added && kind == FileType::RegularFile;
        }
        is_plain
    }

    /// Walks one name of a folder. Returns whether everything below it was added and is a plain file.
    fn named(&mut self, (folder, name): (BorrowedFd<'_>, &CStr), kind: FileType, depth: usize) -> bool {
        let text = OsStr::from_bytes(name.to_bytes());
        let end = self.path.len();
        self.enter(&text.to_string_lossy());
        let is_added = match passed_over::part(text) {
            Ok(_) => self.entry((folder, name), kind, depth).unwrap_or_else(|error| {
                self.pass_over(&passed_over::unreadable(error));
                false
            }),
            Err(_) if passed_over::is_nothing(text) => false,
            Err(reason) => {
                self.pass_over(reason);
                false
            }
        };
        self.path.truncate(end);
        is_added
    }

    /// Like [`Walk::named`], for a valid name. An entry that no longer exists was deleted meanwhile.
    fn entry(&mut self, (folder, name): (BorrowedFd<'_>, &CStr), kind: FileType, depth: usize) -> io::Result<bool> {
        if kind == FileType::Directory {
            if !self.is_deep {
                self.folders.push(Path::parse(&self.path).map_err(io::Error::other)?);
                return Ok(false);
            }
            return match open(folder, name) {
                Ok(inner) => self.folder(&inner, depth + 1),
                Err(Errno::NOENT) => Ok(false),
                Err(error) => Err(error.into()),
            };
        }
        let meta = match statat(folder, name, AtFlags::empty()) {
            Ok(meta) => meta,
            Err(Errno::NOENT) => {
                if statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).is_ok() {
                    self.pass_over(passed_over::LEADS_NOWHERE);
                }
                return Ok(false);
            }
            Err(Errno::LOOP) => {
                self.pass_over(passed_over::LEADS_BACK);
                return Ok(false);
            }
            Err(error) => return Err(error.into()),
        };
        match FileType::from_raw_mode(meta.st_mode) {
            FileType::Directory if self.leads_back(&meta) => self.pass_over(passed_over::LEADS_BACK),
            FileType::Directory => return self.entry((folder, name), FileType::Directory, depth),
            FileType::RegularFile if is_unfinished(&self.path) => {}
            FileType::RegularFile => {
                self.add(&meta, None);
                return Ok(true);
            }
            _ => self.pass_over(passed_over::NO_FILE),
        }
        Ok(false)
    }

    /// Appends a segment to the current path.
    fn enter(&mut self, part: &str) {
        if !self.path.is_empty() {
            self.path.push('/');
        }
        self.path.push_str(part);
    }

    /// Adds the current file.
    fn add(&mut self, meta: &Stat, beginning: Option<[u8; BEGINNING]>) {
        let nanos = u32::try_from(meta.st_mtime_nsec).unwrap_or_default();
        let modified = DateTime::from_timestamp(meta.st_mtime, nanos).unwrap_or_default();
        self.files.push(Entry {
            path: self.path.clone(),
            size: u64::try_from(meta.st_size).unwrap_or_default(),
            modified: modified.trunc_subsecs(3),
            beginning,
        });
    }

    /// Whether a folder reached through a link is one of the link's ancestors.
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

/// The first bytes of a file; `None` if it is shorter.
fn beginning(folder: BorrowedFd<'_>, path: &str) -> rustix::io::Result<Option<[u8; BEGINNING]>> {
    let file = openat(folder, path, OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
    let mut beginning = [0; BEGINNING];
    Ok((read(file, &mut beginning)? == BEGINNING).then_some(beginning))
}

fn is_file(meta: &Stat) -> bool {
    FileType::from_raw_mode(meta.st_mode) == FileType::RegularFile
}

fn is_folder(meta: &Stat) -> bool {
    FileType::from_raw_mode(meta.st_mode) == FileType::Directory
}

fn state(meta: &Stat) -> Option<State> {
    let nanos = i64::try_from(meta.st_ctime_nsec).ok()?;
    Some(State { number: meta.st_ino, changed: meta.st_ctime.checked_mul(1_000_000_000)?.checked_add(nanos)? })
}

/// The names in a folder, each with its kind, unsorted.
#[cfg(target_os = "linux")]
fn names(folder: impl AsFd, buffer: &mut Vec<u8>) -> io::Result<Names> {
    let mut names = Vec::new();
    let mut entries = RawDir::new(folder, buffer.spare_capacity_mut());
    while let Some(entry) = entries.next() {
        let entry = entry?;
        names.push((entry.file_name().to_owned(), entry.file_type()));
    }
    Ok(names)
}

#[cfg(not(target_os = "linux"))]
fn names(folder: impl AsFd, _: &mut Vec<u8>) -> io::Result<Names> {
    let entries = Dir::read_from(folder)?;
    entries
        .map(|entry| entry.map(|entry| (entry.file_name().to_owned(), entry.file_type())).map_err(Into::into))
        .collect()
}

/// Whether inodes and change times on the folder's file system reliably show changes.
#[cfg(target_os = "linux")]
pub(super) fn tells_changes(folder: &OwnedFd) -> bool {
    /// The `statfs` magic of ext2 to ext4, XFS, Btrfs and tmpfs.
    const THESE: [u64; 4] = [0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994];
    let number = |disk: StatFs| u64::try_from(disk.f_type).ok();
    fstatfs(folder).ok().and_then(number).is_some_and(|number| THESE.contains(&number))
}

/// Not known on other systems.
#[cfg(not(target_os = "linux"))]
fn tells_changes(_: &OwnedFd) -> bool {
    false
}

#[cfg(all(test, target_os = "linux"))]
mod tests;
