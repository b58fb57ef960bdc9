//! A slice to a complete answer: pages until something proves the end, paced, retried, or a failure
//! that says what to do. All pages or none.
//!
//! Never here: bronze or silver. What is missing is decided by [`crate::plan`], what is kept by
//! [`crate::run`].

mod http;
mod pace;
mod page;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use anyhow::Result;
use backon::{ExponentialBuilder, Retryable as _};
use chrono::TimeDelta;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

use crate::clock::Clock;
use crate::spec::{Account, Contract, Paging};
use crate::vendor::{Call, Received, Refusal, Vendor, Window};
use http::NoReply;
pub use pace::Allowance;
use pace::Pace;
use page::PageRows;
pub use page::{Expect, Rows};

/// Calls on their way at the same time, unless the account says otherwise.
const IN_FLIGHT: u32 = 4;

/// How often a slice whose pages do not fit together is asked anew.
const ATTEMPTS: usize = 5;

/// How often a call waits out a minute before its slice fails.
const RESTS: usize = 10;

/// Why a slice has no answer.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum Failure {
    /// The vendor said no, or nothing that can be read.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// Nobody listens at the vendor's address.
    #[error("cannot reach {place}: {cause}")]
    Unreachable {
        /// The base URL.
        place: String,
        /// What the system said.
        cause: String,
    },
    /// Replies came that cannot be the whole truth.
    #[error("{0}")]
    Untrusted(String),
}

impl Failure {
    /// Whether every further call of the interface would fail alike.
    #[must_use]
    pub fn stops_interface(&self) -> bool {
        self.stops_vendor() || matches!(self, Self::Refused(Refusal::Forbidden(_) | Refusal::QuotaSpent(_)))
    }

    /// Whether every further call to the vendor would fail alike.
    #[must_use]
    pub fn stops_vendor(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Refused(Refusal::Rejected(_) | Refusal::AccountSpent(_)))
    }
}

/// A complete answer to one slice.
#[derive(Debug, Default)]
pub struct Reply {
    /// One JSON object a line, call by call.
    pub lines: Vec<u8>,
    /// Rows.
    pub rows: usize,
    /// Rows of each call.
    pub rows_of: Vec<usize>,
    /// Pages that held rows.
    pub pages: usize,
    /// Fields of the reply that the contract does not know.
    pub unknown: BTreeSet<String>,
    /// Fields of the contract that the reply lacked.
    pub absent: BTreeSet<String>,
    /// The event days of the rows as the vendor writes them, where they were wanted.
    pub events: BTreeSet<String>,
}

/// A part of an answer: not to be kept before it is whole.
#[derive(Debug, Default)]
pub struct Pages {
    reply: Reply,
    /// The lines of each call.
    lines: Vec<Vec<u8>>,
    /// Rows of the first page of each call.
    open: Vec<usize>,
    /// The keys of each call: calls may answer alike, pages of one may not.
    keys: Vec<HashSet<Box<[u8]>>>,
    /// A row that came on two pages.
    repeated: Option<String>,
}

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
    stopped: OnceLock<Failure>,
    calls: std::sync::Mutex<BTreeMap<String, Arc<AtomicU64>>>,
    /// How far this machine's clock is ahead of the vendor's.
    ahead: std::sync::Mutex<Option<TimeDelta>>,
}

/// One interface of an account during one run.
#[derive(Debug)]
pub struct Interface {
    contract: Arc<Contract>,
    pace: Pace,
    /// Rows of the largest page seen in this run: a shorter page was not cut by a cap.
    largest: AtomicUsize,
    stopped: OnceLock<Failure>,
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

    /// The first pages of a slice. Whether they are the whole answer shows when more slices of the
    /// interface have theirs: see [`Client::whole`].
    ///
    /// # Errors
    /// [`Failure`]; what stops the interface or the vendor is remembered and given at once to whoever
    /// asks next.
    pub async fn first(&self, interface: &Interface, calls: &[Call], expect: &Expect) -> Result<Pages, Failure> {
        let mut pages =
            Pages { lines: vec![Vec::new(); calls.len()], keys: vec![HashSet::new(); calls.len()], ..Pages::default() };
        pages.reply.rows_of = vec![0; calls.len()];
        for (place, call) in calls.iter().enumerate() {
            if let Some(stopped) = self.stopped.get().or_else(|| interface.stopped.get()) {
                return Err(stopped.clone());
            }
            let begun = self.next_page(interface, (place, call), expect, &mut pages, 0).await;
            let rows = begun.inspect_err(|failure| self.remember(interface, failure))?;
            pages.open.push(rows);
        }
        Ok(pages)
    }

