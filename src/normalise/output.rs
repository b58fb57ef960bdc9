//! Scalars to Arrow: the one place where a decimal becomes a column's value. Never which rows are kept.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Date32Array, Date32Builder, Float64Builder, Int32Array, Int64Builder, StringArray,
    StringBuilder, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};
use arrow::error::ArrowError;
use arrow::record_batch::RecordBatch;
use chrono::NaiveDate;

use super::former::{Former, Why};
use super::rows::RowSet;
use super::scalars::{Scalar, Texts};
use super::value::digits;
use super::versions::{Basis, Version};
use crate::spec::{Column, ColumnType, Known, Table};
use pitlake_contract::decimal::{wide_to_f64, wide_to_i64};
use pitlake_contract::spelling::{day, excerpt};

/// A column that pitlake adds to those of the vendors.
#[derive(Debug, Clone, Copy)]
pub struct Added {
    /// Its name.
    pub name: &'static str,
    /// Its type, as `tables` names it.
    pub kind: &'static str,
    /// Its unit, as `tables` names it.
    pub unit: &'static str,
    /// What it means.
    pub description: &'static str,
}

/// The column that says which vendor a row came from.
pub(super) const VENDOR: Added =
    Added { name: "vendor", kind: "utf8", unit: "text", description: "the vendor the row came from" };

/// The last part of a key that repeats within one answer.
const OCCURRENCE: Added = Added {
    name: "occurrence",
    kind: "int32",
    unit: "number",
    description: "1, 2, 3 among the rows of one answer that are equal in the rest of the key: the repeats are real",
};

/// The point-in-time columns (`docs/point-in-time.md`).
const VERSION: [Added; 7] = [
    Added {
        name: "announced_on",
        kind: "date",
        unit: "date",
        description: "the vendor's announcement date of this version; null where there is none",
    },
    Added {
        name: "known_on",
        kind: "date",
        unit: "date",
        description: "first day on which this version may be used, from the end of that day",
    },
    Added {
        name: "tradable_on",
        kind: "date",
        unit: "date",
        description: "first SSE session after known_on; null beyond the end of the calendar",
    },
    Added {
        name: "known_basis",
        kind: "utf8",
        unit: "text",
        description: "announced: known_on is the vendor's date; observed: it is the day we first received the version",
    },
    Added {
        name: "observed_at",
        kind: "timestamp",
        unit: "instant",
        description: "when we first received this version, UTC",
    },
    Added {
        name: "revision",
        kind: "int32",
        unit: "number",
        description: "1, 2, 3 within the key, in the order in which the versions were received",
    },
    Added {
        name: "withdrawn_on",
        kind: "date",
        unit: "date",
        description: "first day on which the vendor did not show this version any more; null while it stands",
    },
];

/// What the table of former states adds to a state.
const KNOWN_ON: Added = Added {
    name: "known_on",
    kind: "date",
    unit: "date",
    description: "first day on which this state may be used, from the end of that day; null where the calendar ends before",
};

const SUPERSEDED_ON: Added = Added {
    name: "superseded_on",
    kind: "date",
    unit: "date",
    description: "first day, at its end, on which this state no longer holds; null while it stands",
};

const KNOWN_BASIS: Added = Added {
    name: "known_basis",
    kind: "utf8",
    unit: "text",
    description: "observed: known_on is the day of the first answer that showed the state; derived: it follows from dates in \
                  that answer",
};

const OBSERVED_AT: Added = Added {
    name: "observed_at",
    kind: "timestamp",
    unit: "instant",
    description: "when this state was first shown, UTC",
};

const WHY: Added = Added {
    name: "why",
    kind: "utf8",
    unit: "text",
    description: "why the state ended: changed (other figures followed), withdrawn (a later answer no longer held the row), \
                  appeared (no row until then: all columns but key and vendor are null); null while it stands",
};

/// The columns that follow those of the table in its companion, in order.
#[must_use]
pub fn added_to_states(table: &Table) -> Vec<Added> {
    match table.known {
        Known::Observed => vec![KNOWN_ON, SUPERSEDED_ON, KNOWN_BASIS, OBSERVED_AT, WHY],
        _ => vec![KNOWN_ON, SUPERSEDED_ON, OBSERVED_AT, WHY],
    }
}

/// The Arrow schema of a table's companion; `None` where it has none.
#[must_use]
pub fn companion_schema(table: &Table) -> Option<SchemaRef> {
    table.companion()?;
    let own = schema(table);
    let fields = own.fields().iter().map(|field| field.as_ref().clone());
    Some(Arc::new(Schema::new(fields.chain(added_to_states(table).iter().map(added_field)).collect::<Vec<_>>())))
}

