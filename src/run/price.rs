//! What a run would do and cost before it is made: slices and why, calls, minutes, quota, and the
//! partitions that would be written anew. Asks nobody.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use chrono::{Datelike as _, NaiveDate, Weekday};
use serde::Serialize;

use super::errand::{self, Errand, Surroundings};
use super::market::Market;
use super::{CALENDAR, SUSPENSIONS, UNIVERSE, Work, World, build, held, proven, reference, report, rows, window};
use crate::normalise::Partition;
use crate::plan::{self, Calendar, Slice, Why};

/// Securities, where no universe is at hand: those listed and delisted since 1990.
const LISTED: usize = 5700;

/// Open days among weekdays, where no calendar is at hand: 242 or 243 a year.
const OPEN: (usize, usize) = (93, 100);

/// A run, priced.
#[derive(Debug, Default, Serialize)]
pub struct Price {
    /// By interface.
    pub asking: Vec<Asking>,
    /// Calls in all.
    pub calls: usize,
    /// Minutes that the account's limits make of them; the line and the vendor come on top.
    pub minutes: usize,
    /// Daily quotas, by vendor.
    pub quota: Vec<Quota>,
    /// Partitions that would be written anew, by table.
    pub partitions: BTreeMap<String, BTreeSet<String>>,
    /// What makes the price a guess, and what it leaves out.
    pub notes: BTreeSet<String>,
}

/// What one interface would be asked.
#[derive(Debug, Serialize)]
pub struct Asking {
    /// The table.
    pub table: String,
    /// The interface.
    pub interface: String,
    /// Slices, by reason.
    pub slices: Vec<Reason>,
    /// Slices that need nothing.
    pub held: usize,
    /// Calls.
    pub calls: usize,
    /// Calls a minute that the account may make.
    pub per_minute: u32,
}

/// Slices that are asked for the same reason.
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

/// A vendor's calls a day.
#[derive(Debug, Serialize)]
pub struct Quota {
    /// The vendor.
    pub vendor: String,
    /// Calls a day that jobs.toml allows.
    pub a_day: u32,
    /// Calls that today's runs made.
    pub spent: u64,
}

/// Prices the work.
///
/// # Errors
/// When the lake cannot be read, or the work cannot be done at all.
pub async fn price(world: &World, work: &Work) -> Result<Price> {
    proven(world, work)?;
    for table in &work.tables {
        errand::sold(world, table)?;
    }
    let mut price = Price::default();
    let calendar = match rows::calendar(world).await {
        Ok(calendar) if calendar.days().next().is_some() => calendar,
        Err(error) => {
            price.notes.insert(format!("the calendar cannot be read, so open days are a guess: {error:#}"));
            guessed(world, work)
        }
        Ok(_) => {
            price.notes.insert(format!("no calendar is at hand, so open days are a guess: `fetch {CALENDAR}` first"));
            guessed(world, work)
        }
    };
    let (start, end) = window(world, work, &calendar);
    let market = Market::read(world, start, end).await?;
    if market.is_empty() && work.tables.iter().any(|table| !table.is_snapshot()) {
        price.notes.insert(format!("no universe is at hand, so rows a day are a guess: `fetch {UNIVERSE}` first"));
    }
    let around = Surroundings { calendar: &calendar, market: &market };
    // As the run goes: reference tables, suspensions, the others; in each phase interfaces run side by side.
    let references = reference(world, &work.tables);
    let rest = super::phases(world, work, &references);
    let suspended = work.tables.iter().any(|table| table.name == SUSPENSIONS);
    for tables in std::iter::once(&references).chain(&rest) {
        let mut minutes = 0;
        for table in tables {
            for errand in errand::errands(world, work, table, around).await? {
                // Tables of one nested reply are asked for once.
                let interface = errand.source.contract.id.to_string();
                if price.asking.iter().any(|asking| asking.interface == interface) {
                    continue;
                }
                let calls = calls(world, &errand, around, suspended).await;
                let per_minute = errand.allowance.per_minute.max(1);
                minutes = minutes.max(calls.saturating_sub(1) / per_minute as usize);
                if errand.plan.ask.iter().any(|(slice, _)| errand.values.at(slice).is_none()) {
                    let wanted: Vec<&str> = super::choice::wants(&errand.source.contract).collect();
                    let message = "is not at hand for all slices, so its calls are a guess: one each";
                    price.notes.insert(format!(
                        "`{}` is asked for what `{}` holds, which {message}",
                        table.name,
                        wanted.join(", ")
                    ));
                }
                if errand.source.contract.ask.axis.by_security() {
                    let message = "asked by security: one page each is priced, long histories take two or three";
                    price.notes.insert(format!("`{}` is {message}", table.name));
                }
                price.add(&errand, calls);
            }
            let stale = build::stale(world, table, &calendar).await?;
            if !stale.is_empty() {
                price.partitions.entry(table.name.clone()).or_default().extend(stale);
            }
        }
        price.minutes += minutes;
    }
    price.calls = price.asking.iter().map(|asking| asking.calls).sum();
    price.quotas(world).await?;
    Ok(price)
}

