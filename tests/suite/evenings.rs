//! Ten evenings of `run` over tables of every axis: announcements by day, months, securities, periods, daily boards.
//! The vendor's clock moves, and one evening is skipped.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use pitlake::spec::Table;
use pitlake_sandbox::Settings;

use crate::documented::{self, CATALOG, covers};
use crate::support::{Place, Row, Vendor, day, settings as usual, silver, text_of};

const INDICES: [&str; 3] = ["399300.SZ", "000016.SH", "000905.SH"];
const LATEST: [(&str, &str); 3] =
    [("index_weight_cn", "index_weight"), ("index_daily_cn", "index_daily"), ("margin_cn", "margin")];
const VERSIONS: [(&str, &str); 4] = [
    ("stk_holdertrade_cn", "stk_holdertrade"),
    ("forecast_cn", "forecast"),
    ("disclosure_date_cn", "disclosure_date"),
    ("dividend_cn", "dividend"),
];
const FIRST: &str = "2025-03-24";
/// No run on this evening.
const AWAY: &str = "2025-03-27";
const LOOKBACK: usize = 5;

fn settings(points: u32) -> Settings {
    let epoch = Some(evening(day(FIRST)));
    let (start, end) = (day("2025-02-03"), day("2025-05-30"));
    Settings { stocks: 40, start, end, points, epoch, ..usual() }
}

/// 21:30 in Shanghai: most of a day's announcements are out, some come the next morning.
fn evening(day: NaiveDate) -> DateTime<Utc> {
    day.and_hms_opt(13, 30, 0).unwrap().and_utc()
}

fn evenings() -> impl Iterator<Item = NaiveDate> {
    day(FIRST).iter_days().take(10).filter(|today| *today != day(AWAY))
}

fn place(vendor: &Vendor, points: u32, jobs: &str) -> Place {
    Place::of(vendor, &[vendor.account("tushare", &format!("points = {points}\n{jobs}"))])
}

/// The first day that an evening's run requests of tables by day.
fn looked_from(vendor: &Vendor, today: NaiveDate) -> NaiveDate {
    let sessions = vendor.market.sessions();
    let past = sessions.partition_point(|day| *day <= today);
    sessions[past - 1 - LOOKBACK.min(past - 1)]
}

/// The eight newest quarter ends before a day.
fn newest_periods(today: NaiveDate) -> Vec<String> {
    let years = (2020..=today.year()).rev();
    let ends = years.flat_map(|year| [(12, 31), (9, 30), (6, 30), (3, 31)].map(|(m, d)| (year, m, d)));
    let ends = ends.map(|(year, month, day)| NaiveDate::from_ymd_opt(year, month, day).unwrap());
    ends.filter(|end| *end < today).take(8).map(|end| end.to_string()).collect()
}

/// Rows of an interface as shown by the vendor on an evening.
fn on(vendor: &Vendor, interface: &str, today: NaiveDate) -> Vec<Row> {
    documented::tushare(&vendor.market, interface, Some(evening(today)))
}

/// Keeps only the columns that the vendor fills, which are those of a row of the market.
fn cut(mut rows: Vec<Row>, like: &Row) -> Vec<Row> {
    for row in &mut rows {
        row.retain(|column, _| like.contains_key(column));
    }
    rows.sort();
    rows
}

/// The fewest calls that a run can make.
fn least(vendor: &Vendor, today: NaiveDate, payers: usize) -> u64 {
    let from = looked_from(vendor, today);
    let days = usize::try_from(today.signed_duration_since(from).num_days()).unwrap() + 1;
    let months = if from.month() == today.month() { 1 } else { 2 };
    let sessions = vendor.market.sessions();
    // Margin totals come the next morning, so on a closed day there is nothing new.
    let totals = if sessions.contains(&today) { LOOKBACK } else { 0 };
    // Calendars, the list of securities by status, two tables by day, two by month and index, periods, payouts.
    u64::try_from(2 + 4 + 2 * days + 2 * INDICES.len() * months + totals + 8 + payers).unwrap()
}

/// Every row of a table that the vendor showed on some evening. Each must be a version, and there must be no other
/// versions.
struct Witness<'a> {
    table: &'a Table,
    interface: &'a str,
    /// With the most times it was shown on one evening.
    seen: BTreeMap<Row, usize>,
}

impl Witness<'_> {
    fn look(&mut self, vendor: &Vendor, today: NaiveDate, payers: &[String]) {
        let from = looked_from(vendor, today).max(looked_from(vendor, day(FIRST))).to_string();
        let (today_text, periods) = (today.to_string(), newest_periods(today));
        let asked = |row: &Row| match self.interface {
            "disclosure_date" => periods.contains(&row["end_date"]),
            "dividend" => payers.contains(&row["ts_code"]),
            _ => (&from..=&today_text).contains(&&row["ann_date"]),
        };
        let mut tonight: BTreeMap<Row, usize> = BTreeMap::new();
        for row in on(vendor, self.interface, today).into_iter().filter(asked) {
            *tonight.entry(row).or_default() += 1;
        }
        for (row, times) in tonight {
            let most = self.seen.entry(row).or_default();
            *most = times.max(*most);
        }
    }

    fn compare(&self, place: &Place) {
        let name = &self.table.name;
        let rows = silver(place, name);
        assert!(!self.seen.is_empty() && !rows.is_empty(), "{name} is empty");
        // The mark and the number of notices are not figures; another row of the key may fill a gap.
        let labels = ["update_flag", "notice_times", "first_ann_date", "vendor"];
        let holds = |held: &Row, shown: &Row| {
            shown.iter().all(|(name, value)| labels.contains(&name.as_str()) || covers(&held[name], value))
        };
        let mut by_code: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
        for row in &rows {
            by_code.entry(&row["ts_code"]).or_default().push(row);
        }
        for (shown, times) in &self.seen {
            let held = by_code.get(shown["ts_code"].as_str()).map_or(&[][..], Vec::as_slice);
            assert!(held.iter().any(|row| holds(row, shown)), "{name} lost {shown:?}\nof {held:#?}");
            // There are as many equal rows as the vendor had at once.
            let equal = held.iter().filter(|row| shown.iter().all(|(name, value)| row[name] == *value)).count();
            assert!(!self.table.occurrence || equal == *times, "{name}: {equal} instead of {times} of {shown:?}");
        }
        for row in &rows {
            assert!(self.seen.keys().any(|shown| holds(row, shown)), "{name} made up {row:?}");
        }
        println!("{name}: {} versions, {} rows seen", rows.len(), self.seen.len());
    }
}

