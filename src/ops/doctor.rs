//! `doctor`: whether everything a run needs is in place (token, access, limits, clock, store), and how to fix what is
//! not. Sends one small call to each interface it checks. Changes nothing, except for a temporary file.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use chrono::{Datelike as _, NaiveDate, TimeDelta};
use pitlake_contract::{Slice, counted};
use serde::Serialize;

use crate::fetch::{AccountError, Client, line};
use crate::ledger::Ledgers;
use crate::plan::{Allowance, CALENDAR, Chosen, allowance, calls};
use crate::reference;
use crate::report::{Exit, Journal, spent};
use crate::spec::{Axis, Table, TableSource, Values};
use crate::store::Condition;
use crate::world::World;

/// A clock that is off by more writes a wrong day into file names around midnight.
const OFF: TimeDelta = TimeDelta::seconds(60);

/// With less free space, a nightly run of the whole market may not fit.
const LITTLE: u64 = 1 << 30;

/// The security used to probe interfaces by security: the oldest in Shenzhen.
const SOME_SECURITY: &str = "000001.SZ";

/// The result of one check.
#[derive(Debug, Serialize)]
pub struct Finding {
    /// What was checked.
    pub what: String,
    /// What was found, and how to fix it.
    #[serde(rename = "said")]
    pub message: String,
    /// The exit code for it.
    pub exit: Exit,
}

fn finding(what: impl Into<String>, exit: Exit, message: impl Into<String>) -> Finding {
    Finding { what: what.into(), message: message.into(), exit }
}

/// Checks the store, the answers in it, and each configured vendor with its interfaces that feed `tables`.
///
/// # Errors
/// When the HTTP client cannot be set up. Other problems are in the findings.
pub async fn doctor(world: &World, tables: &[Arc<Table>]) -> Result<Vec<Finding>> {
    let missing = world.store.missing().map(Path::to_owned);
    let mut findings = store(world).await;
    findings.extend(disk(world));
    findings.extend(calendar(world).await);
    findings.extend(ahead(world, tables).await);
    if world.jobs.accounts.is_empty() {
        let message =
            "none configured: write a jobs.toml with `pitlake config init`, or name another file with --config";
        findings.push(finding("vendors", Exit::Misuse, message));
    }
    for (name, account) in &world.jobs.accounts {
        let client = match line(world, name, account, None) {
            Ok(client) => client,
            Err(error) => {
                findings.push(no_account(name, error)?);
                continue;
            }
        };
        let mut sources: Vec<&TableSource> = tables.iter().flat_map(|table| &table.sources).collect();
        sources.retain(|source| source.contract.id.vendor == *name);
        findings.extend(limits(world, name, &sources).await);
        for source in sources {
            let (finding, is_last) = right(world, &client, source).await;
            findings.push(finding);
            // Every further call would fail the same way.
            if is_last {
                break;
            }
        }
        if findings[0].exit == Exit::Done {
            report(world, &client).await?;
        }
        findings.extend(client.ahead().map(|ahead| clock(name, ahead)));
    }
    if let Some(folder) = missing {
        remove_empty(&folder);
    }
    Ok(findings)
}

/// Removes the lake's folder if the probe created it and nothing else is in it.
fn remove_empty(folder: &Path) {
    let within = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    for path in within.collect::<Vec<_>>().into_iter().chain([folder.to_owned()]) {
        if let Err(error) = fs::remove_dir(&path) {
            tracing::debug!("`{}` was not removed: {error}", path.display());
        }
    }
}

/// A finding for an account that cannot be opened.
fn no_account(vendor: &str, error: anyhow::Error) -> Result<Finding> {
    let error: AccountError = error.downcast()?;
    let (what, exit) = match error {
        AccountError::NoToken { .. } => (format!("{vendor} token"), Exit::NoRight),
        AccountError::NoBaseUrl(_) | AccountError::InvalidBaseUrl(..) => (vendor.to_owned(), Exit::Misuse),
        AccountError::Unsupported(_) => (vendor.to_owned(), Exit::Done),
    };
    Ok(finding(what, exit, error.to_string()))
}

/// Records the calls made, because quotas are summed from reports.
async fn report(world: &World, client: &Client) -> Result<()> {
    let calls = client.calls();
    if calls.is_empty() {
        return Ok(());
    }
    let journal = Journal::begin(&world.store, world.clock, "doctor", &[]).await?;
    journal.lately(client.lately()).await;
    journal.end(calls, None).await.map(|_| ())
}

