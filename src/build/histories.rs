//! Random histories of a lake: reading as of a day must equal reading a lake that ends with that day.

mod lake;

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;

use crate::bronze::Mark;
use crate::spec::Known;
use lake::{Arrival, Case, EVENTS, Kind, Lake, SECURITIES, day, shanghai_day};

fn arrivals(sources: usize, only: Option<Kind>) -> impl Strategy<Value = Vec<Arrival>> {
    let kind = prop_oneof![
        6 => Just(Kind::Answer),
        1 => Just(Kind::Import),
        1 => Just(Kind::Capture),
        1 => Just(Kind::Foreign),
    ];
    let mark = prop_oneof![
        4 => Just(None),
        1 => Just(Some(Mark::Due)),
        1 => Just(Some(Mark::Damaged)),
        1 => Just(Some(Mark::Short)),
    ];
    let figures = vec(prop_oneof![2 => Just(0u8), 3 => Just(1u8), 2 => Just(2u8), 1 => Just(3u8)], 8);
    let arrival = (kind, 0..sources, 0..EVENTS, 0..3u64, mark, figures);
    let arrival = arrival.prop_map(move |(kind, source, day, later, mark, figures)| Arrival {
        kind: only.unwrap_or(kind),
        source,
        day,
        later,
        mark,
        figures,
    });
    vec(arrival, 1..9)
}

/// Compares reads as of each day with a lake that ends with that day, for keys looked at until then.
async fn compare(case: Case, arrivals: &[Arrival]) {
    let mut lake = Lake::new(case);
    for arrival in arrivals {
        lake.arrive(arrival).await;
    }
    let all = lake.build(&lake.store).await;
    for number in 0..28 {
        let on = day(number);
        let then = lake.build(&lake.until(on).await).await;
        let looked: BTreeSet<(usize, u64)> =
            lake.seen.iter().filter(|seen| shanghai_day(seen.at) <= on).flat_map(|seen| seen.keys.clone()).collect();
        let looked: BTreeSet<(String, String)> =
            looked.into_iter().map(|(code, event)| (case.codes[code].to_owned(), day(event).to_string())).collect();
        let is_snapshot = lake.table().known == Known::Observed;
        let is_looked = |key: &[String]| {
            looked.iter().any(|(code, event)| key.contains(code) && (is_snapshot || key.contains(event)))
        };
        let table = lake.table();
        let columns = table.key.iter().map(|column| &table.columns[*column].name).collect::<Vec<_>>();
        let expected: BTreeMap<Vec<String>, String> = if is_snapshot {
            then[0].iter().map(|row| (lake.key(row), lake.figures(row))).collect()
        } else {
            lake.as_of(&[then[0].clone(), Vec::new()], on)
        };
        let mut found = lake.as_of(&all, on);
        found.retain(|key, _| is_looked(key));
        assert_eq!(found, expected, "{} as of {on} by {columns:?}\n{:#?}\n{:#?}", case.table, lake.seen, all[1]);
        // What the lake reads as of earlier days must not change later either, for keys it had looked at.
        for earlier in
            (0..=number).map(day).chain(["2023-11-02", "2023-11-03", "2023-12-01"].map(|day| day.parse().unwrap()))
        {
            let mut before = lake.as_of(&then, earlier);
            let mut after = lake.as_of(&all, earlier);
            // Dates in a later row tell of days before any look, even if the first looks lacked the row.
            let is_held = |key: &[String]| !is_snapshot || then[1].iter().any(|row| lake.key(row) == key);
            before.retain(|key, _| is_looked(key));
            after.retain(|key, _| is_looked(key) && is_held(key));
            assert_eq!(after, before, "{} as of {earlier} in a lake of {on}", case.table);
        }
    }
}

fn block_on(future: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases / 4, ..ProptestConfig::default() })]

    #[test]
    fn bars_of_two_vendors_are_read_as_they_were(arrivals in arrivals(2, None)) {
        block_on(compare(Case { table: "stock_daily_cn", codes: SECURITIES }, &arrivals));
    }

    #[test]
    fn factors_are_read_as_they_were(arrivals in arrivals(1, None)) {
        block_on(compare(Case { table: "adj_factor", codes: SECURITIES }, &arrivals));
    }

    #[test]
    fn what_is_known_on_the_next_session_is_read_as_it_was(arrivals in arrivals(1, None)) {
        block_on(compare(Case { table: "margin_cn", codes: ["SSE", "SZSE"] }, &arrivals));
    }

    #[test]
    fn answers_by_security_are_read_as_they_were(arrivals in arrivals(1, None)) {
        block_on(compare(Case { table: "cyq_chips_cn", codes: SECURITIES }, &arrivals));
    }

    #[test]
    fn snapshots_are_read_as_they_were(arrivals in arrivals(2, None)) {
        block_on(compare(Case { table: "stock_basic_cn", codes: SECURITIES }, &arrivals));
    }

    #[test]
    fn repeats_are_read_as_they_were(arrivals in arrivals(1, None)) {
        block_on(compare(Case { table: "block_trade_cn", codes: SECURITIES }, &arrivals));
    }
}
