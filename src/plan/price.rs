//! What a run would cost: slices and why, calls, minutes, and the partitions to be written. Pure: quotas and stale
//! partitions are added by callers that read the lake.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{Datelike as _, NaiveDate, Weekday};
use pitlake_contract::{DateRange, Slice, counted};
use serde::Serialize;

use super::{CALENDAR, Calendar, Facts, Question, Reach, Why, Work, calls, tables_of};
use crate::clock::Clock;
use crate::normalise::Partition;

/// The assumed number of securities if bronze has no universe: those listed and delisted since 1990.
const LISTED: usize = 5700;

/// The assumed share of open weekdays if bronze has no calendar: 242 or 243 per year.
const OPEN: (usize, usize) = (93, 100);

/// The cost of a run.
#[derive(Debug, Default, Serialize)]
pub struct Price {
    /// By interface.
    pub asking: Vec<InterfacePrice>,
    /// Calls in total.
    pub calls: usize,
    /// Minutes at the account's limits, not counting the network and the vendor.
    pub minutes: usize,
    /// Daily quotas, by vendor.
    pub quota: Vec<Quota>,
    /// Partitions that would be rewritten, by table.
    pub partitions: BTreeMap<String, BTreeSet<String>>,
    /// Why the price is only an estimate, and what it leaves out.
    pub notes: BTreeSet<String>,
}

/// What one interface would be asked for.
#[derive(Debug, Serialize)]
pub struct InterfacePrice {
    /// The table.
    pub table: String,
    /// The interface.
    pub interface: String,
    /// Slices, by reason.
    pub slices: Vec<Reason>,
    /// Slices already held.
    pub held: usize,
    /// Calls.
    pub calls: usize,
    /// Calls per minute that the account may make.
    pub per_minute: u32,
}

/// Slices requested for the same reason.
#[derive(Debug, Serialize)]
pub struct Reason {
    /// The reason.
    pub why: &'static str,
    /// How many slices.
    pub slices: usize,
    /// The first of them.
    pub first: String,
    /// The last of them.
    pub last: String,
}

/// A vendor's calls per day.
#[derive(Debug, Serialize)]
pub struct Quota {
    /// The vendor.
    pub vendor: String,
    /// Calls per day that `jobs.toml` allows.
    pub a_day: u32,
    /// Calls made by today's runs.
    pub spent: u64,
}

impl Price {
    /// Adds questions that run concurrently: the slowest decides the minutes.
    pub fn add_phase(&mut self, facts: Facts<'_>, questions: &[Question], asks_suspensions: bool) {
        let mut minutes = 0;
        for question in questions {
            // Tables of one nested reply are requested once.
            let interface = question.contract().id.to_string();
            if self.asking.iter().any(|asking| asking.interface == interface) {
                continue;
            }
            let calls = expected_calls(facts, question, asks_suspensions);
            minutes = minutes.max(minutes_of(calls, question));
            self.note(question, facts.calendar);
            self.add(question, calls);
        }
        self.minutes += minutes;
        self.calls = self.asking.iter().map(|asking| asking.calls).sum();
    }

    /// Adds partitions of a table that would be written whatever is fetched.
    pub fn add_stale(&mut self, table: &str, stale: impl IntoIterator<Item = Partition>) {
        let mut stale = stale.into_iter().map(|partition| partition.to_string()).peekable();
        if stale.peek().is_some() {
            self.partitions.entry(table.to_owned()).or_default().extend(stale);
        }
    }

    /// Adds a vendor's daily quota, of which `spent` calls are used, and what it means for the work.
    pub fn add_quota(&mut self, facts: Facts<'_>, vendor: &str, spent: u64) {
        let Some(account) = facts.jobs.accounts.get(vendor) else { return };
        let asked = |asking: &&InterfacePrice| asking.interface.starts_with(&format!("{vendor}/"));
        let calls: usize = self.asking.iter().filter(asked).map(|asking| asking.calls).sum();
        if let Some(a_day) = account.requests_per_day {
            if spent + calls as u64 > u64::from(a_day) {
                self.notes.insert(format!("{vendor}: the calls exceed what is left of today's quota"));
            }
            self.quota.push(Quota { vendor: vendor.to_owned(), a_day, spent });
        }
        let Some(vendor) = facts.catalog.vendor(vendor) else { return };
        for asking in self.asking.iter().filter(asked) {
            let id = crate::spec::InterfaceId::parse(&asking.interface);
            let Some(contract) = id.and_then(|id| facts.catalog.contract(&id)) else { continue };
            let limit = contract.requests_per_day(vendor, account.points);
            if let Some(limit) = limit.filter(|limit| asking.calls > *limit as usize) {
                let interface = &asking.interface;
                self.notes.insert(format!(
                    "{interface}: limited to {} a day, so this takes several days",
                    counted(limit, "call")
                ));
            }
        }
    }

    fn note(&mut self, question: &Question, calendar: &Calendar) {
        let table = &question.table().name;
        if question.plan.ask.iter().any(|(slice, _)| question.values.at(slice).is_none()) {
            let wanted: Vec<&str> = tables_of(question.contract()).collect();
            self.notes.insert(format!(
                "`{table}` takes one call per value of `{}`, and some values are not in the lake yet: one call per slice is assumed",
                wanted.join(", ")
            ));
        }
        if question.contract().ask.axis.by_security() {
            self.notes.insert(format!(
                "`{table}` is requested by security: one page each is assumed, and long histories may take two or three"
            ));
        }
        if let Some(covers) = calendar.covers().filter(|_| !question.plan.beyond_calendar.is_empty()) {
            let DateRange { first, last } = covers;
            self.notes.insert(format!(
                "the calendar in the lake covers {first} to {last}: other days of the range are neither estimated nor fetched"
            ));
        }
    }

