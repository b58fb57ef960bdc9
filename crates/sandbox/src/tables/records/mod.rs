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
use crate::market::dice::Topic;
use occasion::{of_days, of_reports};

/// Rows of every company, by the word of an entry.
pub(super) const ROWS: [(&str, RecordRows); 18] = [
    ("forecasts", |asked, stock| of_reports(asked, stock, Topic::Guidance).flat_map(guidance::forecasts).collect()),
    ("previews", |asked, stock| of_reports(asked, stock, Topic::Express).flat_map(guidance::previews).collect()),
    ("audits", |asked, stock| of_reports(asked, stock, Topic::Audits).flat_map(reporting::audits).collect()),
    ("segments", |asked, stock| of_reports(asked, stock, Topic::Segments).flat_map(reporting::segments).collect()),
    ("schedule", |asked, stock| of_reports(asked, stock, Topic::Schedule).flat_map(reporting::schedule).collect()),
    ("rewards", |asked, stock| of_reports(asked, stock, Topic::Rewards).flat_map(|it| people::rewards(&it)).collect()),
    ("holders", |asked, stock| {
        of_reports(asked, stock, Topic::Holders).flat_map(|it| holders::ten(it, false)).collect()
    }),
    ("tradable_holders", |asked, stock| {
        of_reports(asked, stock, Topic::Holders).flat_map(|it| holders::ten(it, true)).collect()
    }),
    ("research", |asked, stock| of_days(asked, stock, (Topic::Analysts, 14)).flat_map(analysts::research).collect()),
    ("trades", |asked, stock| of_days(asked, stock, (Topic::HolderTrades, 40)).flat_map(insiders::trades).collect()),
    ("buybacks", |asked, stock| of_days(asked, stock, (Topic::Buybacks, 150)).flat_map(payouts::buybacks).collect()),
    ("pledges", |asked, stock| of_days(asked, stock, (Topic::Pledges, 60)).flat_map(pledges::deals).collect()),
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
