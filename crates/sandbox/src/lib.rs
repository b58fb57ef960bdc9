//! A stand-in for the vendors: a loopback server for their wire formats, with data from one made-up market, and as
//! awkward as they are: silent row caps, hidden columns, refusals with HTTP 200, numbers in several spellings.
//!
//! Nothing comes from real data, contacts another host, or knows how replies are stored. The market is a function of
//! [`Settings`] alone; which of it is published depends on the vendor's own clock, [`Settings::epoch`].

mod alphafin;
mod asharehub;
mod f10;
mod market;
mod nested;
mod server;
mod tables;
#[cfg(test)]
mod tests;
mod truth;

pub use market::Market;
pub use server::{Desk, Server, serve};

use chrono::{DateTime, NaiveDate, Utc};
use pitlake_contract::SpecFile;

/// The only token that the sandbox accepts. Not a secret.
pub const TOKEN: &str = "sandbox-token-0000";

/// Which market to make up, and how the server treats its callers.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The same seed and range give the same market, byte for byte.
    pub seed: u64,
    /// The number of securities that trade at some time in the range, at most 9,000; three more never do. With at least
    /// 10 stocks and 10 sessions, every special case occurs.
    pub stocks: usize,
    /// The first calendar day that may have bars.
    pub start: NaiveDate,
    /// The last calendar day that may have bars. The calendar extends a year beyond both ends.
    pub end: NaiveDate,
    /// The account's points, which unlock interfaces and raise the call limit (vendor page doc 290).
    pub points: u32,
    /// Calls per minute and interface; 0 disables all limits per minute or second, of all vendors.
    pub rpm: u32,
    /// Calls to AShareHub per UTC day; 0 for no limit.
    pub quota: u32,
    /// A row cap for all Tushare interfaces, if lower than the documented one.
    pub cap: Option<usize>,
    /// About one call in this many gets a fault; 0 for none.
    pub faults: u32,
    /// The time on the vendor's clock, until it is moved. `None` means long after the end of the market, when
    /// everything is published and corrected.
    pub epoch: Option<DateTime<Utc>>,
    /// Contracts and vendors below `schemas/`, served in addition to the shipped ones or replacing them.
    pub own: Vec<SpecFile>,
}

impl Default for Settings {
    fn default() -> Self {
        let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default();
        Self {
            seed: 1,
            stocks: 300,
            start: day(2022, 1, 1),
            end: day(2023, 12, 31),
            points: 5000,
            rpm: 500,
            quota: 10_000,
            cap: None,
            faults: 0,
            epoch: None,
            own: Vec::new(),
        }
    }
}

/// A value of a row, as the vendor sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// JSON null.
    Null,
    /// A JSON string, unescaped. Dates are text as YYYYMMDD.
    Text(String),
    /// A JSON number: the exact characters to send.
    Number(String),
}

impl Cell {
    /// The value as JSON, with its original digits.
    fn written(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Text(text) => serde_json::Value::from(text.as_str()).to_string(),
            Self::Number(digits) => digits.clone(),
        }
    }

    /// The value as part of a larger JSON value.
    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.written()).unwrap_or_default()
    }

    /// The text of the value, if it has any.
    fn text(&self) -> Option<&str> {
        match self {
            Self::Null => None,
            Self::Text(text) | Self::Number(text) => Some(text),
        }
    }
}

/// Rows of an interface with all its columns, including hidden ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows {
    /// Column names in the vendor's order.
    pub fields: Vec<String>,
    /// One vector per row, the same length as `fields`.
    pub rows: Vec<Vec<Cell>>,
}
