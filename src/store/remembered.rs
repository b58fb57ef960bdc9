//! Remembers what the subfolders of a folder in a local lake held when last read, so that an unchanged one takes a
//! single `stat` instead of being opened, read and closed. A lake of thirty years has 370,000 of them, most with one
//! file.
//!
//! This is a cache under `.staging/`, written only by commands that write to the lake. It is trusted per folder, and
//! only for the names in that folder. Why no change is missed:
//!
//! - Adding, removing or renaming a file in a folder sets the folder's *change time*. No program can set it to anything
//!   else (`touch`, `tar` and `rsync --times` set the modification time). So a folder with the same inode and change
//!   time has the same names as when it was read.
//! - File system clocks tick (in milliseconds, on old ones a second or two): a folder that changed just before it was
//!   read may change again within the same tick. It is not remembered until its last change is [`SETTLED`] ago. The
//!   change time is read before the names, so that a change in between shows as well.
//! - Writing a file in place does not touch its folder. So each file's size and time are read every time, and its
//!   remembered beginning is used only if its own change time is the same.
//! - Inodes and change times mean this on the file systems listed below. On others (network, FUSE, overlays) nothing is
//!   remembered, and neither are folders on a different file system from their parent.
//! - Folders that hold anything but files with plain names, such as links, are not remembered.
//! - A lake that was copied or restored has new inodes and change times, so all of it is read again. One that was
//!   cloned block by block or rolled back to a snapshot has the old ones, and the old cache with them.
//! - A cache file that is damaged, or of another version or folder, is ignored. It is replaced by a rename, so of two
//!   processes one wins, and either result is correct.
//!
//! Which folders are read is decided in `walk`, not here.

use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use flate2::Crc;

use super::entry::BEGINNING;
use crate::real;

/// Magic bytes of a cache file. A new layout gets a new number.
const MAGIC: &[u8] = b"pitlake-listing-1\n";

/// Prefix of the names of cache files.
const NAME: &str = "listing.";

/// How long ago the last change of something remembered must be.
const SETTLED: TimeDelta = TimeDelta::seconds(2);

/// Number of subfolders from which on remembering pays.
const MANY: usize = 2_000;

/// The identity of a folder or file: its inode, and its change time in nanoseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct State {
    pub(super) number: u64,
    pub(super) changed: i64,
}

/// A file of a remembered folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct File<'a> {
    pub(super) name: &'a str,
    pub(super) state: State,
    pub(super) beginning: Option<[u8; BEGINNING]>,
}

/// Where the cache of a folder is, and when to use it.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The folder, as a path in the lake.
    pub(super) folder: String,
    /// The folder of staged files. It need not exist.
    pub(super) staging: PathBuf,
    /// A free name to write to, if this process writes the cache.
    pub(super) staged: Option<PathBuf>,
    /// Number of names from which on the folder is remembered.
    pub(super) many: usize,
    /// The machine's time.
    pub(super) now: DateTime<Utc>,
}

impl Place {
    pub(super) fn new(folder: String, staging: PathBuf, staged: Option<PathBuf>) -> Self {
        Self { folder, staging, staged, many: MANY, now: real::now() }
    }

    fn path(&self) -> PathBuf {
        self.staging.join(format!("{NAME}{}", self.folder.replace('/', ".")))
    }
}

/// Whether a name among the staged files is a cache file.
pub(super) fn is_memory(name: &str) -> bool {
    name.starts_with(NAME)
}

/// What is known about the subfolders of a folder, and what will be known next time. Subfolders must be looked up in
/// order of name.
#[derive(Debug)]
pub(super) struct Memory {
    place: Place,
    /// The records read. Those before `at` have been passed.
    known: Vec<u8>,
    at: usize,
    /// The records to write.
    next: Vec<u8>,
    is_changed: bool,
    /// The latest change time that is long enough ago.
    settled: i64,
}

impl Memory {
    /// Reads the cache of a folder.
    pub(super) fn of(place: Place) -> Self {
        let (known, at) =
            std::fs::read(place.path()).ok().and_then(|file| opened(file, &place.folder)).unwrap_or_default();
        let settled = (place.now - SETTLED).timestamp_nanos_opt().unwrap_or(i64::MIN);
        Self { place, known, at, next: Vec::new(), is_changed: false, settled }
    }

    /// Whether it has anything to offer or will be written.
    pub(super) fn is_of_use(&self) -> bool {
        !self.known.is_empty() || self.writes()
    }

    /// Whether it will be written at the end.
    pub(super) fn writes(&self) -> bool {
        self.place.staged.is_some()
    }

    /// Whether a state is old enough to be remembered.
    pub(super) fn is_settled(&self, state: State) -> bool {
        state.changed <= self.settled
    }

