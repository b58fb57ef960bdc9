//! Interfaces and vendors that the project does not know, added by TOML beside jobs.toml and nothing else. The sandbox
//! serves them from the same files.

use std::collections::BTreeMap;
use std::fs;

use pitlake::spec::{Catalog, SpecFile};
use pitlake_sandbox::Settings;

use crate::documented::Documented;
use crate::support::{NOW, Place, Row, Vendor, settings, silver};

/// Step 1, after the vendor's page (doc 104).
const SCHEMA: &str = r#"version = 1
interface = "tushare/hs_const"
type = "hs_const_cn"
title = "Stock Connect constituents"
checked = "2026-11-21"
points = 2000

[ask]
by = "snapshot"
page_rows = 2000

[ask.each]
hs_type = ["SH", "SZ"]
is_new = ["1", "0"]

[publication]
hour = "00:00"
empty = "unpublished"
history_from = "2014-11-17"

[fields]
ts_code = { type = "text", nullable = false, description = "security" }
hs_type = { type = "text", description = "SH Shanghai's channel, SZ Shenzhen's" }
in_date = { type = "date", nullable = false, description = "first day inside" }
out_date = { type = "date", description = "first day outside, null while inside" }
is_new = { type = "flag", description = "whether it is inside now" }
"#;

/// Step 2, what its rows mean here.
const PIPELINE: &str = r#"version = 1
table = "hs_const_cn"
title = "Stock Connect constituents"
description = "One row a security and stay in the list, of today."
key = ["ts_code", "in_date"]
partition = "none"
known = "observed"
keeps = "latest"

[[source]]
interface = "tushare/hs_const"

[[example]]
source = "tushare/hs_const"
given = '{"ts_code":"999999.SZ","hs_type":"SZ","in_date":"20161205","out_date":null,"is_new":"1"}'
expect = { in_date = "2016-12-05", out_date = "null", is_new = "true" }
"#;

fn file(name: &str, text: &str) -> SpecFile {
    SpecFile { name: name.into(), text: text.into() }
}

fn own() -> Vec<SpecFile> {
    vec![file("schemas/tushare/hs_const.toml", SCHEMA), file("pipelines/hs_const_cn.toml", PIPELINE)]
}

/// A sandbox that serves some files, as far as they are contracts.
fn serving(files: &[SpecFile], settings: &Settings) -> Vendor {
    let own = files.iter().filter(|file| file.name.starts_with("schemas/")).cloned().collect();
    Vendor::start(Settings { own, ..settings.clone() })
}

/// A place with these files beside jobs.toml.
fn place(vendor: &Vendor, accounts: &[String], files: &[SpecFile]) -> Place {
    let place = Place::of(vendor, accounts);
    for file in files {
        let path = place.path(&file.name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, &file.text).unwrap();
    }
    place
}

/// What silver must hold of an interface in these files; `units` are those of its fields.
fn expected(vendor: &Vendor, files: &[SpecFile], table: &str, units: &[(&str, &str)]) -> Vec<Row> {
    let (catalog, _) = Catalog::load(files, None).unwrap_or_else(|problems| panic!("{problems}"));
    let table = catalog.table(table).unwrap();
    let source = &table.sources[0];
    let id = &source.contract.id;
    let name = if id.vendor == "tushare" { id.name.clone() } else { id.to_string() };
    let units: BTreeMap<&str, &str> = units.iter().copied().collect();
    let mut rows = Documented { table, source, name, units }.rows(&vendor.market, None);
    rows.sort();
    rows
}

fn sorted(place: &Place, table: &str) -> Vec<Row> {
    let mut rows = silver(place, table);
    rows.sort();
    rows
}

/// Runs `tables` on a changed file, and expects the line of the change and a hint.
fn refused(place: &Place, file: &str, (old, new): (&str, &str), parts: &[&str]) {
    let path = place.path(file);
    let text = fs::read_to_string(&path).unwrap();
    let line = 1 + text[..text.find(old).unwrap()].matches('\n').count();
    fs::write(&path, text.replacen(old, new, 1)).unwrap();
    let output = place.run(&["tables", "hs_const_cn"]);
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{new}: {printed}");
    assert!(printed.contains(&format!("{file}:{line}:")), "{new}: no {file}:{line} in\n{printed}");
    for part in parts {
        assert!(printed.contains(part), "{new}: no `{part}` in\n{printed}");
    }
    fs::write(path, text).unwrap();
}

