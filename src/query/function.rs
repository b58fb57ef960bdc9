//! The SQL function `as_of('TABLE', DATE 'DAY')`: a table as it could be known at the end of a day, so that one query may
//! compare several days. Never how a table is read as of a day.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use chrono::NaiveDate;
use datafusion::catalog::TableProvider;
use datafusion::catalog::{TableFunctionArgs, TableFunctionImpl};
use datafusion::common::{DataFusionError, Result, ScalarValue, plan_err};
use datafusion::prelude::{Expr, SessionContext};
use pitlake_contract::spelling::day_in;

use super::as_of::{AsOf, Horizon, known};
use super::error::QueryError;
use crate::spec::Table;

/// Its name.
pub(super) const NAME: &str = "as_of";

/// How it is called.
const USAGE: &str = "expected as_of('TABLE', DATE 'YYYY-MM-DD')";

/// The function, with the tables that a query names in it.
pub(super) struct AsOfFunction {
    pub(super) context: SessionContext,
    pub(super) tables: HashMap<String, (Arc<Table>, Arc<dyn TableProvider>)>,
    pub(super) horizon: Horizon,
}

impl fmt::Debug for AsOfFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(NAME)
    }
}

impl TableFunctionImpl for AsOfFunction {
    fn call_with_args(&self, args: TableFunctionArgs<'_, '_>) -> Result<Arc<dyn TableProvider>> {
        let [table, of] = args.exprs() else {
            return plan_err!("{NAME} takes 2 arguments, not {}: {USAGE}", args.exprs().len());
        };
        let Some(name) = text(table) else { return plan_err!("the table of {NAME} must be a text: {USAGE}") };
        let Some(of) = as_day(of) else { return plan_err!("the day of {NAME} must be a date: {USAGE}") };
        let Some((table, provider)) = self.tables.get(name) else {
            return plan_err!("no table `{name}` in {NAME}; `pitlake tables` lists them");
        };
        // Nothing sees beyond the day of the whole query.
        let of = self.horizon.day.map_or(of, |latest| of.min(latest));
        let as_of = AsOf { day: of, next_morning: (self.horizon.next_morning)(of) };
        known(&self.context, table, Arc::clone(provider), as_of).map_err(|error| match error {
            QueryError::Misuse(message) => DataFusionError::Plan(message),
            QueryError::Failed(error) => DataFusionError::External(error.into()),
        })
    }
}

fn text(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(ScalarValue::Utf8(text) | ScalarValue::LargeUtf8(text) | ScalarValue::Utf8View(text), _) => {
            text.as_deref()
        }
        _ => None,
    }
}

/// A day, as a date or as text.
fn as_day(expr: &Expr) -> Option<NaiveDate> {
    match expr {
        Expr::Literal(ScalarValue::Date32(Some(days)), _) => NaiveDate::from_epoch_days(*days),
        Expr::Cast(cast) => as_day(&cast.expr),
        _ => day_in(text(expr)?),
    }
}
