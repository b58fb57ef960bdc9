//! What all wires share: the market, bookkeeping of calls, limits per fixed interval such as minutes of the clock, and
//! routing of calls to vendors.

use super::faults::{Fault, Faults};
use crate::asharehub::{Endpoint, endpoints};
use crate::market::shanghai;
use crate::tables::{Catalog, Params, Scene};
use crate::{Market, Settings, TOKEN};
use axum::http::{HeaderMap, Uri, header};
use chrono::{DateTime, Utc};
use pitlake_contract::{Contract, TokenIn, Vendor};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

pub(super) struct Shared {
    market: Arc<Market>,
    catalog: Arc<Catalog>,
    pub(super) endpoints: Vec<Endpoint>,
    pub(super) settings: Settings,
    book: Mutex<Book>,
}

pub(super) struct Book {
    /// The number of Tushare calls.
    pub(super) serial: u64,
    pub(super) calls: BTreeMap<String, u64>,
    /// The time on the vendors' clock.
    pub(super) epoch: Option<DateTime<Utc>>,
    faults: Faults,
    meter: Meter,
}

/// Why a call is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Denial {
    /// No interface of that name or path.
    Unknown,
    /// No token, although the vendor needs one.
    NoToken,
    WrongToken,
    /// Too few points for the interface.
    Points,
    /// The allowed number of calls, and the seconds until more are allowed.
    TooOften(u32, u64),
    Missing(String),
}

impl Shared {
    pub(super) fn new(market: Arc<Market>, settings: Settings) -> Self {
        let book = Book {
            serial: 0,
            calls: BTreeMap::new(),
            epoch: settings.epoch,
            faults: Faults::new(settings.faults),
            meter: Meter::default(),
        };
        let catalog = Catalog::with(&market.own);
        let endpoints = endpoints(&catalog.contracts);
        Self { market, catalog, endpoints, settings, book: Mutex::new(book) }
    }

    /// What replies are made from, at the current time on the vendors' clock.
    pub(super) fn scene(&self) -> Scene<'_> {
        let at = self.book().epoch.map(shanghai);
        Scene { market: &self.market, catalog: &self.catalog, at }
    }

    pub(super) fn vendors(&self) -> impl Iterator<Item = &Vendor> {
        self.catalog.contracts.vendors()
    }

    /// The contract for the call's path, and the path's value in place of a parameter.
    pub(super) fn contract<'a>(&'a self, call: &Call<'a>) -> Option<(&'a Contract, &'a str)> {
        let mut own = self.catalog.contracts.iter().filter(|contract| contract.id.vendor == call.vendor.name);
        own.find_map(|contract| Some((contract.as_ref(), filled(contract.path.as_deref()?, call.path)?)))
    }

    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        // Counters stay usable after a panic elsewhere.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call. Returns how many there were with that name, and the fault, if any.
    pub(super) fn count(&self, name: &str, attempt: &str, later_page: bool) -> (u64, Option<Fault>) {
        let mut book = self.book();
        let calls = book.calls.entry(name.to_owned()).or_default();
        *calls += 1;
        (*calls, book.faults.next(attempt, later_page))
    }

    /// Admits a call and returns how many of that name may follow it.
    pub(super) fn pass(&self, name: &str, rate: Rate) -> Result<u32, Denial> {
        self.book().meter.pass(name, rate, wall_seconds()).map_err(|wait| Denial::TooOften(rate.calls, wait))
    }

    /// The vendor that a path begins with, and the rest of the path. All others belong to Tushare.
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

/// The part of a path in place of a template's `{…}`, empty if it has none. `None` for other paths.
pub(super) fn filled<'a>(template: &str, path: &'a str) -> Option<&'a str> {
    let Some((front, rest)) = template.split_once('{') else {
        return (template == path).then_some("");
    };
    let (_, back) = rest.split_once('}')?;
    path.strip_prefix(front)?.strip_suffix(back).filter(|value| !value.contains('/'))
}

pub(super) struct Call<'a> {
    pub(super) vendor: &'a Vendor,
    /// Without the vendor's prefix.
    pub(super) path: &'a str,
    pub(super) uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
}

impl Call<'_> {
    /// Query parameters by name; the last of several counts.
    pub(super) fn params(&self) -> Params {
        form_urlencoded::parse(self.uri.query().unwrap_or_default().as_bytes()).into_owned().collect()
    }

    /// Checks the token in the vendor's header, or sent in another way.
    pub(super) fn check_token(&self, other: Option<&str>) -> Result<(), Denial> {
        let (name, right) = match &self.vendor.token_in {
            TokenIn::Body => ("", String::new()),
            TokenIn::Header(name) => (name.as_str(), TOKEN.to_owned()),
            TokenIn::Bearer => (header::AUTHORIZATION.as_str(), format!("Bearer {TOKEN}")),
        };
        let in_header = self.headers.get(name).map(|sent| sent.as_bytes() == right.as_bytes());
        match in_header.or(other.map(|token| token == TOKEN)) {
            Some(false) => Err(Denial::WrongToken),
            None if self.vendor.needs_token => Err(Denial::NoToken),
            Some(true) | None => Ok(()),
        }
    }
}

/// Seconds of the wall clock, by which vendors count calls.
#[allow(clippy::disallowed_methods, reason = "the vendors' minutes and days are those of the wall clock")]
fn wall_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Calls per seconds; 0 calls means no limit.
#[derive(Clone, Copy)]
pub(super) struct Rate {
    pub(super) calls: u32,
    pub(super) seconds: u64,
}

/// The calls in the latest interval, by name.
#[derive(Default)]
pub(super) struct Meter(BTreeMap<String, (u64, u32)>);

impl Meter {
    /// Counts a call. Returns the calls left, or the seconds until more are allowed.
    pub(super) fn pass(&mut self, name: &str, rate: Rate, now: u64) -> Result<u32, u64> {
        let Rate { calls: allowed, seconds } = rate;
        if allowed == 0 {
            return Ok(u32::MAX);
        }
        let (stretch, calls) = self.0.entry(name.to_owned()).or_default();
        if *stretch != now / seconds {
            (*stretch, *calls) = (now / seconds, 0);
        }
        if *calls >= allowed {
            return Err((*stretch + 1) * seconds - now);
        }
        *calls += 1;
        Ok(allowed - *calls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_and_stretch_has_its_own_calls() {
        let (day, open) = (Rate { calls: 2, seconds: 86_400 }, Rate { calls: 0, seconds: 60 });
        let mut meter = Meter::default();
        let passed = [86_400, 86_401, 86_500].map(|now| meter.pass("one", day, now));
        assert_eq!(passed, [Ok(1), Ok(0), Err(86_300)]);
        assert_eq!(meter.pass("two", day, 86_500), Ok(1));
        assert_eq!(meter.pass("one", day, 2 * 86_400), Ok(1));
        assert!((0..1000).all(|_| meter.pass("one", open, 7).is_ok()));
    }
}
