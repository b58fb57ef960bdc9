//! Bronze paths, from their parts and back (`docs/lake-format.md`). Opens no file.

use std::cmp::Ordering;

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};

use super::findings::Mark;
use super::header;
use crate::spec::{Axis, Contract};
use crate::store::Entry;

const SUFFIX: &str = ".jsonl.gz";
const SPAN: &str = "-span";
const STAMP: &str = "%Y%m%dT%H%M%S%3fZ";

/// A bronze file, as known from its path.
#[derive(Debug, Clone)]
pub struct BronzeFile {
    /// Path relative to the lake.
    pub path: String,
    /// Offset of the file name in the path.
    name: usize,
    /// Size in bytes.
    pub size: u64,
    /// The day of its folder.
    pub day: NaiveDate,
    /// When the fetch finished. `None` if another program named the file.
    pub fetched_at: Option<DateTime<Utc>>,
    /// Last modified, according to the store.
    pub modified: DateTime<Utc>,
    /// Number among files with the same timestamp, from 0.
    pub ordinal: u32,
    /// Whether its rows may leave the folder's day. The header tells which days they have.
    pub span: bool,
    /// Set if it is not simply whole.
    pub mark: Option<Mark>,
    /// Whether it starts like our files, if the listing tells.
    pub(super) begins_as_ours: Option<bool>,
}

/// Compares what identifies a file. The rest follows from the path or does not matter.
impl PartialEq for BronzeFile {
    fn eq(&self, other: &Self) -> bool {
        (&self.path, self.size, self.modified) == (&other.path, other.size, other.modified)
    }
}

impl Eq for BronzeFile {}

impl BronzeFile {
    /// Parses an entry of a listing.
    ///
    /// # Errors
    /// The entry itself, if it is some other file.
    pub fn of(entry: Entry) -> Result<Self, Entry> {
        let read = |path: &str| {
            let (folder, name) = path.rsplit_once('/')?;
            let begins = folder.len() + 1;
            let name = name.strip_suffix(SUFFIX)?;
            let day = day_of(file_name(folder))?;
            let (name, span) = name.strip_suffix(SPAN).map_or((name, false), |name| (name, true));
            let marked = |mark: Mark| name.strip_suffix(mark.name()).and_then(|name| name.strip_suffix('-'));
            let marked = Mark::ALL.into_iter().find_map(|mark| Some((marked(mark)?, Some(mark))));
            let (name, mark) = marked.unwrap_or((name, None));
            Some((begins, day, stamp(name), (span, mark)))
        };
        let Some((name, day, stamp, (span, mark))) = read(&entry.path) else { return Err(entry) };
        let (fetched_at, ordinal) = stamp.map_or((None, 0), |(at, ordinal)| (Some(at), ordinal));
        let Entry { path, size, modified, beginning } = entry;
        let begins_as_ours = beginning.map(|beginning| header::is_ours(&beginning));
        Ok(Self { path, name, size, day, fetched_at, modified, ordinal, span, mark, begins_as_ours })
    }

    /// When it was written, or the start of its folder's day if the name has no time.
    #[must_use]
    pub fn written_at(&self) -> DateTime<Utc> {
        self.fetched_at.unwrap_or_else(|| self.day.and_time(NaiveTime::MIN).and_utc())
    }

    /// Orders by age, oldest first.
    #[must_use]
    pub fn by_age(&self, other: &Self) -> Ordering {
        self.written_at()
            .cmp(&other.written_at())
            .then(self.ordinal.cmp(&other.ordinal))
            .then_with(|| self.path.cmp(&other.path))
    }

    /// The file name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.path[self.name..]
    }

    /// The path of another file in the same folder.
    #[must_use]
    pub fn beside(&self, name: &str) -> String {
        format!("{}{name}", &self.path[..self.name])
    }

    /// The file name without its ending.
    #[must_use]
    pub fn stem(&self) -> &str {
        let name = self.name().strip_suffix(SUFFIX).unwrap_or(self.name());
        name.strip_suffix(SPAN).unwrap_or(name)
    }

    /// Whether the name has the form pitlake gives to files of `contract`.
    #[must_use]
    pub fn is_named_like(&self, contract: &Contract) -> bool {
        let rest = self.name().strip_prefix(contract.id.name.as_str()).and_then(|rest| rest.strip_prefix('_'));
        self.fetched_at.is_some() && rest.is_some_and(|rest| rest.as_bytes().first().is_some_and(u8::is_ascii_digit))
    }
}

/// The day of the folder that contains a file.
#[must_use]
pub fn folder_day(path: &str) -> Option<NaiveDate> {
    day_of(file_name(path.rsplit_once('/')?.0))
}

/// Reports are under `end_date=`. Both forms are accepted for all interfaces.
fn day_of(folder: &str) -> Option<NaiveDate> {
    date(folder.strip_prefix("date=").or_else(|| folder.strip_prefix("end_date="))?)
}

/// Time and ordinal at the end of `<interface>_<stamp>[-<ordinal>]`.
fn stamp(name: &str) -> Option<(DateTime<Utc>, u32)> {
    let last = name.rsplit('_').next()?;
    let (time, ordinal) = match last.split_once('-') {
        Some((time, ordinal)) => (time, ordinal.parse().ok()?),
        None => (last, 0),
    };
    Some((instant(time)?, ordinal))
}

