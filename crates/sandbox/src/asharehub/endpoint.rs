//! An endpoint as its contract has it (its fields and how they are written, its parameters, its versions), and what the
//! sandbox adds to the contract (`market/asharehub.toml`).

use super::spelling;
use crate::Cell;
use crate::market::fnv;
use crate::tables::read_entries;
use pitlake_contract::spelling::day;
use pitlake_contract::toml::TomlTable;
use pitlake_contract::{Contract, Contracts, Field, FieldType, InterfaceId, Paging, Unit, WireFormat};
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Surface {
    V1,
    V2,
}

/// An endpoint as its contract has it for /v1.
pub(crate) struct Endpoint {
    pub(crate) contract: Arc<Contract>,
    /// Those that are sent, in the vendor's order; numbers without a point are integers.
    pub(crate) fields: Vec<Field>,
    pub(crate) origin: Origin,
}

/// The endpoints of every vendor with this wire.
pub(crate) fn endpoints(contracts: &Contracts) -> Vec<Endpoint> {
    let origins = read_entries("market/asharehub.toml", include_str!("../../market/asharehub.toml"), origin);
    let is_rest = |vendor: &str| contracts.vendor(vendor).is_some_and(|vendor| vendor.wire == WireFormat::Rest);
    let spoken = contracts.iter().filter(|contract| is_rest(&contract.id.vendor));
    let endpoint = |contract: &Arc<Contract>| {
        let InterfaceId { vendor, name } = &contract.id;
        Endpoint::new(contract, origins.get(name).filter(|_| vendor == "asharehub").cloned())
    };
    spoken.map(endpoint).collect()
}

impl Endpoint {
    /// Whether its rows are of Hong Kong's securities.
    pub(crate) fn is_southbound(&self) -> bool {
        self.origin.from == "southbound"
    }

    /// Without an origin of its own, the rows are those that the tables make of the contract.
    fn new(contract: &Arc<Contract>, origin: Option<Origin>) -> Self {
        let origin = origin.unwrap_or_else(|| Origin { from: contract.id.to_string(), ..Origin::default() });
        let is_whole =
            |field: &Field| field.unit == Some(Unit::Count) || origin.whole.iter().any(|end| field.name.ends_with(end));
        let sent = contract.fields.iter().filter(|field| !origin.left_out.contains(&field.name));
        let mut fields: Vec<Field> = sent.cloned().collect();
        for field in fields.iter_mut().filter(|field| field.kind == FieldType::Number && is_whole(field)) {
            field.kind = FieldType::Integer;
        }
        Self { contract: Arc::clone(contract), fields, origin }
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

    pub(crate) fn place(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// The place of the field that rows are ordered by and that a window narrows.
    pub(crate) fn dated(&self) -> Option<usize> {
        self.place(self.contract.call.range.as_deref()?)
    }

    pub(crate) fn required(&self, surface: Surface) -> impl Iterator<Item = &str> {
        let optional = move |name: &String| surface == Surface::V2 && self.origin.optional_v2.contains(name);
        self.contract.call.required.iter().filter(move |name| !optional(name)).map(String::as_str)
    }

    /// Parameters that must equal a field, and that field.
    pub(crate) fn filters(&self, surface: Surface) -> impl Iterator<Item = &(String, String)> {
        let call = &self.contract.call;
        let more = if surface == Surface::V2 { &call.filters_v2[..] } else { &[] };
        call.filters.iter().chain(more)
    }

    pub(crate) fn has_pages(&self, surface: Surface) -> bool {
        surface == Surface::V2 || self.contract.ask.paging == Paging::Offset
    }

    pub(super) fn address(&self) -> usize {
        usize::try_from(fnv(self.contract.id.name.bytes())).unwrap_or_default()
    }
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

    /// A cell as JSON: on /v2 days and times are spelled otherwise, and decimals are not texts.
    pub(crate) fn written(self, field: &Field, cell: &Cell) -> String {
        match (self, field.kind, cell) {
            (Self::V2, FieldType::Date, Cell::Text(day)) => Cell::Text(day.replace('-', "")).written(),
            (Self::V2, FieldType::Time, Cell::Text(time)) => Cell::Text(time.replace('T', " ")).written(),
            (Self::V2, FieldType::Number, Cell::Text(digits)) => spelling::float(digits),
            _ => cell.written(),
        }
    }

    /// A day in the spelling of the surface, as /v1 writes it.
    pub(crate) fn day(self, text: &str) -> Option<String> {
        let is_spelled_so = text.contains('-') == (self == Self::V1);
        day::date(text).filter(|_| is_spelled_so).map(|day| day.to_string())
    }
}

/// Where the rows of an endpoint come from; all keys but the first may be missing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    /// The interface of Tushare, or the name of rows of its own.
    pub(super) from: String,
    pub(super) with: Vec<(String, String)>,
    /// Fields and what Tushare calls them.
    pub(super) renamed: Vec<(String, String)>,
    /// Ends of the names of whole numbers.
    pub(super) whole: Vec<String>,
    /// Parameters required on /v1 only.
    pub(super) optional_v2: Vec<String>,
    pub(super) left_out: Vec<String>,
    /// Most codes that a call may name, where that is more than one.
    pub(crate) basket: Option<usize>,
}

fn origin(table: &TomlTable<'_>) -> Option<Origin> {
    let texts =
        |key: &str| table.entries(key).into_iter().map(|(name, values)| (name.value, values.concat())).collect();
    let origin = Origin {
        from: table.need("from", table.text("from"))?.value,
        with: texts("with"),
        renamed: texts("renamed"),
        whole: table.strings("whole").unwrap_or_default(),
        optional_v2: table.strings("optional_v2").unwrap_or_default(),
        left_out: table.strings("left_out").unwrap_or_default(),
        basket: table.number("basket").and_then(|at| usize::try_from(at.value).ok()),
    };
    table.close();
    Some(origin)
}
