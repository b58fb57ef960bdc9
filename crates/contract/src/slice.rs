//! A slice, the unit of requests along an axis of a contract, as a value and as text. Whether and with which calls it
//! is requested is not decided here.

use std::fmt;

use chrono::NaiveDate;

use crate::contract::Axis;
use crate::date_range::DateRange;
use crate::spelling::month;

/// The unit of requests.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slice {
    /// A trading day.
    Session(NaiveDate),
    /// A calendar day.
    Day(NaiveDate),
    /// A month, by its first day.
    Month(NaiveDate),
    /// A report period, by its last day.
    Period(NaiveDate),
    /// A security and its whole history.
    Security(String),
    /// A security and a month, by its first day.
    SecurityMonth(String, NaiveDate),
    /// The current state, on a day.
    Snapshot(NaiveDate),
}

/// The text for all snapshots: they are one slice, and the newest is its current state.
const SNAPSHOT: &str = "snapshot";

impl Slice {
    /// The event day it covers, for a month its first day; `None` for a security.
    #[must_use]
    pub fn day(&self) -> Option<NaiveDate> {
        match self {
            Self::Session(day) | Self::Day(day) | Self::Month(day) | Self::Period(day) | Self::Snapshot(day) => {
                Some(*day)
            }
            Self::Security(_) | Self::SecurityMonth(..) => None,
        }
    }

    /// The days it covers; `None` for a security's whole history.
    #[must_use]
    pub fn days(&self) -> Option<DateRange> {
        match self {
            Self::Month(first) | Self::SecurityMonth(_, first) => Some(DateRange::month(*first)),
            _ => self.day().map(DateRange::day),
        }
    }

    /// The security it covers.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Security(code) | Self::SecurityMonth(code, _) => Some(code),
            _ => None,
        }
    }

    /// The month it covers, by its first day.
    #[must_use]
    pub fn month(&self) -> Option<NaiveDate> {
        match self {
            Self::Month(first) | Self::SecurityMonth(_, first) => Some(*first),
            _ => None,
        }
    }
}

/// `2024-01-02`, `2024-01`, `600519.SH`, `600519.SH 2024-01`, `snapshot`.
impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session(day) | Self::Day(day) | Self::Period(day) => write!(f, "{day}"),
            Self::Month(first) => f.write_str(&month::text(*first)),
            Self::Security(code) => f.write_str(code),
            Self::SecurityMonth(code, first) => write!(f, "{code} {}", month::text(*first)),
            Self::Snapshot(_) => f.write_str(SNAPSHOT),
        }
    }
}

/// What a bronze file answers, according to its header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// One slice.
    Slice(Slice),
    /// Many securities, with one month or their whole history each. The codes are in the parameters of the calls.
    Securities {
        /// The month, by its first day.
        month: Option<NaiveDate>,
        /// How many.
        count: usize,
        /// The first and last of them.
        ends: [String; 2],
    },
    /// The rows of an imported file, with its name.
    File(String),
}

impl Answered {
    /// Parses the text in a header. `day` is the day of the file's folder, because the text of a snapshot does not
    /// contain it.
    #[must_use]
    pub fn parse(text: &str, axis: Axis, day: NaiveDate) -> Self {
        let read = match axis {
            Axis::Session => text.parse().ok().map(Slice::Session),
            Axis::Day => text.parse().ok().map(Slice::Day),
            Axis::Period => text.parse().ok().map(Slice::Period),
            Axis::Month => month::parse(text).map(Slice::Month),
            Axis::Snapshot => (text == SNAPSHOT).then_some(Slice::Snapshot(day)),
            Axis::Security | Axis::SecurityMonth => None,
        };
        read.map(Self::Slice).or_else(|| securities(text)).unwrap_or_else(|| Self::File(text.to_owned()))
    }

    /// The first day of the month it is about, if it is about one.
    #[must_use]
    pub fn month(&self) -> Option<NaiveDate> {
        match self {
            Self::Slice(slice) => slice.month(),
            Self::Securities { month, .. } => *month,
            Self::File(_) => None,
        }
    }
}

/// A slice as usual, `2024-01: 120 securities, 000001.SZ to 000999.SZ`, or the name of a file.
impl fmt::Display for Answered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slice(slice) => write!(f, "{slice}"),
            Self::Securities { month, count, ends: [first, last] } => {
                if let Some(month) = month {
                    write!(f, "{}: ", month::text(*month))?;
                }
                write!(f, "{count} securities, {first} to {last}")
            }
            Self::File(name) => f.write_str(name),
        }
    }
}

fn securities(text: &str) -> Option<Answered> {
    let (month, rest) = match text.split_once(": ") {
        Some((month, rest)) => (Some(month::parse(month)?), rest),
        None => (None, text),
    };
    let (count, ends) = rest.split_once(" securities, ")?;
    let (first, last) = ends.split_once(" to ")?;
    Some(Answered::Securities { month, count: count.parse().ok()?, ends: [first.to_owned(), last.to_owned()] })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn what_a_header_states_reads_back() {
        let folder = day("2024-02-01");
        let batch =
            |month| Answered::Securities { month, count: 120, ends: ["000001.SZ".to_owned(), "000999.SZ".to_owned()] };
        for (axis, answered) in [
            (Axis::Session, Answered::Slice(Slice::Session(day("2024-01-02")))),
            (Axis::Day, Answered::Slice(Slice::Day(day("2024-01-06")))),
            (Axis::Period, Answered::Slice(Slice::Period(day("2023-12-31")))),
            (Axis::Month, Answered::Slice(Slice::Month(folder))),
            (Axis::Snapshot, Answered::Slice(Slice::Snapshot(folder))),
            (Axis::Security, batch(None)),
            (Axis::SecurityMonth, batch(Some(folder))),
            (Axis::Month, Answered::File("2024-02.csv".into())),
            (Axis::Session, Answered::File("bars of May.csv".into())),
        ] {
            assert_eq!(Answered::parse(&answered.to_string(), axis, folder), answered);
        }
    }
}
