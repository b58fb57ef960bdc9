//! The first half: slices that bronze lacks, asked and kept. A slice that fails is reported and left
//! for the next run; the others go on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};
use futures::StreamExt as _;
use tokio::sync::Mutex;

use super::lease::Lease;
use super::report::{Exit, Journal, exit_of};
use super::{Misuse, Work, World};
use crate::bronze::{self, Answer, BronzeFile, Provenance};
use crate::fetch::{Client, Expect, Interface};
use crate::plan::{Calendar, Plan, Slice, Wanted, Why, plan};
use crate::progress::Task;
use crate::spec::{Axis, Contract, Empty, Table, TableSource};
use crate::vendor;

/// Slices of one interface under way at once; the account's own limit holds over all interfaces.
const SLICES: usize = 8;

/// The report is written anew at most this often.
const SAVED_EVERY: Duration = Duration::from_secs(2);

/// The accounts of a run.
#[derive(Debug)]
pub(super) struct Asker {
    clients: BTreeMap<String, Client>,
    range: Option<(NaiveDate, NaiveDate)>,
    refetch: bool,
    saved: Mutex<Instant>,
}

/// One interface with something to ask.
struct Errand<'a> {
    table: &'a Table,
    source: &'a TableSource,
    client: &'a Client,
    interface: Interface,
    files: BTreeMap<NaiveDate, Vec<BronzeFile>>,
    ask: Vec<(Slice, Why)>,
}

impl Asker {
    /// Opens the accounts that the work needs. Nothing is sent.
    pub(super) fn new(world: &World, work: &Work) -> Result<Self> {
        let mut clients = BTreeMap::new();
        for table in &work.tables {
            let mut asked = false;
            for source in &table.sources {
                let name = &source.contract.id.vendor;
                let Some(account) = world.jobs.accounts.get(name) else { continue };
                let Some(vendor) = vendor::named(name) else { continue };
                asked = true;
                if clients.contains_key(name) {
                    continue;
                }
                let token = world.tokens.get(name).ok_or_else(|| {
                    let variable = account.token_env.as_deref().unwrap_or("TUSHARE_TOKEN");
                    Misuse(format!(
                        "no token for {name}: put it into the environment variable {variable}, or into a file that \
                         {variable}_FILE names"
                    ))
                })?;
                let base_url = account.base_url.as_deref();
                let client = Client::new(vendor, base_url, token.clone(), account.max_in_flight)?;
                clients.insert(name.clone(), client);
            }
            if !asked {
                let vendors: Vec<&str> = table.sources.iter().map(|s| s.contract.id.vendor.as_str()).collect();
                let vendors = vendors.join(" or ");
                return Err(Misuse(format!(
                    "no vendor is configured that sells `{}`: add [vendors.{vendors}] to jobs.toml, or name the file \
                     with --config",
                    table.name
                ))
                .into());
            }
        }
        Ok(Self { clients, range: work.range, refetch: work.refetch, saved: Mutex::new(Instant::now()) })
    }

    /// Calls sent, by interface.
    pub(super) fn calls(&self) -> BTreeMap<String, u64> {
        self.clients.values().flat_map(Client::calls).collect()
    }

    /// Asks for what the tables lack. Without a calendar only snapshots can be planned.
    pub(super) async fn fetch(
        &self,
        world: &World,
        tables: &[Arc<Table>],
        calendar: Option<&Calendar>,
        journal: &Journal,
    ) -> Result<()> {
        let mut errands = Vec::new();
        for table in tables {
            for source in &table.sources {
                let Some(client) = self.clients.get(&source.contract.id.vendor) else { continue };
                errands.push(self.errand(world, table, source, client, calendar, journal).await?);
            }
        }
        errands.retain(|errand| !errand.ask.is_empty());
        let mut leases = Vec::new();
        for vendor in self.clients.keys() {
            if errands.iter().any(|errand| errand.source.contract.id.vendor == *vendor) {
                leases.push(Lease::take(&world.store, &format!("fetch-{vendor}")).await?);
            }
        }
        // Interfaces are paced apart, so they run side by side.
        let done = futures::future::join_all(errands.iter().map(|errand| self.run(world, errand, journal))).await;
        for lease in leases {
            lease.release().await?;
        }
        done.into_iter().collect()
    }

