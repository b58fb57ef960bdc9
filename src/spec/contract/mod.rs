//! What a vendor says of one interface (`schemas/<vendor>/<interface>.toml`) and of itself
//! (`schemas/<vendor>.toml`). Never what we make of it: that is [`super::pipeline`].

use std::fmt;

use chrono::{NaiveDate, NaiveTime};

use super::unit::Unit;

mod read;

pub(super) use read::{read, read_vendor, version};

/// `tushare/daily`: a vendor and one thing it can be asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterfaceId {
    /// The company behind the API.
    pub vendor: String,
    /// Its name for the interface.
    pub name: String,
}

impl InterfaceId {
    /// Reads `vendor/interface`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (vendor, name) = text.split_once('/')?;
        let plain = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        (plain(vendor) && plain(name)).then(|| Self { vendor: vendor.into(), name: name.into() })
    }
}

impl fmt::Display for InterfaceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.vendor, self.name)
    }
}

/// How the vendor writes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// Codes, names, enumerations.
    Text,
    /// A day, `YYYYMMDD`; `YYYY-MM-DD` from other programs.
    Date,
    /// A number with a unit.
    Number,
    /// A whole number without a unit.
    Integer,
    /// 0 or 1.
    Flag,
}

const WIRES: &[(&str, Wire)] = &[
    ("text", Wire::Text),
    ("date", Wire::Date),
    ("number", Wire::Number),
    ("integer", Wire::Integer),
    ("flag", Wire::Flag),
];

/// One field of a vendor's row.
#[derive(Debug, Clone)]
pub struct Field {
    /// The vendor's name.
    pub name: String,
    /// How it is written.
    pub wire: Wire,
    /// What a number counts.
    pub unit: Option<Unit>,
    /// The vendor may leave it empty.
    pub nullable: bool,
    /// Meaning, with the trap where there is one.
    pub description: String,
    /// Names the vendor gave it before; old bronze speaks them.
    pub formerly: Vec<String>,
}

/// Along which axis the interface is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Axis {
    /// One call a trading day; the parameter that names the day.
    Session {
        /// The vendor's parameter.
        param: String,
        /// The field of a row that must hold that day.
        field: String,
    },
    /// One call a report period, a quarter's last day; the parameter that names it.
    Period {
        /// The vendor's parameter.
        param: String,
        /// The field of a row that must hold that day.
        field: String,
    },
    /// One call a security, for all of its history; the parameter that names it.
    Security {
        /// The vendor's parameter.
        param: String,
        /// The field of a row that must hold that code.
        field: String,
    },
    /// The state of today; the newest answer replaces the one before.
    Snapshot,
}

impl Axis {
    /// The parameter that names the slice and the field that shows it; none for a snapshot.
    #[must_use]
    pub fn names(&self) -> Option<(&str, &str)> {
        match self {
            Self::Session { param, field } | Self::Period { param, field } | Self::Security { param, field } => {
                Some((param, field))
            }
            Self::Snapshot => None,
        }
    }
}

/// Which securities have a row on each open day: one row each, no more and no fewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Covered {
    /// Those listed on the day.
    Listed,
    /// Those listed and not suspended for the whole day.
    Traded,
}

/// How to ask.
#[derive(Debug, Clone)]
pub struct Ask {
    /// What a slice is.
    pub axis: Axis,
    /// Rows asked for at a time: at or below the lowest cap ever seen.
    pub page_rows: usize,
    /// Parameters that are always sent.
    pub with: Vec<(String, String)>,
    /// A parameter of which one call is made for each value, all into the same bronze file.
    pub each: Option<(String, Vec<String>)>,
}

/// What an answer without rows means on an open day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Empty {
    /// The vendor has not published the day yet.
    Unpublished,
    /// There was nothing to tell.
    Answer,
}

/// When the vendor publishes.
#[derive(Debug, Clone)]
pub struct Publication {
    /// From this time of the trading day, Shanghai, a day is due.
    pub hour: NaiveTime,
    /// It is the time of the calendar day after.
    pub next_day: bool,
    /// How to read an answer without rows.
    pub empty: Empty,
    /// Before this day an answer without rows is no surprise.
    pub history_from: NaiveDate,
    /// Who must have a row on an open day, where the vendor covers a whole market.
    pub covers: Option<Covered>,
    /// The exchanges it covers; empty for all.
    pub exchanges: Vec<String>,
}

/// Calls a minute that an account of at least so many points may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Points from which it holds.
    pub points: u32,
    /// Calls a minute, of each interface.
    pub requests_per_minute: u32,
    /// Calls a day, of each interface, where there is such a limit.
    pub requests_per_day: Option<u32>,
}

/// What one vendor says of all its interfaces.
#[derive(Debug, Clone)]
pub struct VendorFacts {
    /// The vendor.
    pub vendor: String,
    /// Limits by points, lowest first.
    pub limits: Vec<Limit>,
}

/// Everything the vendor says of one interface.
#[derive(Debug, Clone)]
pub struct Contract {
    /// Which interface.
    pub id: InterfaceId,
    /// The bronze folder (`stock_daily_cn`).
    pub kind: String,
    /// One line.
    pub title: String,
    /// What bites.
    pub notes: String,
    /// The day it was last compared with the vendor's page.
    pub checked: NaiveDate,
    /// Points an account needs.
    pub points: u32,
    /// Limits of its own, lowest first; empty where the vendor's general ones hold.
    pub limits: Vec<Limit>,
    /// How to ask.
    pub ask: Ask,
    /// When to ask.
    pub publication: Publication,
    /// Fields in the vendor's order.
    pub fields: Vec<Field>,
    /// The file as written: an input of every partition built with it.
    pub text: String,
}

impl Contract {
    /// The explicit list of every field, as vendors want it.
    #[must_use]
    pub fn field_list(&self) -> String {
        self.fields.iter().map(|f| f.name.as_str()).collect::<Vec<_>>().join(",")
    }

    /// The field a name on the wire means: without case, by former names too.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<usize> {
        let same = |other: &str| other.eq_ignore_ascii_case(name);
        self.fields
            .iter()
            .position(|f| same(&f.name))
            .or_else(|| self.fields.iter().position(|f| f.formerly.iter().any(|old| same(old))))
    }

    /// Calls a minute for an account of `points`; the contract's own limits before the vendor's.
    #[must_use]
    pub fn requests_per_minute(&self, facts: &VendorFacts, points: u32) -> u32 {
        let general = reached(&facts.limits, points).map_or(50, |limit| limit.requests_per_minute);
        reached(&self.limits, points).map_or(general, |own| own.requests_per_minute.min(general))
    }

    /// Calls a day for an account of `points`, where there is a limit.
    #[must_use]
    pub fn requests_per_day(&self, facts: &VendorFacts, points: u32) -> Option<u32> {
        let of = |limits: &[Limit]| reached(limits, points).and_then(|limit| limit.requests_per_day);
        [of(&self.limits), of(&facts.limits)].into_iter().flatten().min()
    }
}

/// The limit that an account of `points` has reached; the lowest where it has reached none.
fn reached(limits: &[Limit], points: u32) -> Option<&Limit> {
    limits.iter().rfind(|limit| limit.points <= points).or(limits.first())
}
