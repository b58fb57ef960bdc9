//! What a vendor says of one interface (`schemas/<vendor>/<interface>.toml`) and of itself
//! (`schemas/<vendor>.toml`). Never what we make of it: that is in `pipelines/`.

use std::fmt;

use chrono::{NaiveDate, NaiveTime};

use crate::unit::Unit;

mod ask;
mod call;
mod read;

pub use call::Call;
pub use read::version;
pub(crate) use read::{read, read_vendor};

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
    /// An instant in words, of Shanghai where it names no zone.
    Time,
    /// An instant in seconds or milliseconds since 1970.
    Epoch,
    /// A security in any of the forms its code is written in.
    Symbol,
}

const WIRES: &[(&str, Wire)] = &[
    ("text", Wire::Text),
    ("date", Wire::Date),
    ("number", Wire::Number),
    ("integer", Wire::Integer),
    ("flag", Wire::Flag),
    ("time", Wire::Time),
    ("epoch", Wire::Epoch),
    ("symbol", Wire::Symbol),
];

/// One field of a vendor's row.
#[derive(Debug, Clone)]
pub struct Field {
    /// The vendor's name; a path with dots where the reply is nested.
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
    /// The value that stands for nothing.
    pub missing: Option<String>,
    /// The reply does not say it: it is the value of this parameter of the call.
    pub param: Option<String>,
    /// It comes only when the call names it.
    pub hidden: bool,
}

/// What a slice is: along which axis the interface is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Axis {
    /// A trading day.
    Session,
    /// A day of the calendar: announcements are made on any.
    Day,
    /// A calendar month.
    Month,
    /// A report period, a quarter's last day.
    Period,
    /// A security, for all of its history.
    Security,
    /// A security and a month.
    SecurityMonth,
    /// The state of today; the newest answer replaces the one before.
    Snapshot,
}

impl Values {
    /// Those that the contract itself names; `None` where another table holds them.
    #[must_use]
    pub fn own(&self) -> Option<&[String]> {
        match self {
            Self::Fixed(values) | Self::ReportTypes(values) | Self::Symbols(values) => Some(values),
            Self::Column { .. } => None,
        }
    }
}

impl Axis {
    /// Whether it goes by security.
    #[must_use]
    pub fn by_security(self) -> bool {
        matches!(self, Self::Security | Self::SecurityMonth)
    }
}

/// How an answer is cut into pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paging {
    /// By `limit` and `offset`.
    Offset,
    /// By `limit` alone: a full page may be cut.
    Limit,
    /// It comes whole.
    Whole,
}

/// The values of a parameter that is asked value by value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Values {
    /// Always these.
    Fixed(Vec<String>),
    /// These, or the `report_types` of a job.
    ReportTypes(Vec<String>),
    /// These, or the `symbols` of a job.
    Symbols(Vec<String>),
    /// What a column of another table holds.
    Column {
        /// The table.
        table: String,
        /// Its column.
        column: String,
        /// Columns and what they must hold.
        filter: Vec<(String, String)>,
        /// The column of the table's day, where the values are those of the slice's day.
        of_day: Option<String>,
    },
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
    /// Parameters that follow from the slice, with their templates (`{day}`, `{first:iso}`, `{code}` …).
    pub send: Vec<(String, String)>,
    /// The field of a row that must hold the slice's day or code.
    pub field: Option<String>,
    /// Rows asked for at a time: at or below the lowest cap ever seen.
    pub page_rows: usize,
    /// How an answer is cut into pages.
    pub paging: Paging,
    /// Parameters that are always sent.
    pub with: Vec<(String, String)>,
    /// Parameters of which one call is made for each value, for every combination of them, all into the
    /// same bronze file.
    pub each: Vec<(String, Values)>,
    /// Securities that one call may name.
    pub together: usize,
    /// Years that one call may span, where a history is asked in parts.
    pub window_years: Option<u32>,
}

impl Ask {
    /// The parameter that names the slice, and the field that shows it.
    #[must_use]
    pub fn names(&self) -> Option<(&str, &str)> {
        let (param, _) = self.send.first()?;
        Some((param, self.field.as_deref()?))
    }
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
    /// Calls a second, where the vendor counts seconds.
    pub requests_per_second: Option<u32>,
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
    /// Where it lies at vendors with a path for each interface; `{name}` stands for a parameter.
    pub path: Option<String>,
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
    /// What a call may say.
    pub call: Call,
    /// When to ask.
    pub publication: Publication,
    /// Fields in the vendor's order.
    pub fields: Vec<Field>,
    /// The lists in a nested reply, by their paths.
    pub(crate) lists: Vec<String>,
    /// The file as written: an input of every partition built with it.
    pub text: String,
}

impl Contract {
    /// The explicit list of every field, as vendors want it.
    #[must_use]
    pub fn field_list(&self) -> String {
        let replied = self.fields.iter().filter(|field| field.param.is_none());
        replied.map(|f| f.name.as_str()).collect::<Vec<_>>().join(",")
    }

    /// The lists in a nested reply, by their paths.
    pub fn lists(&self) -> impl Iterator<Item = &str> + Clone {
        self.lists.iter().map(String::as_str)
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

    /// Calls a second for an account of `points`, where the vendor counts seconds.
    #[must_use]
    pub fn requests_per_second(&self, facts: &VendorFacts, points: u32) -> Option<u32> {
        let of = |limits: &[Limit]| reached(limits, points).and_then(|limit| limit.requests_per_second);
        [of(&self.limits), of(&facts.limits)].into_iter().flatten().min()
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
