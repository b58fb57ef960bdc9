//! The made-up truth: the calendar, and securities with their histories. Fixed at creation, and in integers only.
//!
//! How a row is spelled is decided in `tables`, and who may read it in `server`.

mod accounts;
mod calendar;
mod dice;
mod events;
mod filings;
mod securities;
mod walk;

pub(crate) use accounts::{Accounts, Flows, Scheme, accounts, of_parent, scheme};
pub(crate) use calendar::{Calendar, Moment, Quarter, after, before, moment_of, on, shanghai, stamp, weekday_before};
pub(crate) use dice::{Dice, Fnv, fnv};
pub(crate) use filings::{Detail, Statement, Version, first_announced, versions};
pub(crate) use securities::{Board, Company, EVENTFUL_SESSIONS, Security};
pub(crate) use walk::{Bar, Era, divide, price_limits};

use crate::Settings;
use chrono::NaiveDate;
use pitlake_contract::SpecFile;
use securities::securities;
use std::ops::Range;
use walk::{History, walk};

pub(crate) struct Stock {
    pub(crate) security: Security,
    pub(crate) history: History,
    /// The quarters with reports, by number.
    pub(crate) reports: Range<i32>,
}

/// An immutable market, determined by seed, size, range and contracts.
pub struct Market {
    pub(crate) seed: u64,
    pub(crate) calendar: Calendar,
    /// Sorted by code.
    pub(crate) stocks: Vec<Stock>,
    /// Contracts in addition to the shipped ones, or replacing them.
    pub(crate) own: Vec<SpecFile>,
}

impl Market {
    /// Creates the market: under a second for the default, a few seconds for 5,000 stocks.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let calendar = Calendar::new(settings.start, settings.end);
        let sessions = calendar.sessions.len();
        let stocks = securities(settings.seed, settings.stocks, &calendar)
            .into_iter()
            .map(|security| {
                let history = walk(settings.seed, &security, sessions);
                let reports = security.reported(&calendar);
                Stock { security, history, reports }
            })
            .collect();
        Self { seed: settings.seed, calendar, stocks, own: settings.own.clone() }
    }

    /// Open days in the range, oldest first.
    #[must_use]
    pub fn sessions(&self) -> &[NaiveDate] {
        &self.calendar.sessions
    }

    /// The dice for an item at a moment, by topic.
    pub(crate) fn dice(&self, topic: &str, item: usize, moment: usize) -> Dice {
        Dice::new(self.seed, topic, item, moment)
    }

    pub(crate) fn find(&self, code: &str) -> Option<usize> {
        self.stocks.binary_search_by(|stock| stock.security.code.as_str().cmp(code)).ok()
    }
}
