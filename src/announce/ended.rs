//! A finished run, and which of its events are worth announcing. Who hears of them is not decided here.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::report::{Exit, Report};
use crate::spec::Event;

/// A finished run.
#[derive(Debug)]
pub struct Ended<'a> {
    /// The command.
    pub command: &'a str,
    /// The jobs it ran.
    pub jobs: &'a [String],
    /// What it did. `None` if it ended before it had a report.
    pub report: Option<&'a Report>,
    /// The tables whose settled past changed.
    pub changed: &'a BTreeSet<String>,
    /// The error that ended it.
    pub error: Option<String>,
    /// How it ended.
    pub exit: Exit,
    /// When it ended.
    pub at: DateTime<Utc>,
}

impl Ended<'_> {
    /// The events worth announcing.
    #[must_use]
    pub fn events(&self) -> BTreeSet<Event> {
        let mut events = BTreeSet::new();
        match self.exit {
            // The user ended it, and knows.
            exit if exit.is_signal() => return events,
            Exit::Done => {}
            Exit::NotPublished => drop(events.insert(Event::Late)),
            _ => drop(events.insert(Event::Failed)),
        }
        for table in self.report.into_iter().flat_map(|report| report.tables.values()) {
            if !table.not_published.is_empty() || !table.beyond_calendar.is_empty() {
                events.insert(Event::Late);
            }
        }
        if !self.changed.is_empty() {
            events.insert(Event::Changed);
        }
        events
    }
}
