//! How an interface is requested: what a slice is and which calls answer it. Reads `[ask]` strictly.

use super::field::Field;
use super::template::Template;
use crate::field_type::FieldType;
use crate::problem::nearest;
use crate::toml::{At, TomlTable};

/// What a slice is: the axis along which the interface is requested.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Axis {
    /// A trading day.
    Session,
    /// A calendar day, because announcements are made on any day.
    Day,
    /// A calendar month.
    Month,
    /// A report period, a quarter's last day.
    Period,
    /// A security with its whole history.
    Security,
    /// A security and a month.
    SecurityMonth,
    /// The current state; the newest reply replaces earlier ones.
    Snapshot,
}

impl Values {
    /// The values named by the contract itself; `None` if another table has them.
    #[must_use]
    pub fn own(&self) -> Option<&[String]> {
        match self {
            Self::Fixed(values) | Self::ReportTypes(values) | Self::Symbols(values) => Some(values),
            Self::Column { .. } => None,
        }
    }
}

impl Axis {
    /// Whether a slice is about a security.
    #[must_use]
    pub fn by_security(self) -> bool {
        matches!(self, Self::Security | Self::SecurityMonth)
    }
}

/// How a reply is split into pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paging {
    /// By `limit` and `offset`.
    Offset,
    /// By `limit` alone: a full page may be truncated.
    Limit,
    /// Not at all.
    Whole,
}

/// The values of a parameter that takes one call per value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Values {
    /// Always these.
    Fixed(Vec<String>),
    /// These, or the `report_types` of a job.
    ReportTypes(Vec<String>),
    /// These, or the `symbols` of a job.
    Symbols(Vec<String>),
    /// The values of a column of another table.
    Column {
        /// The table.
        table: String,
        /// Its column.
        column: String,
        /// Columns and the values they must have.
        filter: Vec<(String, String)>,
        /// The column of the table's day, if only the rows of the slice's day count.
        of_day: Option<String>,
    },
}

/// How an interface is requested.
#[derive(Debug, Clone)]
pub struct Ask {
    /// What a slice is.
    pub axis: Axis,
    /// Parameters derived from the slice.
    pub send: Vec<(String, Template)>,
    /// The field of a row that must equal the slice's day or security.
    pub field: Option<String>,
    /// Rows per page: at most the lowest cap ever seen.
    pub page_rows: usize,
    /// How a reply is split into pages.
    pub paging: Paging,
    /// Parameters that are always sent.
    pub with: Vec<(String, String)>,
    /// Parameters that take one call per value, in all combinations. Their rows share a bronze file.
    pub each: Vec<(String, Values)>,
    /// The number of securities allowed in one call.
    pub together: usize,
    /// The number of years that one call may span, if a history is requested in parts.
    pub window_years: Option<u32>,
}

impl Ask {
    /// The parameter that identifies the slice, and the field with its value.
    #[must_use]
    pub fn names(&self) -> Option<(&str, &str)> {
        let (param, _) = self.send.first()?;
        Some((param, self.field.as_deref()?))
    }
}

const AXES: &[(&str, Axis)] = &[
    ("session", Axis::Session),
    ("day", Axis::Day),
    ("month", Axis::Month),
    ("period", Axis::Period),
    ("security", Axis::Security),
    ("security_month", Axis::SecurityMonth),
    ("snapshot", Axis::Snapshot),
];

const PAGINGS: &[(&str, Paging)] = &[("offset", Paging::Offset), ("limit", Paging::Limit), ("none", Paging::Whole)];

/// Reads `[ask]`; its `field` is one of `fields`.
pub(super) fn ask(table: &TomlTable<'_>, fields: &[Field]) -> Option<Ask> {
    let axis = table.choice("by", AXES);
    let axis = table.need("by", axis);
    let param = table.text("param");
    let send = templates(table);
    let field = table.text("field").or_else(|| param.clone());
    let page_rows = table.need("page_rows", table.number("page_rows"));
    let paging = table.choice("paging", PAGINGS);
    let with = table.entries("with");
    let each = table.table("each").map(|each| values(&each)).unwrap_or_default();
    let together = table.number("together").map_or(1, |at| at.value.max(1));
    let window_years = table.number("window_years").map(|at| at.value.max(1));
    table.close();
    let axis = axis?;
    let send = match &param {
        Some(param) if axis.by_security() => vec![(param.value.clone(), Template::codes())],
        Some(param) => vec![(param.value.clone(), Template::day())],
        None => send,
    };
    if send.is_empty() && axis != Axis::Snapshot {
        table.problem(table.offset(), "no parameter names the slice", Some("add `param` or `send`".into()));
    }
    let fits = |field: &&Field| match field.kind {
        FieldType::Text | FieldType::Symbol => axis.by_security(),
        FieldType::Date => !axis.by_security(),
        FieldType::Time => axis == Axis::Day,
        _ => false,
    };
    if let Some(at) = &field
        && !fields.is_empty()
        && !fields.iter().filter(fits).any(|field| field.name == at.value)
    {
        let what = if axis.by_security() { "text" } else { "date" };
        let fitting = fields.iter().filter(fits).map(|field| field.name.as_str());
        table.problem(at.offset, format!("`{}` is not a {what} field", at.value), nearest(&at.value, fitting));
    }
    let with = with.into_iter().flat_map(|(name, values)| values.into_iter().map(move |v| (name.value.clone(), v)));
    Some(Ask {
        axis,
        send,
        field: field.map(|at| at.value),
        page_rows: usize::try_from(page_rows?.value).ok()?.max(1),
        paging: paging.unwrap_or(Paging::Offset),
        with: with.collect(),
        each,
        together: usize::try_from(together).ok()?,
        window_years,
    })
}

/// Reads `send`.
fn templates(table: &TomlTable<'_>) -> Vec<(String, Template)> {
    let mut all = Vec::new();
    for (name, values) in table.entries("send") {
        match Template::parse(&values.concat()) {
            Ok(template) => all.push((name.value, template)),
            Err(unknown) => table.problem(name.offset, unknown.to_string(), unknown.hint()),
        }
    }
    all
}

/// Reads `[ask.each]`.
fn values(table: &TomlTable<'_>) -> Vec<(String, Values)> {
    let mut all = Vec::new();
    for name in table.keys() {
        let values = if table.holds_table(&name.value) {
            table.table(&name.value).and_then(|of| from(&of, &name))
        } else {
            table.strings(&name.value).map(Values::Fixed)
        };
        all.extend(values.map(|values| (name.value, values)));
    }
    table.close();
    all
}

fn from(table: &TomlTable<'_>, name: &At<String>) -> Option<Values> {
    let (report_types, symbols) = (table.strings("report_types"), table.strings("symbols"));
    let (other, column, of_day) = (table.text("table"), table.text("column"), table.text("of_day"));
    let filter = table.entries("where");
    table.close();
    match (report_types, symbols, other, column) {
        (Some(values), None, None, None) => Some(Values::ReportTypes(values)),
        (None, Some(values), None, None) => Some(Values::Symbols(values)),
        (None, None, Some(other), Some(column)) => Some(Values::Column {
            table: other.value,
            column: column.value,
            filter: filter.into_iter().map(|(name, values)| (name.value, values.concat())).collect(),
            of_day: of_day.map(|at| at.value),
        }),
        _ => {
            let hint = "write `report_types`, or `symbols`, or `table` and `column`";
            table.problem(name.offset, format!("`{}` has no values", name.value), Some(hint.into()));
            None
        }
    }
}
