//! The accounts of a run: which vendors can be called, with which token, and under which lease. What they are asked is
//! decided by the plan.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use chrono::{DateTime, Utc};

use super::Client;
use super::http;
use super::room::Room;
use super::tally::Tally;
use crate::plan::{Question, seller};
use crate::real;
use crate::report::{self, Journal, Lately};
use crate::spec::{Account, Table, without_secrets};
use crate::store::lease::Lease;
use crate::world::{Misuse, Run, World};

/// The accounts of a run.
#[derive(Debug)]
pub struct Accounts {
    pub(super) clients: BTreeMap<String, Client>,
    tally: Arc<Tally>,
    /// Calls sent by any run in the minute before the leases were taken.
    before: Mutex<Lately>,
}

impl Accounts {
    /// Opens the accounts that sell `tables`, and any configured ones that sell some of `more`, which the work could do
    /// without. Sends nothing.
    ///
    /// # Errors
    /// [`Misuse`] if a required account cannot be opened.
    pub fn open<'t>(world: &World, tables: &[Arc<Table>], more: impl Iterator<Item = &'t Arc<Table>>) -> Result<Self> {
        let mut clients = BTreeMap::new();
        let (tally, room) =
            (Arc::new(Tally::reported()), Arc::new(Room::of(world.jobs.fetching.reply_memory, world.limits.memory)));
        for (table, is_needed) in tables.iter().map(|table| (table, true)).chain(more.map(|table| (table, false))) {
            if is_needed {
                seller(&world.jobs, table).map_err(Misuse)?;
            }
            for source in &table.sources {
                let name = &source.contract.id.vendor;
                let Some(account) = world.jobs.accounts.get(name) else { continue };
                if clients.contains_key(name) {
                    continue;
                }
                // What remains of the quota is read under the lease: until then others may use it.
                match line(world, name, account, account.requests_per_day.map(u64::from)) {
                    Ok(client) => {
                        clients.insert(name.clone(), client.together((&tally, &room)));
                    }
                    Err(error) if is_needed => {
                        return Err(match error.downcast::<AccountError>() {
                            Ok(error) => Misuse(error.to_string()).into(),
                            Err(error) => error,
                        });
                    }
                    Err(error) => tracing::debug!("{name} is skipped: {error:#}"),
                }
            }
        }
        Ok(Self { clients, tally, before: Mutex::default() })
    }

    /// Calls sent, by interface.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.tally.calls()
    }

    /// Calls sent in the last minute.
    #[must_use]
    pub fn lately(&self) -> Lately {
        self.tally.lately(&self.calls())
    }

    /// Calls to an interface sent by any run in the minute before the leases were taken.
    pub(super) fn before(&self, interface: &str) -> BTreeMap<DateTime<Utc>, u64> {
        self.before.lock().unwrap_or_else(PoisonError::into_inner).get(interface).cloned().unwrap_or_default()
    }

    /// Takes the leases of the vendors that the questions go to, and returns them by vendor. Remaining daily quotas are
    /// read only then, because a run we waited for has used some.
    ///
    /// # Errors
    /// When another run holds one, the lake cannot be written, or the reports of earlier runs cannot be read.
    pub async fn lease(&self, run: Run<'_>, questions: &[Question]) -> Result<BTreeMap<String, Lease>> {
        let world = run.world;
        let mut leases = BTreeMap::new();
        for vendor in self.clients.keys() {
            let asks = |question: &Question| question.contract().id.vendor == *vendor && !question.plan.ask.is_empty();
            if questions.iter().any(asks) {
                leases.insert(vendor.clone(), lease(world, vendor).await?);
                self.allow(run, vendor).await?;
            }
        }
        // Runs at a given time are reruns and tests, many of which start within one minute of real time.
        if !leases.is_empty() && !world.clock.is_given() {
            // A run we waited for was sending calls until just now.
            let lately = report::lately(&world.store, real::now()).await;
            *self.before.lock().unwrap_or_else(PoisonError::into_inner) = lately;
        }
        Ok(leases)
    }

    /// Lets a client make as many calls as the account's daily quota still allows.
    async fn allow(&self, run: Run<'_>, vendor: &str) -> Result<()> {
        let account = run.world.jobs.accounts.get(vendor);
        let Some(quota) = account.and_then(|account| account.requests_per_day) else { return Ok(()) };
        // The report of this run may include calls not sent yet.
        let others = report::spent(&run.world.store, run.world.clock, vendor, Some(run.journal.path())).await?;
        let own: u64 =
            self.calls().iter().filter(|(interface, _)| report::is_of(interface, vendor)).map(|(_, calls)| calls).sum();
        if let Some(left) = self.clients.get(vendor).and_then(|client| client.left.as_ref()) {
            left.store(u64::from(quota).saturating_sub(others + own), Ordering::Relaxed);
        }
        Ok(())
    }

    /// Keeps the count of calls in the report up to date until dropped. No call is sent before the report includes it.
    ///
    /// # Errors
    /// When the lake cannot be written.
    pub async fn count(&self, journal: &Journal) -> Result<Infallible> {
        loop {
            let calls = self.tally.due().await;
            journal.lately(self.tally.lately(&calls)).await;
            journal.save(calls.clone()).await?;
            self.tally.is_told(&calls);
        }
    }
}

