//! A client for one account with a vendor: limits calls in flight, paces them, and retries where that may help.
//!
//! Which calls make a reply complete is decided in `whole`, not here.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Result;
use backon::{ExponentialBuilder, Retryable as _};
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

use super::Failure;
use super::breaker::{self, Breaker};
use super::checks::Expect;
use super::echo::Secrets;
use super::http::{self, NoResponse};
use super::pace::{LONGEST_PAUSE, Pace, span};
use super::page::{self, Outline, PageRows};
use super::room::{Room, Share, Turn};
use super::tally::Tally;
use crate::clock::Clock;
use crate::plan::Allowance;
use crate::progress::{Meter, Wait};
use crate::real;
use crate::report::Lately;
use crate::spec::{Account, Contract, TokenIn, Vendor, without_secrets};
use crate::wire::{self, Call, Received, Refusal, Window, Wire};
use crate::world::Token;

/// Most calls in flight, unless the account sets another number.
const IN_FLIGHT: u32 = 4;

/// How long to retry a page that does not come.
const LONGEST_PAGE: Duration = Duration::from_mins(2);

/// How often a call may pause before it fails.
const PAUSES: usize = 10;

/// How long a call may pause in total before its interface is left for a later run.
const LONGEST_WAIT: Duration = Duration::from_mins(10);

/// Difference from the vendor's clock that is worth a warning.
const OFF: TimeDelta = TimeDelta::minutes(10);

/// An account with a vendor, and the connection to it.
#[derive(Debug)]
pub struct Client {
    wire: &'static dyn Wire,
    token_in: TokenIn,
    /// Where the token was found, and where another may be.
    token_hint: String,
    /// What to check if the vendor cannot be reached.
    address_hint: String,
    http: reqwest::Client,
    base_url: String,
    /// Sent with every call.
    headers: Vec<(String, String)>,
    /// Paths by interface that replace those of the contracts.
    paths: BTreeMap<String, String>,
    token: SecretString,
    secrets: Secrets,
    in_flight: Semaphore,
    /// Calls the account may still make today, if it has a daily quota.
    pub(super) left: Option<Arc<AtomicU64>>,
    pub(super) stopped: OnceLock<Failure>,
    breaker: Breaker,
    tally: Arc<Tally>,
    pub(super) room: Arc<Room>,
    /// How far this machine's clock is ahead of the vendor's.
    ahead: std::sync::Mutex<Option<TimeDelta>>,
}

/// One interface of an account during one run.
#[derive(Debug)]
pub struct Interface {
    pub(super) contract: Arc<Contract>,
    pace: Pace,
    /// Reports its calls to progress.
    pub(super) meter: Arc<Meter>,
    /// Rows in the largest page of this run: a shorter page was not truncated.
    pub(super) largest: AtomicUsize,
    pub(super) stopped: OnceLock<Failure>,
    breaker: Breaker,
    /// Seconds to wait according to the latest reply that asked to slow down; 0 if it gave none.
    retry_after: AtomicU64,
}

impl Interface {
    /// The same, paced as if the given calls of the last minute, each with the latest time it was sent, were its own.
    #[must_use]
    pub(super) fn after(mut self, calls: &BTreeMap<DateTime<Utc>, u64>) -> Self {
        self.meter.begin_after(self.pace.begin_after(calls));
        self
    }

    /// How long calls paused because the vendor asked to slow down, in words. `None` if they did not.
    pub(super) async fn paused(&self) -> Option<String> {
        let paused = self.pace.paused().await;
        (!paused.is_zero()).then(|| span(paused))
    }
}

