//! Who was listed, in which industry and under which terms, as a day knows it.

use super::{Row, SMALL, at, masters, select, table, values};
use std::collections::BTreeSet;

/// A row of a list as it stands on the evening of a session.
fn seen(interface: &str, params: &[(&str, &str)], session: usize) -> Vec<Row> {
    select(interface, params, Some(at(SMALL.sessions()[session], "20:00")))
}

/// The place of a session's day.
fn session(stamp: &str) -> usize {
    SMALL.calendar.stamps.iter().position(|session| session == stamp).unwrap()
}

/// The codes that were listed within the range.
fn debuts() -> Vec<(String, Row)> {
    masters(&SMALL).into_iter().filter(|(_, row)| row["list_date"] > *"20221101").collect()
}

#[test]
fn stocks_change_their_industry_on_a_day() {
    let [now, past] = ["Y", "N"].map(|is_new| select("index_member_all", &[("is_new", is_new)], None));
    assert!(now.iter().all(|row| row.is_null("out_date")));
    assert!(past.iter().all(|row| row["in_date"] < row["out_date"]));
    let masters = masters(&SMALL);
    let listed = masters.iter().filter(|(_, row)| ["L", "P"].contains(&&row["list_status"]));
    let listed: BTreeSet<&str> = listed.map(|(code, _)| code.as_str()).collect();
    // Each stock is in one industry at a time.
    assert_eq!((values(&now, "ts_code"), now.len()), (listed.clone(), listed.len()));
    let leaves = select("index_classify", &[("level", "L3")], None);
    assert!(values(&now, "l3_code").is_subset(&values(&leaves, "index_code")));
    // One moved inside the range: the day before, nobody knew.
    let is_moved = |row: &&Row| row["out_date"] > *"20221101" && listed.contains(&row["ts_code"]);
    let moved = past.iter().find(is_moved).unwrap();
    let (old, day) = (&moved["l3_code"], session(&moved["out_date"]));
    let industries = |session: usize, is_new: &str| {
        let rows = seen("index_member_all", &[("ts_code", &moved["ts_code"]), ("is_new", is_new)], session);
        rows.iter().map(|row| row["l3_code"].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!((industries(day - 1, "Y"), industries(day - 1, "N")), (vec![old.to_owned()], vec![]));
    assert_eq!(industries(day, "N"), [old]);
    assert_ne!(industries(day, "Y"), [old]);
}

#[test]
fn issues_become_listings_and_one_does_not() {
    let rows = table(&SMALL, "new_share");
    let debuts = debuts();
    let (listed, failed): (Vec<&Row>, Vec<&Row>) = rows.iter().partition(|row| !row["issue_date"].is_empty());
    assert!(values(listed.iter().copied(), "ts_code").into_iter().eq(debuts.iter().map(|(code, _)| code)));
    assert!(debuts.len() >= 2 && failed.len() == 1 && !failed[0].is_null("issue_date"), "an empty text, no null");
    let (masters, bars) = (masters(&SMALL), table(&SMALL, "daily"));
    for row in listed {
        let price = row.cents("price");
        assert_eq!(row["issue_date"], masters[&row["ts_code"]]["list_date"]);
        assert!(row["ipo_date"] < row["issue_date"]);
        let first = bars.iter().find(|bar| bar["ts_code"] == row["ts_code"]).unwrap();
        assert!(first.units("pre_close", 2).is_none_or(|before| before == price));
        let money = row.units("amount", 0).unwrap() * price;
        assert!((row.units("funds", 4).unwrap() * 100 - money).abs() <= 50);
    }
}

#[test]
fn an_issue_is_filled_in_step_by_step() {
    let (code, master) = &debuts()[0];
    let listing = session(&master["list_date"]);
    let row = |session: usize| seen("new_share", &[], session).into_iter().find(|row| row["ts_code"] == **code);
    assert_eq!(row(listing - 1).unwrap()["issue_date"], *"");
    assert_eq!(row(listing).unwrap()["issue_date"], master["list_date"]);
    assert!(row(listing.saturating_sub(16)).is_none_or(|row| row.units("price", 2) == Some(0)));
    // A stock is in no board before its listing.
    assert!(seen("ths_member", &[("con_code", code)], listing - 1).is_empty());
    assert!(!select("ths_member", &[("con_code", code)], None).is_empty());
}
