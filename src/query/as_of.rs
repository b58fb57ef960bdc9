//! What could be known on a day (`docs/point-in-time.md`): a view of a table without what came later. Never here:
//! when a version became known.

use std::sync::Arc;

use anyhow::Context as _;
use chrono::NaiveDate;
use datafusion::catalog::TableProvider;
use datafusion::common::{Column, DataFusionError, ScalarValue};
use datafusion::dataframe::DataFrame;
use datafusion::functions_window::expr_fn::{rank, row_number};
use datafusion::logical_expr::{ExprFunctionExt as _, when};
use datafusion::prelude::{Expr, SessionContext, lit};

use super::error::QueryError;
use crate::spec::{Column as SpecColumn, ColumnType, Known, Table};
use pitlake_contract::spelling::instant::end_of;

/// The rank among the versions of a key; no vendor has a column of this name.
const RANK: &str = "pitlake_rank";

/// The column with the vendor of a row.
const VENDOR: &str = "vendor";

/// The last session whose next session is not after a day: what vendors publish the next morning is known up to it. `None`
/// where the calendar does not reach it.
pub type NextMorning = Arc<dyn Fn(NaiveDate) -> Option<NaiveDate> + Send + Sync>;

/// How far a query sees.
#[derive(Clone)]
pub struct Horizon {
    /// The day in Shanghai at whose end all tables are read; without one their newest state is.
    pub day: Option<NaiveDate>,
    /// What the calendar tells of days.
    pub next_morning: NextMorning,
}

impl Default for Horizon {
    /// The newest state, without a calendar.
    fn default() -> Self {
        Self { day: None, next_morning: Arc::new(|_| None) }
    }
}

/// A day, and what its end knows of the calendar.
#[derive(Debug, Clone, Copy)]
pub(super) struct AsOf {
    /// The day in Shanghai.
    pub(super) day: NaiveDate,
    /// As [`NextMorning`] tells of the day.
    pub(super) next_morning: Option<NaiveDate>,
}

/// The table as of the end of a day.
pub(super) fn known(
    context: &SessionContext,
    table: &Table,
    provider: Arc<dyn TableProvider>,
    as_of: AsOf,
) -> Result<Arc<dyn TableProvider>, QueryError> {
    let day = date(as_of.day)?;
    let frame = context.read_table(provider).map_err(anyhow::Error::from)?;
    let view = match (table.known, table.event) {
        (Known::Event, Some(event)) => frame.filter(until(&table.columns[event], as_of.day)?),
        (Known::NextSession, Some(event)) => {
            let known = as_of.next_morning.ok_or_else(|| {
                let message = "is published the next morning, and the calendar in the lake does not reach";
                QueryError::Misuse(format!("`{}` {message} {}: run `fetch trade_cal`", table.name, as_of.day))
            })?;
            frame.filter(until(&table.columns[event], known)?)
        }
        (Known::Announced, _) => {
            frame.filter(column("known_on").lt_eq(day.clone())).and_then(|frame| winning(frame, table))
        }
        _ => {
            return Err(QueryError::Misuse(format!(
                "`{}` cannot be read as of a day, because silver keeps only its newest state: query it without --as-of",
                table.name
            )));
        }
    };
    let view = view.and_then(|frame| {
        table.filled_later.iter().try_fold(frame, |frame, index| {
            let name = &table.columns[*index].name;
            let held = when(column(name).lt_eq(day.clone()), column(name)).end()?;
            frame.with_column(name, held)
        })
    });
    Ok(view.map_err(anyhow::Error::from)?.into_view())
}

/// Of the known versions of each key: those of the first vendor that has any, of them the one announced last, and of
/// those the last revision.
fn winning(frame: DataFrame, table: &Table) -> Result<DataFrame, DataFusionError> {
    let named = |columns: &[usize]| columns.iter().map(|index| column(&table.columns[*index].name)).collect::<Vec<_>>();
    let vendors = table.vendors();
    let has_rivals = vendors.len() > 1 || !table.left_out.is_empty();
    let frame = if has_rivals {
        let place = |(place, vendor): (u32, &&str)| (column(VENDOR).eq(lit(*vendor)), lit(place));
        let mut places = (0u32..).zip(&vendors).map(place);
        let (is_first, first) = places.next().unwrap_or((lit(false), lit(0u32)));
        let order = places.fold(when(is_first, first), |mut order, (is_vendor, place)| order.when(is_vendor, place));
        // All rows of the part of the key that every source fills come from one vendor. A vendor that no longer feeds
        // the table has no place; the next build removes its rows.
        let rank = rank().partition_by(named(&table.common_key())).order_by(vec![order.end()?.sort(true, false)]);
        let fed = column(VENDOR).in_list(vendors.iter().map(|vendor| lit(*vendor)).collect(), false);
        frame
            .filter(fed)?
            .window(vec![rank.build()?.alias(RANK)])?
            .filter(column(RANK).eq(lit(1u64)))?
            .drop_columns(&[RANK])?
    } else {
        frame
    };
    let announced = column("announced_on");
    let announced = when(announced.clone().is_not_null(), announced).otherwise(column("known_on"))?;
    let mut key = named(&table.key);
    key.extend(table.occurrence.then(|| column("occurrence")));
    let rank = row_number()
        .partition_by(key)
        .order_by(vec![announced.sort(false, false), column("revision").sort(false, false)])
        .build()?;
    frame.window(vec![rank.alias(RANK)])?.filter(column(RANK).eq(lit(1u64)))?.drop_columns(&[RANK])
}

/// Whether the event is on `day` or before; an instant belongs to its day in Shanghai.
fn until(event: &SpecColumn, day: NaiveDate) -> Result<Expr, QueryError> {
    if event.kind != ColumnType::Timestamp {
        return Ok(column(&event.name).lt_eq(date(day)?));
    }
    let end = ScalarValue::TimestampMicrosecond(Some(end_of(day)), Some("UTC".into()));
    Ok(column(&event.name).lt(lit(end)))
}

fn date(day: NaiveDate) -> Result<Expr, QueryError> {
    let days =
        i32::try_from((day - NaiveDate::default()).num_days()).with_context(|| format!("day {day} is out of range"))?;
    Ok(lit(ScalarValue::Date32(Some(days))))
}

fn column(name: &str) -> Expr {
    Expr::Column(Column::from_name(name))
}
