//! Tables as of a day, compared with a reader that looks at row after row.

use arrow::array::{Int32Array, TimestampMicrosecondArray};
use proptest::prelude::*;

use super::*;

pub(super) const VERSIONS: &str =
    "known = \"announced\"\nkeeps = \"versions\"\n[versions]\nannounced = [\"ann_date\"]\n";

#[tokio::test]
async fn a_column_that_is_filled_later_is_null_before_the_date_it_holds() {
    let catalog = two_vendors("known = \"event\"\nkeeps = \"latest\"");
    let folder = tempfile::tempdir().unwrap();
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("ts_code", Arc::new(StringArray::from(vec!["a", "b"])) as _, true),
        ("end_date", days(&[Some(0), Some(0)]) as _, true),
        ("paid_on", days(&[Some(3), None]) as _, true),
        ("vendor", Arc::new(StringArray::from(vec!["tushare", "tushare"])) as _, true),
    ]);
    write(folder.path(), "paid_cn/part-0.parquet", batch.unwrap());
    let query = "SELECT ts_code, end_date, paid_on, vendor FROM paid_cn ORDER BY ts_code";
    let at = async |day: &str| as_of(&catalog, folder.path(), query, day).await;
    assert_eq!(at("2024-01-01").await, "");
    assert_eq!(at("2024-01-04").await, "a,2024-01-02,,tushare;b,2024-01-02,,tushare");
    assert_eq!(at("2024-01-05").await, "a,2024-01-02,2024-01-05,tushare;b,2024-01-02,,tushare");
}

#[tokio::test]
async fn one_query_reads_a_table_as_of_several_days() {
    let folder = tempfile::tempdir().unwrap();
    let (catalog, store) = lake(folder.path());
    let count = "SELECT (SELECT count(*) FROM as_of('stock_daily_cn', DATE '2023-06-30')) AS then, \
                 (SELECT count(*) FROM as_of('stock_daily_cn', '2024-01-02')) AS later, \
                 (SELECT count(*) FROM stock_daily_cn) AS now";
    let counted = async |day: Option<&str>| {
        let horizon = Horizon { day: day.map(|day| day.parse().unwrap()), ..Horizon::default() };
        sql(&catalog, (&store, None), count, &horizon, None).await.unwrap().json().unwrap()
    };
    assert_eq!(counted(None).await, r#"[{"then":2,"later":4,"now":4}]"#);
    // Nothing may be visible from after the day of the whole query.
    assert_eq!(counted(Some("2023-12-31")).await, r#"[{"then":2,"later":2,"now":2}]"#);
    let joined = "SELECT a.ts_code, a.vol AS former, b.vol AS newer FROM as_of('stock_daily_cn', DATE '2023-06-30') a \
                  JOIN AS_OF('stock_daily_cn', DATE '2024-06-30') b ON a.ts_code = b.ts_code AND b.year = 2024 ORDER BY 1";
    let rows = sql(&catalog, (&store, None), joined, &Horizon::default(), None).await.unwrap().json().unwrap();
    let expected =
        r#"[{"ts_code":"000001.SZ","former":1,"newer":3},{"ts_code":"000002.SZ","former":2,"newer":84149020}]"#;
    assert_eq!(rows, expected);
}

#[tokio::test]
async fn all_occurrences_of_a_key_come_from_one_vendor() {
    let lines =
        "known = \"announced\"\nkeeps = \"versions\"\noccurrence = true\n[versions]\nannounced = [\"ann_date\"]\n";
    let catalog = two_vendors(lines);
    let folder = tempfile::tempdir().unwrap();
    // Vendor, occurrence, revision, announced, known, paid. The second vendor has `a` a day earlier, and three times.
    let rows = [
        ("tushare", 1, 1, Some(2), 2, None),
        ("tushare", 2, 1, Some(2), 2, Some(9)),
        ("tushare", 2, 2, None, 5, Some(6)),
        ("asharehub", 1, 1, Some(1), 1, None),
        ("asharehub", 2, 1, Some(1), 1, None),
        ("asharehub", 3, 1, Some(1), 1, None),
        ("a former vendor", 1, 1, Some(0), 0, None),
    ];
    let number = |numbers: [i32; 7]| Arc::new(arrow::array::Int32Array::from_iter_values(numbers));
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("ts_code", Arc::new(StringArray::from(vec!["a"; rows.len()])) as _, true),
        ("end_date", days(&vec![Some(0); rows.len()]) as _, true),
        ("paid_on", days(&rows.map(|row| row.5)) as _, true),
        ("occurrence", number(rows.map(|row| row.1)) as _, true),
        ("announced_on", days(&rows.map(|row| row.3)) as _, true),
        ("known_on", days(&rows.map(|row| Some(row.4))) as _, true),
        ("revision", number(rows.map(|row| row.2)) as _, true),
        ("vendor", Arc::new(StringArray::from_iter_values(rows.iter().map(|row| row.0))) as _, true),
    ]);
    write(folder.path(), "paid_cn/part-0.parquet", batch.unwrap());
    let query = "SELECT vendor, occurrence, revision, paid_on FROM paid_cn ORDER BY 1, 2, 3";
    let at = async |day: &str| as_of(&catalog, folder.path(), query, day).await;
    assert_eq!(at("2024-01-02").await, "");
    assert_eq!(at("2024-01-03").await, "asharehub,1,1,;asharehub,2,1,;asharehub,3,1,");
    assert_eq!(at("2024-01-04").await, "tushare,1,1,;tushare,2,1,");
    // An unannounced version does not replace an announced one.
    assert_eq!(at("2024-01-08").await, "tushare,1,1,;tushare,2,1,");
    assert_eq!(at("2024-01-11").await, "tushare,1,1,;tushare,2,1,2024-01-11");
}