    /// Calls `file` for each file remembered of a folder, if the folder is still in `state`. Returns whether that
    /// covered the folder. `file` returns whether the file is unchanged; otherwise the folder is remembered anew.
    pub(super) fn recall(&mut self, name: &str, state: State, mut file: impl FnMut(File<'_>) -> bool) -> bool {
        while let Some(record) = Record::read(&self.known[self.at..]) {
            if record.name > name {
                return false;
            }
            let begin = self.at;
            self.at += record.len;
            if record.name == name && record.state == state {
                let (mut files, mut are_same) = (record.files, true);
                while let Some((one, rest)) = read_file(files) {
                    are_same &= file(one);
                    files = rest;
                }
                if files.is_empty() && (are_same || !self.writes()) {
                    if self.writes() {
                        self.next.extend_from_slice(&self.known[begin..self.at]);
                    }
                    return true;
                }
            }
            // The folder is gone or has changed.
            self.is_changed = true;
        }
        false
    }

    /// Remembers a folder that was just read.
    pub(super) fn add<'a>(&mut self, name: &str, state: State, files: impl Iterator<Item = File<'a>>) {
        let mut packed = Vec::new();
        for File { name, state, beginning } in files {
            write_name(&mut packed, name);
            write_state(&mut packed, state);
            packed.push(u8::from(beginning.is_some()));
            packed.extend_from_slice(&beginning.unwrap_or_default());
        }
        write_name(&mut self.next, name);
        write_state(&mut self.next, state);
        self.next.extend_from_slice(&(packed.len() as u64).to_le_bytes());
        self.next.extend_from_slice(&packed);
        self.is_changed = true;
    }

    /// Writes the cache if it changed. If that fails, the next listing is merely slower.
    pub(super) fn keep(self) {
        let is_changed = self.is_changed || self.at < self.known.len();
        let Some(staged) = self.place.staged.as_deref().filter(|_| is_changed) else { return };
        let kept = write(staged, &self.place, &self.next);
        if let Err(error) = kept {
            drop(std::fs::remove_file(staged));
            tracing::debug!("cannot cache the listing of `{}`: {error}", self.place.folder);
        }
    }
}

/// Not synced: a checksum detects what a crash left incomplete.
fn write(staged: &Path, place: &Place, records: &[u8]) -> io::Result<()> {
    let mut file = MAGIC.to_vec();
    write_name(&mut file, &place.folder);
    file.extend_from_slice(records);
    let sum = checksum(&file);
    file.extend_from_slice(&sum);
    std::fs::write(staged, &file)?;
    std::fs::rename(staged, place.path())
}

/// The file and the offset of its records, if it is intact and about `folder`.
fn opened(mut file: Vec<u8>, folder: &str) -> Option<(Vec<u8>, usize)> {
    let (body, sum) = file.split_last_chunk::<4>()?;
    let (about, records) = read_name(body.strip_prefix(MAGIC)?)?;
    if about != folder || *sum != checksum(body) {
        return None;
    }
    let (begin, end) = (body.len() - records.len(), body.len());
    file.truncate(end);
    Some((file, begin))
}

fn checksum(bytes: &[u8]) -> [u8; 4] {
    let mut sum = Crc::new();
    sum.update(bytes);
    sum.sum().to_le_bytes()
}

/// A remembered folder and its files.
struct Record<'a> {
    name: &'a str,
    state: State,
    files: &'a [u8],
    /// Length of the whole record in bytes.
    len: usize,
}

impl<'a> Record<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let (name, rest) = read_name(bytes)?;
        let (state, rest) = read_state(rest)?;
        let (len, rest) = rest.split_first_chunk::<8>()?;
        let (files, rest) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*len)).ok()?)?;
        Some(Self { name, state, files, len: bytes.len() - rest.len() })
    }
}

fn read_file(bytes: &[u8]) -> Option<(File<'_>, &[u8])> {
    let (name, rest) = read_name(bytes)?;
    let (state, rest) = read_state(rest)?;
    let (is_known, rest) = rest.split_first()?;
    let (beginning, rest) = rest.split_first_chunk::<BEGINNING>()?;
    Some((File { name, state, beginning: (*is_known == 1).then_some(*beginning) }, rest))
}

fn write_name(to: &mut Vec<u8>, name: &str) {
    to.extend_from_slice(&(name.len() as u64).to_le_bytes()[..4]);
    to.extend_from_slice(name.as_bytes());
}

fn read_name(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (len, rest) = bytes.split_first_chunk::<4>()?;
    let (name, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*len)).ok()?)?;
    Some((str::from_utf8(name).ok()?, rest))
}

fn write_state(to: &mut Vec<u8>, State { number, changed }: State) {
    to.extend_from_slice(&number.to_le_bytes());
    to.extend_from_slice(&changed.to_le_bytes());
}

fn read_state(bytes: &[u8]) -> Option<(State, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<8>()?;
    let (changed, rest) = rest.split_first_chunk::<8>()?;
    Some((State { number: u64::from_le_bytes(*number), changed: i64::from_le_bytes(*changed) }, rest))
}
