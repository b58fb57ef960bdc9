//! Every interface of the four vendors, backfilled from the sandbox: silver equals the sandbox's market, value by
//! value.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use pitlake::spec::{Axis, Table, TableSource, Values};
use pitlake_sandbox::Settings;

use crate::documented::{self, CATALOG, Documented, assert_equal};
use crate::support::{NOW, Place, Row, Vendor, assert_same, day, settings, silver, text_of};

/// Rows within sessions: too many for a market of many weeks.
const DETAILS: [&str; 2] = ["cyq_chips_cn", "stk_mins_cn"];

/// Interfaces that an account with fewer points uses instead of others of the same folder.
const SISTERS: [&str; 7] =
    ["income", "fina_indicator", "balancesheet", "cashflow", "forecast", "express", "fina_mainbz"];

/// The days of the backfills. Reports and announcements extend beyond the sessions.
struct Asked {
    sessions: Settings,
    announcements: (NaiveDate, NaiveDate),
}

impl Asked {
    fn new(sessions: Settings) -> Self {
        Self { sessions, announcements: (day("2022-06-01"), day("2023-06-30")) }
    }

    fn is_session(source: &TableSource) -> bool {
        matches!(source.contract.ask.axis, Axis::Session | Axis::Month | Axis::SecurityMonth)
    }

    /// Whether a row of the market was requested.
    fn covers(&self, table: &Table, source: &TableSource, row: &Row) -> bool {
        let field = source.contract.ask.field.as_ref();
        let column = field.and_then(|field| {
            let plan = source.fields.iter().find(|plan| source.contract.fields[plan.field].name == *field)?;
            Some(&table.columns[plan.column].name)
        });
        // Empty structures are not rows.
        if source.needs.iter().any(|column| row[&table.columns[*column].name] == "null") {
            return false;
        }
        // Consolidated statements are requested unless a job names others.
        let is_typed = source.contract.ask.each.iter().any(|(_, values)| matches!(values, Values::ReportTypes(_)));
        if is_typed && row["report_type"] != "1" {
            return false;
        }
        // The contract lists some indices and currency pairs.
        for (name, values) in &source.contract.ask.each {
            if let (Values::Symbols(all), Some(code)) = (values, row.get(name))
                && !all.contains(code)
            {
                return false;
            }
        }
        let (first, last) = self.announcements;
        match (source.contract.ask.axis, column.map(|column| row[column].as_str())) {
            (Axis::Day | Axis::Period, Some("null")) => false,
            (Axis::Day | Axis::Period, Some(text)) => (first..=last).contains(&day(text)),
            _ => true,
        }
    }

    /// Backfills tables, each over its own days.
    fn backfill(&self, place: &Place, tables: &[&Table], source: impl Fn(&Table) -> usize) {
        let (sessions, others): (Vec<&Table>, Vec<&Table>) =
            tables.iter().partition(|table| Self::is_session(&table.sources[source(table)]));
        let range = (self.sessions.start, self.sessions.end);
        for (tables, (start, end)) in [(sessions, range), (others, self.announcements)] {
            if tables.is_empty() {
                continue;
            }
            let (start, end) = (start.to_string(), end.to_string());
            let names: Vec<&str> = tables.iter().map(|table| table.name.as_str()).collect();
            place.patiently(&[&["backfill"], &names[..], &["--start", &start, "--end", &end]].concat());
        }
        // A backfill only builds the years in its range.
        place.expect(0, &["normalize", "--now", NOW]);
    }
}

/// Backfills the first source of a vendor for each table, and compares.
fn compare(vendor: &Vendor, place: &Place, tables: &[&'static Table], name: &str, asked: &Asked) {
    let first = |table: &Table| {
        let all = table.sources.iter().position(|source| {
            source.contract.id.vendor == name && !(asked.sessions.points < 5000 && source.contract.points >= 5000)
        });
        all.unwrap_or(0)
    };
    asked.backfill(place, tables, first);
    for table in tables {
        assert!(place.files(&format!("rejects/{}", table.name)).is_empty(), "{} has rejects", table.name);
        let mut columns = BTreeSet::new();
        let mut shown = Vec::new();
        let of_vendor = table.sources.iter().filter(|source| source.contract.id.vendor == name);
        let folder = &table.sources[first(table)].contract.kind;
        // Interfaces of one folder have the same rows; others are parts of the table.
        for source in of_vendor.filter(|source| {
            source.contract.kind != *folder || source.contract.id == table.sources[first(table)].contract.id
        }) {
            let all = Documented::part(table, source, rows_of(source)).rows(&vendor.market, None);
            columns.extend(all.iter().flat_map(Row::keys).cloned());
            let listed = listed(vendor, asked.announcements.0);
            let boards = boards(place, source);
            shown.extend(all.into_iter().filter(|row| {
                let is_asked = !source.contract.ask.axis.by_security()
                    || row.get("ts_code").is_none_or(|code| listed.contains(code));
                let is_board = boards
                    .as_ref()
                    .is_none_or(|all| all.contains(&(row["trade_date"].clone(), row["ts_code"].clone())));
                is_asked && is_board && asked.covers(table, source, row)
            }));
        }
        assert_equal(place, table, shown, &columns);
    }
}

/// The securities not delisted before a day.
fn listed(vendor: &Vendor, start: NaiveDate) -> BTreeSet<String> {
    let rows = vendor.market.rows("stock_basic").unwrap();
    let column = |name: &str| rows.fields.iter().position(|field| *field == name).unwrap();
    let (code, delisted) = (column("ts_code"), column("delist_date"));
    let start = start.format("%Y%m%d").to_string();
    let lived = rows.rows.iter().filter(|row| text_of(&row[delisted]).is_none_or(|day| day >= start.as_str()));
    lived.filter_map(|row| text_of(&row[code]).map(str::to_owned)).collect()
}

/// Members are requested for the boards that the lake has for the day.
fn boards(place: &Place, source: &TableSource) -> Option<BTreeSet<(String, String)>> {
    let of_day = |(_, values): &(String, Values)| matches!(values, Values::Column { of_day: Some(_), .. });
    source.contract.ask.each.iter().any(of_day).then(|| {
        let rows = silver(place, "dc_index_cn");
        rows.iter().map(|row| (row["trade_date"].clone(), row["ts_code"].clone())).collect()
    })
}

/// The sandbox's name for the rows of a source.
fn rows_of(source: &TableSource) -> String {
    let id = &source.contract.id;
    match (id.vendor.as_str(), &source.rows) {
        ("tushare", _) => id.name.clone(),
        (_, Some(list)) => format!("{id}/{list}"),
        (_, None) => id.to_string(),
    }
}

fn tables_of(name: &str) -> Vec<&'static Table> {
    let sells = |table: &&Table| table.sources.iter().any(|source| source.contract.id.vendor == name);
    CATALOG.tables().map(AsRef::as_ref).filter(sells).collect()
}

