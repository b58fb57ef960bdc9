//! `adjusted('hfq')` and `adjusted('qfq', DATE 'ANCHOR')`: daily bars with adjusted prices, only using factors known at
//! the time.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::plan_err;

use super::call::{Answer, Call, Function, planned};
use crate::query::day::literal;
use crate::query::derived::{BARS, FACTORS, adjusted};
use crate::query::dialect::Dialect;

pub(super) const FUNCTION: Function = Function {
    name: "adjusted",
    form: "adjusted('hfq'), adjusted('qfq', DATE 'ANCHOR') or adjusted('qfq', DATE 'ANCHOR', DATE 'KNOWN')",
    reads: &[BARS, FACTORS],
    call,
};

fn call(call: &Call<'_>) -> Answer<Arc<dyn TableProvider>> {
    call.takes(1, 3)?;
    let latest = call.silver.horizon().day;
    let (anchor, known) = match (call.text(0, "kind")?, call.arguments.len()) {
        ("hfq", 1) => (None, latest),
        ("hfq", _) => return call.misuse("backward adjustment ('hfq') has no anchor"),
        ("qfq", 1) => return call.misuse("forward adjustment ('qfq') needs the day of its anchor"),
        ("qfq", given) => {
            let known = if given == 3 { Some(call.day(2, "known day")?) } else { None };
            // Nothing may be visible from after the day of the whole query.
            let known = [known, latest].into_iter().flatten().min();
            (Some(call.day(1, "anchor")?), known)
        }
        (other, _) => return call.misuse(&format!("unknown adjustment `{other}`")),
    };
    if let (Some(anchor), Some(known)) = (anchor, known)
        && anchor > known
    {
        return plan_err!(
            "the anchor {anchor} is after {known}, the day as of which the query reads: choose one up to it"
        );
    }
    let mut relations = Vec::new();
    for name in [BARS, FACTORS] {
        let seen = match known {
            Some(day) => planned(call.silver.as_of(name, day))?,
            None => call.silver.newest(name),
        };
        relations.push((name, call.found(name, seen)?));
    }
    let text = adjusted(BARS, FACTORS, anchor.map(literal).as_deref(), Dialect::DuckDb);
    planned(call.silver.view(&relations, &text))
}
