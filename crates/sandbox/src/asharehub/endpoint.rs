//! An endpoint as described by its contract (fields and how they are written, parameters, versions), plus what the
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

/// An endpoint as described by its contract, for /v1.
pub(crate) struct Endpoint {
    pub(crate) contract: Arc<Contract>,
    /// The fields sent, in the vendor's order. Numbers without a decimal point are integers.
    pub(crate) fields: Vec<Field>,
    pub(crate) origin: Origin,
}

/// The endpoints of all vendors with this wire format.
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
    /// Whether its rows are about Hong Kong securities.
    pub(crate) fn is_southbound(&self) -> bool {
        self.origin.from == "southbound"
    }

    /// Without an origin, the rows are generated from the contract.
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

    /// The version of a path, if the path is this endpoint's: the contract's path, or the same on /v2.
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

    /// Index of the field by which rows are ordered and windows are cut.
    pub(crate) fn dated(&self) -> Option<usize> {
        self.place(self.contract.call.range.as_deref()?)
    }

    pub(crate) fn required(&self, surface: Surface) -> impl Iterator<Item = &str> {
        let optional = move |name: &String| surface == Surface::V2 && self.origin.optional_v2.contains(name);
        self.contract.call.required.iter().filter(move |name| !optional(name)).map(String::as_str)
    }

    /// Parameters that filter by equality, with the field of each.
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
    /// The name of a field or parameter in this version. The bare `symbol` of /v1 is missing on /v2, see
    /// [`Surface::sends`].
    pub(crate) fn name(self, name: &str) -> &str {
        match (self, name) {
            (Self::V2, "ts_code" | "index_code") => "symbol",
            (Self::V2, "con_code") => "con_symbol",
            _ => name,
        }
    }

    /// Whether rows have this field in this version.
    pub(crate) fn sends(self, field: &Field) -> bool {
        self == Self::V1 || field.name != "symbol"
    }

    /// A cell as JSON. On /v2, days and times are spelled differently, and decimals are not strings.
    pub(crate) fn written(self, field: &Field, cell: &Cell) -> String {
        match (self, field.kind, cell) {
            (Self::V2, FieldType::Date, Cell::Text(day)) => Cell::Text(day.replace('-', "")).written(),
            (Self::V2, FieldType::Time, Cell::Text(time)) => Cell::Text(time.replace('T', " ")).written(),
            (Self::V2, FieldType::Number, Cell::Text(digits)) => spelling::float(digits),
            _ => cell.written(),
        }
    }

    /// A day spelled as in this version, converted to the spelling of /v1.
    pub(crate) fn day(self, text: &str) -> Option<String> {
        let is_spelled_so = text.contains('-') == (self == Self::V1);
        day::date(text).filter(|_| is_spelled_so).map(|day| day.to_string())
    }
}

/// Where the rows of an endpoint come from. Only the first key is required.
#[derive(Clone, Debug, Default)]
pub(crate) struct Origin {
    /// A Tushare interface, or the name of a generator.
    pub(super) from: String,
    pub(super) with: Vec<(String, String)>,
    /// Fields, and Tushare's names for them.
    pub(super) renamed: Vec<(String, String)>,
    /// Suffixes of the names of integer columns.
    pub(super) whole: Vec<String>,
    /// Parameters required on /v1 only.
    pub(super) optional_v2: Vec<String>,
    pub(super) left_out: Vec<String>,
    /// The most codes per call, if more than one is allowed.
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