#[test]
fn every_interface_of_tushare() {
    let settings = Settings { points: 10_000, ..settings() };
    let vendor = Vendor::start(settings.clone());
    let place = Place::of(&vendor, &[vendor.account("tushare", "points = 10000")]);
    let mut tables = tables_of("tushare");
    tables.retain(|table| !DETAILS.contains(&table.name.as_str()) && table.name != "trade_cal");
    compare(&vendor, &place, &tables, "tushare", &Asked::new(settings));
    // The calendar comes along, complete, for the two stock exchanges.
    let mut calendar = documented::tushare(&vendor.market, "trade_cal", None);
    calendar.retain(|row| ["SSE", "SZSE"].contains(&row["exchange"].as_str()));
    assert_same("trade_cal", silver(&place, "trade_cal"), calendar);
    // Equal rows in an answer are numbered.
    for table in ["top_inst_cn", "block_trade_cn"] {
        assert!(silver(&place, table).iter().any(|row| row["occurrence"] != "1"), "{table} has no equal rows");
    }
}

#[test]
fn every_interface_of_tushare_for_fewer_points() {
    let settings = Settings { points: 2000, ..settings() };
    let vendor = Vendor::start(settings.clone());
    let place = Place::of(&vendor, &[vendor.account("tushare", "points = 2000")]);
    let mut tables = tables_of("tushare");
    tables.retain(|table| SISTERS.iter().any(|sister| table.name == format!("{sister}_cn")));
    assert_eq!(tables.len(), SISTERS.len());
    compare(&vendor, &place, &tables, "tushare", &Asked::new(settings));
}

#[test]
fn chips_and_minutes() {
    let settings =
        Settings { points: 10_000, stocks: 10, start: day("2022-11-28"), end: day("2022-12-16"), ..settings() };
    let vendor = Vendor::start(settings.clone());
    // The market has hourly bars unless a call asks for another length.
    let schema = include_str!("../../schemas/tushare/stk_mins.toml").replace("\"1min\"", "\"60min\"");
    let place = Place::of(&vendor, &[vendor.account("tushare", "points = 10000")]);
    std::fs::create_dir_all(place.path("schemas/tushare")).unwrap();
    std::fs::write(place.path("schemas/tushare/stk_mins.toml"), schema).unwrap();
    let mut tables = tables_of("tushare");
    tables.retain(|table| DETAILS.contains(&table.name.as_str()));
    compare(&vendor, &place, &tables, "tushare", &Asked::new(settings));
    // Fetched again without changes, silver stays as it is.
    let before = DETAILS.map(|table| silver(&place, table));
    let (start, end) = (vendor.market.sessions()[0].to_string(), "2022-12-16");
    let args = ["backfill", "cyq_chips_cn", "stk_mins_cn", "--refetch", "--start", &start, "--end", end, "--now", NOW];
    place.expect(0, &args);
    place.expect(0, &["normalize", "--full", "--now", NOW]);
    assert!(before == DETAILS.map(|table| silver(&place, table)), "rows changed");
    let days = place.files("silver/stk_mins_cn");
    assert!(days.keys().any(|path| path.ends_with("date=2022-12-01/part-0.parquet")), "{:?}", days.keys());
    assert_eq!(days.len(), vendor.market.sessions().len());
}

#[test]
fn every_endpoint_of_asharehub() {
    let vendor = Vendor::start(Settings { quota: 0, ..settings() });
    let place = Place::of(&vendor, &[vendor.account("asharehub", "")]);
    let mut tables = tables_of("asharehub");
    // These have days or tests of their own: `feeds` and `two_vendors`.
    tables.retain(|table| {
        !["asharehub_news_flash", "asharehub_realtime", "trade_cal", "top_list_cn"].contains(&table.name.as_str())
    });
    compare(&vendor, &place, &tables, "asharehub", &Asked::new(settings()));
}

#[test]
fn the_income_statements_of_alphafin_and_every_table_of_f10() {
    for name in ["alphafin", "f10"] {
        // Growth needs two years of reports.
        let settings = Settings { start: day("2021-01-01"), ..settings() };
        let vendor = Vendor::start(settings.clone());
        // Neither vendor has a list of securities.
        let place = Place::of(&vendor, &[vendor.account(name, ""), vendor.account("tushare", "points = 5000")]);
        let tables = tables_of(name);
        compare(&vendor, &place, &tables, name, &Asked::new(settings));
    }
}
