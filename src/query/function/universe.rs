//! `universe(DATE 'DAY')`: the securities listed on a day, and what was known about each at its end.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::plan_err;

use super::call::{Answer, Call, Function, planned};
use crate::query::day::Day;
use crate::query::derived::{self, HISTORY, INDEX, SECURITIES, STATES};

pub(super) const FUNCTION: Function = Function {
    name: "universe",
    form: "universe(DATE 'DAY') or universe(DATE 'DAY', 'INDEX_CODE')",
    reads: derived::INPUTS,
    call,
};

fn call(call: &Call<'_>) -> Answer<Arc<dyn TableProvider>> {
    call.takes(1, 2)?;
    let day = call.day(0, "day")?;
    let index = if call.arguments.len() == 2 { Some(call.text(1, "index")?) } else { None };
    if let Some(latest) = call.silver.horizon().day.filter(|latest| day > *latest) {
        return plan_err!(
            "the list of securities of {day} is not known on {latest}, the day as of which the query reads"
        );
    }
    let mut relations = Vec::new();
    // Read to get an error: without a history, the past of the list is unknown.
    planned(call.silver.as_of(SECURITIES, day))?;
    relations.push((HISTORY, call.found(HISTORY, call.silver.newest(HISTORY))?));
    for name in STATES.iter().copied().chain(index.map(|_| INDEX)) {
        relations.push((name, call.found(name, planned(call.silver.as_of(name, day))?)?));
    }
    let index = index.map(|code| format!("'{}'", code.replace('\'', "''")));
    let text = derived::universe(&str::to_owned, Day::Literal(day, None), index.as_deref());
    planned(call.silver.view(&relations, &text))
}
