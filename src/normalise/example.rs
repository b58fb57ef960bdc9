//! The example rows of a pipeline: whether each becomes what its author says. Never other rows.

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use chrono::{DateTime, Utc};

use super::{Builder, Input, Partition, event_field};
use crate::spec::{Example, PartitionBy, Table};
use pitlake_contract::spelling::day_in;

/// The clock of examples: what they say of days known by observation hangs on it.
const OBSERVED: &str = "2024-07-01T12:00:00Z";

/// What is wrong with the examples of a table, each with its line in the pipeline; nothing where they hold.
#[must_use]
pub fn prove(table: &Table) -> Vec<String> {
    let wrong = |example: &Example| {
        let reason = example_of(table, example).err()?;
        Some(format!("pipelines/{}.toml: the example {}: {reason}", table.name, example.given))
    };
    table.examples.iter().filter_map(wrong).collect()
}

fn example_of(table: &Table, example: &Example) -> Result<(), String> {
    let source = table.source(&example.source).ok_or_else(|| format!("`{}` is no source", example.source))?;
    let given: serde_json::Value =
        serde_json::from_str(&example.given).map_err(|error| format!("`given` is no JSON: {error}"))?;
    let event = event_field(table, source).filter(|_| table.partition != PartitionBy::None);
    let day = event.and_then(|field| day_in(given.get(&field.name)?.to_string().trim_matches('"')));
    let partition = day.map_or(Partition::Whole, |day| Partition::of(table, day));
    let observed: Option<DateTime<Utc>> = OBSERVED.parse().ok();
    let calls = if example.call.is_empty() { Vec::new() } else { vec![example.call.clone()] };
    let input = Input { path: "example", source, span: false, observed, calls: &calls, rows_of: &[], is_repeat: false };
    let mut builder = Builder::new(table, partition);
    builder.add(input, example.given.as_bytes()).map_err(|stop| stop.to_string())?;
    let built = builder.finish(&|_| None).map_err(|error| error.to_string())?;
    let reason = built.rejects.first().map(|reject| reject.reason.as_str());
    match (&example.rejected, reason) {
        (Some(part), Some(reason)) if reason.contains(part) => return Ok(()),
        (Some(part), reason) => return Err(format!("wants to be rejected for `{part}`, and is for {reason:?}")),
        (None, Some(reason)) => return Err(format!("is rejected: {reason}")),
        (None, None) => {}
    }
    if built.batch.num_rows() == 0 {
        return Err("becomes no row".into());
    }
    for (column, wanted) in &example.expect {
        let found = value(&built.batch, column).ok_or_else(|| format!("expects `{column}`, which is no column"))?;
        if found != *wanted {
            return Err(format!("`{column}` is {found}, expected {wanted}"));
        }
    }
    Ok(())
}

/// The value of a column in the first row as text; nothing as `null`, doubles in their shortest form.
fn value(batch: &RecordBatch, name: &str) -> Option<String> {
    let array = batch.column_by_name(name)?;
    if array.is_null(0) {
        return Some("null".to_owned());
    }
    Some(match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().value(0).to_owned(),
        DataType::Date32 => array.as_primitive::<Date32Type>().value_as_date(0)?.to_string(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(0).to_string(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(0).to_string(),
        DataType::Float64 => format!("{:?}", array.as_primitive::<Float64Type>().value(0)),
        DataType::Boolean => array.as_boolean().value(0).to_string(),
        DataType::Timestamp(_, _) => {
            DateTime::from_timestamp_micros(array.as_primitive::<TimestampMicrosecondType>().value(0))?.to_rfc3339()
        }
        _ => return None,
    })
}
