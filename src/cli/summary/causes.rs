//! What prevents many tables from getting their data, reported once for all of them: a vendor that accepts no more
//! calls, a calendar that ends. What was done for a table is in the summary itself.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use pitlake_contract::counted;

use crate::cli::language::{labelled, local, say};
use crate::plan::CALENDAR;
use crate::report::{Report, TableReport};

/// The most tables to name; otherwise only their number is shown.
pub(super) const NAMED: usize = 3;

/// The causes of failures that several tables share.
pub(super) struct Causes<'a> {
    report: &'a Report,
    /// Vendors that stopped and made tables fail, and why.
    stopped: Vec<(&'a str, &'a str)>,
    /// Days that several tables skipped because they are published later, and those tables.
    skipped: BTreeMap<&'a BTreeSet<NaiveDate>, Vec<&'a str>>,
}

impl<'a> Causes<'a> {
    pub(super) fn of(report: &'a Report) -> Self {
        let is_met = |reason: &str| report.tables.values().any(|table| failed_for(table, reason));
        let stopped = report.stopped.iter().map(|(vendor, reason)| (vendor.as_str(), reason.as_str()));
        let stopped = stopped.filter(|(_, reason)| is_met(reason)).collect();
        let mut skipped: BTreeMap<_, Vec<&str>> = BTreeMap::new();
        for (name, table) in report.tables.iter().filter(|(_, table)| !table.passed_over.is_empty()) {
            skipped.entry(&table.passed_over).or_default().push(name);
        }
        skipped.retain(|_, tables| tables.len() > 1);
        Self { report, stopped, skipped }
    }

    /// Whether a reason is among them, so that tables need not repeat it.
    pub(super) fn have(&self, reason: &str) -> bool {
        self.stopped.iter().any(|(_, known)| *known == reason)
    }

    /// Whether a note only repeats one of them.
    pub(super) fn have_note(&self, note: &str) -> bool {
        self.stopped.iter().any(|(_, reason)| note == TableReport::not_refreshed(reason))
    }

    /// Whether they affected a table.
    pub(super) fn concern(&self, table: &TableReport) -> bool {
        !table.beyond_calendar.is_empty() || self.have_skipped(&table.passed_over) || self.stopped(table)
    }

    /// Whether a table was not fetched or refreshed because its vendor stopped.
    pub(super) fn stopped(&self, table: &TableReport) -> bool {
        let has_failed = table.failed.iter().any(|failed| self.have(&failed.reason));
        has_failed || table.notes.iter().any(|note| self.have_note(note))
    }

    /// Whether other tables skipped the same days.
    pub(super) fn have_skipped(&self, days: &BTreeSet<NaiveDate>) -> bool {
        self.skipped.contains_key(days)
    }

    /// Days that several tables skipped, which is not a problem.
    pub(super) fn skipped(&self) -> impl Iterator<Item = (&'a BTreeSet<NaiveDate>, String)> {
        self.skipped.iter().map(|(days, tables)| (*days, names(tables)))
    }

    /// A line for each, with what to do and the affected tables.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (vendor, reason) in &self.stopped {
            lines.push(format!("! {}", labelled(vendor, &local(reason))));
            lines.push(format!("! {}", say!("not fetched because of this: {}", names(&self.concerned(reason)))));
        }
        lines.extend(self.calendar());
        lines
    }

    /// The tables that failed for a reason, and those waiting for a calendar that did.
    fn concerned(&self, reason: &str) -> Vec<&'a str> {
        let is_calendar = self.report.tables.get(CALENDAR).is_some_and(|calendar| failed_for(calendar, reason));
        let note = TableReport::not_refreshed(reason);
        let is_concerned = |table: &TableReport| {
            failed_for(table, reason)
                || table.notes.contains(&note)
                || (is_calendar && !table.beyond_calendar.is_empty())
        };
        let concerned = self.report.tables.iter().filter(|(_, table)| is_concerned(table));
        concerned.map(|(name, _)| name.as_str()).collect()
    }

    /// Why tables wait for the calendar, unless that follows from what stopped its vendor.
    fn calendar(&self) -> Option<String> {
        let waiting = || self.report.tables.iter().filter(|(_, table)| !table.beyond_calendar.is_empty());
        let days: BTreeSet<NaiveDate> =
            waiting().flat_map(|(_, table)| table.beyond_calendar.iter().copied()).collect();
        let (first, last) = (days.first()?, days.last()?);
        let tables = names(&waiting().map(|(name, _)| name.as_str()).collect::<Vec<_>>());
        let failed = self.report.tables.get(CALENDAR).map(|calendar| &calendar.failed).filter(|all| !all.is_empty());
        if failed.is_some_and(|failed| failed.iter().any(|failed| self.have(&failed.reason))) {
            return None;
        }
        let why = match self.report.calendar {
            _ if failed.is_some() => say!(
                "the calendar (`{CALENDAR}`) could not be fetched, so trading days are unknown for: {tables}; run \
                 again, or import it"
            ),
            None => say!(
                "the lake has no calendar, so trading days are unknown for: {tables}; run `pitlake fetch \
                 {CALENDAR}`, or import it"
            ),
            Some(covers) if *last > covers.last => say!(
                "the calendar in the lake ends {}, so days up to {last} wait for it: {tables}; run `pitlake fetch \
                 {CALENDAR} --refetch` once the vendor has more days, or choose an earlier day with --now or --end",
                covers.last
            ),
            Some(covers) if *first < covers.first => say!(
                "the calendar in the lake begins {}, so trading days from {first} until then are unknown for: \
                 {tables}; import the earlier days, or choose a later --start",
                covers.first
            ),
            Some(_) => say!("the calendar in the lake has gaps from {first} to {last}: {tables} wait for it"),
        };
        Some(format!("! {why}"))
    }
}

fn failed_for(table: &TableReport, reason: &str) -> bool {
    table.failed.iter().any(|failed| failed.reason == reason)
}

/// A few names, or their number.
pub(super) fn names(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        few if few.len() <= NAMED => few.join(", "),
        many => local(&counted(many.len(), "table")),
    }
}
