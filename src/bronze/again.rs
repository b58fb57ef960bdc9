//! The command, ready to paste, that fetches the slice of a bronze file again. Runs nothing.

use chrono::{Days, NaiveDate};
use pitlake_contract::spelling::month;

use super::file::Provenance;
use super::path::folder_day;
use crate::spec::DateRange;

/// A range this long includes a period end. Without one, reports by security would not be fetched.
const A_YEAR: Days = Days::new(366);

/// `pitlake backfill TABLE --start DAY --end DAY` over the days of a file's slice, from its header if there is one.
/// Needs `--refetch` for what the lake still holds.
#[must_use]
pub fn backfill(table: &str, path: &str, provenance: Option<&Provenance>) -> String {
    let folder = folder_day(path).unwrap_or_default();
    let DateRange { first, last } = provenance.map_or_else(|| unproven(path, folder), |header| days(header, folder));
    format!("pitlake backfill {table} --start {first} --end {last}")
}

fn days(provenance: &Provenance, folder: NaiveDate) -> DateRange {
    let slice = provenance.slice.split(": ").next().unwrap_or_default();
    if let Ok(day) = slice.parse() {
        return DateRange::day(day);
    }
    if let Some(first) = month::parse(slice) {
        return DateRange::month(first);
    }
    match provenance.first.zip(provenance.last) {
        Some((first, last)) => DateRange::new(first, last),
        None if provenance.span.is_some() => year_to(folder),
        None => DateRange::day(folder),
    }
}

/// The days of a file without a readable header.
fn unproven(path: &str, folder: NaiveDate) -> DateRange {
    if path.ends_with("-span.jsonl.gz") { year_to(folder) } else { DateRange::day(folder) }
}

fn year_to(folder: NaiveDate) -> DateRange {
    DateRange::new(folder - A_YEAR, folder)
}

#[cfg(test)]
mod tests {
    use super::super::span::Span;
    use super::*;

    #[test]
    fn the_days_are_those_of_the_slice() {
        let (day, days) = ("x/date=2024-01-02/x_1.jsonl.gz", "x/date=2024-01-02/x_1-span.jsonl.gz");
        let of = |path, slice: &str, rows: Option<(&str, &str)>| {
            let mut header: Provenance = serde_json::from_value(serde_json::json!({
                "program": "", "vendor": "", "interface": "", "slice": slice, "params": [], "pages": 1, "rows": 1,
                "fetched_at": "2024-01-02T10:00:00Z", "digest": ""
            }))
            .unwrap();
            (header.first, header.last) = rows.map(|(a, b)| (a.parse().unwrap(), b.parse().unwrap())).unzip();
            header.span = (path == days).then(|| Span::days([]));
            backfill("t", path, Some(&header))
        };
        let rows = Some(("2020-03-31", "2023-12-31"));
        for (command, start, end) in [
            (backfill("t", day, None), "2024-01-02", "2024-01-02"),
            (backfill("t", days, None), "2023-01-01", "2024-01-02"),
            (of(day, "snapshot", None), "2024-01-02", "2024-01-02"),
            (of(day, "2024-01-03", rows), "2024-01-03", "2024-01-03"),
            (of(day, "2024-02", None), "2024-02-01", "2024-02-29"),
            (of(days, "2024-02: 2 securities, 000001.SZ to 000002.SZ", rows), "2024-02-01", "2024-02-29"),
            (of(days, "2 securities, 000001.SZ to 000002.SZ", rows), "2020-03-31", "2023-12-31"),
            (of(days, "2 securities, 000001.SZ to 000002.SZ", None), "2023-01-01", "2024-01-02"),
        ] {
            assert_eq!(command, format!("pitlake backfill t --start {start} --end {end}"));
        }
    }
}