impl Client {
    /// A client for an account with `vendor` that may make `left` calls today. Sends nothing yet.
    ///
    /// # Errors
    /// If the system's certificates cannot be loaded.
    pub fn new(vendor: &Vendor, account: &Account, token: Option<Token>, left: Option<u64>) -> Result<Self> {
        let base_url = account.base_url(vendor).unwrap_or_default().to_owned();
        let secret = token.as_ref().map_or("", |token| token.secret.expose_secret());
        let secrets = Secrets::of(secret, &account.headers, http::address(&base_url).as_ref());
        Ok(Self {
            secrets,
            wire: wire::of(vendor.wire),
            token_in: vendor.token_in.clone(),
            token_hint: token_hint(vendor, account, token.as_ref()),
            address_hint: address_hint(vendor, account),
            http: http::client()?,
            base_url,
            headers: account.headers.clone(),
            paths: account.paths.iter().cloned().collect(),
            token: token.map_or_else(|| SecretString::from(""), |token| token.secret),
            in_flight: Semaphore::new(account.max_in_flight.unwrap_or(IN_FLIGHT).max(1) as usize),
            left: left.map(|left| Arc::new(AtomicU64::new(left))),
            stopped: OnceLock::new(),
            breaker: Breaker::default(),
            tally: Arc::default(),
            room: Arc::default(),
            ahead: std::sync::Mutex::default(),
        })
    }

    /// The same, counting its calls in `tally` and holding replies in `room` together with other clients.
    pub(super) fn together(self, (tally, room): (&Arc<Tally>, &Arc<Room>)) -> Self {
        Self { tally: Arc::clone(tally), room: Arc::clone(room), ..self }
    }

    /// One interface, with its pace.
    #[must_use]
    pub fn interface(&self, contract: &Arc<Contract>, allowance: Allowance) -> Interface {
        let pace = Pace::new(allowance);
        let meter = Arc::new(Meter::new(pace.most, pace.window, self.left.clone()));
        Interface {
            contract: Arc::clone(contract),
            pace,
            meter,
            largest: AtomicUsize::new(0),
            stopped: OnceLock::new(),
            breaker: Breaker::default(),
            retry_after: AtomicU64::new(0),
        }
    }

