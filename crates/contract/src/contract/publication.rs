//! When a vendor publishes, and for which securities. Reads `[publication]` strictly.

use chrono::{NaiveDate, NaiveTime};

use crate::toml::TomlTable;

/// The securities that have exactly one row per trading day, or a row per period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Covered {
    /// The securities listed on the day.
    Listed,
    /// The securities listed and not suspended for the whole day.
    Traded,
    /// The companies that must report on a period.
    Reporting,
}

/// What a reply without rows means on a trading day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Empty {
    /// The vendor has not published the day yet.
    Unpublished,
    /// The day has no rows.
    Answer,
}

/// When the vendor publishes, and for which securities.
#[derive(Debug, Clone)]
pub struct Publication {
    /// The time of day, Shanghai, from which a day is due.
    pub hour: NaiveTime,
    /// Whether that is on the next calendar day.
    pub next_day: bool,
    /// What a reply without rows means.
    pub empty: Empty,
    /// The first day with data. Earlier replies may be empty.
    pub history_from: NaiveDate,
    /// The securities that must have a row on a trading day or a period, if the vendor covers a whole market.
    pub covers: Option<Covered>,
    /// The exchanges that it covers; all if empty.
    pub exchanges: Vec<String>,
    /// How many of 10,000 securities an answer may lack and still be kept; 0.5 % unless the contract says otherwise.
    pub tolerance: u32,
}

/// The default, per 10,000 securities.
const TOLERANCE: u32 = 50;

impl Publication {
    /// How many of `expected` securities an answer may lack and still be kept.
    #[must_use]
    pub fn tolerated(&self, expected: usize) -> usize {
        expected * self.tolerance as usize / 10_000
    }
}

const COVERED: &[(&str, Covered)] =
    &[("listed", Covered::Listed), ("traded", Covered::Traded), ("reporting", Covered::Reporting)];

const EMPTIES: &[(&str, Empty)] = &[("unpublished", Empty::Unpublished), ("answer", Empty::Answer)];

/// Reads `[publication]`.
pub(super) fn publication(table: &TomlTable<'_>) -> Option<Publication> {
    let hour = table.need("hour", table.text("hour"));
    let empty = table.choice("empty", EMPTIES);
    let empty = table.need("empty", empty);
    let history_from = table.need("history_from", table.date("history_from"));
    let covers = table.choice("covers", COVERED);
    let exchanges = table.strings("exchanges").unwrap_or_default();
    let tolerance = tolerance(table);
    let next_day = table.flag("next_day").is_some_and(|at| at.value);
    table.close();
    let hour = hour?;
    let time = NaiveTime::parse_from_str(&hour.value, "%H:%M").ok();
    if time.is_none() {
        table.problem(hour.offset, format!("invalid time of day `{}`: expected HH:MM", hour.value), None);
    }
    Some(Publication {
        hour: time?,
        next_day,
        empty: empty?,
        history_from: history_from?,
        covers,
        exchanges,
        tolerance,
    })
}

/// Reads `tolerance`, a percentage with at most two decimals: `0.5%`.
fn tolerance(table: &TomlTable<'_>) -> u32 {
    let Some(at) = table.text("tolerance") else { return TOLERANCE };
    let read = at.value.strip_suffix('%').and_then(|percent| match percent.split_once('.') {
        None => percent.parse::<u32>().ok()?.checked_mul(100),
        Some((whole, places)) if matches!(places.len(), 1 | 2) => {
            whole.parse::<u32>().ok()?.checked_mul(100)?.checked_add(format!("{places:0<2}").parse::<u32>().ok()?)
        }
        Some(_) => None,
    });
    let read = read.filter(|tolerance| *tolerance < 10_000);
    if read.is_none() {
        let message = format!("invalid tolerance `{}`: expected a percentage such as 0.5%", at.value);
        table.problem(at.offset, message, None);
    }
    read.unwrap_or(TOLERANCE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::toml::TomlFile;

    #[test]
    fn a_tolerance_is_a_percentage() {
        let read = |text: &str| {
            let text = format!("tolerance = \"{text}\"");
            TomlFile::new("x.toml", &text).parse(|root| Some(tolerance(root))).ok()
        };
        assert_eq!(["0.5%", "1%", "0.05%", "12.25%"].map(read), [50, 100, 5, 1225].map(Some));
        assert_eq!(["0.5", "1.234%", "100%", "-1%", "%"].map(read), [None; 5]);
    }
}
