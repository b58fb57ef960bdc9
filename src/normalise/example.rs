//! Checks the example rows of a pipeline: whether each becomes the expected row.

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use chrono::{DateTime, Utc};

use super::{Builder, Input, Partition, event_field};
use crate::spec::{Example, PartitionBy, Table};
use pitlake_contract::spelling::day_in;

/// When examples count as received, which decides the days that depend on observation.
const OBSERVED: &str = "2024-07-01T12:00:00Z";

/// Problems with a table's examples. Empty if all are fine.
#[must_use]
pub fn prove(table: &Table) -> Vec<String> {
    let problem = |example: &Example| {
        let reason = example_of(table, example).err()?;
        Some(format!("pipelines/{}.toml: example {}: {reason}", table.name, example.given))
    };
    table.examples.iter().filter_map(problem).collect()
}

fn example_of(table: &Table, example: &Example) -> Result<(), String> {
    let source = table.source(&example.source).ok_or_else(|| format!("unknown source `{}`", example.source))?;
    let given: serde_json::Value =
        serde_json::from_str(&example.given).map_err(|error| format!("`given` is not valid JSON: {error}"))?;
    let event = event_field(table, source).filter(|_| table.partition != PartitionBy::None);
    let day = event.and_then(|field| day_in(given.get(&field.name)?.to_string().trim_matches('"')));
    let partition = day.map_or(Partition::Whole, |day| Partition::of(table, day));
    let observed: Option<DateTime<Utc>> = OBSERVED.parse().ok();
    // The given line is an answer, even to a call without parameters.
    let calls = [example.call.clone()];
    let input = Input { observed, calls: &calls, ..Input::new("example", source) };
    let mut builder = Builder::new(table, partition);
    builder.add(input, example.given.as_bytes()).map_err(|stop| stop.to_string())?;
    let built = builder.finish(&|_| None).map_err(|error| error.to_string())?;
    let reason = built.rejects.first().map(|reject| reject.reason.as_str());
    match (&example.rejected, reason) {
        (Some(part), Some(reason)) if reason.contains(part) => return Ok(()),
        (Some(part), Some(reason)) => return Err(format!("expected a rejection with `{part}`, got `{reason}`")),
        (Some(part), None) => return Err(format!("expected a rejection with `{part}`, got none")),
        (None, Some(reason)) => return Err(format!("rejected: {reason}")),
        (None, None) => {}
    }
    if built.batch.num_rows() == 0 {
        return Err("produced no row".into());
    }
    for (column, wanted) in &example.expect {
        let found = value(&built.batch, column).ok_or_else(|| format!("unknown column `{column}` in `expect`"))?;
        if found != *wanted {
            return Err(format!("`{column}`: expected {wanted}, got {found}"));
        }
    }
    Ok(())
}

/// The value of a column in the first row, as text: `null` if empty, doubles in their shortest form.
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
