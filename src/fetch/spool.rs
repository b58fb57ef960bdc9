//! How answers by security are encoded in a spool until they are kept as a bronze file: one record each, with length
//! and checksum, so that a record cut off by a kill is noticed. Which ones are kept, and when, is decided in `gather`
//! and `left`.

use std::collections::BTreeSet;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};
use flate2::Crc;
use pitlake_contract::Slice;
use serde::{Deserialize, Serialize};

use super::Reply;
use crate::bronze;
use crate::spec::Contract;

/// Magic bytes of a spool. A new layout gets a new number.
const MAGIC: &[u8] = b"pitlake-spool-1\n";

/// An answer that shares a file with others.
#[derive(Debug)]
pub(super) struct SharedAnswer {
    pub(super) slices: Vec<Slice>,
    /// Parameters of each call.
    pub(super) params: Vec<Vec<(String, String)>>,
    pub(super) reply: Reply,
}

/// What a killed run left of a file.
#[derive(Debug)]
pub(super) struct Spooled {
    pub(super) answers: Vec<SharedAnswer>,
    /// When the last of them came.
    pub(super) at: DateTime<Utc>,
    /// The bytes up to the last complete record.
    pub(super) whole: Vec<u8>,
}

/// What the answers are for. Those to another version of the contract are not read.
#[derive(PartialEq, Serialize, Deserialize)]
struct Head {
    interface: String,
    contract: String,
}

/// An answer without its lines.
#[derive(Serialize, Deserialize)]
struct Record {
    /// Codes, with the first day of the month if there is one.
    slices: Vec<(String, Option<NaiveDate>)>,
    params: Vec<Vec<(String, String)>>,
    at: DateTime<Utc>,
    rows: usize,
    rows_of: Vec<usize>,
    pages: usize,
    unknown: BTreeSet<String>,
    absent: BTreeSet<String>,
    events: BTreeSet<NaiveDate>,
}

impl Head {
    fn of(contract: &Contract) -> Self {
        Self { interface: contract.id.to_string(), contract: bronze::digest(contract.text.as_bytes()) }
    }
}

/// The part of a spool's name that identifies the interface.
pub(super) fn name(contract: &Contract) -> String {
    format!("{}.{}", contract.id.vendor, contract.id.name)
}

/// The start of a spool.
///
/// # Errors
/// When it cannot be serialised.
pub(super) fn begun(contract: &Contract) -> Result<Vec<u8>> {
    let head = serde_json::to_vec(&Head::of(contract))?;
    Ok([MAGIC, &framed(&[&head])?, &head].concat())
}

/// What to append for an answer that came at `at`, to be followed by its lines.
///
/// # Errors
/// When it cannot be serialised or is too large.
pub(super) fn record(answer: &SharedAnswer, at: DateTime<Utc>) -> Result<Vec<u8>> {
    let reply = &answer.reply;
    let record = Record {
        slices: answer.slices.iter().filter_map(|slice| Some((slice.code()?.to_owned(), slice.month()))).collect(),
        params: answer.params.clone(),
        at,
        rows: reply.rows,
        rows_of: reply.rows_of.clone(),
        pages: reply.pages,
        unknown: reply.unknown.clone(),
        absent: reply.absent.clone(),
        events: reply.events.clone(),
    };
    let mut text = serde_json::to_vec(&record)?;
    text.push(b'\n');
    Ok([framed(&[&text, &reply.lines])?, text].concat())
}

/// Adds length and checksum in front.
fn framed(parts: &[&[u8]]) -> Result<Vec<u8>> {
    let mut sum = Crc::new();
    for part in parts {
        sum.update(part);
    }
    let length = u32::try_from(parts.iter().map(|part| part.len()).sum::<usize>())?;
    Ok([length.to_le_bytes(), sum.sum().to_le_bytes()].concat())
}

/// The next record and the bytes after it. `None` if it is incomplete.
fn next(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, bytes) = bytes.split_first_chunk()?;
    let (expected, bytes) = bytes.split_first_chunk()?;
    let (record, rest) = bytes.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    let mut sum = Crc::new();
    sum.update(record);
    (sum.sum().to_le_bytes() == *expected).then_some((record, rest))
}

/// The answers in a spool, up to the first incomplete one.
///
/// # Errors
/// Why it cannot be read at all.
pub(super) fn read(mut bytes: Vec<u8>, contract: &Contract) -> Result<Spooled, &'static str> {
    let head = bytes.strip_prefix(MAGIC).ok_or("its format is unknown")?;
    let (head, mut rest) = next(head).ok_or("its beginning is damaged")?;
    let head: Head = serde_json::from_slice(head).map_err(|_| "its beginning is damaged")?;
    if head != Head::of(contract) {
        return Err("the contract of the interface is another one now");
    }
    let (mut answers, mut at) = (Vec::new(), DateTime::default());
    while let Some((record, behind)) = next(rest)
        && let Some((answer, came)) = answer(record)
    {
        answers.push(answer);
        (at, rest) = (came, behind);
    }
    let whole = bytes.len() - rest.len();
    bytes.truncate(whole);
    Ok(Spooled { answers, at, whole: bytes })
}

