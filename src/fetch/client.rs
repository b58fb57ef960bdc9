//! An account with a vendor: one call at a time, at its pace, tried again where that may help.
//!
//! Never here: which calls make an answer whole.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Result;
use backon::{ExponentialBuilder, Retryable as _};
use chrono::TimeDelta;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

use super::Failure;
use super::http::{self, NoReply};
use super::pace::Pace;
use super::page::{self, Expect, PageRows};
use crate::clock::Clock;
use crate::plan::Allowance;
use crate::spec::{Account, Contract};
use crate::vendor::{Call, Received, Refusal, Vendor, Window};

/// Calls on their way at the same time, unless the account says otherwise.
const IN_FLIGHT: u32 = 4;

/// How often a call waits out a minute before its slice fails.
const RESTS: usize = 10;

/// An account with a vendor, and the line to it.
#[derive(Debug)]
pub struct Client {
    vendor: &'static dyn Vendor,
    http: reqwest::Client,
    base_url: String,
    /// Sent with every call.
    headers: Vec<(String, String)>,
    /// Other paths than the contracts have, by interface.
    paths: BTreeMap<String, String>,
    token: SecretString,
    in_flight: Semaphore,
    /// Calls that the account may still make today, where it has a daily quota.
    left: Option<AtomicU64>,
    pub(super) stopped: OnceLock<Failure>,
    calls: std::sync::Mutex<BTreeMap<String, Arc<AtomicU64>>>,
    /// How far this machine's clock is ahead of the vendor's.
    ahead: std::sync::Mutex<Option<TimeDelta>>,
}

/// One interface of an account during one run.
#[derive(Debug)]
pub struct Interface {
    pub(super) contract: Arc<Contract>,
    pace: Pace,
    /// Rows of the largest page seen in this run: a shorter page was not cut by a cap.
    pub(super) largest: AtomicUsize,
    pub(super) stopped: OnceLock<Failure>,
    calls: Arc<AtomicU64>,
    /// Seconds to wait, as the newest reply says; 0 where it does not.
    retry_after: AtomicU64,
}

impl Client {
    /// A client; nothing is sent yet.
    ///
    /// # Errors
    /// When the system's certificates cannot be loaded.
    pub fn new(vendor: &'static dyn Vendor, account: &Account, token: SecretString, left: Option<u64>) -> Result<Self> {
        let base_url = account.base_url.as_deref().or(vendor.home()).unwrap_or_default();
        Ok(Self {
            vendor,
            http: http::client()?,
            base_url: base_url.to_owned(),
            headers: account.headers.clone(),
            paths: account.paths.iter().cloned().collect(),
            token,
            in_flight: Semaphore::new(account.max_in_flight.unwrap_or(IN_FLIGHT).max(1) as usize),
            left: left.map(AtomicU64::new),
            stopped: OnceLock::new(),
            calls: std::sync::Mutex::default(),
            ahead: std::sync::Mutex::default(),
        })
    }

    /// One interface, with its pace.
    #[must_use]
    pub fn interface(&self, contract: &Arc<Contract>, allowance: Allowance) -> Interface {
        let mut calls = self.calls.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let calls = Arc::clone(calls.entry(contract.id.to_string()).or_default());
        Interface {
            contract: Arc::clone(contract),
            pace: Pace::new(allowance),
            largest: AtomicUsize::new(0),
            stopped: OnceLock::new(),
            calls,
            retry_after: AtomicU64::new(0),
        }
    }

