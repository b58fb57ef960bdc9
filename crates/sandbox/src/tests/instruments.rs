//! Masters of indices, industries, boards, currencies and new issues: columns, defaults, and what a day knows of them.

use super::{Row, SMALL, at, masters, select, table, text, units};
use crate::Cell;
use std::collections::{BTreeMap, BTreeSet};

fn column<'a>(rows: &'a [Row], name: &str) -> BTreeSet<&'a str> {
    rows.iter().map(|row| text(row, name)).collect()
}

#[test]
fn indices_with_bars_are_all_known() {
    let codes = |rows: &[Row]| column(rows, "ts_code").into_iter().map(str::to_owned).collect::<BTreeSet<_>>();
    let known = codes(&table(&SMALL, "index_basic"));
    for name in ["index_daily", "index_dailybasic", "sw_daily"] {
        assert!(codes(&table(&SMALL, name)).is_subset(&known), "{name}");
    }
    let of = |market: &str| codes(&select("index_basic", &[("market", market)], None));
    let markets = ["SSE", "SZSE", "CSI", "SW", "MSCI", "CICC", "OTH"];
    assert!(markets.iter().all(|market| !of(market).is_empty()));
    assert_eq!(markets.iter().flat_map(|market| of(market)).collect::<BTreeSet<_>>(), known);
    assert_eq!(codes(&select("index_basic", &[], None)), of("SSE"));
    assert_eq!(codes(&select("index_basic", &[("symbol", "000300"), ("market", "CSI")], None)).len(), 1);
    assert_eq!(of("SW"), codes(&table(&SMALL, "sw_daily")));
}

#[test]
fn industries_are_a_tree() {
    for source in ["SW2021", "SW2014"] {
        let rows = select("index_classify", &[("src", source)], None);
        let numbers: BTreeMap<&str, &Row> = rows.iter().map(|row| (text(row, "industry_code"), row)).collect();
        assert_eq!(numbers.len(), rows.len());
        for row in &rows {
            let parent = numbers.get(text(row, "parent_code")).map(|parent| text(parent, "level"));
            let expected = match text(row, "level") {
                "L1" => None,
                "L2" => Some("L1"),
                _ => Some("L2"),
            };
            assert_eq!(parent, expected);
            assert_eq!(text(row, "parent_code") == "0", expected.is_none());
            assert_eq!(row["is_pub"] == Cell::Null, source == "SW2014");
        }
    }
    let default = select("index_classify", &[], None);
    assert!(default.iter().all(|row| text(row, "src") == "SW2021"));
    let published: BTreeSet<&str> =
        default.iter().filter(|row| text(row, "is_pub") == "1").map(|row| text(row, "index_code")).collect();
    assert_eq!(published, column(&table(&SMALL, "sw_daily"), "ts_code"));
    let below = select("index_classify", &[("parent_code", "110000"), ("level", "L2")], None);
    assert_eq!(below.len(), 2);
}

#[test]
fn stocks_change_their_industry_on_a_day() {
    let [now, past] = ["Y", "N"].map(|is_new| select("index_member_all", &[("is_new", is_new)], None));
    assert!(now.iter().all(|row| row["out_date"] == Cell::Null));
    assert!(past.iter().all(|row| text(row, "in_date") < text(row, "out_date")));
    let listed: BTreeSet<String> = (masters(&SMALL).into_iter())
        .filter(|(_, row)| ["L", "P"].contains(&text(row, "list_status")))
        .map(|(code, _)| code)
        .collect();
    // Each stock is in one industry at a time.
    assert_eq!(column(&now, "ts_code"), listed.iter().map(String::as_str).collect());
    assert_eq!(now.len(), listed.len());
    let leaves = select("index_classify", &[("level", "L3")], None);
    assert!(column(&now, "l3_code").is_subset(&column(&leaves, "index_code")));
    // One moved inside the range: the day before, nobody knew.
    let is_moved = |row: &&Row| text(row, "out_date") > "20221101" && listed.contains(text(row, "ts_code"));
    let moved = past.iter().find(is_moved).unwrap();
    let (code, day) = (text(moved, "ts_code"), text(moved, "out_date"));
    let session = SMALL.calendar.stamps.iter().position(|stamp| stamp == day).unwrap();
    let seen = |session: usize, is_new: &str| {
        let at = at(SMALL.sessions()[session], "20:00");
        let rows = select("index_member_all", &[("ts_code", code), ("is_new", is_new)], Some(at));
        rows.into_iter().map(|row| text(&row, "l3_code").to_owned()).collect::<Vec<_>>()
    };
    let old = text(moved, "l3_code").to_owned();
    assert_eq!((seen(session - 1, "Y"), seen(session - 1, "N")), (vec![old.clone()], vec![]));
    assert_eq!(seen(session, "N"), [old.as_str()]);
    assert_ne!(seen(session, "Y"), [old]);
}