/// A version. Its days are numbers, from 2024-01-02.
#[derive(Debug, Clone)]
pub(super) struct Version {
    pub(super) security: usize,
    pub(super) period: i32,
    pub(super) vendor: usize,
    pub(super) announced: Option<i32>,
    pub(super) known: Option<i32>,
    pub(super) withdrawn: Option<i32>,
    pub(super) observed: Option<i32>,
    pub(super) paid: Option<i32>,
}

const VENDORS: [&str; 3] = ["tushare", "asharehub", "a former vendor"];
/// The number of days that tests ask for.
pub(super) const DAYS: i32 = 14;

pub(super) fn version() -> impl Strategy<Value = Version> {
    let day = || prop::option::weighted(0.8, 0..DAYS);
    let days = (day(), day(), prop::option::weighted(0.4, 0..DAYS), day(), day());
    (0..2usize, 0..3i32, 0..3usize, days).prop_map(|(security, period, vendor, days)| Version {
        security,
        period,
        vendor,
        announced: days.0,
        known: days.1,
        withdrawn: days.2,
        observed: days.3,
        paid: days.4,
    })
}

/// Writes versions. The revision is the index in the list.
pub(super) fn write_versions(lake: &Path, versions: &[Version]) {
    let dates = |of: fn(&Version) -> Option<i32>| days(&versions.iter().map(of).collect::<Vec<_>>());
    // 23:30 in Shanghai.
    let observed =
        versions.iter().map(|v| v.observed.map(|n| (i64::from(19_724 + n) * 86_400 + 15 * 3600 + 1800) * 1_000_000));
    let observed = observed.collect::<TimestampMicrosecondArray>().with_timezone("UTC");
    let texts = |of: fn(&Version) -> &'static str| Arc::new(StringArray::from_iter_values(versions.iter().map(of)));
    let revisions = Int32Array::from_iter_values((1..).take(versions.len()));
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("ts_code", texts(|v| ["a", "b"][v.security]) as _, true),
        ("end_date", dates(|v| Some(v.period - 2)) as _, true),
        ("paid_on", dates(|v| v.paid) as _, true),
        ("announced_on", dates(|v| v.announced) as _, true),
        ("known_on", dates(|v| v.known) as _, true),
        ("observed_at", Arc::new(observed) as _, true),
        ("revision", Arc::new(revisions) as _, true),
        ("withdrawn_on", dates(|v| v.withdrawn) as _, true),
        ("vendor", texts(|v| VENDORS[v.vendor]) as _, true),
    ]);
    write(lake, "paid_cn/part-0.parquet", batch.unwrap());
}

/// Index of the version of a key that counts at the end of a day.
pub(super) fn speaking(versions: &[Version], (security, period): (usize, i32), day: i32) -> Option<usize> {
    let mut of_key: Vec<(usize, &Version)> = Vec::new();
    for (place, version) in versions.iter().enumerate() {
        if version.security == security && version.period == period && version.vendor < 2 {
            of_key.push((place, version));
        }
    }
    let has_shown =
        |vendor: usize| of_key.iter().any(|(_, v)| v.vendor == vendor && v.observed.is_some_and(|n| n <= day));
    let nobody = !has_shown(0) && !has_shown(1);
    for vendor in 0..2 {
        let stands = |v: &Version| v.known.is_some_and(|n| n <= day) && v.withdrawn.is_none_or(|n| n > day);
        let left = of_key.iter().filter(|(_, v)| v.vendor == vendor && stands(v) && (nobody || has_shown(vendor)));
        let best = left.max_by_key(|(place, v)| (v.announced.is_some(), v.announced.or(v.known), *place));
        if let Some((place, _)) = best {
            return Some(*place);
        }
    }
    None
}

