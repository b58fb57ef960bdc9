//! `sessions_join('TABLE')`: for each security and session, the newest period known before the open, as known then.

use std::sync::Arc;

use chrono::NaiveDate;
use datafusion::catalog::TableProvider;
use datafusion::common::plan_err;

use super::call::{Answer, Call, Function, planned};
use crate::query::day::{list, literal, quoted};
use crate::query::sessions::{SessionsJoin, refusal};

pub(super) const FUNCTION: Function = Function {
    name: "sessions_join",
    form: "sessions_join('TABLE', DATE 'FIRST', DATE 'LAST', 'REPORT_TYPE'), all but the table optional",
    reads: &["trade_cal"],
    call,
};

/// The column that tells apart the reports on a period.
const REPORT_TYPE: &str = "report_type";

fn call(call: &Call<'_>) -> Answer<Arc<dyn TableProvider>> {
    call.takes(1, 4)?;
    let silver = call.silver;
    let name = call.text(0, "table")?;
    let (mut days, mut report_type): (Vec<NaiveDate>, Option<&str>) = (Vec::new(), None);
    for place in 1..call.arguments.len() {
        match (call.as_day(place), call.as_text(place)) {
            (Some(day), _) if days.len() < 2 => days.push(day),
            (None, Some(text)) if report_type.is_none() => report_type = Some(text),
            _ => return call.misuse("the further arguments of sessions_join must be two dates and a report type"),
        }
    }
    let rows = call.found(name, silver.newest(name))?;
    let Some(table) = silver.table(name) else { return plan_err!("`{name}` has no session join: name its table") };
    if let Some(reason) = refusal(table) {
        return plan_err!("`{name}` has no session join: {reason}");
    }
    if !silver.is_built("trade_cal") {
        return plan_err!(
            "the lake has no calendar: run `pitlake fetch trade_cal`, then `pitlake normalize trade_cal`"
        );
    }
    let has_type = table.key.iter().any(|index| table.columns[*index].name == REPORT_TYPE);
    if report_type.is_some() && !has_type {
        return call.misuse(&format!("`{name}` has no {REPORT_TYPE} in its key"));
    }
    let horizon = silver.horizon();
    let last = days.get(1).copied().unwrap_or(horizon.today);
    let last = horizon.day.map_or(last, |latest| last.min(latest));
    if let Some(first) = days.first().filter(|first| **first > last) {
        return call.misuse(&format!("the first session {first} is after the last one {last}"));
    }
    let own: Vec<String> = crate::normalise::schema(table).fields().iter().map(|field| field.name().clone()).collect();
    let is_own = |name: &&str| own.iter().any(|own| own == name) || *name == "withdrawn_on";
    let schema = rows.schema();
    let columns = list(schema.fields().iter().map(|field| field.name().as_str()).filter(is_own), "");
    let of_type = match (has_type, report_type.unwrap_or("1")) {
        (true, value) => format!(" WHERE {REPORT_TYPE} = '{}'", value.replace('\'', "''")),
        (false, _) => String::new(),
    };
    let versions = format!("SELECT {columns} FROM {}{of_type}", quoted(name));
    let versions = planned(silver.frame(&[(name, rows)], &versions))?.into_unoptimized_plan();
    let bound = |sign: &str, day: NaiveDate| format!(" AND cal_date {sign} {}", literal(day));
    let until = if last < NaiveDate::MAX { bound("<=", last) } else { String::new() };
    let from = days.first().map(|first| bound(">=", *first)).unwrap_or_default();
    let calendar = format!("SELECT cal_date FROM trade_cal WHERE exchange = 'SSE' AND is_open{from}{until}");
    let sessions = call.found("trade_cal", silver.newest("trade_cal"))?;
    let calendar = planned(silver.frame(&[("trade_cal", sessions)], &calendar))?.into_unoptimized_plan();
    Ok(Arc::new(SessionsJoin::new(table, versions, calendar)))
}
