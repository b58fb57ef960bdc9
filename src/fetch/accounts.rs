//! The accounts of a run: which vendors can be asked, with which token, and who else may ask them now. Never what is asked.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;

use super::Client;
use crate::plan::{Question, seller};
use crate::report::{self, Journal};
use crate::spec::{Account, Table};
use crate::store::lease::Lease;
use crate::world::{Misuse, World};

/// How often the calls that were sent are written to the report: a kill loses the count of those since.
const COUNTED_EVERY: Duration = Duration::from_millis(500);

/// The accounts of a run.
#[derive(Debug)]
pub struct Accounts {
    pub(super) clients: BTreeMap<String, Client>,
}

impl Accounts {
    /// Opens the accounts that sell `tables`, and those configured that sell some of `more`, which the work could do
    /// without. Nothing is sent.
    ///
    /// # Errors
    /// [`Misuse`] where an account that is needed cannot be opened.
    pub async fn open<'t>(
        world: &World,
        tables: &[Arc<Table>],
        more: impl Iterator<Item = &'t Arc<Table>>,
    ) -> Result<Self> {
        let mut clients = BTreeMap::new();
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
                let left = calls_left(world, name, account).await?;
                match line(world, name, account, left) {
                    Ok(client) => {
                        clients.insert(name.clone(), client);
                    }
                    Err(error) if is_needed => {
                        return Err(match error.downcast::<AccountError>() {
                            Ok(error) => Misuse(error.to_string()).into(),
                            Err(error) => error,
                        });
                    }
                    Err(error) => tracing::debug!("{name} is not asked: {error:#}"),
                }
            }
        }
        Ok(Self { clients })
    }

    /// Calls sent, by interface.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.clients.values().flat_map(Client::calls).collect()
    }

    /// Takes the leases of the vendors that some questions go to.
    ///
    /// # Errors
    /// When another run holds one, or the lake cannot be written.
    pub async fn lease(&self, world: &World, questions: &[Question]) -> Result<Vec<Lease>> {
        let mut leases = Vec::new();
        for vendor in self.clients.keys() {
            let asks = |question: &Question| question.contract().id.vendor == *vendor && !question.plan.ask.is_empty();
            if questions.iter().any(asks) {
                leases.push(Lease::take(&world.store, &format!("fetch-{vendor}"), world.limits.wait).await?);
            }
        }
        Ok(leases)
    }

    /// Keeps the count of calls in the report, until it is dropped.
    ///
    /// # Errors
    /// When the lake cannot be written.
    pub async fn count(&self, journal: &Journal) -> Result<Infallible> {
        let mut counted = BTreeMap::new();
        loop {
            tokio::time::sleep(COUNTED_EVERY).await;
            let calls = self.calls();
            if calls != counted {
                journal.save(calls.clone()).await?;
                counted = calls;
            }
        }
    }
}

/// Why an account cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// No `schemas/<vendor>.toml` describes the vendor.
    #[error("unsupported vendor `{0}`")]
    Unsupported(String),
    /// The vendor requires a token, and there is none.
    #[error("{}", no_token(vendor, variable, page.as_deref()))]
    NoToken {
        /// The vendor.
        vendor: String,
        /// The variable that should hold it.
        variable: String,
        /// The vendor's page that shows it.
        page: Option<String>,
    },
    /// Only the account's owner knows where the vendor listens.
    #[error("[vendors.{0}] in jobs.toml has no `base_url`, and {0} has no default one")]
    NoBaseUrl(String),
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

/// The line to a vendor; nothing is sent yet. `left` are the calls that the day's quota still allows.
///
/// # Errors
/// [`AccountError`], or HTTP that cannot be set up.
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
    if account.base_url(vendor).is_none() {
        return Err(AccountError::NoBaseUrl(name.to_owned()).into());
    }
    Client::new(vendor, account, token, left)
}

/// The calls that an account may still make today, where it has a daily quota.
async fn calls_left(world: &World, name: &str, account: &Account) -> Result<Option<u64>> {
    let Some(quota) = account.requests_per_day else { return Ok(None) };
    let spent = report::spent(&world.store, world.clock, name).await?;
    Ok(Some(u64::from(quota).saturating_sub(spent)))
}
