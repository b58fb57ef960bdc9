//! A run that has ended, and what of it is worth telling. Never who is told.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::report::{Exit, Report};
use crate::spec::Event;

/// A run that has ended.
#[derive(Debug)]
pub struct Ended<'a> {
    /// The command.
    pub command: &'a str,
    /// Its jobs.
    pub jobs: &'a [String],
    /// What it did; `None` where it ended before it had a report.
    pub report: Option<&'a Report>,
    /// The tables whose settled past it changed.
    pub changed: &'a BTreeSet<String>,
    /// The error that ended it.
    pub error: Option<String>,
    /// How it ended.
    pub exit: Exit,
    /// When.
    pub at: DateTime<Utc>,
}

impl Ended<'_> {
    /// What of it is worth telling.
    #[must_use]
    pub fn events(&self) -> BTreeSet<Event> {
        let mut events = BTreeSet::new();
        match self.exit {
            // Somebody ended it, and knows.
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