    /// Calls sent so far, by interface.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.tally.calls()
    }

    /// Calls sent in the last minute.
    #[must_use]
    pub fn lately(&self) -> Lately {
        self.tally.lately(&self.calls())
    }

    /// How far this machine's clock is ahead of the vendor's, according to the newest reply with a date.
    #[must_use]
    pub fn ahead(&self) -> Option<TimeDelta> {
        *self.ahead.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The same, if it is more than machines' clocks usually differ.
    pub(super) fn clock_off(&self) -> Option<TimeDelta> {
        self.ahead().filter(|ahead| ahead.abs() > OFF)
    }

    /// Requests a single row, to see whether the account has access.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn probe(&self, interface: &Interface, call: &Call) -> Result<(), Failure> {
        let window = Window { limit: 1, offset: 0 };
        let mut share = self.room.enter().share();
        self.once(interface, (call, window), &Expect::default(), &mut share).await.map(|_| ())
    }

    /// Fetches a page, retrying until it comes. Its rows take a share of the memory.
    pub(super) async fn page(
        &self,
        interface: &Interface,
        (call, window): (&Call, Window),
        expect: &Expect,
        turn: &Turn,
    ) -> Result<(PageRows, Share), Failure> {
        let retries = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(200))
            .with_max_delay(Duration::from_secs(10))
            .with_max_times(5)
            .with_jitter()
            .with_jitter_seed(real::jitter());
        let mut waited = Duration::ZERO;
        for _ in 0..PAUSES {
            let begun = real::instant();
            let once = || async {
                let mut share = turn.share();
                let page = self.once(interface, (call, window), expect, &mut share).await?;
                Ok((page, share))
            };
            let again = |failure: &Failure| {
                matches!(failure, Failure::Refused(Refusal::Transient(_)) | Failure::Unreachable { .. })
                    && real::instant() - begun < LONGEST_PAGE
            };
            let notify = |failure: &Failure, after: Duration| {
                tracing::debug!("{}: {failure}; retrying in {after:.1?}", interface.contract.id);
                interface.meter.retried(after);
            };
            match once.retry(retries).sleep(real::sleep).when(again).notify(notify).await {
                Err(Failure::Refused(Refusal::SlowDown(message))) => {
                    let seconds = interface.retry_after.load(Ordering::Relaxed);
                    let wait = Pace::wait((seconds > 0).then_some(seconds));
                    if wait > LONGEST_PAUSE {
                        let (wait, longest) = (span(wait), span(LONGEST_PAUSE));
                        return Err(Failure::Paused(format!(
                            "{message}; the vendor asks to wait {wait}, and a run waits at most {longest}: run again later"
                        )));
                    }
                    if waited + wait > LONGEST_WAIT {
                        return Err(Failure::Paused(format!(
                            "{message}; still rate-limited after pausing for {}: run again later, or lower \
                             `requests_per_minute`",
                            span(waited)
                        )));
                    }
                    tracing::debug!("{}: {message}; pausing for {}", interface.contract.id, span(wait));
                    interface.pace.pause(wait).await;
                    interface.meter.paused(wait);
                    waited += wait;
                }
                Err(failure) => {
                    let id = &interface.contract.id;
                    let (of_interface, of_vendor) = (id.to_string(), id.vendor.as_str());
                    let interface = (&interface.breaker, of_interface.as_str());
                    return Err(breaker::judged(failure, interface, (&self.breaker, of_vendor)));
                }
                Ok(page) => {
                    interface.breaker.reset();
                    self.breaker.reset();
                    return Ok(page);
                }
            }
        }
        let text = format!("still rate-limited after {PAUSES} pauses; run again later, or lower `requests_per_minute`");
        Err(Refusal::SlowDown(text).into())
    }

    async fn once(
        &self,
        interface: &Interface,
        (call, window): (&Call, Window),
        expect: &Expect,
        share: &mut Share,
    ) -> Result<PageRows, Failure> {
        if let Some(left) = &self.left
            && left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_err()
        {
            let message = "`requests_per_day` of jobs.toml is reached; run again tomorrow";
            return Err(Refusal::AccountSpent(message.into()).into());
        }
        // A call takes its turn while holding a permit, so that calls waiting for permits are not all sent at once. It
        // releases the permit while waiting for its turn, so that a slow interface does not block others.
        let later = (window.offset > 0).then(|| interface.pace.later_page());
        let permit = loop {
            let permit = {
                let _waits = interface.meter.wait(Wait::Vendor);
                self.in_flight.acquire().await
            };
            let Some(until) = interface.pace.turn(later.is_none()).await else { break permit };
            drop(permit);
            let _waits = interface.meter.wait(Wait::Limit);
            real::sleep_until(until).await;
        };
        drop(later);
        self.tally.count(&interface.contract.id.to_string()).await;
        let secret = self.token.expose_secret();
        let mut call = call.clone();
        if let Some(path) = self.paths.get(&call.api) {
            call.path = Some(path.clone());
        }
        let mut request = self.wire.request(&self.base_url, &call, window);
        request.authorize(&self.token_in, secret);
        request.headers.extend(self.headers.iter().cloned());
        let http::Response { status, body, retry_after, date } = {
            let _waits = interface.meter.wait(Wait::Vendor);
            interface.meter.sent();
            tracing::trace!("{}: call with {:?}, {window:?}", interface.contract.id, call.params);
            // Release the permit while waiting for memory: the call that will free the memory may need it.
            let mut permit = Some(permit);
            let sent = http::send(&self.http, request, share, || drop(permit.take())).await;
            sent.map_err(|error| match error {
                NoResponse::Unreachable(cause) => Failure::Unreachable {
                    place: without_secrets(&self.base_url),
                    cause,
                    hint: self.address_hint.clone(),
                },
                NoResponse::Broken(cause) => Refusal::Transient(cause).into(),
                NoResponse::TooLong => Refusal::Transient("not complete after two minutes".into()).into(),
                NoResponse::TooLarge if share.of_a_reply() < self.room.of_a_reply() => {
                    page::too_many_rows(self.room.of_rows())
                }
                NoResponse::TooLarge => page::too_large(self.room.of_a_reply()),
            })?
        };
        if let Some(theirs) = date {
            *self.ahead.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(Clock::machine() - theirs);
        }
        let received = Received { status, retry_after, body: &body };
        if let Some(body) = self.secrets.cleaned(&body) {
            // Neither bronze nor an error may contain a secret. Remove it before the reply is read, because an excerpt
            // might be cut in the middle of it.
            return Err(match self.wire.read(Received { body: &body, ..received }) {
                Err(refusal) => self.explained(refusal, &call, &interface.contract).into(),
                Ok(_) => Failure::Untrusted("the reply contains the account's token or another of its secrets".into()),
            });
        }
        let read = self.wire.read(received).map(|page| Outline::of(page, &body));
        let outline = read.map_err(|refusal| {
            if matches!(refusal, Refusal::SlowDown(_)) {
                // Later replies to calls in flight must not cancel the wait.
                interface.retry_after.store(retry_after.unwrap_or(0), Ordering::Relaxed);
            }
            self.explained(refusal, &call, &interface.contract)
        })?;
        let expected = (&*interface.contract, expect);
        let page = page::understand(&outline, body, expected, (share.beside(), self.room.of_rows()))?;
        share.hold(page::memory(page.lines.len(), page.rows));
        Ok(page)
    }

    /// A refusal with what to do about it: where the path or the token came from.
    fn explained(&self, refusal: Refusal, call: &Call, contract: &Contract) -> Refusal {
        match refusal {
            Refusal::NoPath(message) => {
                let path = call.path.as_ref().unwrap_or(&call.api);
                let vendor = &contract.id.vendor;
                Refusal::NoPath(format!(
                    "{message}; the path was `{path}`, set another with `paths` of [vendors.{vendor}] in jobs.toml"
                ))
            }
            Refusal::Rejected(message) => Refusal::Rejected(format!("{message}; {}", self.token_hint)),
            other => other,
        }
    }
}