/// Parses `20240102T103015123Z`. By hand, because listings have hundreds of thousands of names.
fn instant(text: &str) -> Option<DateTime<Utc>> {
    let part = |range| number(text.get(range)?);
    if text.len() != 19 || text.as_bytes()[8] != b'T' || !text.ends_with('Z') {
        return None;
    }
    let day = NaiveDate::from_ymd_opt(part(0..4)?.try_into().ok()?, part(4..6)?, part(6..8)?)?;
    Some(day.and_hms_milli_opt(part(9..11)?, part(11..13)?, part(13..15)?, part(15..18)?)?.and_utc())
}

/// Parses `2024-01-02`, and anything else that reads as such a day.
fn date(text: &str) -> Option<NaiveDate> {
    let part = |range| number(text.get(range)?);
    let plain = || NaiveDate::from_ymd_opt(part(0..4)?.try_into().ok()?, part(5..7)?, part(8..10)?);
    let is_plain = text.len() == 10 && text.bytes().filter(|byte| *byte == b'-').count() == 2;
    plain().filter(|_| is_plain).or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())
}

fn number(digits: &str) -> Option<u32> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// The folder of an interface.
#[must_use]
pub fn folder(contract: &Contract) -> String {
    format!("bronze/{}/{}", contract.id.vendor, contract.kind)
}

/// Whether programs ignore a file by convention, because its name starts with a dot or an underscore.
#[must_use]
pub(super) fn is_hidden(path: &str) -> bool {
    file_name(path).starts_with(['.', '_'])
}

/// The path of a new file, from its time and ordinal, its mark, and whether its rows leave the day of its folder.
#[must_use]
pub(super) fn new_path(
    contract: &Contract,
    day: NaiveDate,
    (at, ordinal): (DateTime<Utc>, u32),
    (mark, span): (Option<Mark>, bool),
) -> String {
    let ordinal = if ordinal == 0 { String::new() } else { format!("-{ordinal}") };
    let mark = mark.map(|mark| format!("-{}", mark.name())).unwrap_or_default();
    let key = if !span && contract.ask.axis == Axis::Period { "end_date" } else { "date" };
    let span = if span { SPAN } else { "" };
    let (folder, name, at) = (folder(contract), &contract.id.name, at.format(STAMP));
    format!("{folder}/{key}={day}/{name}_{at}{ordinal}{mark}{span}{SUFFIX}")
}

/// The last segment of a path.
#[must_use]
pub fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> Option<BronzeFile> {
        BronzeFile::of(Entry { path: path.into(), size: 1, modified: DateTime::UNIX_EPOCH, beginning: None }).ok()
    }

    #[test]
    fn own_names_are_read_back() {
        let read =
            file("bronze/tushare/stock_daily_cn/date=2024-01-02/daily_20240102T103015123Z-2-span.jsonl.gz").unwrap();
        assert_eq!(read.day.to_string(), "2024-01-02");
        assert_eq!(read.fetched_at.unwrap().to_rfc3339(), "2024-01-02T10:30:15.123+00:00");
        assert_eq!((read.ordinal, read.span, read.mark), (2, true, None));
        for mark in Mark::ALL {
            let path = format!("bronze/t/x/date=2024-01-02/daily_20240102T103015123Z-1-{}-span.jsonl.gz", mark.name());
            let read = file(&path).unwrap();
            assert_eq!((read.ordinal, read.span, read.mark), (1, true, Some(mark)));
            assert!(read.fetched_at.is_some());
        }
    }

    #[test]
    fn names_of_other_programs_are_read_too() {
        let read = file("bronze/tushare/x/end_date=2023-12-31/fina_20240430.jsonl.gz").unwrap();
        assert_eq!((read.fetched_at, read.span), (None, false));
        assert!(file("bronze/tushare/x/date=2023-12-31/notes.txt").is_none());
        assert!(file("bronze/tushare/x/date=2023-13-31/a.jsonl.gz").is_none());
    }

    #[test]
    fn days_and_times_are_read_as_they_are_written() {
        let day = NaiveDate::from_ymd_opt(2024, 2, 29);
        for text in ["2024-02-29", "2024-2-29"] {
            assert_eq!(date(text), day, "{text}");
        }
        for text in ["2023-02-29", "20240229", "2024-02-2x", "2024/02/29", "2024-0229-", ""] {
            assert_eq!(date(text), None, "{text}");
        }
        let at = instant("20240229T103015123Z").unwrap();
        assert_eq!(at.format(STAMP).to_string(), "20240229T103015123Z");
        for text in
            ["20240229T103015123", "20240229T10301512Z", "20230229T103015123Z", "20240229T106015123Z", "数字数字数字Z"]
        {
            assert_eq!(instant(text), None, "{text}");
        }
    }

    #[test]
    fn files_are_ordered_by_time_then_ordinal() {
        let path = |name: &str| format!("bronze/t/x/date=2024-01-02/{name}.jsonl.gz");
        let [foreign, first, second] =
            ["any", "d_20240102T103015123Z", "d_20240102T103015123Z-1"].map(|n| file(&path(n)).unwrap());
        assert_eq!(foreign.by_age(&first), Ordering::Less);
        assert_eq!(first.by_age(&second), Ordering::Less);
    }
}
