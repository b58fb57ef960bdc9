//! The made-up truth: calendar, securities and their histories, fixed at creation.
//!
//! It holds whole numbers only. How a row is spelled is the business of `tables`, who may read it that of
//! `server`.

pub(crate) mod accounts;
pub(crate) mod calendar;
pub(crate) mod dice;
mod events;
pub(crate) mod filings;
pub(crate) mod moments;
mod names;
pub(crate) mod quarters;
pub(crate) mod securities;
pub(crate) mod walk;

use super::asharehub::Endpoint;
use super::tables::catalog::Catalog;
use super::tables::interface::Interface;
use super::{Rows, Settings, alphafin, asharehub, f10};
use calendar::Calendar;
use chrono::{DateTime, NaiveDate, Utc};
use moments::shanghai;
use pitlake_contract::{Contract, InterfaceId, WireFormat};
use quarters::{Quarter, reported};
use securities::{Security, securities};
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;
use walk::{History, walk};

/// A security and all that happened to it.
pub(crate) struct Stock {
    pub(crate) security: Security,
    pub(crate) history: History,
    /// Quarters with reports, by number.
    pub(crate) reports: Range<i32>,
}

/// An immutable market, a function of seed, size, range and contracts alone.
pub struct Market {
    pub(crate) seed: u64,
    pub(crate) calendar: Calendar,
    /// Sorted by code.
    pub(crate) stocks: Vec<Stock>,
    /// The interfaces on offer.
    pub(crate) catalog: Arc<Catalog>,
    /// The endpoints of vendors with the REST wire.
    pub(crate) endpoints: Vec<Endpoint>,
}

impl Market {
    /// Makes the market up: under a second for the default, a few seconds for 5,000 stocks.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let calendar = Calendar::new(settings.start, settings.end);
        let sessions = calendar.sessions.len();
        let stocks = securities(settings.seed, settings.stocks, &calendar)
            .into_iter()
            .map(|security| {
                let history = walk(settings.seed, &security, sessions);
                let reports = reported(&security, &calendar);
                Stock { security, history, reports }
            })
            .collect();
        let catalog = Catalog::with(&settings.own);
        let endpoints = asharehub::endpoints(&catalog.contracts);
        Self { seed: settings.seed, calendar, stocks, catalog, endpoints }
    }

    /// Every row of an interface's whole history with all columns, hidden ones included, sorted by
    /// their cells in the vendor's order of columns. Minute bars are those of an hour, and like chips for small markets
    /// only: there are too many. None for an unknown interface.
    ///
    /// Tushare's interfaces go by their bare names, those of other vendors by `asharehub/market_daily` and the like
    /// with cells as sent on /v1. Of nested answers there are the rows of a list, `f10/valuation_detail/trend.historical_items`,
    /// or what is outside of lists, `f10/valuation_detail`; fields go by their paths, and valuations are those over a year.
    #[must_use]
    pub fn rows(&self, interface: &str) -> Option<Rows> {
        self.rows_at(interface, None)
    }

    /// As [`Market::rows`], but what the vendor shows at a moment; the final truth without one.
    #[must_use]
    pub fn rows_at(&self, interface: &str, at: Option<DateTime<Utc>>) -> Option<Rows> {
        let at = at.map(shanghai);
        match interface.split_once('/') {
            Some(("alphafin", name)) => alphafin::rows(self, name, at),
            Some(("f10", name)) => f10::rows(self, name, at),
            Some((vendor, name)) if self.is_rest(vendor) => asharehub::rows(self, vendor, name, at),
            _ => {
                let interface = self.interface(interface)?;
                Some(Rows { fields: interface.names(), rows: interface.all(self, at) })
            }
        }
    }

    /// Last days of the quarters for which some security has reports, oldest first.
    #[must_use]
    pub fn periods(&self) -> Vec<NaiveDate> {
        let quarters: BTreeSet<i32> = self.stocks.iter().flat_map(|stock| stock.reports.clone()).collect();
        quarters.into_iter().map(|quarter| Quarter(quarter).end()).collect()
    }

    /// Open days within the range, oldest first.
    #[must_use]
    pub fn sessions(&self) -> &[NaiveDate] {
        &self.calendar.sessions
    }

    /// The interface of that name, one of Tushare's where no vendor is named.
    pub(crate) fn interface(&self, name: &str) -> Option<&Interface> {
        self.catalog.find(name)
    }

    /// What a vendor says of one of its interfaces.
    pub(crate) fn contract(&self, vendor: &str, name: &str) -> Option<Arc<Contract>> {
        let id = InterfaceId { vendor: vendor.to_owned(), name: name.to_owned() };
        self.catalog.contracts.get(&id).cloned()
    }

    /// Whether a vendor speaks the REST wire.
    fn is_rest(&self, vendor: &str) -> bool {
        self.catalog.contracts.vendor(vendor).is_some_and(|vendor| vendor.wire == WireFormat::Rest)
    }

    /// Place of a security in `stocks`.
    pub(crate) fn find(&self, code: &str) -> Option<usize> {
        self.stocks.binary_search_by(|stock| stock.security.code.as_str().cmp(code)).ok()
    }
}
