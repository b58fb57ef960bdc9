//! The rules in `docs/point-in-time.md`, each by name.

use std::sync::Arc;

use arrow::array::{Array as _, AsArray as _};
use arrow::datatypes::{Date32Type, Float64Type, Int32Type, TimestampMicrosecondType};
use arrow::record_batch::RecordBatch;
use chrono::{DateTime, NaiveDate, Utc};

use crate::normalise::{Builder, Built, Input, Partition, Shown, TextIds, Wholeness};
use crate::spec::{Catalog, Table};

/// A version as a reader sees it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ReadVersion {
    pub(super) code: String,
    pub(super) announced: Option<String>,
    pub(super) known: Option<String>,
    pub(super) tradable: Option<String>,
    pub(super) basis: String,
    pub(super) observed: Option<String>,
    pub(super) revision: i32,
    pub(super) income: Option<f64>,
    pub(super) eps: Option<f64>,
    pub(super) flag: Option<String>,
    pub(super) withdrawn: Option<String>,
    pub(super) vendor: String,
    pub(super) end: String,
}

/// A fetch of the period at some time, or an import if there are no calls.
pub(super) struct Fetch {
    pub(super) at: &'static str,
    pub(super) lines: Vec<String>,
    pub(super) calls: bool,
    pub(super) wholeness: Wholeness,
    pub(super) shown: Shown,
}

/// An answer equal to the previous one: a header without rows.
pub(super) const SAME: &str = "the same";

pub(super) fn fetch(at: &'static str, lines: &[String]) -> Fetch {
    Fetch { at, lines: lines.to_vec(), calls: true, wholeness: Wholeness::Whole, shown: Shown::Then }
}

pub(super) fn table(name: &str) -> Arc<Table> {
    Arc::clone(Catalog::load(&[], None).unwrap().0.table(name).unwrap())
}

/// A row of the 2023 annual report: announcement dates, flag, figures.
pub(super) fn row(code: &str, dates: (&str, &str), flag: &str, income: &str, eps: &str) -> String {
    format!(
        r#"{{"ts_code":"{code}00001.SZ","ann_date":{},"f_ann_date":{},"end_date":"20231231","report_type":"1","comp_type":"1","basic_eps":{eps},"n_income":{income},"update_flag":{flag}}}"#,
        dates.0, dates.1
    )
}

/// A row with the same date in both columns.
pub(super) fn on(day: &str, flag: &str, income: &str) -> String {
    let day = format!("\"{day}\"");
    row("a", (&day, &day), &format!("\"{flag}\""), income, "1.5")
}

/// Treats weekdays as sessions.
fn next_weekday(day: NaiveDate) -> Option<NaiveDate> {
    use chrono::Datelike as _;
    day.iter_days().skip(1).find(|day| day.weekday().number_from_monday() < 6)
}

pub(super) fn read(table: &Table, fetches: &[Fetch]) -> Vec<ReadVersion> {
    let built = [0, 1, 2].map(|readers| build(table, fetches, readers));
    assert!(built.iter().all(|other| other.batch == built[0].batch), "files are read on their own as well");
    assert_eq!(built[0].rejects, []);
    read_batch(&built[0].batch)
}

/// Builds the files one after another, or as read in turn by several readers.
fn build(table: &Table, fetches: &[Fetch], readers: usize) -> Built {
    let owned = |(n, v): (&str, &str)| (n.to_owned(), v.to_owned());
    let calls = vec![vec![owned(("period", "20231231")), owned(("report_type", "1"))]];
    let mut builder = Builder::new(table, Partition::Year(2023));
    let mut readers: Vec<_> = (0..readers).map(|_| (builder.reader().unwrap(), TextIds::default())).collect();
    for (number, fetch) in fetches.iter().enumerate() {
        let path = format!("file {number}").leak();
        let observed: Option<DateTime<Utc>> = (!fetch.at.is_empty()).then(|| fetch.at.parse().unwrap());
        let calls: &[_] = if fetch.calls { &calls } else { &[] };
        let is_repeat = fetch.lines.iter().any(|line| line == SAME);
        let input = Input {
            observed,
            shown: fetch.shown,
            calls,
            is_repeat,
            wholeness: fetch.wholeness,
            ..Input::new(path, &table.sources[0])
        };
        let text = if is_repeat { String::new() } else { fetch.lines.join("\n") };
        let turn = number % readers.len().max(1);
        let is_added = readers.get_mut(turn).filter(|_| !is_repeat).is_some_and(|(reader, ids)| {
            let read = reader.read(input, text.as_bytes()).unwrap();
            builder.add_read(input, read, ids).1.is_some_and(|added| added.is_ok())
        });
        if !is_added {
            builder.add(input, text.as_bytes()).unwrap();
        }
    }
    builder.finish(&next_weekday).unwrap()
}