    async fn errand<'a>(
        &self,
        world: &World,
        table: &'a Table,
        source: &'a TableSource,
        client: &'a Client,
        calendar: Option<&Calendar>,
        journal: &Journal,
    ) -> Result<Errand<'a>> {
        let contract = &source.contract;
        let mut files: BTreeMap<NaiveDate, Vec<BronzeFile>> = BTreeMap::new();
        for file in bronze::list(&world.store, contract).await? {
            // An import makes nothing held.
            if !file.span {
                files.entry(file.day).or_default().push(file);
            }
        }
        let held = held(contract, &files);
        let none = Calendar::new([]);
        let today = world.clock.today();
        let first = held.keys().next().copied().unwrap_or(today);
        let planned = plan(Wanted {
            contract,
            range: self.range.unwrap_or((first, today)),
            calendar: calendar.unwrap_or(&none),
            held: &held,
            lookback: world.jobs.lookback(&table.name),
            refetch: self.refetch,
            clock: world.clock,
        });
        let Plan { ask, mut held, not_due, beyond_calendar } = planned;
        let mut due = Vec::new();
        for (slice, why) in ask {
            // The names of other programs' files prove no time: such a day is held as it is.
            let ours = why != Why::Settled || newest(world, &files, slice.day()).await.is_some();
            if ours {
                due.push((slice, why));
            } else {
                held += 1;
            }
        }
        let named = self.range.is_some();
        journal
            .table(&table.name, |report| {
                report.held += held;
                // Without a range nobody named the day: it is simply not there yet.
                if named {
                    report.not_published.extend(not_due);
                }
                report.beyond_calendar.extend(beyond_calendar);
            })
            .await;
        let account = world.jobs.accounts.get(&contract.id.vendor);
        let points = account.map_or(0, |account| account.points);
        let own = account.and_then(|account| account.requests_per_minute);
        let facts = world.catalog.vendor(&contract.id.vendor);
        let per_minute = own.or(facts.map(|facts| contract.requests_per_minute(facts, points))).unwrap_or(50);
        let interface = client.interface(contract, per_minute);
        Ok(Errand { table, source, client, interface, files, ask: due })
    }

    async fn run(&self, world: &World, errand: &Errand<'_>, journal: &Journal) -> Result<()> {
        let bar = world.progress.task(&errand.table.name, errand.ask.len());
        let slices = futures::stream::iter(&errand.ask)
            .map(|(slice, why)| self.slice(world, errand, *slice, *why, journal, &bar))
            .buffer_unordered(SLICES);
        let done: Vec<Result<()>> = slices.collect().await;
        done.into_iter().collect()
    }

    async fn slice(
        &self,
        world: &World,
        errand: &Errand<'_>,
        slice: Slice,
        why: Why,
        journal: &Journal,
        bar: &Task,
    ) -> Result<()> {
        let contract = &errand.source.contract;
        let calls = slice.calls(contract);
        let reply = errand.client.slice(&errand.interface, &calls, &expect(errand, slice)).await;
        bar.advance();
        let table = &errand.table.name;
        let reply = match reply {
            Ok(reply) => reply,
            Err(failure) => {
                journal.table(table, |r| r.fail(slice.name(), failure.to_string(), exit_of(&failure))).await;
                return Ok(());
            }
        };
        // Of several calls the first is the main one: no listed security, no day of SSE, is no snapshot.
        let is_empty = reply.rows == 0 || (matches!(slice, Slice::Snapshot(_)) && reply.first_rows == 0);
        if is_empty && !may_be_empty(contract, slice) {
            match slice {
                Slice::Session(day) => journal.table(table, |r| r.not_published.extend([day])).await,
                Slice::Snapshot(_) => {
                    let reason = "the vendor sent no rows where there must be some".to_owned();
                    journal.table(table, |r| r.fail(slice.name(), reason, Exit::Incomplete)).await;
                }
            }
            return Ok(());
        }
        let before = match why {
            Why::Missing => None,
            Why::Settled | Why::Refetch => newest(world, &errand.files, slice.day()).await,
        };
        let day = slice.day();
        let is_session = matches!(slice, Slice::Session(_));
        let answer = Answer {
            slice: slice.name(),
            day,
            params: calls.into_iter().map(|call| call.params).collect(),
            pages: reply.pages,
            lines: reply.lines,
            event_days: (is_session && reply.rows > 0).then_some((day, day)),
            months: Vec::new(),
        };
        let unchanged = bronze::write(&world.store, contract, answer, world.clock.now(), before.as_ref()).await?;
        journal
            .table(table, |report| {
                report.fetched += 1;
                report.rows_fetched += reply.rows;
                report.unchanged += usize::from(unchanged.same_as);
                report.unknown_fields.extend(reply.unknown);
                report.absent_fields.extend(reply.absent);
            })
            .await;
        let mut saved = self.saved.lock().await;
        if saved.elapsed() >= SAVED_EVERY {
            *saved = Instant::now();
            journal.save(self.calls()).await?;
        }
        Ok(())
    }
}

