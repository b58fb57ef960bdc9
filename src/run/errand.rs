//! What each interface is asked for, and why: the plan of a table on the lake as it is. `plan` shows it,
//! `fetch` carries it out. Nothing is sent here.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};

use super::choice::{self, Choices};
use super::market::Market;
use super::{Misuse, Reach, Work, World, held};
use crate::bronze::BronzeFile;
use crate::clock::shanghai_day;
use crate::fetch::Allowance;
use crate::plan::{Again, Calendar, Plan, Slice, Wanted, Why, periods, plan};
use crate::spec::{Axis, Table, TableSource};

/// Sessions back to which a nightly run catches up.
pub(super) const A_YEAR: u32 = 250;

/// Days that hold more than eight ended periods.
const PERIODS_BACK: chrono::Days = chrono::Days::new(740);

/// One interface with its slices.
pub(super) struct Errand<'a> {
    pub(super) table: &'a Table,
    pub(super) source: &'a TableSource,
    /// Its place among the table's sources.
    pub(super) index: usize,
    /// The files of its folder, oldest first.
    pub(super) files: Vec<BronzeFile>,
    /// Values asked one by one.
    pub(super) values: Choices,
    pub(super) plan: Plan,
    /// Days that somebody named: what is not published of them is told by the exit code.
    pub(super) named: Option<(NaiveDate, NaiveDate)>,
    /// Calls that may go out.
    pub(super) allowance: Allowance,
    /// It is asked by security, and nobody knows which there are.
    pub(super) no_universe: bool,
}

/// The market as the plan sees it.
#[derive(Clone, Copy)]
pub(super) struct Surroundings<'a> {
    pub(super) calendar: &'a Calendar,
    pub(super) market: &'a Market,
}

/// The errands of a table, one for each interface that is asked.
pub(super) async fn errands<'a>(
    world: &World,
    work: &Work,
    table: &'a Table,
    around: Surroundings<'_>,
) -> Result<Vec<Errand<'a>>> {
    let files = held::files(&world.store, table).await?;
    let mut errands = Vec::new();
    for asked in asked(world, table) {
        let source = &table.sources[asked.source];
        let contract = &source.contract;
        let files: Vec<BronzeFile> = held::beside(table, &files, asked.source).cloned().collect();
        let wanted = choice::named(world, table, contract);
        let holds = held::slices(&world.store, table, asked.source, files.iter(), &wanted).await;
        let lookback = world.jobs.lookback(&table.name);
        let Some((start, end)) = range(world, work, source, around.calendar, lookback, &holds) else { continue };
        let start = asked.from.map_or(start, |from| start.max(from));
        let end = asked.until.and_then(|until| until.pred_opt()).map_or(end, |until| end.min(until));
        let by_day = contract.ask.axis == Axis::Session;
        // A security's answer is all of its history: not for a range in which nobody reports.
        let by_security = contract.ask.axis.by_security();
        let reports = table.versions.as_ref().is_some_and(|versions| versions.not_before.is_some());
        let nobody_reports = reports && contract.ask.axis == Axis::Security && periods(start, end).is_empty();
        if start > end || nobody_reports {
            continue;
        }
        let securities = match world.jobs.symbols(&table.name) {
            _ if !by_security => Vec::new(),
            Some(symbols) => symbols.into_iter().collect(),
            None => around.market.reporting(contract, start),
        };
        // On a closed day nothing new can be said of the days before.
        let is_closed = around.calendar.knows(end) && around.calendar.sessions(end, end).is_empty();
        let again = match work.reach {
            _ if work.refetch => Again::All,
            Reach::Nightly(_) if !(by_day && is_closed) => Again::Nightly,
            _ => Again::Settled,
        };
        let mut plan = plan(Wanted {
            contract,
            range: (start, end),
            calendar: around.calendar,
            held: &holds,
            securities: &securities,
            lookback,
            reports,
            adds_up: table.event.is_some(),
            again,
            clock: world.clock,
        });
        settle_foreign(world, table, asked.source, &files, &mut plan).await;
        let values = Choices::of(world, table, contract, (start, end)).await?;
        errands.push(Errand {
            table,
            source,
            index: asked.source,
            values,
            plan,
            named: named(work),
            allowance: allowance(world, source),
            no_universe: by_security && around.market.is_empty() && world.jobs.symbols(&table.name).is_none(),
            files,
        });
    }
    Ok(errands)
}