fn answer(record: &[u8]) -> Option<(SharedAnswer, DateTime<Utc>)> {
    let (text, lines) = record.split_at(memchr::memchr(b'\n', record)? + 1);
    let Record { slices, params, at, rows, rows_of, pages, unknown, absent, events } =
        serde_json::from_slice(text).ok()?;
    let slice = |(code, month)| match month {
        Some(month) => Slice::SecurityMonth(code, month),
        None => Slice::Security(code),
    };
    let slices = slices.into_iter().map(slice).collect();
    let lines = lines.to_vec();
    let reply = Reply { lines, rows, rows_of, pages, unknown, absent, events, ..Reply::default() };
    Some((SharedAnswer { slices, params, reply }, at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Catalog;

    fn answers() -> [SharedAnswer; 3] {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let slices =
            |month: Option<&str>| {
                let code = "600519.SH".to_owned();
                vec![month.map_or_else(
                    || Slice::Security(code.clone()),
                    |month| Slice::SecurityMonth(code.clone(), day(month)),
                )]
            };
        let params = vec![vec![("ts_code".to_owned(), "600519.SH".to_owned())], Vec::new()];
        let reply = Reply {
            lines: b"{\"a\":9.390}\n{\"a\":\"\\u4e2d\"}\n".to_vec(),
            rows: 2,
            rows_of: vec![2, 0],
            pages: 1,
            unknown: BTreeSet::from(["more".to_owned()]),
            absent: BTreeSet::from(["less".to_owned()]),
            events: BTreeSet::from([day("2023-12-31")]),
            ..Reply::default()
        };
        let reply_of_none = || Reply { rows_of: vec![0], ..Reply::default() };
        [
            SharedAnswer { slices: slices(None), params, reply },
            SharedAnswer { slices: slices(Some("2024-01-01")), params: Vec::new(), reply: reply_of_none() },
            SharedAnswer { slices: slices(None), params: Vec::new(), reply: reply_of_none() },
        ]
    }

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + second, 5_000_000).unwrap()
    }

    /// A spool, and the offsets at which its start and each record end.
    fn spool(contract: &Contract) -> (Vec<u8>, Vec<usize>) {
        let mut bytes = begun(contract).unwrap();
        let mut ends = vec![bytes.len()];
        for (answer, second) in answers().iter().zip(0..) {
            bytes.extend(record(answer, at(second)).unwrap());
            bytes.extend(&answer.reply.lines);
            ends.push(bytes.len());
        }
        (bytes, ends)
    }

    #[test]
    fn answers_are_read_as_they_were_written() {
        let catalog = Catalog::load(&[], None).unwrap().0;
        let contract = catalog.contracts().next().unwrap();
        let (bytes, _) = spool(contract);
        let read = read(bytes.clone(), contract).unwrap();
        assert_eq!((read.at, read.whole), (at(2), bytes));
        assert_eq!(format!("{:?}", read.answers), format!("{:?}", answers()));
    }

    #[test]
    fn what_a_kill_cut_off_is_dropped_and_what_stands_before_it_is_kept() {
        let catalog = Catalog::load(&[], None).unwrap().0;
        let contract = catalog.contracts().next().unwrap();
        let (bytes, ends) = spool(contract);
        for length in ends[0]..=bytes.len() {
            let read = read(bytes[..length].to_vec(), contract).unwrap();
            let count = ends.iter().filter(|end| **end <= length).count() - 1;
            assert_eq!((read.answers.len(), read.whole.len()), (count, ends[count]), "{length}");
            assert_eq!(read.at, if count == 0 { DateTime::default() } else { at(i64::try_from(count).unwrap() - 1) });
        }
        for length in MAGIC.len()..ends[0] {
            assert_eq!(read(bytes[..length].to_vec(), contract).unwrap_err(), "its beginning is damaged");
        }
        assert_eq!(read(Vec::new(), contract).unwrap_err(), "its format is unknown");
    }

    #[test]
    fn whatever_byte_is_damaged_no_record_is_believed_that_holds_it() {
        let catalog = Catalog::load(&[], None).unwrap().0;
        let contract = catalog.contracts().next().unwrap();
        let (bytes, ends) = spool(contract);
        for place in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[place] ^= 0x20;
            match read(damaged, contract) {
                Err(_) => assert!(place < ends[0], "{place}"),
                Ok(read) => {
                    let count = ends.iter().filter(|end| **end <= place).count() - 1;
                    assert_eq!((read.answers.len(), place >= ends[0]), (count, true), "{place}");
                }
            }
        }
    }

    #[test]
    fn answers_to_another_contract_are_not_read() {
        let catalog = Catalog::load(&[], None).unwrap().0;
        let mut contracts = catalog.contracts();
        let (one, other) = (contracts.next().unwrap(), contracts.next().unwrap());
        let problem = "the contract of the interface is another one now";
        assert_eq!(read(spool(one).0, other).unwrap_err(), problem);
    }
}