/// The columns that pitlake adds to a table, in order.
#[must_use]
pub fn added(table: &Table) -> Vec<Added> {
    let version: &[Added] = if table.versions.is_some() { &VERSION } else { &[] };
    let occurrence = table.occurrence.then_some(OCCURRENCE);
    occurrence.into_iter().chain(version.iter().copied()).chain([VENDOR]).collect()
}

/// The Arrow schema of a table's files: unit and description in each field's metadata.
#[must_use]
pub fn schema(table: &Table) -> SchemaRef {
    let field = |column: &Column| {
        let kind = match column.kind {
            ColumnType::Utf8 => DataType::Utf8,
            ColumnType::Date => DataType::Date32,
            ColumnType::Int64 => DataType::Int64,
            ColumnType::Float64 => DataType::Float64,
            ColumnType::Boolean => DataType::Boolean,
            ColumnType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        };
        let mut metadata = HashMap::from([("description".to_owned(), column.description.clone())]);
        if let Some(unit) = column.unit {
            metadata.insert("unit".to_owned(), unit.to_string());
        }
        Field::new(&column.name, kind, true).with_metadata(metadata)
    };
    let mut fields: Vec<Field> = table.columns.iter().map(field).collect();
    fields.extend(added(table).iter().map(added_field));
    Arc::new(Schema::new(fields))
}

fn added_field(added: &Added) -> Field {
    let kind = match added.kind {
        "date" => DataType::Date32,
        "timestamp" => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        "int32" => DataType::Int32,
        _ => DataType::Utf8,
    };
    let metadata = HashMap::from([("description".to_owned(), added.description.to_owned())]);
    Field::new(added.name, kind, true).with_metadata(metadata)
}

/// Whether a cell fits its column; the reason where it does not.
pub(super) fn check(cell: Scalar, column: &Column, shift: i8, texts: &Texts) -> Result<(), String> {
    let fits = match (cell, column.kind) {
        (Scalar::Number(decimal), ColumnType::Int64) => decimal.to_i64(shift).is_some(),
        (Scalar::Wide(id), ColumnType::Int64) => wide_to_i64(texts.get(id), shift).is_some(),
        (Scalar::Wide(id), ColumnType::Float64) => wide_to_f64(texts.get(id), shift).is_some(),
        _ => true,
    };
    if fits {
        return Ok(());
    }
    let (value, magnitude) = match cell {
        Scalar::Number(decimal) => (digits(decimal), Some(decimal.to_f64(shift))),
        Scalar::Wide(id) => (texts.get(id).to_owned(), wide_to_f64(texts.get(id), shift)),
        _ => return Ok(()),
    };
    let reason = match column.unit {
        _ if magnitude.is_none_or(|magnitude| magnitude.abs() >= 9e18) => {
            format!("out of range for {}", column.kind.name())
        }
        Some(unit) if shift != 0 => format!("not a whole number after conversion to `{unit}`"),
        _ => "not a whole number".to_owned(),
    };
    Err(format!("invalid value `{}`: {reason}", excerpt(&value)))
}

/// Which rows to write, in their order.
pub(super) struct Selection<'a> {
    pub(super) rows: &'a [u32],
    /// Their numbers among those of their key, where the table numbers them.
    pub(super) occurrences: &'a [i32],
    /// Their versions, where the table keeps them.
    pub(super) versions: &'a [Version],
}

/// The selected rows, typed.
pub(super) fn batch(
    rows: &RowSet<'_>,
    selection: &Selection<'_>,
    tradable: &dyn Fn(NaiveDate) -> Option<NaiveDate>,
) -> Result<RecordBatch, ArrowError> {
    let (table, selected) = (rows.table, selection.rows);
    let mut arrays: Vec<ArrayRef> = Vec::with_capacity(rows.columns.len() + 9);
    for (index, (column, cells)) in table.columns.iter().zip(&rows.columns).enumerate() {
        // A column may come in different units from different sources: the shift goes with the file.
        let shifts = rows.shifts(index);
        let values = selected.iter().map(|row| (cells.get(*row as usize), shifts[rows.file(*row)]));
        arrays.push(array(column.kind, values, selected.len(), &rows.texts));
    }
    if table.occurrence {
        arrays.push(Arc::new(Int32Array::from(selection.occurrences.to_vec())));
    }
    if table.versions.is_some() {
        arrays.extend(version_columns(selection.versions, tradable));
    }
    let mut vendor = StringBuilder::with_capacity(selected.len(), selected.len() * 8);
    for row in selected {
        vendor.append_value(&rows.source(*row).contract.id.vendor);
    }
    arrays.push(Arc::new(vendor.finish()));
    RecordBatch::try_new(schema(table), arrays)
}

