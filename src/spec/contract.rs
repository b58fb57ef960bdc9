//! What a vendor says of one interface (`schemas/<vendor>/<interface>.toml`) and of itself
//! (`schemas/<vendor>.toml`). Never what we make of it: that is [`super::pipeline`].

use std::fmt;

use chrono::{NaiveDate, NaiveTime};

use super::problem::{Problem, nearest};
use super::reader::{Source, Table};
use super::unit::Unit;

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
    /// The state of today; the newest answer replaces the one before.
    Snapshot,
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
    /// How to read an answer without rows.
    pub empty: Empty,
    /// Before this day an answer without rows is no surprise.
    pub history_from: NaiveDate,
}

/// Calls a minute that an account of at least so many points may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// Points from which it holds.
    pub points: u32,
    /// Calls a minute, of each interface.
    pub requests_per_minute: u32,
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
        let reached = |limits: &[Limit]| {
            let held = limits.iter().rfind(|limit| limit.points <= points).or(limits.first());
            held.map(|limit| limit.requests_per_minute)
        };
        let general = reached(&facts.limits).unwrap_or(50);
        reached(&self.limits).map_or(general, |own| own.min(general))
    }
}

/// Reads `schemas/<vendor>.toml`.
pub(super) fn read_vendor(name: &str, text: &str) -> Result<VendorFacts, Vec<Problem>> {
    Source::new(name, text).parse(|root| {
        version(root);
        let vendor = root.need("vendor", root.text("vendor"))?;
        if name != format!("schemas/{}.toml", vendor.value) {
            root.problem(vendor.offset, format!("`{}` does not match the file's name", vendor.value), None);
        }
        Some(VendorFacts { vendor: vendor.value, limits: limits(root)? })
    })
}

/// Reads `schemas/<vendor>/<interface>.toml`.
pub(super) fn read(name: &str, text: &str) -> Result<Contract, Vec<Problem>> {
    Source::new(name, text).parse(|root| {
        version(root);
        let id_text = root.need("interface", root.text("interface"));
        let id = id_text.and_then(|at| {
            let id = InterfaceId::parse(&at.value);
            if id.as_ref().is_none_or(|id| name != format!("schemas/{id}.toml")) {
                let hint = Some("write vendor/interface, as in schemas/tushare/daily.toml".into());
                root.problem(at.offset, format!("`{}` does not match the file's name", at.value), hint);
            }
            id
        });
        let kind = root.need("type", root.text("type"));
        let title = root.need("title", root.text("title"));
        let notes = root.text("notes").map(|at| at.value).unwrap_or_default();
        let checked = root.need("checked", root.text("checked")).and_then(|at| day(root, &at.value, at.offset));
        let points = root.number("points").map_or(0, |at| at.value);
        let limits = limits(root);
        let fields = fields(root);
        let ask = root.need("ask", root.table("ask")).and_then(|t| ask(&t, &fields));
        let publication = root.need("publication", root.table("publication")).and_then(|t| publication(&t));
        Some(Contract {
            id: id?,
            kind: kind?.value,
            title: title?.value,
            notes,
            checked: checked?,
            points,
            limits: limits?,
            ask: ask?,
            publication: publication?,
            fields,
            text: text.to_owned(),
        })
    })
}

/// The format of the file; only 1 exists.
pub(super) fn version(root: &Table<'_>) {
    if let Some(at) = root.need("version", root.number("version"))
        && at.value != 1
    {
        let hint = Some("this program reads version 1".into());
        root.problem(at.offset, format!("unknown version {}", at.value), hint);
    }
}

fn limits(root: &Table<'_>) -> Option<Vec<Limit>> {
    let mut limits = Vec::new();
    for table in root.tables("limits") {
        let points = table.need("points", table.number("points"));
        let calls = table.need("requests_per_minute", table.number("requests_per_minute"));
        table.close();
        limits.push(Limit { points: points?.value, requests_per_minute: calls?.value.max(1) });
    }
    limits.sort_by_key(|limit| limit.points);
    Some(limits)
}