#[test]
fn an_interface_in_four_steps() {
    let settings = Settings { stocks: 60, ..settings() };
    let files = own();
    let vendor = serving(&files, &settings);
    let place = place(&vendor, &[vendor.account("tushare", "points = 5000")], &files);
    // Step 3: the files load, their example holds, and the table is printed.
    let printed = place.expect(0, &["tables", "hs_const_cn"]);
    for part in ["hs_const_cn", "Stock Connect constituents", "in_date", "first day inside", "tushare/hs_const"] {
        assert!(printed.contains(part), "no `{part}` in {printed}");
    }
    assert_eq!(vendor.calls(), 0);
    // Step 4.
    place.backfill(0, &["hs_const_cn"], &settings);
    let rows = sorted(&place, "hs_const_cn");
    assert_eq!(rows, expected(&vendor, &files, "hs_const_cn", &[]));
    let has = |column: &str, value: &str| rows.iter().any(|row| row[column] == value);
    assert!(has("hs_type", "SH") && has("hs_type", "SZ") && has("is_new", "true") && has("is_new", "false"));
    // Two channels, current and former members; pages beyond the first prove the ends.
    let calls = vendor.server.calls()["hs_const"];
    assert!((4..=8).contains(&calls), "{calls} calls");
    // It can be queried and put into a job like any other table.
    let sql = "select count(*) as n from hs_const_cn where is_new";
    let inside = rows.iter().filter(|row| row["is_new"] == "true").count();
    assert_eq!(place.expect(0, &["query", sql, "--format", "json"]).trim(), format!(r#"[{{"n":{inside}}}]"#));
    let jobs = fs::read_to_string(place.path("jobs.toml")).unwrap();
    place.jobs(&format!("{jobs}[jobs.mine]\ntables = [\"hs_const_cn\"]\n"));
    place.expect(0, &["run", "mine", "--now", "2026-01-06T12:00:00Z"]);
    assert_eq!(vendor.server.calls()["hs_const"], calls + 4, "a new day has its own snapshot");
    let status = place.expect(0, &["status", "hs_const_cn", "--now", NOW]);
    assert!(status.contains("hs_const_cn"), "{status}");
}

#[test]
fn mistakes_are_reported_with_file_line_and_a_hint() {
    let files = own();
    let vendor = serving(&files, &settings());
    let place = place(&vendor, &[vendor.account("tushare", "points = 5000")], &files);
    let schema = "schemas/tushare/hs_const.toml";
    let pipeline = "pipelines/hs_const_cn.toml";
    refused(&place, schema, ("page_rows", "page_row"), &["page_rows"]);
    refused(&place, schema, ("\"snapshot\"", "\"snapshots\""), &["snapshot"]);
    refused(&place, schema, ("type = \"flag\"", "type = \"falg\""), &["flag"]);
    refused(&place, schema, ("history_from", "history_form"), &["history_from"]);
    refused(&place, pipeline, ("interface = \"tushare/hs_const\"", "interface = \"tushare/hs_cons\""), &["hs_const"]);
    refused(&place, pipeline, ("[\"ts_code\", \"in_date\"]", "[\"ts_code\", \"indate\"]"), &["in_date"]);
    refused(&place, pipeline, ("partition = \"none\"", "partition = \"non\""), &["none"]);
    // The files are as before, and nothing was asked.
    place.expect(0, &["tables", "hs_const_cn"]);
    assert_eq!(vendor.calls(), 0);
    let output = place.run(&["tables", "hs_cons_cn"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("did you mean `hs_const_cn`?"));
}

/// A gateway that has an interface of its own and Tushare's wire.
const GATEWAY: [(&str, &str); 3] = [
    (
        "schemas/gateway.toml",
        r#"version = 1
vendor = "gateway"
wire = "tushare"
token_env = "GATEWAY_KEY"
token_in = "body"

[[limits]]
points = 0
requests_per_minute = 600
"#,
    ),
    (
        "schemas/gateway/lending.toml",
        r#"version = 1
interface = "gateway/lending"
type = "lending"
title = "Securities lending by day"
checked = "2026-11-21"

[ask]
by = "session"
param = "trade_date"
page_rows = 7

[call]
cap = 7

[publication]
hour = "17:00"
empty = "unpublished"
history_from = "2015-01-05"

[fields]
ts_code = { type = "text", nullable = false, description = "security" }
trade_date = { type = "date", nullable = false, description = "trading day" }
lent = { type = "number", unit = "share1e4", description = "shares lent on the day" }
fee = { type = "number", unit = "CNY1e3", description = "fees of the day" }
rate = { type = "number", unit = "percent", description = "yearly rate" }
is_open = { type = "flag", description = "whether there is more to lend" }
"#,
    ),
    (
        "pipelines/lending.toml",
        r#"version = 1
table = "lending"
title = "Securities lending by day"
description = "One row per security and trading day."
key = ["ts_code", "trade_date"]
partition = "year"
event = "trade_date"
known = "event"
keeps = "latest"

[[source]]
interface = "gateway/lending"

[[example]]
source = "gateway/lending"
given = '{"ts_code":"600000.SH","trade_date":"20240102","lent":1.5,"fee":0.25,"rate":2.5,"is_open":1}'
expect = { trade_date = "2024-01-02", lent = "15000.0", fee = "250.0", rate = "2.5", is_open = "true" }
"#,
    ),
];

/// A REST API that pages by limit and offset, and names securities in its own way.
const QUOTES: [(&str, &str); 3] = [
    (
        "schemas/quotes.toml",
        r#"version = 1
vendor = "quotes"
wire = "rest"
token_env = "QUOTES_KEY"
token_in = "header"
token_header = "X-Quotes-Key"

[[limits]]
points = 0
requests_per_minute = 600
"#,
    ),
    (
        "schemas/quotes/closing_auction.toml",
        r#"version = 1
interface = "quotes/closing_auction"
type = "closing_auction"
path = "/api/v3/closing-auction"
title = "Closing auctions"
checked = "2026-11-21"

[ask]
by = "session"
send = { start_date = "{first:iso}", end_date = "{last:iso}" }
field = "trade_date"
page_rows = 5

[call]
cap = 5
range = "trade_date"

[publication]
hour = "16:00"
empty = "unpublished"
history_from = "2015-01-05"

[fields]
trade_date = { type = "date", nullable = false, description = "trading day" }
symbol = { type = "symbol", nullable = false, description = "security" }
price = { type = "number", unit = "CNY/share", description = "price of the auction" }
matched = { type = "number", unit = "lot100", description = "volume matched" }
turnover = { type = "number", unit = "CNY1e4", description = "turnover" }
"#,
    ),
    (
        "pipelines/closing_auction.toml",
        r#"version = 1
table = "closing_auction"
title = "Closing auctions"
description = "One row per security and trading day."
key = ["symbol", "trade_date"]
partition = "year"
event = "trade_date"
known = "event"
keeps = "latest"

[[source]]
interface = "quotes/closing_auction"

[[example]]
source = "quotes/closing_auction"
given = '{"trade_date":"2024-01-02","symbol":"600000","price":"7.10","matched":"12","turnover":"0.852"}'
expect = { trade_date = "2024-01-02", symbol = "600000.SH", price = "7.1", matched = "1200", turnover = "8520.0" }
"#,
    ),
];

#[test]
fn a_vendor_by_its_files_alone() {
    for (vendor_name, own, table, units) in [
        ("gateway", GATEWAY, "lending", &[("lent", "share1e4"), ("fee", "CNY1e3")][..]),
        ("quotes", QUOTES, "closing_auction", &[("matched", "lot100"), ("turnover", "CNY1e4")]),
    ] {
        let files: Vec<SpecFile> = own.iter().map(|(name, text)| file(name, text)).collect();
        let settings = settings();
        let vendor = serving(&files, &settings);
        // The calendar is Tushare's.
        let accounts = [vendor.account("tushare", "points = 5000"), vendor.account(vendor_name, "")];
        let place = place(&vendor, &accounts, &files);
        let printed = place.expect(0, &["tables", table]);
        assert!(printed.contains(&format!("{vendor_name}/{table}")), "{printed}");
        place.backfill(0, &[table], &settings);
        let rows = sorted(&place, table);
        assert_eq!(rows, expected(&vendor, &files, table, units), "{table}");
        let days = vendor.market.sessions().len();
        assert!(rows.len() > 10 * days, "{} rows in {days} days do not fill pages", rows.len());
        let report = place.backfill(0, &[table, "--format", "json"], &settings);
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        assert_eq!(report["calls"].get(format!("{vendor_name}/{table}")), None, "everything is held");
        let mut refused =
            place.command(&["backfill", table, "--refetch", "--start", "2023-01-05", "--end", "2023-01-05"]);
        let variable = format!("{}_KEY", vendor_name.to_uppercase());
        let output = refused.args(["--now", NOW]).env(&variable, "wrong-key").output().unwrap();
        assert_eq!(output.status.code(), Some(5), "{}", String::from_utf8_lossy(&output.stdout));
        assert_eq!(sorted(&place, table), rows);
    }
}