/// Free space on the lake's disk.
fn disk(world: &World) -> Option<Finding> {
    let free = world.store.free()?;
    let free_mib = free >> 20;
    if free >= LITTLE {
        return Some(finding("disk", Exit::Done, format!("{free_mib} MiB free")));
    }
    let message = format!(
        "{free_mib} MiB free: not enough for one night of the whole market; free some space, or choose another folder with --lake"
    );
    Some(finding("disk", Exit::Failed, message))
}

/// The lake's calendar, if there is one.
async fn calendar(world: &World) -> Option<Finding> {
    match reference::calendar(world, &Ledgers::new(&world.store)).await {
        Ok(calendar) => match (calendar.problem(), calendar.remark()) {
            (Some(problem), _) => Some(finding("calendar", Exit::Incomplete, problem)),
            (None, remark) => remark.map(|remark| finding("calendar", Exit::Done, remark)),
        },
        Err(error) => {
            let message = format!("cannot read the calendar: {error:#}; run `pitlake fetch {CALENDAR}`");
            Some(finding("calendar", Exit::Incomplete, message))
        }
    }
}

/// Tables with answers written by a run with a wrong clock.
async fn ahead(world: &World, tables: &[Arc<Table>]) -> Vec<Finding> {
    let ledgers = Ledgers::new(&world.store);
    let mut findings = Vec::new();
    for table in tables {
        // A lake that cannot be listed was reported above.
        let ahead = ledgers.of(table).await.ok().and_then(|ledger| ledger.stamped_ahead());
        findings.extend(ahead.map(|ahead| finding(&table.name, Exit::Incomplete, ahead.text())));
    }
    findings
}

/// Writes, reads and removes a file, and finds out what else the store can do.
async fn store(world: &World) -> Vec<Finding> {
    let store = &world.store;
    let found = match store.probe().await {
        Ok(found) => found,
        Err(error) => {
            let message = if store.is_remote() {
                format!("{error:#}; see docs/object-stores.md for what the store needs")
            } else {
                format!("{error:#}; choose another folder with --lake")
            };
            return vec![finding("store", Exit::Failed, message)];
        }
    };
    let mut findings = vec![finding("store", Exit::Done, format!("`{}` is readable and writable", store.name()))];
    if store.is_remote() {
        let millis = found.latency.as_millis();
        findings.push(finding("store latency", Exit::Done, format!("a small file is read in {millis} ms")));
        findings.push(finding("store create-only", Exit::Done, creates(found.creates)));
        findings.push(finding("store compare-and-swap", Exit::Done, swaps(found.swaps)));
    }
    findings
}

/// What the store's support for puts of new files means.
fn creates(found: Condition) -> &'static str {
    match found {
        Condition::Kept => "supported: a run cannot overwrite a file that another run creates at the same time",
        Condition::Unknown => {
            "not supported by this store: pitlake checks before it writes, so let only one run write to the lake at a \
             time; files are still complete, but data that two runs fetch at once may be fetched twice"
        }
        Condition::Ignored => {
            "ignored by this store, which overwrites: let only one run write to the lake at a time; for OSS and COS \
             set `kind` of [lake] in jobs.toml, and turn off versioning of the bucket"
        }
    }
}

/// What the store's support for conditional replacement means for leases.
fn swaps(found: Condition) -> &'static str {
    match found {
        Condition::Kept => "supported: if several runs find the lease of a dead run, exactly one gets it",
        Condition::Unknown => {
            "not supported by this store: a free lease goes to one run; if two runs take over the lease of a dead \
             run at once, the first one learns within 2 seconds that it lost it"
        }
        Condition::Ignored => {
            "ignored by this store: if two runs take over the lease of a dead run at once, both may fetch until the \
             first one learns, within a minute, that it lost it; no file is damaged"
        }
    }
}

