//! Scalars to Arrow: the only place where a decimal becomes a column's value. Which rows are kept is decided elsewhere.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, ArrowPrimitiveType, BooleanBufferBuilder, BooleanBuilder, Date32Array, Float64Array, Int32Array,
    PrimitiveArray, StringArray, StringBuilder, TimestampMicrosecondArray,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{
    DataType, Date32Type, Field, Float64Type, Int64Type, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType,
};
use chrono::NaiveDate;

use super::rows::RowSet;
use super::scalars::{Scalar, ScalarColumn};
use super::texts::{NumberedTexts, Texts};
use super::value::digits;
use super::versions::{Basis, Version};
use crate::spec::{Column, ColumnType, Known, Table};
use pitlake_contract::decimal::{wide_to_f64, wide_to_i64};
use pitlake_contract::scale::Scale;
use pitlake_contract::spelling::{day, excerpt};

/// A column that pitlake adds to those of the vendors.
#[derive(Debug, Clone, Copy)]
pub struct Added {
    /// Its name.
    pub name: &'static str,
    /// Its type, named as in `tables`.
    pub kind: &'static str,
    /// Its unit, named as in `tables`.
    pub unit: &'static str,
    /// What it means.
    pub description: &'static str,
}

/// The column with the vendor of a row.
pub(super) const VENDOR: Added =
    Added { name: "vendor", kind: "utf8", unit: "text", description: "the vendor the row came from" };

/// The last part of a key that may repeat within an answer.
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

/// What the table of former states adds to each state.
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

/// The columns that follow the table's own in its companion, in order.
#[must_use]
pub fn added_to_states(table: &Table) -> Vec<Added> {
    match table.known {
        Known::Observed => vec![KNOWN_ON, SUPERSEDED_ON, KNOWN_BASIS, OBSERVED_AT, WHY],
        _ => vec![KNOWN_ON, SUPERSEDED_ON, OBSERVED_AT, WHY],
    }
}

/// The Arrow schema of a table's companion; `None` if it has none.
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

/// The Arrow schema of a table's files, with unit and description in each field's metadata.
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

/// Checks that a cell fits its column. The error is the reason.
#[inline]
pub(super) fn check(cell: Scalar, column: &Column, shift: i8, texts: &Texts) -> Result<(), String> {
    let fits = match (cell, column.kind) {
        (Scalar::Number(decimal), ColumnType::Int64) => decimal.to_i64(shift).is_some(),
        (Scalar::Wide(id), ColumnType::Int64) => wide_to_i64(texts.get(id), shift).is_some(),
        (Scalar::Wide(id), ColumnType::Float64) => wide_to_f64(texts.get(id), shift).is_some(),
        _ => true,
    };
    if fits { Ok(()) } else { misfit(cell, column, shift, texts) }
}

