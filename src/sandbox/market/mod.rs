//! The made-up truth: calendar, securities and their histories, fixed at creation.
//!
//! It holds whole numbers only. How a row is spelled is the business of `tables`, who may read it that of
//! `server`.

pub(crate) mod calendar;
pub(crate) mod dice;
mod events;
mod names;
pub(crate) mod securities;
pub(crate) mod walk;

use super::{Rows, Settings, tables};
use calendar::Calendar;
use chrono::NaiveDate;
use securities::{Security, securities};
use walk::{History, walk};

/// A security and all that happened to it.
pub(crate) struct Stock {
    pub(crate) security: Security,
    pub(crate) history: History,
}

/// An immutable market, a function of seed, size and range alone.
pub struct Market {
    pub(crate) seed: u64,
    pub(crate) calendar: Calendar,
    /// Sorted by code.
    pub(crate) stocks: Vec<Stock>,
}

impl Market {
    /// Makes the market up: under a second for the default, a few seconds for 5,000 stocks.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let calendar = Calendar::new(settings.start, settings.end);
        let sessions = calendar.sessions.len();
        let stocks = securities(settings.seed, settings.stocks, &calendar, settings.start)
            .into_iter()
            .map(|security| {
                let history = walk(settings.seed, &security, sessions);
                Stock { security, history }
            })
            .collect();
        Self { seed: settings.seed, calendar, stocks }
    }

    /// Every row of an interface's whole history with all columns, hidden ones included, sorted by the
    /// vendor's key (code before day; exchange before day). None for an unknown interface.
    #[must_use]
    pub fn rows(&self, interface: &str) -> Option<Rows> {
        let interface = tables::find(interface)?;
        Some(Rows { fields: interface.fields.to_vec(), rows: interface.all(self) })
    }

    /// Open days within the range, oldest first.
    #[must_use]
    pub fn sessions(&self) -> &[NaiveDate] {
        &self.calendar.sessions
    }

    /// Place of a security in `stocks`.
    pub(crate) fn find(&self, code: &str) -> Option<usize> {
        self.stocks.binary_search_by(|stock| stock.security.code.as_str().cmp(code)).ok()
    }
}
