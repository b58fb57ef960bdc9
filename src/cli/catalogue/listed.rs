//! What is said about a table, in English: its key, when its rows are known, its units, the values of its columns. How
//! it is laid out is decided elsewhere.

use crate::normalise::{Added, added, added_to_states};
use crate::spec::{ColumnType, Known, Table};

/// A table or its companion, as described to users.
pub(super) struct Listed<'a> {
    pub(super) table: &'a Table,
    pub(super) name: String,
    pub(super) title: String,
    pub(super) keeps: &'static str,
    /// The columns that follow those of the vendors.
    pub(super) added: Vec<Added>,
    pub(super) companion: Option<String>,
}

impl<'a> Listed<'a> {
    pub(super) fn of(table: &'a Table) -> Self {
        let (name, title) = (table.name.clone(), table.title.clone());
        let keeps = if table.versions.is_some() { "versions" } else { "latest" };
        Self { table, name, title, keeps, added: added(table), companion: table.companion() }
    }

    pub(super) fn companion_of(table: &'a Table) -> Self {
        let name = table.companion().unwrap_or_default();
        let title = format!("{}: former states of `{}`", table.title, table.name);
        let added = added(table).into_iter().chain(added_to_states(table)).collect();
        Self { table, name, title, keeps: "versions", added, companion: None }
    }
}

pub(super) fn key(table: &Table) -> Vec<&str> {
    let key = table.key.iter().map(|column| table.columns[*column].name.as_str());
    key.chain(table.occurrence.then_some("occurrence")).collect()
}

/// When the rows of a table become known, in words.
pub(super) fn known(table: &Table) -> String {
    let names = |columns: &[usize]| -> String {
        ticked(&columns.iter().map(|column| table.columns[*column].name.as_str()).collect::<Vec<_>>())
    };
    let event = table.event.map(|event| names(&[event])).unwrap_or_default();
    match (table.known, &table.versions) {
        (Known::Event, _) => format!("at the end of {event}"),
        (Known::NextSession, _) => format!("on the session after {event}"),
        (Known::Observed, _) => "when fetched".to_owned(),
        (Known::Announced, Some(versions)) => {
            let when = match &versions.announced_by {
                Some(by) => {
                    let one = |(value, dates): &(String, Vec<usize>)| format!("{value} on {}", names(dates));
                    let all: Vec<String> = by.dates.iter().map(one).collect();
                    format!("by {}: {}; others when first observed", names(&[by.column]), all.join(", "))
                }
                None if versions.announced.is_empty() => {
                    "when first observed (there is no announcement date)".to_owned()
                }
                None => format!("on {}, later versions when first observed", names(&versions.announced)),
            };
            format!("every version, {when}")
        }
        (Known::Announced, None) => String::new(),
    }
}

/// The allowed values of a column.
pub(super) struct ListedValues {
    pub(super) values: Vec<String>,
    /// Whether the vendor may add values.
    pub(super) is_open: bool,
    default: Option<String>,
}

impl ListedValues {
    /// In one line; `tick` surrounds each value.
    pub(super) fn text(&self, tick: &str) -> String {
        let mut text = self.values.iter().map(|value| format!("{tick}{value}{tick}")).collect::<Vec<_>>().join(", ");
        if let Some(default) = &self.default {
            text.extend([format!("; {tick}{default}{tick} where a row lacks it")]);
        }
        if self.is_open { text + "; others are kept" } else { text }
    }
}

/// The allowed values of a column, if one of its sources lists them.
pub(super) fn values(table: &Table, column: usize) -> Option<ListedValues> {
    let mut listed = ListedValues { values: Vec::new(), is_open: false, default: None };
    let fields = table.sources.iter().flat_map(|source| {
        let plans = source.fields.iter().filter(move |plan| plan.column == column);
        plans.map(|plan| &source.contract.fields[plan.field])
    });
    for field in fields {
        let Some(values) = &field.values else {
            listed.is_open = true;
            continue;
        };
        listed.is_open |= values.is_open;
        listed.default = listed.default.or_else(|| field.default.clone());
        for value in &values.values {
            if !listed.values.contains(value) {
                listed.values.push(value.clone());
            }
        }
    }
    (!listed.values.is_empty()).then_some(listed)
}

pub(super) fn ticked(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The unit of a column, or the kind of its values if it has no unit.
pub(super) fn unit(kind: ColumnType, unit: Option<String>) -> String {
    unit.unwrap_or_else(|| {
        match kind {
            ColumnType::Utf8 => "text",
            ColumnType::Date => "date",
            ColumnType::Boolean => "flag",
            ColumnType::Timestamp => "instant",
            ColumnType::Int64 | ColumnType::Float64 => "number",
        }
        .to_owned()
    })
}