/// The rows of `income_cn`.
pub(super) fn read_batch(batch: &RecordBatch) -> Vec<ReadVersion> {
    let column = |name: &str| batch.column_by_name(name).unwrap();
    let text = |name: &str, row: usize| {
        let column = column(name).as_string::<i32>();
        column.is_valid(row).then(|| column.value(row).to_owned())
    };
    let day = |name: &str, row: usize| {
        let column = column(name).as_primitive::<Date32Type>();
        column.is_valid(row).then(|| column.value_as_date(row).unwrap().to_string())
    };
    let number = |name: &str, row: usize| {
        let column = column(name).as_primitive::<Float64Type>();
        column.is_valid(row).then(|| column.value(row))
    };
    let observed = |row: usize| {
        let column = column("observed_at").as_primitive::<TimestampMicrosecondType>();
        let at = column.is_valid(row).then(|| column.value(row))?;
        Some(DateTime::from_timestamp_micros(at).unwrap().format("%Y-%m-%d %H:%M").to_string())
    };
    let one = |row: usize| ReadVersion {
        code: text("ts_code", row).unwrap().trim_end_matches("00001.SZ").to_lowercase(),
        announced: day("announced_on", row),
        known: day("known_on", row),
        tradable: day("tradable_on", row),
        basis: text("known_basis", row).unwrap(),
        observed: observed(row),
        revision: column("revision").as_primitive::<Int32Type>().value(row),
        income: number("n_income", row),
        eps: number("basic_eps", row),
        flag: text("update_flag", row),
        withdrawn: day("withdrawn_on", row),
        vendor: text("vendor", row).unwrap(),
        end: day("end_date", row).unwrap(),
    };
    (0..batch.num_rows()).map(one).collect()
}

/// (known, basis, income) of each version of the only key.
pub(super) fn versions(fetches: &[Fetch]) -> Vec<(String, String, f64)> {
    let seen = read(&table("income_cn"), fetches);
    for (place, version) in (1..).zip(&seen) {
        assert_eq!(version.revision, place);
    }
    seen.into_iter().map(|v| (v.known.unwrap_or_default(), v.basis, v.income.unwrap_or_default())).collect()
}

pub(super) fn version(known: &str, basis: &str, income: f64) -> (String, String, f64) {
    (known.to_owned(), basis.to_owned(), income)
}

pub(super) const MAY_1: &str = "2024-05-01T12:00:00Z";
const MAY_10: &str = "2024-05-10T12:00:00Z";
pub(super) const JUNE_1: &str = "2024-06-01T12:00:00Z";
const JULY_1: &str = "2024-07-01T12:00:00Z";

#[test]
fn a_version_in_the_first_observation_is_known_from_its_announcement() {
    let seen = read(&table("income_cn"), &[fetch(MAY_1, &[on("20240419", "1", "100")])]);
    let (announced, known) = (seen[0].announced.as_deref(), seen[0].known.as_deref());
    assert_eq!((announced, known), (Some("2024-04-19"), Some("2024-04-19")));
    // A Friday, so the next session is Monday.
    assert_eq!(seen[0].tradable.as_deref(), Some("2024-04-22"));
    assert_eq!((seen[0].basis.as_str(), seen[0].observed.as_deref()), ("announced", Some("2024-05-01 12:00")));
}

#[test]
fn a_statement_is_announced_on_the_later_of_its_dates() {
    let late = row("a", ("\"20240420\"", "\"20240430\""), "\"1\"", "100", "1");
    assert_eq!(versions(&[fetch(MAY_1, &[late])]), [version("2024-04-30", "announced", 100.0)]);
    let one = row("a", ("\"20240420\"", "null"), "\"1\"", "100", "1");
    assert_eq!(versions(&[fetch(MAY_1, &[one])]), [version("2024-04-20", "announced", 100.0)]);
}

