//! What the folders in a folder of a local lake held when they were last read, so that one that has not changed since is asked
//! for one time instead of being opened, read and closed: a lake of thirty years has 370,000 of them, most with one file.
//!
//! It is a cache, under `.staging/`, and only commands that write to the lake write it. It is believed folder by folder, and
//! of a folder no more than the names in it. Why that misses nothing:
//!
//! - Whatever adds, removes or renames a file in a folder sets the folder's *change time* to that moment. No program can set
//!   that time otherwise (`touch`, `tar` and `rsync --times` set the time of modification). A folder with the number (inode)
//!   and the change time that it had is the folder that was read, as it was.
//! - Clocks of file systems tick (milliseconds, on old ones a second or two): a folder that changed shortly before it was read
//!   may change once more within one tick. It is not remembered until its last change is [`SETTLED`] ago. The change time is
//!   asked before the names are read, so that a change meanwhile shows as well.
//! - A file that is written in place changes nothing of its folder. So its size and time are asked each time, and its
//!   beginning is believed only where its own change time is the one that it had.
//! - Numbers and change times mean this on the file systems named below. On others (over a network, in user space, unions of
//!   several) nothing is remembered, nor of folders that lie on another file system than the folder they are in.
//! - Folders that hold anything but files with plain names, or links, are not remembered.
//! - A lake that was copied or restored has other numbers and change times: all of it is read again. One that was cloned block
//!   by block, or brought back to a snapshot, has what it had, this file included.
//! - A file that is damaged, of another version or of another folder is passed over. It is put by one rename, so of two
//!   processes one wins, and either is right.
//!
//! Never here: which folders are read.

use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};
use flate2::Crc;

use super::entry::BEGINNING;
use crate::real;

/// What such a file begins with. Another layout has another number.
const MAGIC: &[u8] = b"pitlake-listing-1\n";

/// What the names of such files begin with.
const NAME: &str = "listing.";

/// How long ago the last change of what is remembered must be.
const SETTLED: TimeDelta = TimeDelta::seconds(2);

/// Folders in a folder from which on it pays.
const MANY: usize = 2_000;

/// The state of a folder or a file: its number and when it last changed, in nanoseconds since 1970.
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

/// Where the memory of a folder lies, and when it is used.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The folder, as a path in the lake.
    pub(super) folder: String,
    /// The folder of staged files, which need not exist.
    pub(super) staging: PathBuf,
    /// A free name to write under, where this process writes it.
    pub(super) staged: Option<PathBuf>,
    /// Names in the folder from which on it is remembered.
    pub(super) many: usize,
    /// The time of the machine.
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

/// Whether a name in the folder of staged files is one of these.
pub(super) fn is_memory(name: &str) -> bool {
    name.starts_with(NAME)
}

/// What is known of the folders in a folder, and what is to be known of them next time. Folders are asked about in the order
/// of their names.
#[derive(Debug)]
pub(super) struct Memory {
    place: Place,
    /// The records that were read; those before `at` have been passed.
    known: Vec<u8>,
    at: usize,
    /// Those to write.
    next: Vec<u8>,
    is_changed: bool,
    /// The last moment of change that is long enough ago.
    settled: i64,
}

impl Memory {
    /// Reads what is known of a folder.
    pub(super) fn of(place: Place) -> Self {
        let (known, at) =
            std::fs::read(place.path()).ok().and_then(|file| opened(file, &place.folder)).unwrap_or_default();
        let settled = (place.now - SETTLED).timestamp_nanos_opt().unwrap_or(i64::MIN);
        Self { place, known, at, next: Vec::new(), is_changed: false, settled }
    }

    /// Whether there is anything to ask it, or to tell it.
    pub(super) fn is_of_use(&self) -> bool {
        !self.known.is_empty() || self.writes()
    }

    /// Whether it is written at the end.
    pub(super) fn writes(&self) -> bool {
        self.place.staged.is_some()
    }

    /// Whether a state is old enough to be remembered.
    pub(super) fn is_settled(&self, state: State) -> bool {
        state.changed <= self.settled
    }

    /// Calls `file` with each file that a folder held, if it is in the state that it had then; whether that was all. `file`
    /// says whether the file is as it was: one that is not is to be remembered anew.
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
            // It is gone, or has changed.
            self.is_changed = true;
        }
        false
    }

    /// Remembers a folder that was read.
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

    /// Writes what is new. Where that fails, the next listing takes longer.
    pub(super) fn keep(self) {
        let is_changed = self.is_changed || self.at < self.known.len();
        let Some(staged) = self.place.staged.as_deref().filter(|_| is_changed) else { return };
        let kept = write(staged, &self.place, &self.next);
        if let Err(error) = kept {
            drop(std::fs::remove_file(staged));
            tracing::debug!("cannot remember the listing of `{}`: {error}", self.place.folder);
        }
    }
}

/// Not synced: what a crash leaves of it is told by its checksum.
fn write(staged: &Path, place: &Place, records: &[u8]) -> io::Result<()> {
    let mut file = MAGIC.to_vec();
    write_name(&mut file, &place.folder);
    file.extend_from_slice(records);
    let sum = checksum(&file);
    file.extend_from_slice(&sum);
    std::fs::write(staged, &file)?;
    std::fs::rename(staged, place.path())
}

/// A file, and where its records begin, if it is whole and about `folder`.
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

/// A folder with its files.
struct Record<'a> {
    name: &'a str,
    state: State,
    files: &'a [u8],
    /// Bytes of all of it.
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