/// The account's limits, and the calls made today.
async fn limits(world: &World, name: &str, sources: &[&TableSource]) -> Vec<Finding> {
    let account = world.jobs.accounts.get(name);
    let what = format!("{name} limits");
    let spent = match spent(&world.store, world.clock, name, None).await {
        Ok(spent) => spent,
        Err(error) => return vec![finding(what, Exit::Incomplete, format!("{error:#}"))],
    };
    let points = account.map_or(0, |account| account.points);
    // Some vendors have no points.
    let knows_points = world.catalog.contracts().any(|contract| contract.id.vendor == name && contract.points > 0);
    let mut parts: Vec<String> = knows_points.then(|| counted(points, "point")).into_iter().collect();
    if let (Some(low), Some(high)) = (
        sources.iter().map(|source| rate(world, source).per_minute).min(),
        sources.iter().map(|source| rate(world, source).per_minute).max(),
    ) {
        let a_minute = if low == high { low.to_string() } else { format!("{low} to {high}") };
        parts.push(format!("{a_minute} calls a minute of each interface"));
    }
    let quota = account.and_then(|account| account.requests_per_day);
    let spent_of = quota.map_or_else(|| format!("{spent}"), |quota| format!("{spent} of {quota}"));
    parts.push(format!("calls made today: {spent_of}"));
    parts.push(format!("these checks make up to {} more", sources.len()));
    let mut message = parts.join(", ");
    if knows_points && points == 0 {
        message = format!(
            "{message}; set `points` of [vendors.{name}] in jobs.toml: they decide which interfaces are asked, and how fast"
        );
    }
    let gone = quota.is_some_and(|quota| spent >= u64::from(quota));
    vec![finding(what, if gone { Exit::QuotaSpent } else { Exit::Done }, message)]
}

fn rate(world: &World, source: &TableSource) -> Allowance {
    allowance(&world.catalog, &world.jobs, source)
}

/// Calls for one row. Also returns whether every further call to the vendor would fail the same way.
async fn right(world: &World, client: &Client, source: &TableSource) -> (Finding, bool) {
    let contract = &source.contract;
    let what = contract.id.to_string();
    let points = world.jobs.accounts.get(&contract.id.vendor).map_or(0, |account| account.points);
    if points > 0 && contract.points > points {
        let message =
            format!("not checked: it needs {}, but jobs.toml has {points}", counted(contract.points, "point"));
        return (finding(what, Exit::Done, message), false);
    }
    let day = world.clock.today() - chrono::Days::new(30);
    let slice = match contract.ask.axis {
        Axis::Session => Slice::Session(day),
        Axis::Day => Slice::Day(day),
        Axis::Month => Slice::Month(month_first(day)),
        Axis::Period => Slice::Period(day),
        Axis::Security => Slice::Security(SOME_SECURITY.to_owned()),
        Axis::SecurityMonth => Slice::SecurityMonth(SOME_SECURITY.to_owned(), month_first(day)),
        Axis::Snapshot => Slice::Snapshot(day),
    };
    // Values from other tables would have to be read from the lake, and access shows without them.
    let one = |(name, values): &(String, Values)| Some((name.clone(), values.own()?.iter().take(1).cloned().collect()));
    let chosen: Vec<Chosen> = contract.ask.each.iter().filter_map(one).collect();
    let calls = calls(contract, &[&slice], &chosen, world.clock.today());
    let Some(call) = calls.last() else {
        return (finding(what, Exit::Done, "not checked: there is nothing to ask for"), false);
    };
    let interface = client.interface(contract, rate(world, source));
    match client.probe(&interface, call).await {
        Ok(()) => (finding(what, Exit::Done, "ok"), false),
        Err(failure) => {
            let exit = failure.exit();
            let mend = match exit {
                _ if failure.names_way_out() => "",
                Exit::NoRight => "; check the token and the account's points with the vendor",
                Exit::QuotaSpent => "; wait until tomorrow",
                _ => "; check `base_url` in jobs.toml and the network",
            };
            (finding(what, exit, format!("{failure}{mend}")), failure.stops_vendor())
        }
    }
}

fn month_first(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

/// Compares our clock with the vendor's.
fn clock(name: &str, ahead: TimeDelta) -> Finding {
    let what = format!("{name} clock");
    if ahead.abs() <= OFF {
        return finding(
            what,
            Exit::Done,
            format!("this machine's clock is within {} s of the vendor's", OFF.num_seconds()),
        );
    }
    let seconds = ahead.num_seconds().abs();
    let message = if ahead < TimeDelta::zero() {
        format!(
            "this machine's clock is {seconds} s behind the vendor's: set it, because due days and hours depend on it"
        )
    } else {
        format!(
            "this machine's clock is {seconds} s ahead of the vendor's: set it, because due days and hours depend on it"
        )
    };
    finding(what, Exit::Failed, message)
}