/// The names of other programs' files prove no time: such a slice is held as it is.
async fn settle_foreign(world: &World, table: &Table, source: usize, files: &[BronzeFile], plan: &mut Plan) {
    let mut kept = Vec::new();
    for (slice, why) in std::mem::take(&mut plan.ask) {
        let again = matches!(why, Why::Settled | Why::Unsettled | Why::Newest);
        // Only a file that proves itself holds a month or a security: it says when it came.
        let is_dated = matches!(slice, Slice::Session(_) | Slice::Day(_) | Slice::Period(_));
        let ours = match slice.day().filter(|_| again && is_dated) {
            Some(day) => held::newest(&world.store, table, source, files, day).await.is_some(),
            None => true,
        };
        // The newest periods are looked at again whoever fetched them first.
        if ours || why == Why::Newest {
            kept.push((slice, why));
        } else {
            plan.held += 1;
        }
    }
    plan.ask = kept;
}

/// Which source of a table is asked for which days.
struct Asked {
    source: usize,
    from: Option<NaiveDate>,
    until: Option<NaiveDate>,
}

/// Of interfaces of one folder, which say the same, the first that the account's points open is asked,
/// and the others for the days before its history begins. Where the points open none, the last one is:
/// the vendor's refusal is the answer.
fn asked(world: &World, table: &Table) -> Vec<Asked> {
    let mut all: Vec<Asked> = Vec::new();
    for first in 0..table.sources.len() {
        let sharing: Vec<usize> = table.sharing(first).collect();
        let Some(account) = world.jobs.accounts.get(&table.sources[first].contract.id.vendor) else { continue };
        if sharing[0] != first {
            continue;
        }
        let points = |index: &usize| table.sources[*index].contract.points;
        let mut open: Vec<usize> = sharing.iter().copied().filter(|i| points(i) <= account.points).collect();
        if open.is_empty() {
            open.extend(sharing.last());
        }
        let last = open.len() - 1;
        let mut until = None;
        for (place, source) in open.into_iter().enumerate() {
            let begins = table.sources[source].contract.publication.history_from;
            // One that reaches no further back has nothing to add.
            if until.is_none_or(|until| begins < until) {
                all.push(Asked { source, from: (place < last).then_some(begins), until });
                until = Some(begins);
            }
        }
    }
    all
}

/// Whether some table is asked security by security, and no job names them.
pub(super) fn needs_universe(world: &World, tables: &[Arc<Table>]) -> bool {
    let by_security = |table: &Table| {
        asked(world, table).into_iter().any(|asked| table.sources[asked.source].contract.ask.axis.by_security())
    };
    tables.iter().any(|table| world.jobs.symbols(&table.name).is_none() && by_security(table))
}

/// First and last event day of an errand; `None` where there is nothing to begin with.
fn range(
    world: &World,
    work: &Work,
    source: &TableSource,
    calendar: &Calendar,
    lookback: u32,
    holds: &BTreeMap<Slice, Option<DateTime<Utc>>>,
) -> Option<(NaiveDate, NaiveDate)> {
    let today = world.clock.today();
    let first = holds.keys().find_map(Slice::day);
    match work.reach {
        Reach::Range(start, end) => Some((start, end)),
        Reach::Held => Some((first.unwrap_or(today), today)),
        Reach::Nightly(day) => {
            let end = day.unwrap_or(today);
            match source.contract.ask.axis {
                Axis::Session | Axis::Day | Axis::Month | Axis::SecurityMonth => {
                    let window = calendar.back(end, lookback).unwrap_or(end);
                    if source.contract.ask.axis != Axis::Session {
                        return Some((caught_up(holds, calendar, window, end, lookback), end));
                    }
                    // Nights without a run, or killed ones: the oldest day of the last year that is not held, or
                    // was not looked at again since it settled.
                    let reach = first.map(|first| first.max(calendar.back(end, A_YEAR).unwrap_or(first)));
                    let open = |day: &&NaiveDate| match holds.get(&Slice::Session(**day)) {
                        None => true,
                        Some(fetched) => fetched.is_some_and(|fetched| {
                            calendar.after(**day, lookback.max(1)).is_none_or(|settles| shanghai_day(fetched) < settles)
                        }),
                    };
                    let oldest = reach.and_then(|reach| calendar.sessions(reach, end).iter().find(open).copied());
                    Some((oldest.map_or(window, |oldest| window.min(oldest)), end))
                }
                Axis::Period | Axis::Security => {
                    let ended = periods(end.checked_sub_days(PERIODS_BACK)?, end.pred_opt()?);
                    Some((*ended.get(ended.len().saturating_sub(8))?, end))
                }
                Axis::Snapshot => Some((end, end)),
            }
        }
    }
}