/// The date `n` days after 2024-01-02.
pub(super) fn date(n: i32) -> chrono::NaiveDate {
    chrono::NaiveDate::from_epoch_days(19_724 + n).unwrap()
}

fn text(day: Option<i32>) -> String {
    day.map(|n| date(n).to_string()).unwrap_or_default()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 6, ..ProptestConfig::default() })]

    #[test]
    fn versions_as_of_a_day(versions in prop::collection::vec(version(), 1..14)) {
        let catalog = two_vendors(VERSIONS);
        let folder = tempfile::tempdir().unwrap();
        write_versions(folder.path(), &versions);
        let read = |n| format!(
            "SELECT {n} AS day, ts_code, end_date, revision, paid_on, withdrawn_on FROM as_of('paid_cn', DATE '{}')", date(n)
        );
        let query = (0..DAYS).map(read).collect::<Vec<_>>().join(" UNION ALL ") + " ORDER BY day, ts_code, end_date";
        let mut expected = Vec::new();
        for day in 0..DAYS {
            for key in [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)] {
                if let Some(place) = speaking(&versions, key, day) {
                    let paid = text(versions[place].paid.filter(|n| *n <= day));
                    let (code, period) = (["a", "b"][key.0], date(key.1 - 2));
                    expected.push(format!("{day},{code},{period},{},{paid},", place + 1));
                }
            }
        }
        let seen = run(&catalog, folder.path(), &query);
        prop_assert_eq!(seen, expected.join(";"));
    }

    #[test]
    fn market_rows_as_of_a_day(histories in prop::collection::vec(history(), 1..5)) {
        let catalog = two_vendors("known = \"event\"\nkeeps = \"latest\"");
        let folder = tempfile::tempdir().unwrap();
        write_market(folder.path(), &histories);
        let read = |n| format!("SELECT {n} AS day, ts_code, ann_date FROM as_of('paid_cn', DATE '{}')", date(n));
        let query = (0..DAYS).map(read).collect::<Vec<_>>().join(" UNION ALL ") + " ORDER BY day, ts_code";
        let mut expected = Vec::new();
        for day in 0..DAYS {
            for (place, history) in histories.iter().enumerate() {
                let state = history.states.iter().rfind(|(from, _)| *from <= day);
                if let Some((_, Some(value))) = state {
                    expected.push(format!("{day},{place},{}", date(*value)));
                }
            }
        }
        let seen = run(&catalog, folder.path(), &query);
        prop_assert_eq!(seen, expected.join(";"));
    }
}

/// The states of a key, each with the day from which it held; `None` if there was no row.
#[derive(Debug, Clone)]
struct History {
    states: Vec<(i32, Option<i32>)>,
}

fn history() -> impl Strategy<Value = History> {
    let value = || prop::option::weighted(0.7, 0..9i32);
    prop::collection::btree_map(0..DAYS + 2, value(), 1..5).prop_map(|states| {
        let mut states: Vec<_> = states.into_iter().collect();
        states.dedup_by_key(|(_, value)| *value);
        History { states }
    })
}

/// Writes the newest states to the table, and the former ones to its companion.
fn write_market(lake: &Path, histories: &[History]) {
    // Key, value, from, until, why. The main table has the first three.
    let (mut main, mut former) = (Vec::new(), Vec::new());
    for (place, history) in histories.iter().enumerate() {
        let first = history.states[0].0;
        for (at, (from, value)) in history.states.iter().enumerate() {
            let row = |until: Option<i32>, why| (place.to_string(), *value, first, *from, until, why);
            match (history.states.get(at + 1), value) {
                (Some((until, next)), Some(_)) => {
                    former.push(row(Some(*until), if next.is_some() { "changed" } else { "withdrawn" }));
                }
                (Some((until, _)), None) => former.push(row(Some(*until), "appeared")),
                (None, Some(_)) => main.push(row(None, "")),
                (None, None) => {}
            }
        }
    }
    for (rows, path) in [(main, "paid_cn"), (former, "paid_cn_superseded")] {
        if rows.is_empty() {
            continue;
        }
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("ts_code", Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.0.clone()))) as _, true),
            ("end_date", days(&rows.iter().map(|r| Some(r.2)).collect::<Vec<_>>()) as _, true),
            ("ann_date", days(&rows.iter().map(|r| r.1).collect::<Vec<_>>()) as _, true),
            ("known_on", days(&rows.iter().map(|r| Some(r.3)).collect::<Vec<_>>()) as _, true),
            ("superseded_on", days(&rows.iter().map(|r| r.4).collect::<Vec<_>>()) as _, true),
            ("why", Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.5))) as _, true),
        ]);
        write(lake, &format!("{path}/part-0.parquet"), batch.unwrap());
    }
}

