//! The session join, compared with a reader that reads as of the evening before each session.

use arrow::array::BooleanArray;
use proptest::prelude::*;

use super::as_of::{DAYS, VERSIONS, Version, date, speaking, version, write_versions};
use super::*;

/// Writes a calendar with these sessions.
fn write_calendar(lake: &Path, sessions: &[bool]) {
    let all: Vec<Option<i32>> = (0..).map(Some).take(sessions.len()).collect();
    let batch = RecordBatch::try_from_iter_with_nullable([
        ("exchange", Arc::new(StringArray::from(vec!["SSE"; sessions.len()])) as _, true),
        ("cal_date", days(&all) as _, true),
        ("is_open", Arc::new(BooleanArray::from(sessions.to_vec())) as _, true),
    ]);
    write(lake, "trade_cal/part-0.parquet", batch.unwrap());
}

/// The rows of the join, session by session.
fn expected(versions: &[Version], sessions: &[bool]) -> Vec<String> {
    let mut rows = Vec::new();
    for security in 0..2 {
        for session in (0..DAYS).filter(|day| sessions[usize::try_from(*day).unwrap()]) {
            let newest = (0..3).rev().find_map(|period| speaking(versions, (security, period), session - 1));
            let Some(place) = newest else { continue };
            let version = &versions[place];
            let paid = version.paid.filter(|paid| *paid < session).map(|paid| date(paid).to_string());
            rows.push(format!(
                "{},{},{},{},{},",
                ["a", "b"][security],
                date(session),
                date(version.period - 2),
                place + 1,
                paid.unwrap_or_default()
            ));
        }
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 3, ..ProptestConfig::default() })]

    #[test]
    fn each_session_finds_the_newest_period(
        versions in prop::collection::vec(version(), 1..16),
        sessions in prop::collection::vec(any::<bool>(), 14),
    ) {
        let catalog = two_vendors(VERSIONS);
        let folder = tempfile::tempdir().unwrap();
        write_versions(folder.path(), &versions);
        write_calendar(folder.path(), &sessions);
        let query = "SELECT ts_code, session, end_date, revision, paid_on, withdrawn_on \
                     FROM sessions_join('paid_cn') ORDER BY ts_code, session";
        prop_assert_eq!(run(&catalog, folder.path(), query), expected(&versions, &sessions).join(";"));
        let one = "SELECT session FROM sessions_join('paid_cn', DATE '2024-01-05', DATE '2024-01-09') \
                   WHERE ts_code = 'b' ORDER BY session";
        let of_one = expected(&versions, &sessions).into_iter().filter_map(|row| {
            let session = row.strip_prefix("b,")?.split(',').next()?.to_owned();
            ("2024-01-05"..="2024-01-09").contains(&session.as_str()).then_some(session)
        });
        prop_assert_eq!(run(&catalog, folder.path(), one), of_one.collect::<Vec<_>>().join(";"));
    }
}

#[tokio::test]
async fn a_session_join_ends_with_the_day_of_the_query() {
    let catalog = two_vendors(VERSIONS);
    let folder = tempfile::tempdir().unwrap();
    let first = Version {
        security: 0,
        period: 0,
        vendor: 0,
        announced: Some(1),
        known: Some(1),
        withdrawn: None,
        observed: Some(1),
        paid: None,
    };
    write_versions(folder.path(), &[first]);
    write_calendar(folder.path(), &[true; 14]);
    let query = "SELECT min(session), max(session), count(*) FROM sessions_join('paid_cn')";
    assert_eq!(as_of(&catalog, folder.path(), query, "2024-01-06").await, "2024-01-04,2024-01-06,3");
    let query = "SELECT max(session) FROM sessions_join('paid_cn', DATE '2024-01-05', DATE '2024-01-12')";
    assert_eq!(as_of(&catalog, folder.path(), query, "2024-01-06").await, "2024-01-06");
}