/// The first day from which a nightly run looks at days of the calendar and months: nights without a run are
/// caught up with, a year of them at most.
fn caught_up(
    holds: &BTreeMap<Slice, Option<DateTime<Utc>>>,
    calendar: &Calendar,
    window: NaiveDate,
    end: NaiveDate,
    lookback: u32,
) -> NaiveDate {
    let reach = calendar.back(end, A_YEAR).unwrap_or(window);
    // Of many securities of a month the one asked longest ago counts.
    let mut days: BTreeMap<NaiveDate, Option<DateTime<Utc>>> = BTreeMap::new();
    for (slice, at) in holds {
        let Some((first, last)) = slice.days() else { continue };
        for day in first.iter_days().take_while(|day| *day <= last) {
            let oldest = days.entry(day).or_insert(*at);
            *oldest = (*oldest).min(*at);
        }
    }
    let Some(first) = days.keys().next().copied() else { return window };
    let open = |day: &NaiveDate| match days.get(day) {
        None => true,
        Some(fetched) => fetched.is_some_and(|fetched| {
            calendar.after(*day, lookback.max(1)).is_none_or(|settles| shanghai_day(fetched) < settles)
        }),
    };
    first.max(reach).iter_days().take_while(|day| *day <= end).find(open).map_or(window, |oldest| oldest.min(window))
}

fn named(work: &Work) -> Option<(NaiveDate, NaiveDate)> {
    match work.reach {
        Reach::Range(start, end) => Some((start, end)),
        Reach::Nightly(Some(day)) => Some((day, day)),
        Reach::Nightly(None) | Reach::Held => None,
    }
}

/// Calls of an interface that may go out: what jobs.toml says, else what the points allow.
pub(super) fn allowance(world: &World, source: &TableSource) -> Allowance {
    let contract = &source.contract;
    let account = world.jobs.accounts.get(&contract.id.vendor);
    let points = account.map_or(0, |account| account.points);
    let own = account.and_then(|account| account.requests_per_minute);
    let facts = world.catalog.vendor(&contract.id.vendor);
    let per_minute = own.or(facts.map(|facts| contract.requests_per_minute(facts, points))).unwrap_or(50);
    let per_second = facts.and_then(|facts| contract.requests_per_second(facts, points)).filter(|_| own.is_none());
    Allowance { per_minute, per_second }
}

/// Some vendor must be configured that sells the table.
pub(super) fn sold(world: &World, table: &Table) -> Result<()> {
    let vendors: Vec<&str> = table.sources.iter().map(|source| source.contract.id.vendor.as_str()).collect();
    if vendors.iter().any(|vendor| world.jobs.accounts.contains_key(*vendor)) {
        return Ok(());
    }
    let mut vendors = vendors;
    vendors.dedup();
    let vendors = vendors.iter().map(|vendor| format!("[vendors.{vendor}]")).collect::<Vec<_>>().join(" or ");
    let message = format!(
        "no vendor is configured that sells `{}`: add {vendors} to jobs.toml, or name the file with --config",
        table.name
    );
    Err(Misuse(message).into())
}
