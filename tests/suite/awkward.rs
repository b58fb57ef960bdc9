//! Vendors that truncate, fail or lie, and lakes written by other programs.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use pitlake_sandbox::{Cell, Market, Settings};

use crate::documented;
use crate::support::{DAILY, NOW, Place, Vendor, assert_same, settings, silver};

#[test]
fn a_cap_below_the_documented_ones_loses_no_row() {
    let settings = Settings { stocks: 60, cap: Some(7), ..settings() };
    let vendor = Vendor::start(settings.clone());
    let place = Place::with(&vendor);
    place.backfill(0, &DAILY, &settings);
    for (table, interface) in [
        ("stock_basic_cn", "stock_basic"),
        ("stock_daily_cn", "daily"),
        ("stock_daily_basic_cn", "daily_basic"),
        ("adj_factor", "adj_factor"),
        ("moneyflow_cn", "moneyflow"),
        ("suspend_d_cn", "suspend_d"),
    ] {
        assert_same(table, silver(&place, table), documented::tushare(&vendor.market, interface, None));
    }
}

#[test]
fn network_faults_are_retried() {
    let settings = Settings { faults: 9, cap: Some(400), end: settings().start + chrono::Days::new(25), ..settings() };
    let vendor = Vendor::start(settings.clone());
    let place = Place::with(&vendor);
    place.backfill(0, &["stock_daily_cn", "suspend_d_cn"], &settings);
    assert_same("stock_daily_cn", silver(&place, "stock_daily_cn"), documented::tushare(&vendor.market, "daily", None));
    assert_same("suspend_d_cn", silver(&place, "suspend_d_cn"), documented::tushare(&vendor.market, "suspend_d", None));
}

#[test]
fn the_newer_address_form_works_too() {
    let vendor = Vendor::start(settings());
    let place = Place::at(&format!("{}/dataapi", vendor.server.url()));
    let place = Place { token: vendor.server.token().to_owned(), ..place };
    place.backfill(0, &["adj_factor"], &settings());
    assert_same("adj_factor", silver(&place, "adj_factor"), documented::tushare(&vendor.market, "adj_factor", None));
}

/// Writes the rows of an interface as another program would: gzipped JSON lines in the documented layout, without a
/// header, in the folder of the day in a column, or of the last session. Sessions without rows get an empty file.
fn write_as_another_program(place: &Place, market: &Market, folder: &str, interface: &str, column: &str) {
    let rows = market.rows(interface).unwrap();
    let column = rows.fields.iter().position(|field| field == column);
    let mut days: BTreeMap<String, String> = BTreeMap::new();
    let last = market.sessions().last().unwrap().format("%Y%m%d").to_string();
    if column.is_some() {
        days.extend(market.sessions().iter().map(|day| (day.format("%Y%m%d").to_string(), String::new())));
    }
    for row in rows.rows {
        let day = column.map_or(&last, |column| match &row[column] {
            Cell::Text(day) => day,
            cell => panic!("{cell:?} is not a day"),
        });
        let value = |cell: &Cell| match cell {
            Cell::Null => "null".to_owned(),
            Cell::Text(text) => serde_json::Value::from(text.as_str()).to_string(),
            Cell::Number(digits) => digits.clone(),
        };
        let members: Vec<String> =
            rows.fields.iter().zip(&row).map(|(name, cell)| format!("{name:?}:{}", value(cell))).collect();
        days.entry(day.clone()).or_default().extend(["{", &members.join(","), "}\n"]);
    }
    for (day, lines) in days {
        let (year, month, date) = (&day[..4], &day[4..6], &day[6..]);
        let folder = place.path(&format!("data/bronze/tushare/{folder}/date={year}-{month}-{date}"));
        fs::create_dir_all(&folder).unwrap();
        let file = fs::File::create(folder.join(format!("{interface}.jsonl.gz"))).unwrap();
        let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
        gzip.write_all(lines.as_bytes()).unwrap();
        gzip.finish().unwrap();
    }
}

#[test]
fn bronze_of_another_program_is_normalised_as_it_is() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    write_as_another_program(&place, &vendor.market, "stock_daily_cn", "daily", "trade_date");
    write_as_another_program(&place, &vendor.market, "moneyflow_cn", "moneyflow", "trade_date");
    write_as_another_program(&place, &vendor.market, "suspend_d_cn", "suspend_d", "trade_date");
    write_as_another_program(&place, &vendor.market, "trade_cal", "trade_cal", "");
    place.expect(0, &["normalize", "--now", NOW]);
    for (table, interface) in
        [("stock_daily_cn", "daily"), ("moneyflow_cn", "moneyflow"), ("suspend_d_cn", "suspend_d")]
    {
        assert_same(table, silver(&place, table), documented::tushare(&vendor.market, interface, None));
    }
    let status = place.expect(0, &["status", "stock_daily_cn", "--format", "json", "--now", NOW]);
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status[0]["unproven"], vendor.market.sessions().len());
    assert_eq!(status[0]["holes"], serde_json::json!([]));
    // Its days are held, so none is fetched.
    let report = place.backfill(0, &["stock_daily_cn", "--format", "json"], &settings());
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["calls"].get("tushare/daily"), None);
}