/// Where an account's token was found, and where another may be.
fn token_hint(vendor: &Vendor, account: &Account, token: Option<&Token>) -> String {
    let (variable, name) = (account.token_variable(vendor), &vendor.name);
    match (token, &vendor.token_page) {
        (Some(token), Some(page)) => {
            format!("the token came from {}: compare it with the one that {name} shows at {page}", token.found_in)
        }
        (Some(token), None) => {
            format!("the token came from {}: compare it with the one that {name} shows you", token.found_in)
        }
        (None, _) => format!("no token was sent: set {variable}, or {variable}_FILE to a file that holds it"),
    }
}

/// What to check if the vendor cannot be reached.
fn address_hint(vendor: &Vendor, account: &Account) -> String {
    let variable = vendor.variable("BASE_URL");
    match account.base_url.as_deref() {
        Some(url) if ["//127.", "//localhost", "//[::1]"].iter().any(|host| url.contains(host)) => format!(
            "start what should listen there, such as `pitlake sandbox`, or correct {variable} or `base_url` in jobs.toml"
        ),
        Some(_) => format!(
            "check the network and its proxy (HTTPS_PROXY), and the address in {variable} or `base_url` in jobs.toml"
        ),
        None => "check the network and its proxy (HTTPS_PROXY)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::WireFormat;

    #[test]
    fn no_part_of_the_token_is_left_at_the_end_of_an_excerpt() {
        let body = format!("<html>{}a-secret{}", "x".repeat(190), " a-secret".repeat(9));
        let body = Secrets::of("a-secret", &[], None).cleaned(body.as_bytes()).unwrap();
        let refused = wire::of(WireFormat::Rest).read(Received { status: 400, retry_after: None, body: &body });
        let error = refused.unwrap_err().to_string();
        assert!(error.contains("xx*** ") && !error.contains("a-s"), "{error}");
    }
}