/// The rows of a table's companion, typed.
pub(super) fn companion(rows: &RowSet<'_>, former: &[Former]) -> Result<RecordBatch, ArrowError> {
    let (selected, occurrences): (Vec<u32>, Vec<i32>) = former.iter().map(|one| (one.row, one.occurrence)).unzip();
    let selection = Selection { rows: &selected, occurrences: &occurrences, versions: &[] };
    let own = batch(rows, &selection, &|_| None)?;
    let mut arrays = own.columns().to_vec();
    for column in added_to_states(rows.table) {
        arrays.push(match column.name {
            "known_on" => Arc::new(former.iter().map(|one| one.known).collect::<Date32Array>()),
            "superseded_on" => Arc::new(former.iter().map(|one| one.superseded).collect::<Date32Array>()),
            "known_basis" => {
                let basis = |one: &Former| if one.is_derived { "derived" } else { "observed" };
                Arc::new(StringArray::from_iter_values(former.iter().map(basis))) as ArrayRef
            }
            "observed_at" => {
                let at = former.iter().map(|one| Some(one.observed.timestamp_micros()));
                Arc::new(at.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
            }
            _ => Arc::new(former.iter().map(|one| one.why.map(Why::name)).collect::<StringArray>()),
        });
    }
    let schema = companion_schema(rows.table).unwrap_or_else(|| own.schema());
    RecordBatch::try_new(schema, arrays)
}

/// The columns of [`VERSION`].
fn version_columns(versions: &[Version], tradable: &dyn Fn(NaiveDate) -> Option<NaiveDate>) -> [ArrayRef; 7] {
    let mut sessions: HashMap<i32, Option<i32>> = HashMap::new();
    let mut tradable =
        |known: i32| *sessions.entry(known).or_insert_with(|| Some(day::days(tradable(day::day(known)?)?)));
    let basis = |version: &Version| match version.basis {
        Basis::Announced => "announced",
        Basis::Observed => "observed",
    };
    let observed = |version: &Version| version.observed.map(|at| at.timestamp_micros());
    [
        Arc::new(versions.iter().map(|version| version.announced).collect::<Date32Array>()),
        Arc::new(versions.iter().map(|version| version.known).collect::<Date32Array>()),
        Arc::new(versions.iter().map(|version| version.known.and_then(&mut tradable)).collect::<Date32Array>()),
        Arc::new(StringArray::from_iter_values(versions.iter().map(basis))),
        Arc::new(versions.iter().map(observed).collect::<TimestampMicrosecondArray>().with_timezone("UTC")),
        Arc::new(Int32Array::from_iter_values(versions.iter().map(|version| version.revision))),
        Arc::new(versions.iter().map(|version| version.withdrawn).collect::<Date32Array>()),
    ]
}

fn array(kind: ColumnType, rows: impl Iterator<Item = (Scalar, i8)>, len: usize, texts: &Texts) -> ArrayRef {
    match kind {
        ColumnType::Utf8 => {
            let mut out = StringBuilder::with_capacity(len, len * 9);
            for (cell, _) in rows {
                out.append_option(if let Scalar::Text(id) = cell { Some(texts.get(id)) } else { None });
            }
            Arc::new(out.finish())
        }
        ColumnType::Date => {
            let mut out = Date32Builder::with_capacity(len);
            for (cell, _) in rows {
                out.append_option(if let Scalar::Date(day) = cell { Some(day) } else { None });
            }
            Arc::new(out.finish())
        }
        ColumnType::Boolean => {
            let mut out = BooleanBuilder::with_capacity(len);
            for (cell, _) in rows {
                out.append_option(if let Scalar::Flag(flag) = cell { Some(flag) } else { None });
            }
            Arc::new(out.finish())
        }
        ColumnType::Timestamp => {
            // Microseconds since 1970.
            let at = |(cell, _)| if let Scalar::Number(decimal) = cell { decimal.to_i64(0) } else { None };
            Arc::new(rows.map(at).collect::<TimestampMicrosecondArray>().with_timezone("UTC"))
        }
        ColumnType::Int64 => {
            let mut out = Int64Builder::with_capacity(len);
            for (cell, shift) in rows {
                out.append_option(match cell {
                    Scalar::Number(decimal) => decimal.to_i64(shift),
                    Scalar::Wide(id) => wide_to_i64(texts.get(id), shift),
                    _ => None,
                });
            }
            Arc::new(out.finish())
        }
        ColumnType::Float64 => {
            let mut out = Float64Builder::with_capacity(len);
            for (cell, shift) in rows {
                out.append_option(match cell {
                    Scalar::Number(decimal) => Some(decimal.to_f64(shift)),
                    Scalar::Wide(id) => wide_to_f64(texts.get(id), shift),
                    _ => None,
                });
            }
            Arc::new(out.finish())
        }
    }
}
