//! The first half: slices that bronze lacks, asked and kept. A slice that fails is reported and left
//! for the next run; the others go on.

mod answer;
mod expect;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use chrono::NaiveDate;
use indexmap::IndexMap;
use secrecy::SecretString;
use tokio::sync::Mutex;

use super::errand::{self, Errand, Surroundings};
use super::report::{Exit, Journal};
use super::{Misuse, Work, World, report};
use crate::fetch::Client;
use crate::plan::{Slice, Why};
use crate::spec::{Account, Axis, Table};
use crate::store::lease::Lease;
use crate::vendor;
use answer::{Group, Run, SLICES};

/// Slices whose first pages are waited for before an end is judged: a page shorter than another needs no
/// further proof. Fewer of tables with many columns, for they wait in memory.
const TOGETHER: usize = 32;

/// Code numbers that share a file of answers by security: a fixed cut, so that a new listing leaves the
/// other files alone. A file of this size is some tens of megabytes of text.
const BATCH: usize = 200;

/// The report is written anew at most this often.
const SAVED_EVERY: Duration = Duration::from_secs(2);

/// The accounts of a run.
#[derive(Debug)]
pub(super) struct Asker {
    clients: BTreeMap<String, Client>,
    saved: Mutex<Instant>,
}

impl Asker {
    /// Opens the accounts that sell `tables`, and those at hand that sell some of `more`, which the work could
    /// do without. Nothing is sent.
    pub(super) async fn new(world: &World, tables: &[Arc<Table>], more: &[Arc<Table>]) -> Result<Self> {
        let mut clients = BTreeMap::new();
        for (table, is_needed) in
            tables.iter().map(|table| (table, true)).chain(more.iter().map(|table| (table, false)))
        {
            if is_needed {
                errand::sold(world, table)?;
            }
            for source in &table.sources {
                let name = &source.contract.id.vendor;
                let Some(account) = world.jobs.accounts.get(name) else { continue };
                if clients.contains_key(name) {
                    continue;
                }
                match client(world, name, account).await {
                    Ok(client) => {
                        clients.insert(name.clone(), client);
                    }
                    Err(error) if is_needed => return Err(error),
                    Err(error) => tracing::debug!("{name} is not asked: {error:#}"),
                }
            }
        }
        Ok(Self { clients, saved: Mutex::new(Instant::now()) })
    }

    /// Calls sent, by interface.
    pub(super) fn calls(&self) -> BTreeMap<String, u64> {
        self.clients.values().flat_map(Client::calls).collect()
    }

    /// Asks for what the tables lack.
    pub(super) async fn fetch(
        &self,
        world: &World,
        work: &Work,
        tables: &[Arc<Table>],
        around: Surroundings<'_>,
        journal: &Journal,
    ) -> Result<()> {
        let mut errands = planned(world, work, tables, around).await?;
        let mut leases = Vec::new();
        for vendor in self.clients.keys() {
            let asks = |errand: &Errand<'_>| errand.source.contract.id.vendor == *vendor && !errand.plan.ask.is_empty();
            if errands.iter().any(asks) {
                leases.push(Lease::take(&world.store, &format!("fetch-{vendor}")).await?);
            }
        }
        if !leases.is_empty() {
            // Looked at again under the leases: another run may have asked since.
            errands = planned(world, work, tables, around).await?;
        }
        for errand in &errands {
            note(errand, journal).await;
        }
        errands.retain(|errand| !errand.plan.ask.is_empty());
        let runs = errands.iter().filter_map(|errand| {
            let client = self.clients.get(&errand.source.contract.id.vendor)?;
            let interface = client.interface(&errand.source.contract, errand.allowance);
            let bar = world.progress.bar(&errand.table.name, errand.plan.ask.len());
            Some(Run { world, errand, around, client, interface, journal, bar })
        });
        let runs: Vec<Run<'_>> = runs.collect();
        // Interfaces are paced apart, so they run side by side.
        let done = futures::future::join_all(runs.iter().map(|run| self.run(run))).await;
        for lease in leases {
            lease.release().await?;
        }
        done.into_iter().collect()
    }

    async fn run(&self, run: &Run<'_>) -> Result<()> {
        let fields = run.errand.source.contract.fields.len();
        let together = (TOGETHER * 40 / fields.max(1)).clamp(SLICES, TOGETHER);
        let ask = &run.errand.source.contract.ask;
        if ask.axis.by_security() {
            for batch in &batches(&run.errand.plan.ask, BATCH) {
                let groups: Vec<Group> = batch.chunks(ask.together).map(group).collect();
                let mut replies = Vec::new();
                for chunk in groups.chunks(together) {
                    replies.extend(run.answers(chunk).await);
                    self.save(run).await?;
                }
                run.keep_batch(replies).await?;
            }
            return Ok(());
        }
        let groups: Vec<Group> = run.errand.plan.ask.chunks(1).map(group).collect();
        for chunk in groups.chunks(together) {
            for told in run.answers(chunk).await {
                run.keep(told).await?;
                self.save(run).await?;
            }
        }
        Ok(())
    }

    async fn save(&self, run: &Run<'_>) -> Result<()> {
        let mut saved = self.saved.lock().await;
        if saved.elapsed() >= SAVED_EVERY {
            *saved = Instant::now();
            run.journal.save(self.calls()).await?;
        }
        Ok(())
    }
}

