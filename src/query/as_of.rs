//! What could be known on a day (`design.md` 5, rules 6 and 7): a view of a table without what came later.
//! Never how a version came to be known.

use std::sync::Arc;

use anyhow::Context as _;
use chrono::NaiveDate;
use datafusion::catalog::TableProvider;
use datafusion::common::{Column, ScalarValue};
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::{ExprFunctionExt as _, when};
use datafusion::prelude::{Expr, SessionContext, lit};

use super::QueryError;
use crate::spec::{Known, Table};

/// The name of the rank among the versions of a key; no vendor has such a column.
const RANK: &str = "ashare_lake_rank";

/// A day, and what a reader at its end knows of the calendar.
#[derive(Debug, Clone, Copy)]
pub struct AsOf {
    /// The day in Shanghai.
    pub day: NaiveDate,
    /// The last session whose next session is not after the day: what vendors publish next morning is known
    /// up to it. `None` where no calendar says so.
    pub next_morning: Option<NaiveDate>,
}

/// The table as of the end of a day.
pub(super) fn known(
    context: &SessionContext,
    table: &Table,
    provider: Arc<dyn TableProvider>,
    as_of: AsOf,
) -> Result<Arc<dyn TableProvider>, QueryError> {
    let date = |day: NaiveDate| -> Result<Expr, QueryError> {
        let days = i32::try_from((day - NaiveDate::default()).num_days()).context("a day out of range")?;
        Ok(lit(ScalarValue::Date32(Some(days))))
    };
    let day = date(as_of.day)?;
    let frame = context.read_table(provider).map_err(anyhow::Error::from)?;
    let view = match (table.known, table.event) {
        (Known::Event, Some(event)) => frame.filter(column(&table.columns[event].name).lt_eq(day)),
        (Known::NextSession, Some(event)) => {
            let known = as_of.next_morning.ok_or_else(|| {
                let message = "is published next morning, and the calendar at hand does not know the session before";
                QueryError::Misuse(format!("`{}` {message} {}: `fetch trade_cal`", table.name, as_of.day))
            })?;
            frame.filter(column(&table.columns[event].name).lt_eq(date(known)?))
        }
        (Known::Announced, _) => {
            // Per key the one announced last, and of those the last revision.
            let announced = column("announced_on");
            let announced = when(announced.clone().is_not_null(), announced).otherwise(column("known_on"));
            let rank = announced.and_then(|announced| {
                row_number()
                    .partition_by(table.key.iter().map(|key| column(&table.columns[*key].name)).collect())
                    .order_by(vec![announced.sort(false, false), column("revision").sort(false, false)])
                    .build()
            });
            frame
                .filter(column("known_on").lt_eq(day))
                .and_then(|frame| frame.window(vec![rank?.alias(RANK)]))
                .and_then(|frame| frame.filter(column(RANK).eq(lit(1u64))))
                .and_then(|frame| frame.drop_columns(&[RANK]))
        }
        _ => {
            return Err(QueryError::Misuse(format!(
                "`{}` cannot be read as of a day: silver keeps its newest state only, of the day it was fetched; query \
                 it without --as-of",
                table.name
            )));
        }
    };
    Ok(view.map_err(anyhow::Error::from)?.into_view())
}

fn column(name: &str) -> Expr {
    Expr::Column(Column::from_name(name))
}