    fn add(&mut self, question: &Question, calls: usize) {
        let table = question.table();
        let mut reasons: BTreeMap<Why, Vec<String>> = BTreeMap::new();
        let mut partitions: BTreeSet<String> = BTreeSet::new();
        for (slice, why) in &question.plan.ask {
            reasons.entry(*why).or_default().push(slice.to_string());
            match slice {
                Slice::Session(day) | Slice::Day(day) | Slice::Period(day) => {
                    partitions.insert(Partition::of(table, *day).to_string());
                }
                Slice::Month(_) | Slice::SecurityMonth(..) => {
                    let days = slice.days().into_iter().flat_map(DateRange::days);
                    partitions.extend(days.map(|day| Partition::of(table, day).to_string()));
                }
                Slice::Snapshot(_) => {
                    partitions.insert(Partition::Whole.to_string());
                }
                Slice::Security(_) => {
                    partitions.insert("every year of their histories".to_owned());
                }
            }
        }
        if !partitions.is_empty() {
            self.partitions.entry(table.name.clone()).or_default().extend(partitions);
        }
        let slices = reasons.into_iter().map(|(why, mut names)| {
            names.sort_unstable();
            let ends = (names.first().cloned().unwrap_or_default(), names.last().cloned().unwrap_or_default());
            Reason { why: why.text(), slices: names.len(), first: ends.0, last: ends.1 }
        });
        self.asking.push(InterfacePrice {
            table: table.name.clone(),
            interface: question.contract().id.to_string(),
            slices: slices.collect(),
            held: question.plan.held,
            calls,
            per_minute: question.allowance.per_minute,
        });
    }
}

/// Minutes that the calls of a question take at the account's limit.
fn minutes_of(calls: usize, question: &Question) -> usize {
    calls.saturating_sub(1) / question.allowance.per_minute.max(1) as usize
}

/// How long some questions take when run concurrently, at the accounts' limits.
#[must_use]
pub fn at_the_limits(facts: Facts<'_>, questions: &[Question]) -> Duration {
    let minutes = questions.iter().map(|question| minutes_of(expected_calls(facts, question, true), question)).max();
    Duration::from_mins(minutes.unwrap_or(0) as u64)
}

/// Expected calls of a question: pages by the expected number of rows, plus the calls that prove where they end.
#[must_use]
pub fn expected_calls(facts: Facts<'_>, question: &Question, asks_suspensions: bool) -> usize {
    let Facts { universe, clock, .. } = facts;
    let contract = question.contract();
    let page = contract.ask.page_rows.max(1);
    let each = |slice: &Slice| question.values.calls(slice) * calls(contract, &[slice], &[], clock.today()).len();
    let mut all = 0;
    // Once per interface, a second call must prove that the largest page was not cut off.
    let mut lacks_proof = false;
    for (slice, _) in &question.plan.ask {
        let newest = match slice {
            Slice::Snapshot(_) => question.ledger.newest_snapshot(question.source).map(Slice::Snapshot),
            Slice::Session(_) | Slice::Day(_) | Slice::Period(_) => Some(slice.clone()),
            Slice::Month(_) | Slice::Security(_) | Slice::SecurityMonth(..) => None,
        };
        let before = newest.and_then(|slice| question.ledger.newest(question.source, &[slice]));
        let expected = slice.day().map(|day| universe.expected(contract, day)).unwrap_or_default();
        // What the suspensions will be is not known yet, only that they will be.
        let is_proven = before.is_some() || expected.least.is_some() || (asks_suspensions && expected.most.is_some());
        lacks_proof |= !is_proven;
        let reports = match slice {
            // Somewhat more than one row per reporting company, because some are restated.
            Slice::Period(day) => Some(universe.reporting(contract, *day).len() * 3 / 2),
            _ => None,
        };
        let rows = before.map(|(_, provenance)| provenance.rows).or(expected.most).or(reports).unwrap_or(0);
        // A later page begins with the last row of the previous one.
        all += each(slice).max(1 + rows.saturating_sub(page).div_ceil((page - 1).max(1)));
    }
    // Securities named in one call share it.
    all = all.div_ceil(contract.ask.together);
    let some = Slice::Security(String::new());
    if question.lacks_universe {
        all += (LISTED * each(&some)).div_ceil(contract.ask.together);
    }
    // The calendars of two exchanges have the same length, so each needs its own proof.
    let proofs = if contract.kind == CALENDAR { each(&some) } else { 1 };
    all + if lacks_proof { proofs } else { 0 }
}

/// A calendar for estimates, if bronze has none: weekdays count as open in the usual proportion.
#[must_use]
pub fn estimated_calendar(clock: Clock, work: &Work) -> Calendar {
    let today = clock.today();
    let range = match work.reach {
        Reach::Range(range) => range,
        _ => DateRange::new(today - chrono::Days::new(30), today),
    };
    let is_weekday = |day: &NaiveDate| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    let mut weekdays = 0;
    let days = range.days().map(|day| {
        let mut open = false;
        if is_weekday(&day) {
            weekdays += 1;
            open = weekdays * OPEN.0 / OPEN.1 > (weekdays - 1) * OPEN.0 / OPEN.1;
        }
        (day, open)
    });
    Calendar::new(days.collect::<Vec<_>>())
}
