//! Which rows share a file. Where that file is stored is decided in `silver`.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike as _, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::spec::{DateRange, PartitionBy, Table};

/// The part of a table that is one file, replaced as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Partition {
    /// The whole table.
    Whole,
    /// A calendar year of events.
    Year(i32),
    /// A month of events.
    Month(i32, u32),
    /// A day of events.
    Day(NaiveDate),
}

impl Partition {
    /// The partition of a table that contains the events of `day`.
    #[must_use]
    pub fn of(table: &Table, day: NaiveDate) -> Self {
        match table.partition {
            PartitionBy::None => Self::Whole,
            PartitionBy::Year => Self::Year(day.year()),
            PartitionBy::Month => Self::Month(day.year(), day.month()),
            PartitionBy::Day => Self::Day(day),
        }
    }

    /// Whether events of `day` belong to it.
    #[must_use]
    pub fn holds(self, day: NaiveDate) -> bool {
        match self {
            Self::Whole => true,
            Self::Year(year) => day.year() == year,
            Self::Month(year, month) => (day.year(), day.month()) == (year, month),
            Self::Day(this) => day == this,
        }
    }

    /// Its days; `None` for the whole table.
    #[must_use]
    pub fn days(self) -> Option<DateRange> {
        match self {
            Self::Whole => None,
            Self::Year(year) => NaiveDate::from_ymd_opt(year, 1, 1).map(DateRange::year),
            Self::Month(year, month) => NaiveDate::from_ymd_opt(year, month, 1).map(DateRange::month),
            Self::Day(day) => Some(DateRange::day(day)),
        }
    }
}

/// As in paths: `year=2024`, `year=2024/month=6`, `date=2024-01-02`.
impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("all"),
            Self::Year(year) => write!(f, "year={year}"),
            Self::Month(year, month) => write!(f, "year={year}/month={month}"),
            Self::Day(day) => write!(f, "date={day}"),
        }
    }
}

impl From<Partition> for String {
    fn from(partition: Partition) -> Self {
        partition.to_string()
    }
}

impl TryFrom<String> for Partition {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for Partition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Vec<(&str, &str)> = text.split('/').filter_map(|part| part.split_once('=')).collect();
        let read = match parts[..] {
            [] if text == "all" => Some(Self::Whole),
            [("year", year)] => year.parse().ok().map(Self::Year),
            [("year", year), ("month", month)] => {
                year.parse().ok().zip(month.parse().ok()).map(|(y, m)| Self::Month(y, m))
            }
            [("date", day)] => day.parse().ok().map(Self::Day),
            _ => None,
        };
        // Accept only the canonical text.
        read.filter(|partition| partition.to_string() == text).ok_or_else(|| format!("invalid partition `{text}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_reads_back_as_it_is_written() {
        let day = NaiveDate::from_ymd_opt(2024, 1, 2).unwrap();
        for partition in [Partition::Whole, Partition::Year(2024), Partition::Month(2024, 6), Partition::Day(day)] {
            let text = serde_json::to_string(&partition).unwrap();
            assert_eq!(serde_json::from_str::<Partition>(&text).unwrap(), partition, "{text}");
        }
        for text in ["", "year=02024", "year=2024/month=06", "date=2024-1-2", "week=1"] {
            assert!(text.parse::<Partition>().is_err(), "{text}");
        }
    }
}
