//! Strict reading of a vendor's TOML into what [`super`] says it means.

use chrono::{NaiveDate, NaiveTime};

use super::ask::ask;
use super::call::call;
use super::{Contract, Covered, Empty, Field, InterfaceId, Limit, Publication, VendorFacts, WIRES, Wire};
use crate::problem::Problem;
use crate::toml::{Source, Table};
use crate::unit::Unit;

/// Reads `schemas/<vendor>.toml`.
pub(crate) fn read_vendor(name: &str, text: &str) -> Result<VendorFacts, Vec<Problem>> {
    Source::new(name, text).parse(|root| {
        version(root);
        let vendor = root.need("vendor", root.text("vendor"))?;
        if name != format!("schemas/{}.toml", vendor.value) {
            root.problem(vendor.offset, format!("`{}` does not match the file's name", vendor.value), None);
        }
        Some(VendorFacts { vendor: vendor.value, limits: limits(root)? })
    })
}

/// Reads `schemas/<vendor>/<interface>.toml`. `file` gives the text of another contract, whose fields
/// this one may have.
pub(crate) fn read<'f>(
    name: &str,
    text: &str,
    file: &dyn Fn(&str) -> Option<&'f str>,
) -> Result<Contract, Vec<Problem>> {
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
        let path = root.text("path").map(|at| at.value);
        let title = root.need("title", root.text("title"));
        let notes = root.text("notes").map(|at| at.value).unwrap_or_default();
        let checked = root.need("checked", root.text("checked")).and_then(|at| day(root, &at.value, at.offset));
        let lists = root.strings("lists").unwrap_or_default();
        let points = root.number("points").map_or(0, |at| at.value);
        let limits = limits(root);
        let (fields, text) = match root.text("fields_of") {
            None => (fields(root), text.to_owned()),
            Some(other) => match file(&format!("schemas/{}.toml", other.value)) {
                // What is wrong with that file is told where it is read itself.
                Some(theirs) => (
                    Source::new("", theirs).peek(|root| Some(fields(root))).unwrap_or_default(),
                    format!("{text}{theirs}"),
                ),
                None => {
                    root.problem(other.offset, format!("no contract for `{}`", other.value), None);
                    (Vec::new(), text.to_owned())
                }
            },
        };
        let ask = root.need("ask", root.table("ask")).and_then(|t| ask(&t, &fields));
        let call_table = root.table("call");
        let call = ask.as_ref().map(|ask| call(call_table.as_ref(), ask, &fields));
        let publication = root.need("publication", root.table("publication")).and_then(|t| publication(&t));
        Some(Contract {
            id: id?,
            kind: kind?.value,
            path,
            title: title?.value,
            notes,
            checked: checked?,
            points,
            limits: limits?,
            ask: ask?,
            call: call?,
            publication: publication?,
            fields,
            lists,
            text,
        })
    })
}

/// The format of the file; only 1 exists.
pub fn version(root: &Table<'_>) {
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
        let requests_per_day = table.number("requests_per_day").map(|at| at.value);
        let requests_per_second = table.number("requests_per_second").map(|at| at.value.max(1));
        table.close();
        limits.push(Limit {
            points: points?.value,
            requests_per_minute: calls?.value.max(1),
            requests_per_day,
            requests_per_second,
        });
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
        let missing = table.text("missing").map(|at| at.value);
        let param = table.text("param").map(|at| at.value);
        let hidden = table.flag("hidden").is_some_and(|at| at.value);
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
            let name = name.value;
            fields.push(Field { name, wire, unit, nullable, description, formerly, missing, param, hidden });
        }
    }
    fields
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
    let covers = table.choice("covers", &["listed", "traded"], |text| match text {
        "listed" => Some(Covered::Listed),
        "traded" => Some(Covered::Traded),
        _ => None,
    });
    let exchanges = table.strings("exchanges").unwrap_or_default();
    let next_day = table.flag("next_day").is_some_and(|at| at.value);
    table.close();
    let hour = hour?;
    let time = NaiveTime::parse_from_str(&hour.value, "%H:%M").ok();
    if time.is_none() {
        table.problem(hour.offset, format!("`{}` is no time of day", hour.value), Some("write \"17:00\"".into()));
    }
    let from = from?;
    let history_from = day(table, &from.value, from.offset)?;
    Some(Publication { hour: time?, next_day, empty: empty?, history_from, covers, exchanges })
}

fn day(table: &Table<'_>, text: &str, offset: usize) -> Option<NaiveDate> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    if day.is_none() {
        table.problem(offset, format!("`{text}` is no day"), Some("write \"2026-11-21\"".into()));
    }
    day
}
