//! Strict reading of `[ask]`: what a slice is, and which calls answer it.

use super::{Ask, Axis, Field, Paging, Values, Wire};
use crate::problem::nearest;
use crate::toml::{At, Table};

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

/// What a template may stand for.
const PLACEHOLDERS: &[&str] = &["{day}", "{first}", "{last}", "{first:iso}", "{last:iso}", "{code}", "{code:prefix}"];

pub(super) fn ask(table: &Table<'_>, fields: &[Field]) -> Option<Ask> {
    let known: Vec<&str> = AXES.iter().map(|row| row.0).collect();
    let axis = table.choice("by", &known, |text| AXES.iter().find(|row| row.0 == text).map(|row| row.1));
    let axis = table.need("by", axis);
    let param = table.text("param");
    let send = templates(table);
    let field = table.text("field").or_else(|| param.clone());
    let page_rows = table.need("page_rows", table.number("page_rows"));
    let known: Vec<&str> = PAGINGS.iter().map(|row| row.0).collect();
    let paging = table.choice("paging", &known, |text| PAGINGS.iter().find(|row| row.0 == text).map(|row| row.1));
    let with = table.entries("with");
    let each = table.table("each").map(|each| values(&each)).unwrap_or_default();
    let together = table.number("together").map_or(1, |at| at.value.max(1));
    let window_years = table.number("window_years").map(|at| at.value.max(1));
    table.close();
    let axis = axis?;
    let send = match &param {
        Some(param) if axis.by_security() => vec![(param.value.clone(), "{code}".to_owned())],
        Some(param) => vec![(param.value.clone(), "{day}".to_owned())],
        None => send,
    };
    if send.is_empty() && axis != Axis::Snapshot {
        table.problem(
            table.offset(),
            "nothing tells the vendor which slice is meant",
            Some("write `param` or `send`".into()),
        );
    }
    let wire = |field: &&Field| match field.wire {
        Wire::Text | Wire::Symbol => axis.by_security(),
        Wire::Date => !axis.by_security(),
        Wire::Time => axis == Axis::Day,
        _ => false,
    };
    if let Some(at) = &field
        && !fields.is_empty()
        && !fields.iter().filter(wire).any(|field| field.name == at.value)
    {
        let what = if axis.by_security() { "text field" } else { "date field" };
        let fitting = fields.iter().filter(wire).map(|field| field.name.as_str());
        table.problem(at.offset, format!("`{}` is no {what}", at.value), nearest(&at.value, fitting));
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

/// Parameters and their templates.
fn templates(table: &Table<'_>) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (name, values) in table.entries("send") {
        let template = values.concat();
        let mut rest = template.as_str();
        while let Some((_, open)) = rest.split_once('{') {
            let end = open.find('}').map_or(open.len(), |end| end + 1);
            let placeholder = format!("{{{}", &open[..end]);
            if !PLACEHOLDERS.contains(&placeholder.as_str()) {
                let hint = nearest(&placeholder, PLACEHOLDERS.iter().copied());
                table.problem(name.offset, format!("`{placeholder}` stands for nothing"), hint);
            }
            rest = &open[end..];
        }
        all.push((name.value, template));
    }
    all
}

/// Parameters that are asked value by value.
fn values(table: &Table<'_>) -> Vec<(String, Values)> {
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

fn from(table: &Table<'_>, name: &At<String>) -> Option<Values> {
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
            let hint = "write `report_types`, `symbols`, or `table` and `column`";
            table.problem(name.offset, format!("nobody knows the values of `{}`", name.value), Some(hint.into()));
            None
        }
    }
}