#[test]
fn an_exported_market_is_a_lake_that_lacks_nothing() {
    let settings =
        Settings { stocks: 10, start: "2022-12-19".parse().unwrap(), end: "2023-01-06".parse().unwrap(), ..settings() };
    let vendor = Vendor::start(settings.clone());
    let place = Place::with(&vendor);
    let range = ["--stocks", "10", "--start", "2022-12-19", "--end", "2023-01-06"];
    place.expect(0, &[&["sandbox", "--export", "data", "--now", NOW], &range[..]].concat());
    place.backfill(0, &["stock_daily_cn", "dividend_cn", "income_cn", "suspend_d_cn"], &settings);
    assert_eq!(vendor.calls(), 0, "everything is held");
    for (table, interface) in [("stock_daily_cn", "daily"), ("suspend_d_cn", "suspend_d")] {
        assert_same(table, silver(&place, table), documented::tushare(&vendor.market, interface, None));
    }
    assert!(place.files("bronze").keys().all(|path| !path.contains("stk_mins") && !path.contains("cyq_chips")));
}

#[test]
fn a_damaged_bronze_file_is_named_and_the_old_partition_kept() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    place.backfill(0, &["adj_factor"], &settings());
    let before = place.files("silver");
    let path = place.files("bronze/tushare/adj_factor").into_keys().next().unwrap();
    let whole = fs::read(place.path("data").join(&path)).unwrap();
    fs::write(place.path("data").join(&path), &whole[..whole.len() - 9]).unwrap();
    let printed = place.expect(3, &["normalize", "adj_factor", "--now", NOW]);
    assert!(printed.contains(&path) && printed.contains("truncated or damaged"), "{printed}");
    assert_eq!(place.files("silver"), before);
}

#[test]
fn a_unit_other_than_the_contracts_stops_the_partition() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    let folder = place.path("data/bronze/tushare/stock_daily_cn/date=2024-01-02");
    fs::create_dir_all(&folder).unwrap();
    let file = fs::File::create(folder.join("shares.jsonl.gz")).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::default());
    // Volume in shares; the contract has lots.
    writeln!(gzip, r#"{{"ts_code":"000001.SZ","trade_date":"20240102","close":10.0,"vol":12300,"amount":123.0}}"#)
        .unwrap();
    gzip.finish().unwrap();
    let printed = place.expect(4, &["normalize", "stock_daily_cn", "--now", NOW]);
    assert!(printed.contains("power of ten"), "{printed}");
    assert!(place.files("silver").is_empty());
}

/// Answers every request with the same body; returns the URL.
fn fixed_reply(status: &'static str, body: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream);
            let mut length = 0;
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|n| n > 2) {
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap_or(0);
                }
                line.clear();
            }
            let mut request = vec![0; length];
            let _ = reader.read_exact(&mut request);
            let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            let _ = reader.get_mut().write_all(format!("{head}{body}").as_bytes());
        }
    });
    address
}

#[test]
fn a_token_in_a_vendors_message_is_not_repeated() {
    let url = fixed_reply("200 OK", r#"{"code":40101,"msg":"您的token不对: a-secret-token-of-the-test","data":null}"#);
    let place = Place::at(&url);
    let output =
        place.run(&["backfill", "adj_factor", "--start", "2024-01-02", "--end", "2024-01-02", "--now", NOW, "-v"]);
    assert_eq!(output.status.code(), Some(5));
    for text in [&output.stdout, &output.stderr] {
        assert!(!String::from_utf8_lossy(text).contains(&place.token));
    }
    for (path, body) in place.files("") {
        assert!(!String::from_utf8_lossy(&body).contains(&place.token), "{path}");
    }
}

/// Was: the whole reply was read, parsed and requested again, five times.
#[test]
fn a_reply_of_any_size_is_given_up_at_64_mib_and_not_asked_for_again() {
    let body: &'static str = Box::leak(format!("[\"{}\"]", "x".repeat(65 << 20)).into_boxed_str());
    let place = Place::at(&fixed_reply("200 OK", body));
    let printed =
        place.expect(3, &["backfill", "adj_factor", "--start", "2024-01-02", "--end", "2024-01-02", "--now", NOW]);
    assert!(printed.contains("the reply is larger than 64 MiB"), "{printed}");
    let (_, calls) = printed.split_once("calls: ").expect(&printed);
    let calls = calls.lines().next().unwrap().split(", ").map(|one| one.rsplit(' ').next().unwrap());
    let most = calls.map(|number| number.parse::<usize>().unwrap()).max().unwrap();
    assert!(most <= 8, "each page is asked for once: {printed}");
}

#[test]
fn a_wrong_path_stops_the_interface_and_is_named() {
    let place = Place::at("http://127.0.0.1:9");
    let url = fixed_reply("404 Not Found", r#"{"detail":"Not Found"}"#);
    place.jobs(&format!("version = 1\n[vendors.asharehub]\nbase_url = \"{url}\"\nrequests_per_minute = 1000000\n"));
    let range = ["--start", "2024-01-02", "--end", "2024-06-28", "--now", NOW];
    let printed = place.expect(3, &[&["backfill", "asharehub_news_flash"][..], &range].concat());
    assert!(printed.contains("`/v1/news/flash`") && printed.contains("`paths` of [vendors.asharehub]"), "{printed}");
    // Only the calls already on their way were made.
    let (_, calls) = printed.split_once("asharehub/news_flash ").expect(&printed);
    let calls: usize = calls.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap();
    assert!(calls <= 8, "{printed}");
}

#[test]
fn a_redirect_is_not_followed_with_the_token() {
    let elsewhere = fixed_reply("200 OK", r#"{"code":0,"data":{"fields":["ts_code"],"items":[]}}"#);
    let body: &'static str = Box::leak(format!("HTTP/1.1 307 x\r\nlocation: {elsewhere}\r\n").into_boxed_str());
    let place = Place::at(&fixed_reply("307 Temporary Redirect", body));
    let printed =
        place.expect(3, &["backfill", "trade_cal", "--start", "2024-01-02", "--end", "2024-01-02", "--now", NOW]);
    assert!(printed.contains("http 307"), "{printed}");
}
