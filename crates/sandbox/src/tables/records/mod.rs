//! What companies announce: rows with days of their own, and what is known of their columns.
//!
//! Columns that a line does not name are made by their contract. Which rows a request gets is decided in `select`.

mod analysts;
mod companies;
mod guidance;
mod holders;
mod insiders;
mod occasion;
mod payouts;
mod people;
mod pledges;
mod reporting;

use super::record::{RecordRows, SnapshotRows};
use occasion::{of_days, of_reports};

/// Rows of every company, by the word of an entry.
pub(super) const ROWS: [(&str, RecordRows); 18] = [
    ("forecasts", |asked, stock| of_reports(asked, stock, "guidance").flat_map(guidance::forecasts).collect()),
    ("previews", |asked, stock| of_reports(asked, stock, "express").flat_map(guidance::previews).collect()),
    ("audits", |asked, stock| of_reports(asked, stock, "audits").flat_map(reporting::audits).collect()),
    ("segments", |asked, stock| of_reports(asked, stock, "segments").flat_map(reporting::segments).collect()),
    ("schedule", |asked, stock| of_reports(asked, stock, "schedule").flat_map(reporting::schedule).collect()),
    ("rewards", |asked, stock| of_reports(asked, stock, "rewards").flat_map(|it| people::rewards(&it)).collect()),
    ("holders", |asked, stock| of_reports(asked, stock, "holders").flat_map(|it| holders::ten(it, false)).collect()),
    ("tradable_holders", |asked, stock| {
        of_reports(asked, stock, "holders").flat_map(|it| holders::ten(it, true)).collect()
    }),
    ("research", |asked, stock| of_days(asked, stock, ("analysts", 14)).flat_map(analysts::research).collect()),
    ("trades", |asked, stock| of_days(asked, stock, ("holder trades", 40)).flat_map(insiders::trades).collect()),
    ("buybacks", |asked, stock| of_days(asked, stock, ("buybacks", 150)).flat_map(payouts::buybacks).collect()),
    ("pledges", |asked, stock| of_days(asked, stock, ("pledges", 60)).flat_map(pledges::deals).collect()),
    ("pledged_weeks", |asked, stock| pledges::weeks(asked, stock)),
    ("lockups", |asked, stock| insiders::lockups(asked, stock)),
    ("holder_counts", |asked, stock| holders::counts(asked, stock)),
    ("distributions", |asked, stock| payouts::distributions(asked, stock)),
    ("leaders", |asked, stock| people::leaders(asked, stock)),
    ("renamings", |asked, stock| companies::renamings(asked, stock)),
];

/// Masters of companies, by the word of an entry.
pub(super) const SNAPSHOTS: [(&str, SnapshotRows); 2] =
    [("profiles", |asked| companies::profiles(asked)), ("renumbered", |asked| companies::renumbered(asked))];
