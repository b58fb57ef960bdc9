//! Adding a fifth vendor, once with Tushare's wire format and once with a REST API.

use pitlake::spec::SpecFile;

use super::{expected, file, place, serving, sorted};
use crate::support::{NOW, settings};

/// A gateway with its own interface and Tushare's wire format.
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
expect = { trade_date = "2024-01-02", lent = "15000", fee = "250.0", rate = "2.5", is_open = "true" }
"#,
    ),
];

/// A REST API that pages by limit and offset, and has its own names for securities.
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
