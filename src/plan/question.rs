//! What one interface is asked for, and why. `plan` displays it, `fetch` carries it out. Nothing is sent here.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::NaiveDate;
use pitlake_contract::Slice;
use pitlake_contract::period::periods;

use super::range::{Night, left_behind, range};
use super::sources::{AskedSource, asked};
use super::{Again, Allowance, Facts, ParamValues, Plan, Reach, Wanted, Why, Work, believed, named_values, plan};
use crate::ledger::{Held, Ledger};
use crate::spec::{Axis, Contract, DateRange, Table, TableSource};

/// One interface and the slices to request.
#[derive(Debug)]
pub struct Question {
    /// What bronze holds for the table.
    pub ledger: Arc<Ledger>,
    /// Index of the interface among the table's sources.
    pub source: usize,
    /// First and last event day.
    pub range: DateRange,
    /// Its slices.
    pub plan: Plan,
    /// What bronze holds for the slices.
    pub held: Held,
    /// The values of parameters that take one call per value.
    pub values: ParamValues,
    /// Missing sessions before the range, which a nightly run does not fetch.
    pub left_behind: Vec<NaiveDate>,
    /// Days named on the command line.
    pub named: Option<DateRange>,
    /// How fast calls may go out.
    pub allowance: Allowance,
    /// Whether it goes by security but no universe lists them.
    pub lacks_universe: bool,
}

/// The questions for a table, one per interface. Their parameter values are filled in later.
#[must_use]
pub fn questions(facts: Facts<'_>, work: &Work, ledger: &Arc<Ledger>) -> Vec<Question> {
    let table = ledger.table();
    asked(facts.jobs, table).into_iter().filter_map(|asked| question(facts, work, ledger, asked)).collect()
}

fn question(facts: Facts<'_>, work: &Work, ledger: &Arc<Ledger>, asked: AskedSource) -> Option<Question> {
    let Facts { jobs, clock, calendar, universe, .. } = facts;
    let table = ledger.table();
    let source = &table.sources[asked.source];
    let contract = &source.contract;
    let held = believed(ledger.slices(asked.source, &named_values(jobs, table, contract)), clock);
    let lookback = jobs.lookback(&table.name);
    let night = Night { calendar, held: &held, lookback };
    let DateRange { first: start, last: end } = range(work.reach, contract, clock.today(), night)?;
    let start = asked.from.map_or(start, |from| start.max(from));
    let end = asked.until.and_then(|until| until.pred_opt()).map_or(end, |until| end.min(until));
    let by_security = contract.ask.axis.by_security();
    // A security's answer is its whole history, which is not needed for a range in which no period ends.
    let reports = table.versions.as_ref().is_some_and(|versions| versions.not_before.is_some());
    let has_no_period = reports && contract.ask.axis == Axis::Security && periods(start, end).is_empty();
    if start > end || has_no_period {
        return None;
    }
    let symbols = jobs.symbols(&table.name);
    let lacks_universe = by_security && universe.is_empty() && symbols.is_none();
    let securities = match symbols {
        _ if !by_security => Vec::new(),
        Some(symbols) => symbols.into_iter().collect(),
        None => universe.reporting(contract, start),
    };
    // On a closed day, nothing new is published for the days before.
    let is_closed = calendar.knows(end) && calendar.sessions(end, end).is_empty();
    let again = match work.reach {
        _ if work.refetch => Again::All,
        Reach::Nightly(_) if !(contract.ask.axis == Axis::Session && is_closed) => Again::Nightly,
        _ => Again::Settled,
    };
    let plan = plan(Wanted {
        contract,
        range: DateRange::new(start, end),
        calendar,
        held: &held,
        securities: &securities,
        lookback,
        reports,
        adds_up: table.event.is_some(),
        again,
        short: work.short,
        clock,
    });
    let left_behind = left_behind(work.reach, contract, start, night);
    Some(Question {
        ledger: Arc::clone(ledger),
        left_behind,
        source: asked.source,
        range: DateRange::new(start, end),
        plan,
        held,
        values: ParamValues::default(),
        // What is published the next morning is not due on the evening of its day.
        named: work.named().filter(|_| !(contract.publication.next_day && matches!(work.reach, Reach::Nightly(_)))),
        allowance: facts.allowance(source),
        lacks_universe,
    })
}

impl Question {
    /// The table it is for.
    #[must_use]
    pub fn table(&self) -> &Arc<Table> {
        self.ledger.table()
    }

    /// The interface as a source of the table.
    #[must_use]
    pub fn source(&self) -> &TableSource {
        &self.table().sources[self.source]
    }

    /// The interface.
    #[must_use]
    pub fn contract(&self) -> &Arc<Contract> {
        &self.source().contract
    }

    /// The days with files that may be answers to its slices. Their headers must be read before it is carried out.
    #[must_use]
    pub fn needed_headers(&self) -> BTreeSet<NaiveDate> {
        let is_snapshot = self.contract().ask.axis == Axis::Snapshot;
        let newest = self.ledger.newest_snapshot(self.source).filter(|_| is_snapshot);
        self.plan.ask.iter().filter_map(|(slice, _)| slice.day()).chain(newest).collect()
    }

    /// Adds the slices of another question to the same interface.
    pub fn join(&mut self, other: Self) {
        let planned: BTreeSet<Slice> = self.plan.ask.iter().map(|(slice, _)| slice.clone()).collect();
        let new = other.plan.ask.into_iter().filter(|(slice, _)| !planned.contains(slice));
        self.plan.ask.extend(new);
        self.lacks_universe |= other.lacks_universe;
    }

    /// The names of other programs' files do not prove when they were fetched, so such a slice counts as held and is
    /// not requested again. Needs the [headers](Self::needed_headers) of those days.
    pub fn keep_foreign(&mut self) {
        let ask = std::mem::take(&mut self.plan.ask);
        let (kept, held): (Vec<_>, Vec<_>) = ask.into_iter().partition(|(slice, why)| {
            let is_again = matches!(why, Why::Settled | Why::Unsettled);
            // Only a file with our header can hold a month or a security, so its time is known.
            let is_dated = matches!(slice, Slice::Session(_) | Slice::Day(_) | Slice::Period(_));
            // The newest periods are requested again, whoever fetched them first.
            !(is_again && is_dated) || self.ledger.newest(self.source, std::slice::from_ref(slice)).is_some()
        });
        self.plan.ask = kept;
        self.plan.held += held.len();
    }
}