#[test]
fn a_missing_announcement_is_known_when_observed_and_never_at_the_periods_end() {
    let none = row("a", ("null", "null"), "null", "100", "1");
    let seen = read(&table("income_cn"), &[fetch(MAY_1, &[none])]);
    assert_eq!((seen[0].announced.as_deref(), seen[0].known.as_deref()), (None, Some("2024-05-01")));
    assert_eq!(seen[0].basis, "observed");
}

#[test]
fn an_announcement_before_the_periods_end_does_not_count() {
    let early = row("a", ("\"20231130\"", "\"20231130\""), "\"1\"", "100", "1");
    assert_eq!(versions(&[fetch(MAY_1, &[early])]), [version("2024-05-01", "observed", 100.0)]);
    let half = row("a", ("\"20231130\"", "\"20240420\""), "\"1\"", "100", "1");
    assert_eq!(versions(&[fetch(MAY_1, &[half])]), [version("2024-04-20", "announced", 100.0)]);
}

#[test]
fn an_observation_in_the_evening_utc_is_on_the_next_day_in_shanghai() {
    let none = row("a", ("null", "null"), "null", "100", "1");
    assert_eq!(versions(&[fetch("2024-05-01T17:00:00Z", &[none])]), [version("2024-05-02", "observed", 100.0)]);
}

#[test]
fn duplicates_are_one_version_and_keep_flag_0() {
    for lines in [
        [on("20240420", "0", "100"), on("20240420", "1", "100.0")],
        [on("20240420", "1", "100"), on("20240420", "0", "100")],
    ] {
        let seen = read(&table("income_cn"), &[fetch(MAY_1, &lines)]);
        assert_eq!((seen.len(), seen[0].flag.as_deref()), (1, Some("0")));
    }
}

#[test]
fn a_null_beside_a_value_is_filled() {
    let day = "\"20240420\"";
    let lines = [row("a", (day, day), "\"0\"", "null", "1.5"), row("a", (day, day), "\"1\"", "100", "null")];
    let seen = read(&table("income_cn"), &[fetch(MAY_1, &lines)]);
    assert_eq!(
        (seen.len(), seen[0].income, seen[0].eps, seen[0].basis.as_str()),
        (1, Some(100.0), Some(1.5), "announced")
    );
}

#[test]
fn roundings_are_equal_and_the_finer_one_stays() {
    let day = "\"20240420\"";
    let lines = [row("a", (day, day), "\"0\"", "100", "5.86"), row("a", (day, day), "\"1\"", "100", "5.8602")];
    let seen = read(&table("income_cn"), &[fetch(MAY_1, &lines)]);
    assert_eq!((seen.len(), seen[0].eps), (1, Some(5.8602)));
    // A rounding to so few digits is another number.
    let lines = [row("a", (day, day), "\"0\"", "100", "6"), row("a", (day, day), "\"1\"", "100", "5.8602")];
    assert_eq!(read(&table("income_cn"), &[fetch(MAY_1, &lines)]).len(), 2);
}

#[test]
fn a_correction_of_unknown_date_is_known_from_the_day_it_was_observed() {
    let lines = [on("20240420", "1", "90"), on("20240420", "0", "100")];
    let expected = [version("2024-04-20", "announced", 100.0), version("2024-05-01", "observed", 90.0)];
    assert_eq!(versions(&[fetch(MAY_1, &lines)]), expected);
}

#[test]
fn without_a_flag_the_later_row_of_the_file_is_the_correction() {
    let day = "\"20240420\"";
    let lines = [row("a", (day, day), "null", "100", "1"), row("a", (day, day), "null", "90", "1")];
    let expected = [version("2024-04-20", "announced", 100.0), version("2024-05-01", "observed", 90.0)];
    assert_eq!(versions(&[fetch(MAY_1, &lines)]), expected);
}

#[test]
fn a_restatement_in_the_first_observation_is_known_from_its_own_date() {
    let restated = row("a", ("\"20240420\"", "\"20240615\""), "\"1\"", "90", "1");
    let expected = [version("2024-04-20", "announced", 100.0), version("2024-06-15", "announced", 90.0)];
    assert_eq!(versions(&[fetch(JULY_1, &[restated, on("20240420", "0", "100")])]), expected);
}