    /// Calls sent so far, by interface.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<String, u64> {
        let calls = self.calls.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        calls.iter().map(|(name, n)| (name.clone(), n.load(Ordering::Relaxed))).filter(|(_, n)| *n > 0).collect()
    }

    /// How far this machine's clock is ahead of the vendor's, by the newest reply that said so.
    #[must_use]
    pub fn ahead(&self) -> Option<TimeDelta> {
        *self.ahead.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// One call for one row: whether the account may ask at all.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn probe(&self, interface: &Interface, call: &Call) -> Result<(), Failure> {
        let window = Window { limit: 1, offset: 0 };
        self.once(interface, call, window, &Expect::default()).await.map(|_| ())
    }

    /// One page, asked until it comes.
    pub(super) async fn page(
        &self,
        interface: &Interface,
        call: &Call,
        window: Window,
        expect: &Expect,
    ) -> Result<PageRows, Failure> {
        let retries = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(200))
            .with_max_delay(Duration::from_secs(10))
            .with_max_times(5)
            .with_jitter();
        for _ in 0..RESTS {
            let once = || self.once(interface, call, window, expect);
            let again = |failure: &Failure| {
                matches!(failure, Failure::Refused(Refusal::Transient(_)) | Failure::Unreachable { .. })
            };
            match once.retry(retries).when(again).await {
                Err(Failure::Refused(Refusal::SlowDown(message))) => {
                    tracing::info!("{}: {message}; waiting it out", interface.contract.id);
                    let seconds = interface.retry_after.load(Ordering::Relaxed);
                    interface.pace.rest((seconds > 0).then_some(seconds)).await;
                }
                done => return done,
            }
        }
        Err(Refusal::SlowDown(format!("still, after {RESTS} minutes")).into())
    }

    async fn once(
        &self,
        interface: &Interface,
        call: &Call,
        window: Window,
        expect: &Expect,
    ) -> Result<PageRows, Failure> {
        if let Some(left) = &self.left
            && left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_err()
        {
            let message = "the calls a day that jobs.toml allows (requests_per_day) are made; run again tomorrow";
            return Err(Refusal::AccountSpent(message.into()).into());
        }
        interface.pace.turn().await;
        let secret = self.token.expose_secret();
        let mut call = call.clone();
        if let Some(path) = self.paths.get(&call.api) {
            call.path = Some(path.clone());
        }
        let mut request = self.vendor.request(&self.base_url, &call, window, secret);
        request.headers.extend(self.headers.iter().cloned());
        let http::Reply { status, body, retry_after, date } = {
            // Taken after the turn, so that one slow interface does not hold the places of the others.
            let _place = self.in_flight.acquire().await;
            interface.calls.fetch_add(1, Ordering::Relaxed);
            http::send(&self.http, request).await.map_err(|no_reply| match no_reply {
                NoReply::Unreachable(cause) => Failure::Unreachable { place: self.base_url.clone(), cause },
                NoReply::Broken(cause) => Refusal::Transient(cause).into(),
            })?
        };
        if let Some(theirs) = date {
            *self.ahead.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(Clock::machine() - theirs);
        }
        interface.retry_after.store(retry_after.unwrap_or(0), Ordering::Relaxed);
        let received = Received { status, retry_after, body: &body };
        if !secret.is_empty() && memchr::memmem::find(&body, secret.as_bytes()).is_some() {
            // Kept in bronze or printed in an error it would be a secret no more.
            // Taken out before it is read: an excerpt might end within it.
            let body = redacted(&body, secret.as_bytes());
            return Err(match self.vendor.read(Received { body: &body, ..received }) {
                Err(refusal) => placed(refusal, &call, &interface.contract).into(),
                Ok(_) => Failure::Untrusted("the reply repeats the account's token".into()),
            });
        }
        let page = self.vendor.read(received).map_err(|refusal| placed(refusal, &call, &interface.contract))?;
        page::understand(&page, &interface.contract, expect)
    }
}

/// A refusal of a path says which one it was, and where to write another.
fn placed(refusal: Refusal, call: &Call, contract: &Contract) -> Refusal {
    let Refusal::NoPath(message) = refusal else { return refusal };
    let path = call.path.as_ref().unwrap_or(&call.api);
    let vendor = &contract.id.vendor;
    Refusal::NoPath(format!(
        "{message}; asked at `{path}`, and `paths` of [vendors.{vendor}] in jobs.toml takes another"
    ))
}

/// The body without the secret.
fn redacted(body: &[u8], secret: &[u8]) -> Vec<u8> {
    let mut clean = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = memchr::memmem::find(rest, secret) {
        clean.extend_from_slice(&rest[..at]);
        clean.extend_from_slice(b"***");
        rest = &rest[at + secret.len()..];
    }
    clean.extend_from_slice(rest);
    clean
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vendor::named;

    #[test]
    fn a_token_where_an_excerpt_ends_shows_no_part_of_itself() {
        let body = format!("<html>{}a-secret{}", "x".repeat(190), " a-secret".repeat(9));
        let body = redacted(body.as_bytes(), b"a-secret");
        let refused = named("asharehub").unwrap().read(Received { status: 400, retry_after: None, body: &body });
        let said = refused.unwrap_err().to_string();
        assert!(said.contains("xx*** ") && !said.contains("a-s"), "{said}");
    }
}