#[test]
fn boards_count_the_members_they_have() {
    let boards = table(&SMALL, "ths_index");
    let members = table(&SMALL, "ths_member");
    for board in &boards {
        let count = members.iter().filter(|row| text(row, "ts_code") == text(board, "ts_code")).count();
        let told = units(board, "count", 0).map_or(0, |count| usize::try_from(count).unwrap());
        assert_eq!(told, count);
        assert_eq!(count > 0, text(board, "exchange") == "A");
    }
    let local = select("ths_index", &[("exchange", "A")], None);
    assert_eq!(column(&local, "ts_code"), column(&table(&SMALL, "ths_daily"), "ts_code"));
    assert!(members.iter().all(|row| text(row, "is_new") == "Y" && row["in_date"] == Cell::Null));
    // Today only: a stock is in no board before its listing.
    let masters = masters(&SMALL);
    let late =
        members.iter().map(|row| text(row, "con_code")).find(|code| text(&masters[*code], "list_date") > "20221101");
    let (late, day) = (late.unwrap(), SMALL.sessions()[0]);
    assert!(select("ths_member", &[("con_code", late)], Some(at(day, "20:00"))).is_empty());
    assert!(!select("ths_member", &[("con_code", late)], None).is_empty());
}

#[test]
fn pairs_are_contracts_of_their_dealer() {
    let rows = table(&SMALL, "fx_obasic");
    let pairs = select("fx_obasic", &[("classify", "FX")], None);
    assert_eq!(column(&pairs, "ts_code"), column(&table(&SMALL, "fx_daily"), "ts_code"));
    assert_eq!(column(&rows, "classify").len(), 7);
    assert_eq!(select("fx_obasic", &[("exchange", "FXCM")], None).len(), rows.len());
}

#[test]
fn issues_become_listings_and_one_does_not() {
    let rows = table(&SMALL, "new_share");
    let masters = masters(&SMALL);
    let debuts: BTreeSet<&str> =
        masters.iter().filter(|(_, row)| text(row, "list_date") > "20221101").map(|(code, _)| code.as_str()).collect();
    let (listed, failed): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| !text(row, "issue_date").is_empty());
    assert_eq!(listed.iter().map(|row| text(row, "ts_code")).collect::<BTreeSet<_>>(), debuts);
    assert!(debuts.len() >= 2 && failed.len() == 1);
    assert_eq!(failed[0]["issue_date"], Cell::Text(String::new()), "an empty text, no null");
    let bars = table(&SMALL, "daily");
    for row in listed {
        let code = text(row, "ts_code");
        assert_eq!(text(row, "issue_date"), text(&masters[code], "list_date"));
        assert!(text(row, "ipo_date") < text(row, "issue_date"));
        let first = bars.iter().find(|bar| text(bar, "ts_code") == code).unwrap();
        let price = units(row, "price", 2).unwrap();
        assert!(units(first, "pre_close", 2).is_none_or(|before| before == price));
        let money = units(row, "amount", 0).unwrap() * price;
        assert!((units(row, "funds", 4).unwrap() * 100 - money).abs() <= 50);
    }
    // Ranges are of the day of issue.
    let day = text(&rows[0], "ipo_date");
    let asked = select("new_share", &[("start_date", day), ("end_date", day)], None);
    assert!(!asked.is_empty() && asked.iter().all(|row| text(row, "ipo_date") == day));
    // A row is filled in step by step.
    let code = *debuts.first().unwrap();
    let listing =
        SMALL.sessions().iter().position(|day| day.format("%Y%m%d").to_string() == text(&masters[code], "list_date"));
    let (listing, seen) = (listing.unwrap(), |session: usize| {
        let rows = select("new_share", &[], Some(at(SMALL.sessions()[session], "20:00")));
        rows.into_iter().find(|row| text(row, "ts_code") == code)
    });
    assert_eq!(text(&seen(listing - 1).unwrap(), "issue_date"), "");
    assert_eq!(text(&seen(listing).unwrap(), "issue_date"), text(&masters[code], "list_date"));
    assert!(seen(listing.saturating_sub(16)).is_none_or(|row| units(&row, "price", 2) == Some(0)));
}
