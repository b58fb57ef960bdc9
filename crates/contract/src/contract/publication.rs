//! When a vendor publishes and what it covers, and the strict reading of `[publication]`.

use chrono::{NaiveDate, NaiveTime};

use crate::toml::TomlTable;

/// The securities that have exactly one row on each trading day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Covered {
    /// The securities listed on the day.
    Listed,
    /// The securities listed and not suspended for the whole day.
    Traded,
}

/// What a reply without rows means on a trading day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Empty {
    /// The vendor has not published the day yet.
    Unpublished,
    /// The day has no rows.
    Answer,
}

/// When the vendor publishes, and for whom.
#[derive(Debug, Clone)]
pub struct Publication {
    /// The time of day, Shanghai, from which a day is due.
    pub hour: NaiveTime,
    /// Whether that is on the calendar day after.
    pub next_day: bool,
    /// What a reply without rows means.
    pub empty: Empty,
    /// The first day with data: earlier replies may be without rows.
    pub history_from: NaiveDate,
    /// The securities that must have a row on a trading day, if the vendor covers a whole market.
    pub covers: Option<Covered>,
    /// The exchanges that it covers; all if empty.
    pub exchanges: Vec<String>,
}

const COVERED: &[(&str, Covered)] = &[("listed", Covered::Listed), ("traded", Covered::Traded)];

const EMPTIES: &[(&str, Empty)] = &[("unpublished", Empty::Unpublished), ("answer", Empty::Answer)];

/// Reads `[publication]`.
pub(super) fn publication(table: &TomlTable<'_>) -> Option<Publication> {
    let hour = table.need("hour", table.text("hour"));
    let empty = table.choice("empty", EMPTIES);
    let empty = table.need("empty", empty);
    let history_from = table.need("history_from", table.date("history_from"));
    let covers = table.choice("covers", COVERED);
    let exchanges = table.strings("exchanges").unwrap_or_default();
    let next_day = table.flag("next_day").is_some_and(|at| at.value);
    table.close();
    let hour = hour?;
    let time = NaiveTime::parse_from_str(&hour.value, "%H:%M").ok();
    if time.is_none() {
        table.problem(hour.offset, format!("invalid time of day `{}`: expected HH:MM", hour.value), None);
    }
    Some(Publication { hour: time?, next_day, empty: empty?, history_from: history_from?, covers, exchanges })
}
