//! A stand-in for the vendors: a loopback server for their wire formats, filled from one made-up market, as awkward
//! as they are: silent row caps, hidden columns, refusals inside HTTP 200, numbers in several spellings.
//!
//! Nothing comes from real data, reaches another host, or knows how a reply is stored. The market is a function of
//! [`Settings`] alone; what of it is published yet depends on a clock of the vendor's own, [`Settings::epoch`].

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

/// The one token the sandbox accepts; no secret.
pub const TOKEN: &str = "sandbox-token-0000";

/// What market to make up and how the server treats its callers.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The same seed and range give the same market, byte for byte.
    pub seed: u64,
    /// Securities trading at some time in the range, at most 9,000; three more never have a bar. From 10 stocks and
    /// 10 sessions on, every special case occurs.
    pub stocks: usize,
    /// First calendar day that may have bars.
    pub start: NaiveDate,
    /// Last calendar day that may have bars; the calendar goes a year beyond both ends.
    pub end: NaiveDate,
    /// Points of the account, which open interfaces and raise the call limit (vendor page doc 290).
    pub points: u32,
    /// Calls a minute and interface; 0 switches every limit of a minute or second off, whoever's.
    pub rpm: u32,
    /// Calls a UTC day to AShareHub; 0 for no limit.
    pub quota: u32,
    /// Row cap for all interfaces of Tushare where it is lower than the documented one.
    pub cap: Option<usize>,
    /// About one call in this many is answered with a fault; 0 for none.
    pub faults: u32,
    /// The time on the vendor's clock, until it is moved; none for long after the market's end, when everything
    /// is published and every correction is made.
    pub epoch: Option<DateTime<Utc>>,
    /// Contracts and vendors below `schemas/` that are served beside the shipped ones or in their place.
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

/// One value of a row, as the vendor sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// JSON null.
    Null,
    /// A JSON string, unescaped. Dates are text YYYYMMDD.
    Text(String),
    /// A JSON number: the exact characters that go on the wire.
    Number(String),
}

impl Cell {
    /// The value as JSON, with the digits that it has.
    fn written(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Text(text) => serde_json::Value::from(text.as_str()).to_string(),
            Self::Number(digits) => digits.clone(),
        }
    }

    /// The value for a larger piece of JSON.
    fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.written()).unwrap_or_default()
    }

    /// The characters of the value, if it has any.
    fn text(&self) -> Option<&str> {
        match self {
            Self::Null => None,
            Self::Text(text) | Self::Number(text) => Some(text),
        }
    }
}

/// Rows of one interface under all its columns, hidden ones included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rows {
    /// Column names in the vendor's order.
    pub fields: Vec<String>,
    /// One vector per row, as long as `fields`.
    pub rows: Vec<Vec<Cell>>,
}