#[tokio::test]
async fn snapshots_are_read_from_their_history() {
    let catalog = two_vendors("known = \"observed\"\nkeeps = \"latest\"");
    let folder = tempfile::tempdir().unwrap();
    let rows = [("a", 0, Some(4), "observed"), ("a", 4, None, "observed"), ("b", 1, Some(6), "derived")];
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("ts_code", Arc::new(StringArray::from_iter_values(rows.map(|r| r.0))) as _, true),
        ("end_date", days(&rows.map(|r| Some(r.1))) as _, true),
        ("known_on", days(&rows.map(|r| Some(r.1))) as _, true),
        ("superseded_on", days(&rows.map(|r| r.2)) as _, true),
        ("known_basis", Arc::new(StringArray::from_iter_values(rows.map(|r| r.3))) as _, true),
        ("why", Arc::new(StringArray::from(rows.map(|r| r.2.map(|_| "changed")).to_vec())) as _, true),
    ]);
    write(folder.path(), "paid_history_cn/part-0.parquet", batch.unwrap());
    let query = "SELECT ts_code, end_date FROM paid_cn ORDER BY 1";
    let at = async |day: &str| as_of(&catalog, folder.path(), query, day).await;
    assert_eq!(at("2024-01-01").await, "");
    assert_eq!(at("2024-01-05").await, "a,2024-01-02;b,2024-01-03");
    assert_eq!(at("2024-01-06").await, "a,2024-01-06;b,2024-01-03");
    assert_eq!(at("2024-01-08").await, "a,2024-01-06");
    // Read by its own name, the history shows nothing from after the day either.
    let query = "SELECT ts_code, known_on, superseded_on, why FROM paid_history_cn ORDER BY 1, 2";
    let at = async |day: &str| as_of(&catalog, folder.path(), query, day).await;
    assert_eq!(at("2024-01-05").await, "a,2024-01-02,,;b,2024-01-03,,");
    assert_eq!(at("2024-01-06").await, "a,2024-01-02,2024-01-06,changed;a,2024-01-06,,;b,2024-01-03,,");
}

#[tokio::test]
async fn a_companion_without_rows_has_its_columns() {
    let folder = tempfile::tempdir().unwrap();
    let (catalog, store) = lake(folder.path());
    let query = "SELECT ts_code, close, known_on, superseded_on, observed_at, why, year FROM stock_daily_cn_superseded";
    let rows = sql(&catalog, (&store, None), query, &Horizon::default(), None).await.unwrap();
    assert_eq!(rows.csv().unwrap(), "ts_code,close,known_on,superseded_on,observed_at,why,year");
}

#[tokio::test]
async fn a_flag_is_null_before_the_date_that_fills_it() {
    let catalog = Catalog::load(&[], None).unwrap().0;
    let folder = tempfile::tempdir().unwrap();
    let rows = [("a", Some(3), 0), ("b", None, 5)];
    let observed = rows.map(|r| Some((i64::from(19_724 + r.2) * 86_400 + 10 * 3600) * 1_000_000));
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("ts_code", Arc::new(StringArray::from_iter_values(rows.map(|r| r.0))) as _, true),
        ("release_date", days(&rows.map(|r| r.1)) as _, true),
        ("is_release", Arc::new(arrow::array::BooleanArray::from(vec![true, false])) as _, true),
        ("occurrence", Arc::new(Int32Array::from(vec![1, 1])) as _, true),
        ("known_on", days(&[Some(0), Some(0)]) as _, true),
        ("observed_at", Arc::new(TimestampMicrosecondArray::from(observed.to_vec()).with_timezone("UTC")) as _, true),
        ("revision", Arc::new(Int32Array::from(vec![1, 1])) as _, true),
        ("vendor", Arc::new(StringArray::from(vec!["tushare", "tushare"])) as _, true),
    ]);
    write(folder.path(), "pledge_detail_cn/part-0.parquet", batch.unwrap());
    let query = "SELECT ts_code, release_date, is_release FROM pledge_detail_cn ORDER BY 1";
    let at = async |day: &str| as_of(&catalog, folder.path(), query, day).await;
    assert_eq!(at("2024-01-04").await, "a,,;b,,");
    assert_eq!(at("2024-01-05").await, "a,2024-01-05,true;b,,");
    assert_eq!(at("2024-01-07").await, "a,2024-01-05,true;b,,false");
}