/// Takes the lease for writing a vendor's answers.
///
/// # Errors
/// When another run holds it, or the lake cannot be written.
pub async fn lease(world: &World, vendor: &str) -> Result<Lease> {
    Lease::take(&world.store, &format!("fetch-{vendor}"), world.limits.wait).await
}

/// Why an account cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// There is no `schemas/<vendor>.toml` for the vendor.
    #[error("unsupported vendor `{0}`")]
    Unsupported(String),
    /// The vendor requires a token, but there is none.
    #[error("{}", no_token(vendor, variable, page.as_deref()))]
    NoToken {
        /// The vendor.
        vendor: String,
        /// The environment variable that should hold it.
        variable: String,
        /// The vendor's page that shows the token.
        page: Option<String>,
    },
    /// Only the account's owner knows the base URL.
    #[error("[vendors.{0}] in jobs.toml has no `base_url`, and {0} has no default one")]
    NoBaseUrl(String),
    /// The base URL is not valid.
    #[error(
        "invalid `base_url` `{1}` of [vendors.{0}]: expected https://HOST, such as https://api.example.com:8443/path"
    )]
    InvalidBaseUrl(String, String),
}

fn no_token(vendor: &str, variable: &str, page: Option<&str>) -> String {
    match page {
        Some(page) => format!(
            "no token for {vendor}: set the environment variable {variable}, or {variable}_FILE to a file that holds it; \
             {vendor} shows it at {page}"
        ),
        None => format!(
            "no token for {vendor}: set the environment variable {variable}, or {variable}_FILE to a file that holds it"
        ),
    }
}

/// A client for a vendor. Sends nothing yet. `left` is the number of calls that the daily quota still allows.
///
/// # Errors
/// [`AccountError`], or if the HTTP client cannot be set up.
pub fn line(world: &World, name: &str, account: &Account, left: Option<u64>) -> Result<Client> {
    let vendor = world.catalog.vendor(name).ok_or_else(|| AccountError::Unsupported(name.to_owned()))?;
    let token = match world.tokens.get(name) {
        Some(token) => Some(token.clone()),
        None if !account.needs_token(vendor) => None,
        None => {
            let variable = account.token_variable(vendor).to_owned();
            let page = vendor.token_page.clone();
            return Err(AccountError::NoToken { vendor: name.to_owned(), variable, page }.into());
        }
    };
    let Some(url) = account.base_url(vendor) else { return Err(AccountError::NoBaseUrl(name.to_owned()).into()) };
    if http::address(url).is_none() {
        return Err(AccountError::InvalidBaseUrl(name.to_owned(), without_secrets(url)).into());
    }
    Client::new(vendor, account, token, left)
}
