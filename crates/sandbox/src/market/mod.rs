//! The made-up truth: calendar, securities and their histories, fixed at creation, in whole numbers only.
//!
//! How a row is spelled is decided in `tables`, and who may read it in `server`.

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

use super::Settings;
use calendar::Calendar;
use chrono::NaiveDate;
use pitlake_contract::SpecFile;
use quarters::reported;
use securities::{Security, securities};
use std::ops::Range;
use walk::{History, walk};

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
    /// Contracts beside the shipped ones, or in their place.
    pub(crate) own: Vec<SpecFile>,
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
        Self { seed: settings.seed, calendar, stocks, own: settings.own.clone() }
    }

    /// Open days within the range, oldest first.
    #[must_use]
    pub fn sessions(&self) -> &[NaiveDate] {
        &self.calendar.sessions
    }

    pub(crate) fn find(&self, code: &str) -> Option<usize> {
        self.stocks.binary_search_by(|stock| stock.security.code.as_str().cmp(code)).ok()
    }
}
