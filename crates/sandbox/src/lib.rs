//! A stand-in for the vendors: a loopback server speaking their wire formats from one made-up market. Tushare Pro
//! is at the root, AShareHub, AlphaFin and F10 are below prefixes.
//!
//! It is as awkward as they are: silent row caps, columns that come only when named, refusals inside
//! HTTP 200, rows in no order, numbers in several spellings. Nothing here comes from real data, reaches
//! another host, or knows how a reply is stored or built into tables. The market is a function of
//! [`Settings`] alone; only the call limits look at the clock. What of it is published yet depends on
//! [`Settings::epoch`], a clock of the vendor's own that stands still until it is moved.

mod alphafin;
mod asharehub;
mod f10;
mod market;
mod nested;
mod scene;
mod server;
mod tables;
#[cfg(test)]
mod tests;
mod truth;

pub use market::Market;
pub use server::{Server, serve};

use chrono::{DateTime, NaiveDate, Utc};
use pitlake_contract::SpecFile;

/// The one token the sandbox accepts; no secret.
pub const TOKEN: &str = "sandbox-token-0000";

/// What market to make up and how the server treats its callers.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The same seed and range give the same market, byte for byte.
    pub seed: u64,
    /// Securities trading at some time in the range, at most 9,000. A few of them are delisted inside it,
    /// so slightly fewer have status L; three more (long delisted, suspended from listing, not yet
    /// trading) never have a bar. From 10 stocks and 10 sessions on, every special case occurs.
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
    /// The moment the vendor stands at, until it is moved; none for long after the market's end, when everything
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
    /// Appends the value as JSON.
    fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Text(text) => out.push_str(&serde_json::Value::from(text.as_str()).to_string()),
            Self::Number(digits) => out.push_str(digits),
        }
    }

    /// The value for a larger piece of JSON.
    fn json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Text(text) => text.as_str().into(),
            Self::Number(digits) => serde_json::from_str(digits).unwrap_or_default(),
        }
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
