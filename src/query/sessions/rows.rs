//! The rows of a session join: spans of versions, expanded into sessions. Which version a session finds is in `walk`.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, Date32Array, RecordBatch, UInt32Array, new_null_array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Date32Type, Field, Int32Type, SchemaRef, TimestampMicrosecondType};
use arrow::row::{RowConverter, SortField};
use datafusion::common::{DataFusionError, Result};
use pitlake_contract::spelling::instant::days_of;
use serde::{Deserialize, Serialize};

use super::walk::{Version, walk};

/// The column with the session of a row, next to the columns of the table.
pub(super) const SESSION: &str = "session";

/// The field of this column.
pub(super) fn session() -> Field {
    Field::new(SESSION, DataType::Date32, false)
}

/// What the join needs to know about a table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Shape {
    pub(super) security: String,
    pub(super) period: String,
    /// The rest of the key, starting with columns that all vendors fill; the number tells how many these are.
    pub(super) rest: Vec<String>,
    pub(super) shared: usize,
    /// The vendors, first choice first.
    pub(super) vendors: Vec<String>,
    /// Columns that are filled in later than their row, with their dates.
    pub(super) later: HashMap<String, String>,
}

/// The columns of a version besides those of the table's key.
pub(super) const CONTROL: [&str; 6] = ["vendor", "announced_on", "known_on", "withdrawn_on", "observed_at", "revision"];

/// The minimum number of rows in a batch.
const BATCH: usize = 16_384;

/// All versions, sorted and grouped by security.
pub(super) struct Prepared {
    shape: Shape,
    rows: RecordBatch,
    securities: Vec<Vec<Version>>,
    sessions: Vec<i32>,
}

impl Prepared {
    /// Sorts the versions. `sessions` are sorted days from 1970.
    pub(super) fn new(shape: Shape, rows: RecordBatch, sessions: Vec<i32>) -> Result<Self> {
        let column = |name: &str| -> Result<&ArrayRef> {
            rows.column_by_name(name).ok_or_else(|| DataFusionError::Internal(format!("no column `{name}`")))
        };
        // Ranks by security and period, for ever longer prefixes of the key.
        let mut key = vec![Arc::clone(column(&shape.security)?), Arc::clone(column(&shape.period)?)];
        for name in &shape.rest {
            key.push(Arc::clone(column(name)?));
        }
        let converted = |columns: &[ArrayRef]| {
            let fields = columns.iter().map(|column| SortField::new(column.data_type().clone())).collect();
            Ok::<_, DataFusionError>(RowConverter::new(fields)?.convert_columns(columns)?)
        };
        let whole = converted(&key)?;
        let [groups, securities] = [converted(&key[..2 + shape.shared])?, converted(&key[..1])?];
        let mut order: Vec<usize> = (0..rows.num_rows()).collect();
        order.sort_unstable_by(|a, b| whole.row(*a).cmp(&whole.row(*b)));
        let day = |name: &str| Ok::<_, DataFusionError>(column(name)?.as_primitive::<Date32Type>());
        let (period, announced, known, withdrawn) =
            (day(&shape.period)?, day("announced_on")?, day("known_on")?, day("withdrawn_on")?);
        let observed = column("observed_at")?.as_primitive::<TimestampMicrosecondType>();
        let revision = column("revision")?.as_primitive::<Int32Type>();
        let vendor = column("vendor")?.as_string::<i32>();
        let mut found: Vec<Vec<Version>> = Vec::new();
        let (mut group, mut key) = (0, 0);
        let mut before: Option<usize> = None;
        for row in order {
            let differs = |rows: &arrow::row::Rows| before.is_none_or(|before| rows.row(before) != rows.row(row));
            if differs(&securities) {
                found.push(Vec::new());
            }
            group += u32::from(differs(&groups));
            key += u32::from(differs(&whole));
            before = Some(row);
            let place = shape.vendors.iter().position(|name| vendor.is_valid(row) && name == vendor.value(row));
            // A vendor that no longer feeds the table has no rank. A row without a period does not belong to any.
            let (Some(place), true, Some(security)) = (place, period.is_valid(row), found.last_mut()) else { continue };
            let date = |days: &Date32Array| days.is_valid(row).then(|| days.value(row));
            security.push(Version {
                row: u32::try_from(row).map_err(|_| DataFusionError::Internal("too many versions".into()))?,
                period: period.value(row),
                group,
                key,
                vendor: place,
                announced: date(announced),
                known: date(known),
                withdrawn: date(withdrawn),
                shown: observed.is_valid(row).then(|| days_of(observed.value(row))).flatten(),
                revision: if revision.is_valid(row) { revision.value(row) } else { 0 },
            });
        }
        Ok(Self { shape, rows, securities: found, sessions })
    }

    /// The batches for the `part`th part of the securities.
    pub(super) fn batches(
        self: Arc<Self>,
        (part, parts): (usize, usize),
        schema: SchemaRef,
    ) -> impl Iterator<Item = Result<RecordBatch>> {
        let count = self.securities.len();
        let mut left = count * part / parts..count * (part + 1) / parts;
        std::iter::from_fn(move || {
            let (mut rows, mut sessions) = (Vec::new(), Vec::new());
            while rows.len() < BATCH
                && let Some(security) = left.next()
            {
                self.unroll(security, &mut rows, &mut sessions);
            }
            (!rows.is_empty()).then(|| self.batch(rows, &sessions, &schema))
        })
    }

    fn unroll(&self, security: usize, rows: &mut Vec<u32>, sessions: &mut Vec<i32>) {
        for span in walk(&self.securities[security]) {
            let first = self.sessions.partition_point(|session| *session <= span.after);
            let end = self.sessions.partition_point(|session| *session <= span.until);
            for session in &self.sessions[first..end] {
                rows.extend(&span.rows);
                sessions.extend(std::iter::repeat_n(*session, span.rows.len()));
            }
        }
    }

    fn batch(&self, rows: Vec<u32>, sessions: &[i32], schema: &SchemaRef) -> Result<RecordBatch> {
        let rows = UInt32Array::from(rows);
        let columns = schema.fields().iter().map(|field| {
            let name = field.name();
            if name == SESSION {
                return Ok(Arc::new(Date32Array::from(sessions.to_vec())) as ArrayRef);
            }
            // What a session finds was not withdrawn by then.
            if name == "withdrawn_on" {
                return Ok(new_null_array(field.data_type(), rows.len()));
            }
            match self.shape.later.get(name) {
                Some(by) => Ok(take(&self.rows[name.as_str()], &self.filled(&rows, sessions, (name, by)), None)?),
                None => Ok(take(&self.rows[name.as_str()], &rows, None)?),
            }
        });
        Ok(RecordBatch::try_new(Arc::clone(schema), columns.collect::<Result<Vec<_>>>()?)?)
    }

    /// The rows whose column was filled in before the session; null for others.
    fn filled(&self, rows: &UInt32Array, sessions: &[i32], (name, by): (&str, &str)) -> UInt32Array {
        let dates = self.rows[by].as_primitive::<Date32Type>();
        let observed = self.rows["observed_at"].as_primitive::<TimestampMicrosecondType>();
        let is_filled = |row: usize, session: i32| match (dates.is_valid(row), name == by) {
            (true, _) => dates.value(row) < session,
            (false, true) => false,
            (false, false) => observed.is_valid(row) && days_of(observed.value(row)).is_some_and(|day| day < session),
        };
        rows.values()
            .iter()
            .zip(sessions)
            .map(|(row, session)| is_filled(*row as usize, *session).then_some(*row))
            .collect()
    }
}