#[test]
fn ten_evenings_of_announcements_months_securities_and_periods() {
    let vendor = Vendor::start(settings(2000));
    let payouts = vendor.market.rows("dividend").unwrap();
    let mut payers: Vec<String> = payouts.rows.iter().filter_map(|row| Some(text_of(&row[0])?.to_owned())).collect();
    payers.dedup();
    payers.truncate(6);
    let jobs = format!(
        "[jobs.news]\ntables = [\"stk_holdertrade_cn\", \"forecast_cn\", \"disclosure_date_cn\", \"margin_cn\"]\n\
         [jobs.indices]\ntables = [\"index_weight_cn\", \"index_daily_cn\"]\nsymbols = {INDICES:?}\n\
         [jobs.payouts]\ntables = [\"dividend_cn\"]\nsymbols = {payers:?}\n"
    );
    let place = place(&vendor, 2000, &jobs);
    let witness = |(name, interface)| Witness { table: CATALOG.table(name).unwrap(), interface, seen: BTreeMap::new() };
    let mut witnesses = VERSIONS.map(witness);
    let (mut cheapest, mut estimated) = (0, 0);
    for today in evenings() {
        let now = evening(today);
        vendor.server.set_epoch(now);
        let price = place.expect(0, &["plan", "--now", &now.to_rfc3339(), "--format", "json"]);
        let price: serde_json::Value = serde_json::from_str(&price).unwrap();
        estimated += price["calls"].as_u64().unwrap();
        let before = vendor.calls();
        place.expect(0, &["run", "indices", "news", "payouts", "--now", &now.to_rfc3339()]);
        let needed = least(&vendor, today, payers.len());
        println!("{today}: {} calls, {needed} at least, {} estimated", vendor.calls() - before, price["calls"]);
        cheapest += needed;
        for witness in &mut witnesses {
            witness.look(&vendor, today, &payers);
        }
    }
    for witness in &witnesses {
        witness.compare(&place);
    }
    let last = evenings().last().unwrap();
    for (name, interface) in LATEST {
        let mut shown = on(&vendor, interface, last);
        let rows = cut(silver(&place, name), &shown[0]);
        assert!(!rows.is_empty(), "{name} is empty: {:?}", place.files(&format!("bronze/tushare/{name}")).keys());
        let first = rows.iter().map(|row| row["trade_date"].clone()).min().unwrap();
        assert!(first <= looked_from(&vendor, day(FIRST)).to_string() || name == "index_weight_cn", "{name} {first}");
        let code = |row: &Row| row.get("index_code").or(row.get("ts_code")).cloned();
        shown.retain(|row| row["trade_date"] >= first && code(row).is_none_or(|c| INDICES.contains(&c.as_str())));
        shown.sort();
        assert_eq!(rows, shown, "{name}");
    }
    println!("{} calls made, {estimated} estimated, {cheapest} at least", vendor.calls());
    assert!(vendor.calls() * 5 <= cheapest * 6, "{} calls, {cheapest} would do", vendor.calls());
    assert!(
        estimated.abs_diff(vendor.calls()) * 10 <= vendor.calls(),
        "{estimated} estimated, {} made",
        vendor.calls()
    );
}

#[test]
fn ten_evenings_of_boards_and_their_members() {
    let settings = Settings { stocks: 12, ..settings(6000) };
    let vendor = Vendor::start(settings);
    let place = place(&vendor, 6000, "[jobs.boards]\ntables = [\"dc_member_cn\"]\n");
    for today in evenings() {
        vendor.server.set_epoch(evening(today));
        place.expect(0, &["run", "--now", &evening(today).to_rfc3339()]);
    }
    let first = looked_from(&vendor, day(FIRST)).to_string();
    for (name, interface) in [("dc_index_cn", "dc_index"), ("dc_member_cn", "dc_member")] {
        let mut shown = on(&vendor, interface, evenings().last().unwrap());
        let is_session = |row: &Row| vendor.market.sessions().contains(&day(&row["trade_date"]));
        shown.retain(|row| row["trade_date"] >= first && is_session(row));
        shown.sort();
        assert_eq!(cut(silver(&place, name), &shown[0]), shown, "{name}");
    }
    let rows = silver(&place, "dc_member_cn");
    assert!(rows.iter().any(|row| row["trade_date"] == AWAY), "the evening left out is caught up with");
    // Each day's boards by their three types, and each board's members.
    let boards: BTreeSet<&str> = rows.iter().map(|row| row["ts_code"].as_str()).collect();
    let sessions = vendor.market.sessions();
    let looked: usize = evenings().filter(|today| sessions.contains(today)).count() * (LOOKBACK + 1);
    let least = u64::try_from(evenings().count() * 6 + looked * (3 + boards.len())).unwrap();
    println!("{} calls made, {least} at least", vendor.calls());
    assert!(vendor.calls() * 5 <= least * 6, "{} calls, {least} would do", vendor.calls());
}
