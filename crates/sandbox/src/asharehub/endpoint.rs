//! An endpoint as its contract has it: its fields and how they are written, its parameters, its versions.

use super::entry::{Entry, entries};
use super::spelling;
use crate::Cell;
use chrono::NaiveDate;
use pitlake_contract::{Contract, Contracts, Field, FieldType, Paging, Unit, WireFormat};
use std::sync::Arc;

/// A version of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Surface {
    V1,
    V2,
}

/// How the cells of a column are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    /// A day: YYYY-MM-DD on /v1, YYYYMMDD on /v2.
    Day,
    /// A second: with a `T` on /v1, with a blank on /v2.
    Time,
    /// A text of digits on /v1, a number on /v2.
    Decimal,
    Whole,
}

/// Where the rows of an endpoint come from.
#[derive(Clone, Copy)]
pub(super) enum Source {
    /// An interface of the sandbox's own tables.
    Interface,
    Realtime,
    News,
    Southbound,
}

/// An endpoint as its contract has it for /v1.
pub(crate) struct Endpoint {
    pub(crate) contract: Arc<Contract>,
    /// Those that are sent, in the vendor's order.
    pub(crate) fields: Vec<Field>,
    /// How each of them is written.
    pub(crate) forms: Vec<Form>,
    pub(super) source: Source,
    pub(super) entry: Entry,
}

/// The endpoints of every vendor that speaks this wire.
pub(crate) fn endpoints(contracts: &Contracts) -> Vec<Endpoint> {
    let entries = entries();
    let vendors = contracts.vendors().filter(|vendor| vendor.wire == WireFormat::Rest);
    vendors
        .flat_map(|vendor| {
            let own = contracts.iter().filter(|contract| contract.id.vendor == vendor.name);
            own.map(|contract| {
                let entry = entries.get(&contract.id.name).filter(|_| vendor.name == "asharehub").cloned();
                Endpoint::new(contract, entry)
            })
        })
        .collect()
}

impl Endpoint {
    /// Whether its rows are of Hong Kong's securities.
    pub(crate) fn is_southbound(&self) -> bool {
        matches!(self.source, Source::Southbound)
    }

    /// Without an entry, the rows are those that the tables make of the contract.
    fn new(contract: &Arc<Contract>, entry: Option<Entry>) -> Self {
        let entry = entry.unwrap_or_else(|| Entry { from: contract.id.to_string(), ..Entry::default() });
        let form = |field: &Field| match field.kind {
            FieldType::Text | FieldType::Symbol => Form::Text,
            FieldType::Date => Form::Day,
            FieldType::Time => Form::Time,
            FieldType::Number if field.unit != Some(Unit::Count) && !is_whole(&entry, &field.name) => Form::Decimal,
            FieldType::Number | FieldType::Integer | FieldType::Flag | FieldType::Epoch => Form::Whole,
        };
        let source = match entry.from.as_str() {
            "realtime" => Source::Realtime,
            "news" => Source::News,
            "southbound" => Source::Southbound,
            _ => Source::Interface,
        };
        let sent = contract.fields.iter().filter(|field| !entry.left_out.contains(&field.name));
        let fields: Vec<Field> = sent.cloned().collect();
        let forms = fields.iter().map(form).collect();
        Self { contract: Arc::clone(contract), fields, forms, source, entry }
    }

    /// Whether it is that vendor's interface of that name.
    pub(crate) fn is(&self, vendor: &str, name: &str) -> bool {
        self.contract.id.vendor == vendor && self.contract.id.name == name
    }

    /// The version of a path, if the path is this endpoint's: that of the contract, or the same on /v2.
    pub(crate) fn surface(&self, path: &str) -> Option<Surface> {
        let own = self.contract.path.as_deref()?;
        if own == path {
            return Some(Surface::V1);
        }
        let below = own.strip_prefix("/v1/")?;
        (path.strip_prefix("/v2/") == Some(below)).then_some(Surface::V2)
    }

    /// The place of a field.
    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// The place of the field that rows are ordered by and that a window narrows.
    pub(crate) fn dated(&self) -> Option<usize> {
        self.place(self.contract.call.range.as_deref()?)
    }

    /// Parameters that must be there.
    pub(crate) fn required(&self, surface: Surface) -> impl Iterator<Item = &str> {
        let optional =
            move |name: &str| surface == Surface::V2 && self.entry.optional_v2.iter().any(|other| other == name);
        self.contract.call.required.iter().map(String::as_str).filter(move |name| !optional(name))
    }

    /// Parameters that must equal a field, and that field.
    pub(crate) fn filters(&self, surface: Surface) -> impl Iterator<Item = &(String, String)> {
        let call = &self.contract.call;
        let more = if surface == Surface::V2 { &call.filters_v2[..] } else { &[] };
        call.filters.iter().chain(more)
    }

    /// Whether a call may ask for later rows.
    pub(crate) fn has_pages(&self, surface: Surface) -> bool {
        surface == Surface::V2 || self.contract.ask.paging == Paging::Offset
    }

    /// Tushare's name of a field.
    pub(super) fn tushare<'a>(&'a self, name: &'a str) -> &'a str {
        self.entry.renamed.iter().find(|(ours, _)| ours == name).map_or(name, |(_, theirs)| theirs)
    }

    /// The address of its dice.
    pub(super) fn address(&self) -> usize {
        let bytes = self.contract.id.name.bytes();
        bytes.fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)) as usize
    }

    /// Most codes that a call may name.
    pub(crate) fn basket(&self) -> Option<usize> {
        self.entry.basket
    }
}

fn is_whole(entry: &Entry, name: &str) -> bool {
    entry.whole.iter().any(|end| name.ends_with(end.as_str()))
}

impl Surface {
    /// The name of a field or parameter here. The bare `symbol` of /v1 gives way on /v2, see [`Surface::sends`].
    pub(crate) fn name(self, name: &str) -> &str {
        match (self, name) {
            (Self::V2, "ts_code" | "index_code") => "symbol",
            (Self::V2, "con_code") => "con_symbol",
            _ => name,
        }
    }

    /// Whether rows have this field here.
    pub(crate) fn sends(self, field: &Field) -> bool {
        self == Self::V1 || field.name != "symbol"
    }

    /// Appends a cell as JSON.
    pub(crate) fn write(self, form: Form, cell: &Cell, out: &mut String) {
        match (self, form, cell) {
            (Self::V2, Form::Day, Cell::Text(day)) => Cell::Text(day.replace('-', "")).write(out),
            (Self::V2, Form::Time, Cell::Text(time)) => Cell::Text(time.replace('T', " ")).write(out),
            (Self::V2, Form::Decimal, Cell::Text(digits)) => Cell::Number(spelling::float(digits)).write(out),
            _ => cell.write(out),
        }
    }

    /// A day in the spelling of the surface, as /v1 writes it.
    pub(crate) fn day(self, text: &str) -> Option<String> {
        let (form, length) = if self == Self::V1 { ("%Y-%m-%d", 10) } else { ("%Y%m%d", 8) };
        let day = NaiveDate::parse_from_str(text, form).ok().filter(|_| text.len() == length);
        day.map(|day| day.to_string())
    }
}
