//! `as_of('TABLE', DATE 'DAY')`: a table as known at the end of a day, so that one query can compare days.

use std::sync::Arc;

use datafusion::catalog::TableProvider;

use super::call::{Answer, Call, Function, planned};

pub(super) const FUNCTION: Function =
    Function { name: "as_of", form: "as_of('TABLE', DATE 'YYYY-MM-DD')", reads: &[], call };

fn call(call: &Call<'_>) -> Answer<Arc<dyn TableProvider>> {
    call.takes(2, 2)?;
    let (table, day) = (call.text(0, "table")?, call.day(1, "day")?);
    let day = call.silver.horizon().day.map_or(day, |latest| day.min(latest));
    let found = planned(call.silver.as_of(table, day))?;
    call.found(table, found)
}