#[test]
fn a_restatement_that_appears_later_is_known_from_the_day_it_was_observed() {
    let first = on("20240420", "0", "100");
    let restated = row("a", ("\"20240420\"", "\"20240520\""), "\"1\"", "90", "1");
    let fetches = [fetch(MAY_1, std::slice::from_ref(&first)), fetch(JUNE_1, &[first, restated])];
    let expected = [version("2024-04-20", "announced", 100.0), version("2024-06-01", "observed", 90.0)];
    assert_eq!(versions(&fetches), expected);
}

#[test]
fn a_restatement_shown_before_its_date_is_not_known_before_it() {
    let first = on("20240420", "0", "100");
    let restated = row("a", ("\"20240420\"", "\"20240602\""), "\"1\"", "90", "1");
    let fetches = [fetch(MAY_1, std::slice::from_ref(&first)), fetch(JUNE_1, &[first, restated])];
    let expected = [version("2024-04-20", "announced", 100.0), version("2024-06-02", "announced", 90.0)];
    assert_eq!(versions(&fetches), expected);
}

#[test]
fn a_silent_change_is_a_version_of_the_day_it_was_observed() {
    let fetches = [fetch(MAY_1, &[on("20240420", "1", "100")]), fetch(JUNE_1, &[on("20240420", "1", "90")])];
    let expected = [version("2024-04-20", "announced", 100.0), version("2024-06-01", "observed", 90.0)];
    assert_eq!(versions(&fetches), expected);
}

#[test]
fn a_value_that_comes_later_is_a_silent_change_too() {
    let fetches = [fetch(MAY_1, &[on("20240420", "1", "null")]), fetch(JUNE_1, &[on("20240420", "1", "90")])];
    let expected = [version("2024-04-20", "announced", 0.0), version("2024-06-01", "observed", 90.0)];
    assert_eq!(versions(&fetches), expected);
}

#[test]
fn a_reversal_is_a_new_revision() {
    let (first, other) = (on("20240420", "1", "100"), on("20240420", "1", "90"));
    let fetches = [
        fetch(MAY_1, std::slice::from_ref(&first)),
        fetch(MAY_10, &[other]),
        fetch(JUNE_1, std::slice::from_ref(&first)),
        fetch(JULY_1, &[first]),
    ];
    let expected = [
        version("2024-04-20", "announced", 100.0),
        version("2024-05-10", "observed", 90.0),
        version("2024-06-01", "observed", 100.0),
    ];
    assert_eq!(versions(&fetches), expected);
}

#[test]
fn a_refetch_with_the_same_versions_adds_nothing() {
    let lines = [on("20240420", "0", "100"), on("20240420", "1", "90")];
    let shuffled = [on("20240420", "1", "90.00"), on("20240420", "0", "100")];
    assert_eq!(versions(&[fetch(MAY_1, &lines), fetch(JUNE_1, &shuffled)]).len(), 2);
}

#[test]
fn an_equal_answer_is_an_observation_too() {
    let line = on("20240420", "1", "100");
    let fetches = [
        fetch(MAY_1, std::slice::from_ref(&line)),
        fetch(MAY_10, &[SAME.to_owned()]),
        fetch(JUNE_1, std::slice::from_ref(&line)),
    ];
    assert_eq!(versions(&fetches), [version("2024-04-20", "announced", 100.0)]);
    // No row, and still none after the announcement: the vendor was late.
    let late = [fetch("2024-04-19T12:00:00Z", &[]), fetch(MAY_1, &[SAME.to_owned()]), fetch(JUNE_1, &[line])];
    assert_eq!(versions(&late), [version("2024-06-01", "observed", 100.0)]);
}

#[test]
fn a_row_that_an_earlier_answer_lacked_is_known_from_the_day_it_was_observed() {
    let line = on("20240420", "1", "100");
    let late = [fetch(MAY_1, &[]), fetch(JUNE_1, std::slice::from_ref(&line))];
    assert_eq!(versions(&late), [version("2024-06-01", "observed", 100.0)]);
    // The same if an answer from before its announcement lacked it: only our clock tells when it appeared.
    let before = [fetch("2024-04-19T12:00:00Z", &[]), fetch(JUNE_1, &[line])];
    assert_eq!(versions(&before), [version("2024-06-01", "observed", 100.0)]);
}