fn fields(root: &Table<'_>) -> Vec<Field> {
    let mut fields = Vec::new();
    let known: Vec<&str> = WIRES.iter().map(|w| w.0).collect();
    root.need("fields", root.table("fields"));
    for (name, table) in root.named_tables("fields") {
        let read = |text: &str| WIRES.iter().find(|w| w.0 == text).map(|w| w.1);
        let wire = table.choice("type", &known, read);
        let unit = table.choice("unit", &Unit::names(), Unit::named);
        let nullable = table.flag("nullable").is_none_or(|at| at.value);
        let description = table.need("description", table.text("description"));
        let formerly = table.strings("formerly").unwrap_or_default();
        table.need("type", wire);
        table.close();
        match wire {
            Some(Wire::Number) => {
                table.need("unit", unit);
            }
            Some(_) if unit.is_some() => {
                table.problem(name.offset, format!("`{}` is not a number and has a unit", name.value), None);
            }
            _ => {}
        }
        if let (Some(wire), Some(description)) = (wire, description) {
            let description = description.value;
            fields.push(Field { name: name.value, wire, unit, nullable, description, formerly });
        }
    }
    fields
}

fn ask(table: &Table<'_>, fields: &[Field]) -> Option<Ask> {
    let by = table.need("by", table.text("by"));
    let param = table.text("param");
    let field = table.text("field");
    let page_rows = table.need("page_rows", table.number("page_rows"));
    let with = table.entries("with");
    let each = table.entries("each");
    table.close();
    let with = with.into_iter().flat_map(|(name, values)| values.into_iter().map(move |v| (name.value.clone(), v)));
    if each.len() > 1 {
        table.problem(each[1].0.offset, "only one parameter can be asked value by value", None);
    }
    let by = by?;
    let axis = match by.value.as_str() {
        "session" => {
            let param = table.need("param", param)?;
            let field = field.unwrap_or_else(|| param.clone());
            if !fields.iter().any(|f| f.name == field.value && f.wire == Wire::Date) {
                let dates = fields.iter().filter(|f| f.wire == Wire::Date).map(|f| f.name.as_str());
                table.problem(
                    field.offset,
                    format!("`{}` is no date field", field.value),
                    nearest(&field.value, dates),
                );
            }
            Axis::Session { param: param.value, field: field.value }
        }
        "snapshot" => Axis::Snapshot,
        other => {
            let hint = nearest(other, ["session", "snapshot"]);
            table.problem(by.offset, format!("unknown axis `{other}`"), hint);
            return None;
        }
    };
    Some(Ask {
        axis,
        page_rows: usize::try_from(page_rows?.value).ok()?.max(1),
        with: with.collect(),
        each: each.into_iter().next().map(|(name, values)| (name.value, values)),
    })
}

fn publication(table: &Table<'_>) -> Option<Publication> {
    let hour = table.need("hour", table.text("hour"));
    let empty = table.choice("empty", &["unpublished", "answer"], |text| match text {
        "unpublished" => Some(Empty::Unpublished),
        "answer" => Some(Empty::Answer),
        _ => None,
    });
    let empty = table.need("empty", empty);
    let from = table.need("history_from", table.text("history_from"));
    table.close();
    let hour = hour?;
    let time = NaiveTime::parse_from_str(&hour.value, "%H:%M").ok();
    if time.is_none() {
        table.problem(hour.offset, format!("`{}` is no time of day", hour.value), Some("write \"17:00\"".into()));
    }
    let from = from?;
    Some(Publication { hour: time?, empty: empty?, history_from: day(table, &from.value, from.offset)? })
}

fn day(table: &Table<'_>, text: &str, offset: usize) -> Option<NaiveDate> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    if day.is_none() {
        table.problem(offset, format!("`{text}` is no day"), Some("write \"2026-11-21\"".into()));
    }
    day
}