#[cold]
fn misfit(cell: Scalar, column: &Column, shift: i8, texts: &Texts) -> Result<(), String> {
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

/// The vendor of each row.
pub(super) fn vendors(rows: &RowSet<'_>, selected: &[u32]) -> ArrayRef {
    let names: Vec<&str> = rows.sources.iter().map(|source| source.contract.id.vendor.as_str()).collect();
    Arc::new(match names.first() {
        Some(first) if names.iter().all(|name| name == first) => {
            let offsets = OffsetBuffer::from_repeated_length(first.len(), selected.len());
            StringArray::new(offsets, first.repeat(selected.len()).into_bytes().into(), None)
        }
        _ => StringArray::from_iter_values(selected.iter().map(|row| names[rows.file(*row)])),
    })
}

/// Like [`vendors`], as numbered texts.
pub(super) fn numbered_vendors<'r>(rows: &'r RowSet<'_>, selected: &[u32]) -> NumberedTexts<'r> {
    let mut names: Vec<&str> = Vec::new();
    let of_file = rows.sources.iter().map(|source| {
        let name = source.contract.id.vendor.as_str();
        let place = names.iter().position(|known| *known == name).unwrap_or_else(|| {
            names.push(name);
            names.len() - 1
        });
        i32::try_from(place).unwrap_or(i32::MAX)
    });
    let of_file: Vec<i32> = of_file.collect();
    let numbers = match names.len() {
        1 => vec![0; selected.len()],
        _ => selected.iter().map(|row| of_file[rows.file(*row)]).collect(),
    };
    NumberedTexts { numbers, text: Box::new(move |number| names[usize::try_from(number).unwrap_or_default()]) }
}

/// A column of integers.
pub(super) fn numbers(numbers: impl Iterator<Item = i32>) -> ArrayRef {
    Arc::new(Int32Array::from_iter_values(numbers))
}

/// The columns of [`VERSION`], preceded by the occurrence number if the table has it.
pub(super) fn version_columns(
    table: &Table,
    versions: &[Version],
    tradable: &dyn Fn(NaiveDate) -> Option<NaiveDate>,
) -> Vec<ArrayRef> {
    let mut sessions: HashMap<i32, Option<i32>> = HashMap::new();
    let mut tradable =
        |known: i32| *sessions.entry(known).or_insert_with(|| Some(day::days(tradable(day::day(known)?)?)));
    let basis = |version: &Version| match version.basis {
        Basis::Announced => "announced",
        Basis::Observed => "observed",
    };
    let observed = |version: &Version| version.observed.map(|at| at.timestamp_micros());
    let occurrences = table.occurrence.then(|| numbers(versions.iter().map(|version| version.occurrence)));
    let columns: [ArrayRef; 7] = [
        Arc::new(versions.iter().map(|version| version.announced).collect::<Date32Array>()),
        Arc::new(versions.iter().map(|version| version.known).collect::<Date32Array>()),
        Arc::new(versions.iter().map(|version| version.known.and_then(&mut tradable)).collect::<Date32Array>()),
        Arc::new(StringArray::from_iter_values(versions.iter().map(basis))),
        Arc::new(versions.iter().map(observed).collect::<TimestampMicrosecondArray>().with_timezone("UTC")),
        numbers(versions.iter().map(|version| version.revision)),
        Arc::new(versions.iter().map(|version| version.withdrawn).collect::<Date32Array>()),
    ];
    occurrences.into_iter().chain(columns).collect()
}

/// The selected cells of a column. Sources may use different units, so the shift depends on the file.
pub(super) fn array(rows: &RowSet<'_>, index: usize, selected: &[u32]) -> ArrayRef {
    let (cells, texts, shifts, same) = (&rows.columns[index], &rows.texts, rows.shifts(index), rows.shift(index));
    let shift = |row: u32| same.unwrap_or_else(|| shifts[rows.file(row)]);
    match rows.table.columns[index].kind {
        ColumnType::Utf8 => {
            let text = |cell| if let Scalar::Text(id) = cell { Some(texts.get(id)) } else { None };
            let mut out = StringBuilder::with_capacity(selected.len(), selected.len() * 9);
            cells.each(selected, |_, cell| out.append_option(text(cell)));
            Arc::new(out.finish())
        }
        ColumnType::Boolean => {
            let flag = |cell| if let Scalar::Flag(flag) = cell { Some(flag) } else { None };
            let mut out = BooleanBuilder::with_capacity(selected.len());
            cells.each(selected, |_, cell| out.append_option(flag(cell)));
            Arc::new(out.finish())
        }
        ColumnType::Date => {
            let day = |_, cell| if let Scalar::Date(day) = cell { Some(day) } else { None };
            Arc::new(primitive::<Date32Type>(cells, selected, day))
        }
        ColumnType::Timestamp => {
            let micros = |_, cell| if let Scalar::Number(micros) = cell { micros.to_i64(0) } else { None };
            Arc::new(primitive::<TimestampMicrosecondType>(cells, selected, micros).with_timezone("UTC"))
        }
        ColumnType::Int64 => {
            let whole = |row, cell| match cell {
                Scalar::Number(decimal) => decimal.to_i64(shift(row)),
                Scalar::Wide(id) => wide_to_i64(texts.get(id), shift(row)),
                _ => None,
            };
            Arc::new(primitive::<Int64Type>(cells, selected, whole))
        }
        ColumnType::Float64 => {
            let double = |row, cell| match cell {
                Scalar::Number(decimal) => Some(decimal.to_f64(shift(row))),
                Scalar::Wide(id) => wide_to_f64(texts.get(id), shift(row)),
                _ => None,
            };
            let Some(scale) = same.map(Scale::new) else {
                return Arc::new(primitive::<Float64Type>(cells, selected, double));
            };
            let mut missing = Vec::new();
            let mut values = cells.doubles(selected, &scale);
            for (place, value) in values.iter_mut().enumerate().filter(|(_, value)| value.is_nan()) {
                let other = double(selected[place], cells.get(selected[place] as usize));
                *value = other.unwrap_or_default();
                missing.extend(other.is_none().then_some(place));
            }
            let nulls = nulls(values.len(), &missing);
            Arc::new(Float64Array::new(values.into(), nulls))
        }
    }
}

/// Cells as values of a primitive type. Few of them are null.
fn primitive<T: ArrowPrimitiveType>(
    cells: &ScalarColumn,
    selected: &[u32],
    value: impl Fn(u32, Scalar) -> Option<T::Native>,
) -> PrimitiveArray<T> {
    let mut values = Vec::with_capacity(selected.len());
    let mut missing = Vec::new();
    cells.each(selected, |row, cell| {
        let value = value(row, cell);
        if value.is_none() {
            missing.push(values.len());
        }
        values.push(value.unwrap_or_default());
    });
    let nulls = nulls(values.len(), &missing);
    PrimitiveArray::new(values.into(), nulls)
}

/// The null buffer for this many values, some of which are missing.
pub(super) fn nulls(values: usize, missing: &[usize]) -> Option<NullBuffer> {
    if missing.is_empty() {
        return None;
    }
    if missing.len() == values {
        return Some(NullBuffer::new_null(values));
    }
    let mut valid = BooleanBufferBuilder::new(values);
    valid.append_n(values, true);
    for place in missing {
        valid.set_bit(*place, false);
    }
    Some(NullBuffer::new(valid.finish()))
}