pub(super) fn import(at: &'static str, lines: &[String]) -> Fetch {
    Fetch { calls: false, ..fetch(at, lines) }
}

#[test]
fn an_import_adds_no_version_to_a_key_that_an_answer_shows_and_removes_none() {
    let (ours, theirs) = (on("20240420", "1", "100"), on("20240420", "1", "90"));
    let own = version("2024-04-20", "announced", 100.0);
    let after = [fetch(MAY_1, std::slice::from_ref(&ours)), import(MAY_10, std::slice::from_ref(&theirs))];
    assert_eq!(versions(&after), std::slice::from_ref(&own));
    // An earlier import is a look: where the answer differs, its figures are known from when they were observed.
    let before = [import(MAY_1, std::slice::from_ref(&theirs)), fetch(JUNE_1, std::slice::from_ref(&ours))];
    let expected = [version("2024-04-20", "announced", 90.0), version("2024-06-01", "observed", 100.0)];
    assert_eq!(versions(&before), expected);
    // If the newest answer has no row, an import adds one.
    let gone = [fetch(MAY_1, &[ours]), fetch(MAY_10, &[]), import(JUNE_1, &[theirs])];
    assert_eq!(versions(&gone), [own, version("2024-06-01", "observed", 90.0)]);
}

#[test]
fn an_answer_that_is_not_whole_removes_no_version() {
    let line = |income| on("20240420", "1", income);
    let marked = |at| Fetch { wholeness: Wholeness::Partial, ..fetch(at, &[line("90")]) };
    // Whole answers: 100, then only 90, then 100 again, which is a new version.
    let whole = [fetch(MAY_1, &[line("100")]), fetch(MAY_10, &[line("90")]), fetch(JUNE_1, &[line("100")])];
    assert_eq!(versions(&whole).len(), 3);
    let damaged = [fetch(MAY_1, &[line("100")]), marked(MAY_10), fetch(JUNE_1, &[line("100")])];
    assert_eq!(versions(&damaged).len(), 2);
    // An empty answer that is not whole is no look: what comes later is known from its announcement.
    let empty = [Fetch { wholeness: Wholeness::Partial, ..fetch(MAY_1, &[]) }, fetch(JUNE_1, &[line("100")])];
    assert_eq!(versions(&empty), [version("2024-04-20", "announced", 100.0)]);
}

#[test]
fn columns_that_an_import_or_a_damaged_answer_lacks_come_with_the_first_whole_one() {
    let thin = r#"{"ts_code":"a00001.SZ","ann_date":"20240420","f_ann_date":"20240420","end_date":"20231231","report_type":"1","n_income":100}"#;
    let empty = thin.replace("100}", "100,\"basic_eps\":null}");
    let damaged = Fetch { wholeness: Wholeness::Partial, ..fetch(MAY_1, &[thin.to_owned()]) };
    for thin in [import(MAY_1, &[thin.to_owned()]), import(MAY_1, &[empty]), damaged] {
        let files = [thin, fetch(JUNE_1, &[on("20240420", "1", "100")])];
        let seen = read(&table("income_cn"), &files);
        assert_eq!((seen.len(), seen[0].eps, seen[0].known.as_deref()), (1, Some(1.5), Some("2024-04-20")));
    }
}

#[test]
fn a_column_that_an_answer_lacks_is_not_compared_and_no_row_is_changed() {
    let short = r#"{"ts_code":"a00001.SZ","ann_date":"20240420","f_ann_date":"20240420","end_date":"20231231","report_type":"1","n_income":100}"#;
    let fetches = [fetch(MAY_1, &[short.to_owned()]), fetch(JUNE_1, &[on("20240420", "1", "100")])];
    let seen = read(&table("income_cn"), &fetches);
    assert_eq!((seen.len(), seen[0].eps, seen[0].known.as_deref()), (1, None, Some("2024-04-20")));
}

#[test]
fn a_file_without_a_time_gives_no_day_of_observation() {
    let lines = [on("20240420", "0", "100"), on("20240420", "1", "90")];
    let seen = read(&table("income_cn"), &[import("", &lines)]);
    assert_eq!((seen[0].known.as_deref(), seen[1].known.as_deref()), (Some("2024-04-20"), None));
}