    /// Asks on until the answer is whole. What does not fit together is asked anew.
    ///
    /// # Errors
    /// As [`Client::first`].
    pub async fn whole(
        &self,
        interface: &Interface,
        calls: &[Call],
        expect: &Expect,
        first: Pages,
    ) -> Result<Reply, Failure> {
        let mut last = Failure::Untrusted("never asked".into());
        let mut begun = Some(first);
        // Twins at a page's border look like a row that came twice; but then all rows come again, alike. An
        // order that changes between pages gives as many rows, and others.
        let mut repeated: Option<Vec<u8>> = None;
        for _ in 0..ATTEMPTS {
            let pages = match begun.take() {
                Some(pages) => pages,
                None => self.first(interface, calls, expect).await?,
            };
            match self.finish(interface, calls, expect, pages).await {
                Ok(pages) => {
                    let came_twice = pages.repeated.clone();
                    let reply = pages.whole();
                    let Some(row) = came_twice else { return Ok(reply) };
                    let rows = sorted(&reply.lines);
                    if expect.repeats && repeated.as_ref() == Some(&rows) {
                        return Ok(reply);
                    }
                    repeated = Some(rows);
                    last = Failure::Untrusted(format!("the row {row} came on two pages: others may be lost"));
                }
                Err(failure @ Failure::Untrusted(_)) => last = failure,
                Err(failure) => {
                    self.remember(interface, &failure);
                    return Err(failure);
                }
            }
        }
        Err(last)
    }

    fn remember(&self, interface: &Interface, failure: &Failure) {
        if failure.stops_vendor() {
            let _ = self.stopped.set(failure.clone());
        } else if failure.stops_interface() {
            let _ = interface.stopped.set(failure.clone());
        }
    }

    /// Every page of every call. The end is proven by an empty page, by one shorter than another page that
    /// this interface gave in this run, or by the rows that were expected: caps cut in silence, `has_more`
    /// lies.
    async fn finish(
        &self,
        interface: &Interface,
        calls: &[Call],
        expect: &Expect,
        mut pages: Pages,
    ) -> Result<Pages, Failure> {
        let limit = interface.contract.ask.page_rows;
        match interface.contract.ask.paging {
            Paging::Offset => {}
            Paging::Whole => return Ok(pages),
            Paging::Limit => {
                if let Some(rows) = pages.open.iter().find(|rows| **rows >= limit) {
                    let message = format!("a page of {rows} rows is full, and the interface has no second one");
                    return Err(Failure::Untrusted(message));
                }
                return Ok(pages);
            }
        }
        let all: usize = pages.open.iter().sum();
        let is_expected = (calls.len() == 1 && expect.rows.most == Some(all)) || expect.rows.before == Some(all);
        if is_expected && pages.open.iter().all(|rows| *rows < limit) {
            return Ok(pages);
        }
        for ((place, call), first) in calls.iter().enumerate().zip(pages.open.clone()) {
            let (mut offset, mut rows) = (first, first);
            while rows > 0 && rows >= interface.largest.load(Ordering::Relaxed) {
                rows = self.next_page(interface, (place, call), expect, &mut pages, offset).await?;
                offset += rows;
                if calls.len() == 1 && rows > 0 && rows < limit && expect.rows.most == Some(offset) {
                    break;
                }
            }
        }
        Ok(pages)
    }

    /// Adds one page; returns its rows.
    async fn next_page(
        &self,
        interface: &Interface,
        (place, call): (usize, &Call),
        expect: &Expect,
        pages: &mut Pages,
        offset: usize,
    ) -> Result<usize, Failure> {
        let window = Window { limit: interface.contract.ask.page_rows, offset };
        let page = self.page(interface, call, window, expect).await?;
        interface.largest.fetch_max(page.rows, Ordering::Relaxed);
        if page.rows == 0 {
            return Ok(0);
        }
        if pages.repeated.is_none() {
            let repeated = page.keys.iter().find(|key| pages.keys[place].contains(*key));
            pages.repeated = repeated.map(|key| String::from_utf8_lossy(key).trim_end().to_owned());
        }
        pages.keys[place].extend(page.keys);
        pages.lines[place].extend_from_slice(&page.lines);
        let reply = &mut pages.reply;
        reply.rows += page.rows;
        reply.rows_of[place] += page.rows;
        reply.pages += 1;
        reply.unknown.extend(page.unknown);
        reply.absent.extend(page.absent);
        reply.events.extend(page.events);
        Ok(page.rows)
    }

    async fn page(
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
            let refused = self.vendor.read(received).err();
            let redact = |text: String| text.replace(secret, "***");
            return Err(match refused {
                Some(refusal) => refusal.map(redact).into(),
                None => Failure::Untrusted("the reply repeats the account's token".into()),
            });
        }
        page::understand(&self.vendor.read(received)?, &interface.contract, expect)
    }
}

impl Pages {
    /// All calls, one after the other.
    fn whole(mut self) -> Reply {
        self.reply.lines = self.lines.concat();
        self.reply
    }
}

/// The lines in order: two answers with the same rows are alike, however they came.
fn sorted(lines: &[u8]) -> Vec<u8> {
    let mut all: Vec<&[u8]> = lines.split_inclusive(|byte| *byte == b'\n').collect();
    all.sort_unstable();
    all.concat()
}