/// The days bronze holds, with the time of the newest answer where a name tells it. The snapshots of
/// other programs may be of anything: only our own count.
fn held(
    contract: &Contract,
    files: &BTreeMap<NaiveDate, Vec<BronzeFile>>,
) -> BTreeMap<NaiveDate, Option<DateTime<Utc>>> {
    files
        .iter()
        .filter_map(|(day, files)| Some((*day, files.iter().max_by(|a, b| a.by_age(b))?)))
        .filter(|(_, file)| contract.ask.axis != Axis::Snapshot || file.is_named_like(contract))
        .map(|(day, file)| (day, file.fetched_at))
        .collect()
}

/// On a closed day nobody asks; before the history begins, and where the contract says so, nothing is
/// an answer. On an open day it means not published (`design.md` 6).
fn may_be_empty(contract: &Contract, slice: Slice) -> bool {
    match (contract.publication.empty, slice) {
        (Empty::Answer, _) => true,
        (Empty::Unpublished, Slice::Session(day)) => day < contract.publication.history_from,
        (Empty::Unpublished, Slice::Snapshot(_)) => false,
    }
}

fn expect(errand: &Errand<'_>, slice: Slice) -> Expect {
    let contract = &errand.source.contract;
    let field = |column: &usize| {
        let plan = errand.source.fields.iter().find(|plan| plan.column == *column)?;
        Some(&contract.fields[plan.field])
    };
    let key: Vec<_> = errand.table.key.iter().filter_map(field).collect();
    Expect {
        key: key.iter().map(|field| field.name.clone()).collect(),
        optional: key.iter().filter(|field| field.nullable).map(|field| field.name.clone()).collect(),
        day: match (&contract.ask.axis, slice) {
            (Axis::Session { field, .. }, Slice::Session(day)) => Some((field.clone(), day)),
            _ => None,
        },
    }
}

/// The newest answer of ours for a day, to compare with.
async fn newest(
    world: &World,
    files: &BTreeMap<NaiveDate, Vec<BronzeFile>>,
    day: NaiveDate,
) -> Option<(String, Provenance)> {
    for file in files.get(&day).into_iter().flatten().rev() {
        if let Some(provenance) = bronze::proof(&world.store, file).await {
            // An answer whose rows are gone says nothing that a new one could be the same as.
            let rows = provenance.same_as.as_deref().unwrap_or(bronze::file_name(&file.path));
            let there = files.get(&day).into_iter().flatten().any(|held| bronze::file_name(&held.path) == rows);
            return there.then(|| (file.path.clone(), provenance));
        }
    }
    None
}
