//! What all wires share: the market, the books kept over calls, and how a call finds its vendor.

use super::faults::{Fault, Faults};
use super::subscriber::Subscriber;
use super::turnstile::Turnstile;
use crate::asharehub::{Endpoint, endpoints};
use crate::market::moments::shanghai;
use crate::scene::Scene;
use crate::tables::catalog::Catalog;
use crate::{Market, Settings, TOKEN};
use axum::http::{HeaderMap, Uri, header};
use chrono::{DateTime, Utc};
use pitlake_contract::{TokenIn, Vendor};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

pub(super) struct Shared {
    market: Arc<Market>,
    catalog: Arc<Catalog>,
    /// The endpoints of vendors with the REST wire.
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) settings: Settings,
    book: Mutex<Book>,
}

/// What changes from call to call.
pub(super) struct Book {
    pub(super) serial: u64,
    pub(super) calls: BTreeMap<String, u64>,
    pub(super) account: Subscriber,
    pub(super) faults: Faults,
    /// Where the vendor's clock stands.
    pub(super) epoch: Option<DateTime<Utc>>,
    /// Calls of a day over the REST wire, and those of each vendor so far.
    allowed: u32,
    quotas: BTreeMap<String, Turnstile>,
    /// AlphaFin's calls of the minute.
    pub(super) rate: Turnstile,
    /// F10's calls of the second.
    pub(super) pace: Turnstile,
}

impl Book {
    /// A vendor's calls of the day.
    pub(super) fn quota(&mut self, vendor: &str) -> &mut Turnstile {
        self.quotas.entry(vendor.to_owned()).or_insert_with(|| Turnstile::new(self.allowed, 24 * 3600))
    }
}

impl Shared {
    pub(super) fn new(market: Arc<Market>, settings: Settings) -> Self {
        let book = Book {
            serial: 0,
            calls: BTreeMap::new(),
            account: Subscriber::new(&settings),
            faults: Faults::new(settings.faults),
            epoch: settings.epoch,
            allowed: settings.quota,
            quotas: BTreeMap::new(),
            rate: Turnstile::new(if settings.rpm > 0 { 100 } else { 0 }, 60),
            pace: Turnstile::new(if settings.rpm > 0 { 10 } else { 0 }, 1),
        };
        let catalog = Catalog::with(&market.own);
        let endpoints = endpoints(&catalog.contracts);
        Self { market, catalog, endpoints, settings, book: Mutex::new(book) }
    }

    /// What replies are made from, at the moment where the vendors' clock stands.
    pub(super) fn scene(&self) -> Scene<'_> {
        let at = self.book().epoch.map(shanghai);
        Scene { market: &self.market, catalog: &self.catalog, at }
    }

    /// Every vendor that is served.
    pub(super) fn vendors(&self) -> impl Iterator<Item = &Vendor> {
        self.catalog.contracts.vendors()
    }

    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        // Counters stay usable after a panic elsewhere.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call: how many of that name there have been, and what goes wrong with it.
    pub(super) fn count(&self, name: &str, attempt: &str, later_page: bool) -> (u64, Option<Fault>) {
        let mut book = self.book();
        let calls = book.calls.entry(name.to_owned()).or_default();
        *calls += 1;
        (*calls, book.faults.next(attempt, later_page))
    }

    /// The vendor whose name a path begins with, and the rest of the path; Tushare has the others.
    pub(super) fn addressed<'a>(&self, path: &'a str) -> Option<(&Vendor, &'a str)> {
        let below = path.trim_start_matches('/');
        let (first, _) = below.split_once('/').unwrap_or((below, ""));
        let vendor = self.catalog.contracts.vendor(first).filter(|vendor| vendor.name != "tushare");
        match vendor {
            Some(vendor) => Some((vendor, &below[first.len()..])),
            None => Some((self.catalog.contracts.vendor("tushare")?, path)),
        }
    }
}

/// A call on its way to a vendor.
pub(super) struct Call<'a> {
    pub(super) vendor: &'a Vendor,
    /// Below the vendor's prefix.
    pub(super) path: &'a str,
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
}

impl Call<'_> {
    /// Whether the token is right, where a header of the vendor's has one.
    pub(super) fn has_token(&self) -> Option<bool> {
        let (name, right) = match &self.vendor.token_in {
            TokenIn::Body => return None,
            TokenIn::Header(name) => (name.as_str(), TOKEN.to_owned()),
            TokenIn::Bearer => (header::AUTHORIZATION.as_str(), format!("Bearer {TOKEN}")),
        };
        self.headers.get(name).map(|sent| sent.as_bytes() == right.as_bytes())
    }
}

/// Seconds of the wall clock, which vendors count calls by.
#[allow(clippy::disallowed_methods, reason = "the vendors' minutes and days are those of the wall clock")]
pub(super) fn wall_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