impl Price {
    fn add(&mut self, errand: &Errand<'_>, calls: usize) {
        let mut reasons: BTreeMap<Why, Vec<String>> = BTreeMap::new();
        let partitions = self.partitions.entry(errand.table.name.clone()).or_default();
        for (slice, why) in &errand.plan.ask {
            reasons.entry(*why).or_default().push(slice.name());
            match slice {
                Slice::Session(day) | Slice::Day(day) | Slice::Period(day) => {
                    partitions.insert(Partition::of(errand.table, *day).to_string());
                }
                Slice::Month(_) | Slice::SecurityMonth(..) => {
                    let days = slice.days().into_iter();
                    let days = days.flat_map(|(first, last)| first.iter_days().take_while(move |day| *day <= last));
                    partitions.extend(days.map(|day| Partition::of(errand.table, day).to_string()));
                }
                Slice::Snapshot(_) => {
                    partitions.insert(Partition::Whole.to_string());
                }
                Slice::Security(_) => {
                    partitions.insert("every year of their histories".to_owned());
                }
            }
        }
        if partitions.is_empty() {
            self.partitions.remove(&errand.table.name);
        }
        if !errand.plan.beyond_calendar.is_empty() {
            let (table, days) = (&errand.table.name, errand.plan.beyond_calendar.len());
            self.notes.insert(format!("`{table}`: {days} days lie beyond the calendar at hand"));
        }
        let slices = reasons.into_iter().map(|(why, mut names)| {
            names.sort_unstable();
            let ends = (names.first().cloned().unwrap_or_default(), names.last().cloned().unwrap_or_default());
            Reason { why: why.says(), slices: names.len(), first: ends.0, last: ends.1 }
        });
        self.asking.push(Asking {
            table: errand.table.name.clone(),
            interface: errand.source.contract.id.to_string(),
            slices: slices.collect(),
            held: errand.plan.held,
            calls,
            per_minute: errand.allowance.per_minute,
        });
    }

    async fn quotas(&mut self, world: &World) -> Result<()> {
        for (vendor, account) in &world.jobs.accounts {
            let asked = |asking: &&Asking| asking.interface.starts_with(&format!("{vendor}/"));
            let calls: usize = self.asking.iter().filter(asked).map(|asking| asking.calls).sum();
            if let Some(a_day) = account.requests_per_day {
                let spent = report::spent(world, vendor).await?;
                if spent + calls as u64 > u64::from(a_day) {
                    let message = format!("{vendor}: more calls than the day's quota leaves: the rest comes tomorrow");
                    self.notes.insert(message);
                }
                self.quota.push(Quota { vendor: vendor.clone(), a_day, spent });
            }
            let Some(facts) = world.catalog.vendor(vendor) else { continue };
            for asking in self.asking.iter().filter(asked) {
                let id = crate::spec::InterfaceId::parse(&asking.interface);
                let Some(contract) = id.and_then(|id| world.catalog.contract(&id)) else { continue };
                let limit = contract.requests_per_day(facts, account.points);
                if let Some(limit) = limit.filter(|limit| asking.calls > *limit as usize) {
                    let interface = &asking.interface;
                    self.notes.insert(format!("{interface}: {limit} calls a day are allowed: it takes several days"));
                }
            }
        }
        Ok(())
    }
}

/// Calls of an errand: pages by the rows that are expected, and what their ends need for a proof.
async fn calls(world: &World, errand: &Errand<'_>, around: Surroundings<'_>, suspended: bool) -> usize {
    let contract = &errand.source.contract;
    let page = contract.ask.page_rows.max(1);
    let today = world.clock.today();
    let each = |slice: &Slice| errand.values.calls(slice) * plan::calls(contract, &[slice], &[], today).len();
    let mut calls = 0;
    // One page of an interface is the largest and needs a second call to prove its end.
    let mut unproven = false;
    for (slice, _) in &errand.plan.ask {
        let day = match slice {
            Slice::Snapshot(_) => errand.files.iter().filter(|file| !file.span).map(|file| file.day).next_back(),
            _ => slice.day(),
        };
        let before = match day {
            Some(day) => held::newest(&world.store, errand.table, errand.index, &errand.files, day).await,
            None => None,
        };
        let count = slice.day().map(|day| around.market.count(contract, day)).unwrap_or_default();
        // What suspensions will tell is not known yet, but that they will.
        let is_proven = before.is_some() || count.least.is_some() || (suspended && count.most.is_some());
        unproven |= !is_proven;
        let reports = match slice {
            // Somewhat more than one row for each who reports, for some are restated.
            Slice::Period(day) => Some(around.market.reporting(contract, *day).len() * 3 / 2),
            _ => None,
        };
        let rows = before.map(|(_, said)| said.rows).or(count.most).or(reports).unwrap_or(0);
        calls += each(slice).max(rows.div_ceil(page));
    }
    // Securities that one call names share it.
    calls = calls.div_ceil(contract.ask.together);
    let some = Slice::Security(String::new());
    if errand.no_universe {
        calls += (LISTED * each(&some)).div_ceil(contract.ask.together);
    }
    // The calendars of two exchanges are of one length: each proves its own end.
    let proofs = if contract.kind == CALENDAR { each(&some) } else { 1 };
    calls + if unproven { proofs } else { 0 }
}

/// A calendar where none is at hand: as many open days as weekdays usually hold.
fn guessed(world: &World, work: &Work) -> Calendar {
    let today = world.clock.today();
    let (start, end) = match work.reach {
        super::Reach::Range(start, end) => (start, end),
        _ => (today - chrono::Days::new(30), today),
    };
    let is_weekday = |day: &NaiveDate| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
    let mut weekdays = 0;
    let days = start.iter_days().take_while(|day| *day <= end).map(|day| {
        let mut open = false;
        if is_weekday(&day) {
            weekdays += 1;
            open = weekdays * OPEN.0 / OPEN.1 > (weekdays - 1) * OPEN.0 / OPEN.1;
        }
        (day, open)
    });
    Calendar::new(days.collect::<Vec<_>>())
}
