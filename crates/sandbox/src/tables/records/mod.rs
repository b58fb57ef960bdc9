//! What companies announce: rows with dates of their own, and what is known about their columns.

mod companies;
mod earnings;
mod holders;
mod occasion;
mod payouts;
mod reporting;

use super::{Asked, Line, Record, RecordRows, SnapshotRows, Value};
use crate::market::on;
use chrono::NaiveDate;
use occasion::{of_days, of_reports};
use pitlake_contract::{Axis, FieldType};

/// Rows per company, by the names used in entries.
pub(super) const ROWS: [(&str, RecordRows); 21] = [
    ("forecasts", |asked, stock| of_reports(asked, stock, "forecasts").flat_map(earnings::forecasts).collect()),
    ("previews", |asked, stock| of_reports(asked, stock, "previews").flat_map(earnings::previews).collect()),
    ("audits", |asked, stock| of_reports(asked, stock, "audits").flat_map(reporting::audits).collect()),
    ("segments", |asked, stock| of_reports(asked, stock, "segments").flat_map(reporting::segments).collect()),
    ("schedule", |asked, stock| of_reports(asked, stock, "schedule").flat_map(reporting::schedule).collect()),
    ("rewards", |asked, stock| of_reports(asked, stock, "rewards").flat_map(|it| companies::rewards(&it)).collect()),
    ("holders", |asked, stock| of_reports(asked, stock, "holders").flat_map(|it| holders::ten(it, false)).collect()),
    ("tradable_holders", |asked, stock| {
        of_reports(asked, stock, "holders").flat_map(|it| holders::ten(it, true)).collect()
    }),
    ("research", |asked, stock| of_days(asked, stock, ("research", 14)).flat_map(earnings::research).collect()),
    ("trades", |asked, stock| of_days(asked, stock, ("trades", 40)).flat_map(holders::trades).collect()),
    ("buybacks", |asked, stock| of_days(asked, stock, ("buybacks", 150)).flat_map(payouts::buybacks).collect()),
    ("pledges", |asked, stock| of_days(asked, stock, ("pledges", 60)).flat_map(holders::deals).collect()),
    ("pledged_weeks", |asked, stock| holders::weeks(asked, stock)),
    ("lockups", |asked, stock| holders::lockups(asked, stock)),
    ("holder_counts", |asked, stock| {
        let of_quarters = of_reports(asked, stock, "holder counts").flat_map(holders::counts_of_quarter);
        of_quarters.chain(of_days(asked, stock, ("holder counts", 20)).filter_map(holders::counts_between)).collect()
    }),
    ("distributions", |asked, stock| payouts::distributions(asked, stock)),
    ("leaders", |asked, stock| companies::leaders(asked, stock)),
    ("renamings", |asked, stock| companies::renamings(asked, stock)),
    // For interfaces without an entry.
    ("days", |asked, stock| of_days(asked, stock, ("days", 20)).map(|it| it.record(dated(asked, it.day))).collect()),
    ("periods", |asked, stock| {
        of_reports(asked, stock, "periods").map(|it| it.record(dated(asked, it.quarter.end()))).collect()
    }),
    ("listings", |asked, stock| {
        stock.security.listed_on().map(|day| Record::new(on(day, 0, 0), dated(asked, day))).into_iter().collect()
    }),
];

/// The name for the rows of an interface described only by its contract.
pub(super) fn of_axis(axis: Axis) -> &'static str {
    match axis {
        Axis::Session | Axis::Month | Axis::SecurityMonth => "traded",
        Axis::Day | Axis::Security => "days",
        Axis::Period => "periods",
        Axis::Snapshot => "listings",
    }
}

/// A line with a date in every column that may hold one.
fn dated<'a>(asked: &Asked<'a>, day: NaiveDate) -> Line<'a> {
    let days = asked.fields.iter().filter(|field| field.kind == FieldType::Date);
    days.map(|field| (field.name.as_str(), Value::from(day))).collect()
}

/// Master lists of companies, by the names used in entries.
pub(super) const SNAPSHOTS: [(&str, SnapshotRows); 2] =
    [("profiles", |asked| companies::profiles(asked)), ("renumbered", |asked| companies::renumbered(asked))];
