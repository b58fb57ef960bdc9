//! Vendors that cut, fail and lie, and lakes that other programs wrote.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use pitlake_sandbox::{Settings, export};

use crate::support::{DAILY, NOW, Place, Vendor, assert_same, settings, silver, truth};
use crate::truth::assert_whole;

#[test]
fn a_cap_below_every_documented_one_still_gives_a_whole_lake() {
    let settings = Settings { stocks: 60, cap: Some(7), ..settings() };
    let vendor = Vendor::start(settings.clone());
    let place = Place::with(&vendor);
    place.backfill(0, &DAILY, &settings);
    assert_whole(&place, &vendor);
}

#[test]
fn faults_on_the_line_are_overcome() {
    let settings = Settings { faults: 9, cap: Some(400), end: settings().start + chrono::Days::new(25), ..settings() };
    let vendor = Vendor::start(settings.clone());
    let place = Place::with(&vendor);
    place.backfill(0, &["stock_daily_cn", "suspend_d_cn"], &settings);
    assert_same("stock_daily_cn", silver(&place, "stock_daily_cn"), truth(&vendor.market, "daily"));
    assert_same("suspend_d_cn", silver(&place, "suspend_d_cn"), truth(&vendor.market, "suspend_d"));
}

#[test]
fn the_newer_form_of_the_address_is_spoken_too() {
    let vendor = Vendor::start(settings());
    let place = Place::at(&format!("{}/dataapi", vendor.server.url()));
    let place = Place { token: vendor.server.token().to_owned(), ..place };
    place.backfill(0, &["adj_factor"], &settings());
    assert_same("adj_factor", silver(&place, "adj_factor"), truth(&vendor.market, "adj_factor"));
}

#[test]
fn a_lake_of_another_program_normalises_as_it_is() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    export(&vendor.market, &place.path("data")).unwrap();
    place.expect(0, &["normalize", "--now", NOW]);
    for (table, interface) in
        [("stock_daily_cn", "daily"), ("moneyflow_cn", "moneyflow"), ("suspend_d_cn", "suspend_d")]
    {
        assert_same(table, silver(&place, table), truth(&vendor.market, interface));
    }
    let status = place.expect(0, &["status", "stock_daily_cn", "--format", "json", "--now", NOW]);
    let status: serde_json::Value = serde_json::from_str(&status).unwrap();
    assert_eq!(status[0]["unproven"], vendor.market.sessions().len());
    assert_eq!(status[0]["holes"], serde_json::json!([]));
    // Its days are held: nothing of them is asked.
    let report = place.backfill(0, &["stock_daily_cn", "--format", "json"], &settings());
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["calls"].get("tushare/daily"), None);
}

#[test]
fn a_damaged_bronze_file_keeps_the_old_partition_and_is_named() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    place.backfill(0, &["adj_factor"], &settings());
    let before = place.files("silver");
    let path = place.files("bronze/tushare/adj_factor").into_keys().next().unwrap();
    let whole = fs::read(place.path("data").join(&path)).unwrap();
    fs::write(place.path("data").join(&path), &whole[..whole.len() - 9]).unwrap();
    let said = place.expect(3, &["normalize", "adj_factor", "--now", NOW]);
    assert!(said.contains(&path) && said.contains("cut or damaged"), "{said}");
    assert_eq!(place.files("silver"), before);
}

#[test]
fn a_unit_that_is_not_what_the_contract_says_stops_the_partition() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    let folder = place.path("data/bronze/tushare/stock_daily_cn/date=2024-01-02");
    fs::create_dir_all(&folder).unwrap();
    let file = fs::File::create(folder.join("shares.jsonl.gz")).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::default());
    // Volume in shares where the contract says lots.
    writeln!(gzip, r#"{{"ts_code":"000001.SZ","trade_date":"20240102","close":10.0,"vol":12300,"amount":123.0}}"#)
        .unwrap();
    gzip.finish().unwrap();
    let said = place.expect(4, &["normalize", "stock_daily_cn", "--now", NOW]);
    assert!(said.contains("power of ten"), "{said}");
    assert!(place.files("silver").is_empty());
}

/// Answers every request with the same body; returns the address.
fn parrot(status: &'static str, body: &'static str) -> String {
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
fn a_vendor_that_says_the_token_aloud_does_not_make_us_repeat_it() {
    let url = parrot("200 OK", r#"{"code":40101,"msg":"您的token不对: a-secret-token-of-the-test","data":null}"#);
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

#[test]
fn a_wrong_path_stops_the_interface_and_is_named() {
    let place = Place::at("http://127.0.0.1:9");
    let url = parrot("404 Not Found", r#"{"detail":"Not Found"}"#);
    place.jobs(&format!("version = 1\n[vendors.asharehub]\nbase_url = \"{url}\"\nrequests_per_minute = 1000000\n"));
    let range = ["--start", "2024-01-02", "--end", "2024-06-28", "--now", NOW];
    let said = place.expect(3, &[&["backfill", "asharehub_news_flash"][..], &range].concat());
    assert!(said.contains("`/v1/news/flash`") && said.contains("`paths` of [vendors.asharehub]"), "{said}");
    // What was on its way already is all.
    let (_, calls) = said.split_once("asharehub/news_flash ").expect(&said);
    let calls: usize = calls.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap();
    assert!(calls <= 8, "{said}");
}

#[test]
fn a_redirect_is_not_followed_with_the_token() {
    let thief = parrot("200 OK", r#"{"code":0,"data":{"fields":["ts_code"],"items":[]}}"#);
    let body: &'static str = Box::leak(format!("HTTP/1.1 307 x\r\nlocation: {thief}\r\n").into_boxed_str());
    let place = Place::at(&parrot("307 Temporary Redirect", body));
    let said =
        place.expect(3, &["backfill", "trade_cal", "--start", "2024-01-02", "--end", "2024-01-02", "--now", NOW]);
    assert!(said.contains("http 307"), "{said}");
}