/// The line to a vendor.
async fn client(world: &World, name: &str, account: &Account) -> Result<Client> {
    let vendor = vendor::named(name).ok_or_else(|| Misuse(format!("nobody here speaks the language of {name}")))?;
    let token = match world.tokens.get(name) {
        Some(token) => token.clone(),
        None if account.token_env.is_none() && !vendor.needs_token() => SecretString::from(""),
        None => return Err(no_token(name, account).into()),
    };
    if account.base_url.is_none() && vendor.home().is_none() {
        let message = format!("[vendors.{name}] of jobs.toml has no `base_url`, and {name} has no place of its own");
        return Err(Misuse(message).into());
    }
    let left = match account.requests_per_day {
        Some(quota) => Some(u64::from(quota).saturating_sub(report::spent(world, name).await?)),
        None => None,
    };
    Client::new(vendor, account, token, left)
}

fn no_token(vendor: &str, account: &Account) -> Misuse {
    let variable = account.token_variable(vendor);
    Misuse(format!(
        "no token for {vendor}: put it into the environment variable {variable}, or into a file that {variable}_FILE \
         names"
    ))
}

/// Slices that are asked together.
fn group(slices: &[(Slice, Why)]) -> Group {
    let why = slices.first().map_or(Why::Missing, |(_, why)| *why);
    (slices.iter().map(|(slice, _)| slice.clone()).collect(), why)
}

/// Securities in files of at most `most`, cut where their numbers cross a multiple of it: files stay the
/// same when others are listed. What would fill no file shares one with its neighbours.
fn batches(ask: &[(Slice, Why)], most: usize) -> Vec<Vec<(Slice, Why)>> {
    let mut blocks = IndexMap::new();
    for (slice, why) in ask {
        let number: Option<usize> = slice.name().split('.').next().and_then(|digits| digits.parse().ok());
        let block = (slice.month(), number.map(|number| number / most));
        let block: &mut Vec<(Slice, Why)> = blocks.entry(block).or_default();
        block.push((slice.clone(), *why));
    }
    let mut batches: Vec<Vec<(Slice, Why)>> = Vec::new();
    for part in blocks.values().flat_map(|block| block.chunks(most)) {
        // A file is of one month.
        let fits = |batch: &&mut Vec<(Slice, Why)>| {
            batch.len() + part.len() <= most && batch[0].0.month() == part[0].0.month()
        };
        match batches.last_mut().filter(fits) {
            Some(batch) => batch.extend_from_slice(part),
            None => batches.push(part.to_vec()),
        }
    }
    batches
}

async fn planned<'a>(
    world: &World,
    work: &Work,
    tables: &'a [Arc<Table>],
    around: Surroundings<'_>,
) -> Result<Vec<Errand<'a>>> {
    let mut errands: Vec<Errand<'a>> = Vec::new();
    for table in tables {
        for errand in errand::errands(world, work, table, around).await? {
            // Tables of one nested reply are asked for once, for all that any of them wants.
            let same = |other: &&mut Errand<'a>| other.source.contract.id == errand.source.contract.id;
            match errands.iter_mut().find(same) {
                None => errands.push(errand),
                Some(first) => {
                    let planned: BTreeSet<Slice> = first.plan.ask.iter().map(|(slice, _)| slice.clone()).collect();
                    let new = errand.plan.ask.into_iter().filter(|(slice, _)| !planned.contains(slice));
                    first.plan.ask.extend(new);
                    first.no_universe |= errand.no_universe;
                }
            }
        }
    }
    Ok(errands)
}

/// What the plan says of a table beyond the slices to ask for.
async fn note(errand: &Errand<'_>, journal: &Journal) {
    let named = |day: &NaiveDate| errand.named.is_some_and(|(start, end)| (start..=end).contains(day));
    let (is_named, other): (Vec<NaiveDate>, Vec<NaiveDate>) = errand.plan.not_due.iter().copied().partition(named);
    journal
        .table(&errand.table.name, |report| {
            report.held += errand.plan.held;
            if errand.no_universe {
                let reason = "no universe is at hand, so nobody knows which securities to ask for: fetch or import \
                              `stock_basic_cn`, or name `symbols` in the job";
                report.fail("securities".into(), reason.into(), Exit::Incomplete);
            }
            // Quarters to come and days before their hour are no news to whoever named a range around them.
            if errand.source.contract.ask.axis == Axis::Session {
                report.not_published.extend(is_named);
            }
            report.passed_over.extend(other);
            report.beyond_calendar.extend(errand.plan.beyond_calendar.iter().copied());
        })
        .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_listing_leaves_the_files_of_others_alone() {
        let ask = |codes: &[usize]| -> Vec<(Slice, Why)> {
            codes.iter().map(|code| (Slice::Security(format!("{code:06}.SH")), Why::Missing)).collect()
        };
        let market: Vec<usize> = (600_000..600_800).filter(|code| code % 9 != 0).collect();
        let before = batches(&ask(&market), 200);
        assert!(before.iter().all(|batch| batch.len() <= 200), "a header holds some hundreds of calls");
        assert_eq!(before.iter().map(Vec::len).sum::<usize>(), market.len());
        let mut grown = market.clone();
        grown.push(600_009);
        grown.sort_unstable();
        let after = batches(&ask(&grown), 200);
        assert_eq!(before[1..], after[1..]);
        // Few securities share a file, however far apart.
        assert_eq!(batches(&ask(&[1, 300_750, 600_519]), 200).len(), 1);
    }
}
