//! The memory used by fetching, whatever a vendor sends, measured by the system as the peak of the process.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::thread::{self, sleep};
use std::time::Duration;
use std::{fs, io};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::support::{NOW, Place};

/// The peak in bytes with eight calls in flight.
const MOST: u64 = 200 << 20;

/// A call as received: its path and body.
struct Asked {
    path: String,
    body: Value,
}

impl Asked {
    /// A parameter in its path.
    fn param(&self, name: &str) -> &str {
        let (_, query) = self.path.split_once('?').unwrap_or_default();
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|pair| pair.0 == name).map(|pair| pair.1).next().unwrap_or_default()
    }
}

/// A vendor that answers each call with whatever `send` writes.
fn vendor(send: impl Fn(&Asked, &mut TcpStream) -> io::Result<()> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let send = std::sync::Arc::new(send);
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let send = std::sync::Arc::clone(&send);
            thread::spawn(move || {
                let Some(asked) = asked(&stream) else { return };
                // A client that has had enough closes the connection.
                let _ = send(&asked, &mut stream);
            });
        }
    });
    url
}

fn asked(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    line.clear();
    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { path, body: serde_json::from_slice(&body).unwrap_or_default() })
}

/// Fetches `table` from 3 to 13 January 2023, which is eight sessions of a market of eight securities. Returns the exit
/// code, the output, and the peak in bytes.
fn fetch(url: &str, (name, table): (&str, &str)) -> (Option<i32>, String, u64) {
    let place = Place::at(url);
    let points = if name == "tushare" { "points = 5000\n" } else { "" };
    let account = format!("{points}requests_per_minute = 1000000\nmax_in_flight = 8\n");
    place.accounts(&[format!("[vendors.{name}]\nbase_url = \"{url}\"\n{account}")]);
    let days = (1..=14).map(|day| {
        let is_open = u8::from(![1, 2, 7, 8, 14].contains(&day));
        format!("SSE,202301{day:02},{is_open},20221230\n")
    });
    fs::write(place.path("days.csv"), format!("exchange,cal_date,is_open,pretrade_date\n{}", days.collect::<String>()))
        .unwrap();
    let list =
        (600_519..600_527).map(|code| format!("{code}.SH,{code},a,SSE,L,20010827\n")).collect::<Vec<_>>().concat();
    fs::write(place.path("list.csv"), format!("ts_code,symbol,name,exchange,list_status,list_date\n{list}")).unwrap();
    place.expect(0, &["import", "--interface", "tushare/trade_cal", "days.csv", "--now", NOW]);
    place.expect(0, &["import", "--interface", "tushare/stock_basic", "list.csv", "--now", NOW]);
    let args = ["fetch", table, "--start", "2023-01-03", "--end", "2023-01-13", "--now", NOW];
    let mut child = place.command(&args).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        let told = fs::read_to_string(&status).unwrap_or_default();
        let most = told.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        peak = peak.max(most.unwrap_or(0));
        sleep(Duration::from_millis(2));
    }
    let output = child.wait_with_output().unwrap();
    assert!(peak > 0, "the system tells no peak");
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned(), peak << 10)
}

fn assert_bounded(kind: &str, url: &str, expected: i32, text: &str) {
    assert_bounded_of(kind, url, ("tushare", "adj_factor"), (expected, text));
}

fn assert_bounded_of(kind: &str, url: &str, asked: (&str, &str), (expected, text): (i32, &str)) {
    let (code, printed, peak) = fetch(url, asked);
    assert!(code == Some(expected) && printed.contains(text), "{kind}: exit {code:?}\n{printed}");
    println!("{kind}: {} MiB at the peak", peak >> 20);
    assert!(peak < MOST, "{kind}: {} MiB", peak >> 20);
}

fn head(more: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{more}connection: close\r\n\r\n")
}

/// Was: 676 MiB for a reply of 50 MB, 1.8 GiB for six.
#[test]
fn large_replies_at_once_are_kept_within_the_bound() {
    let url = vendor(|asked, stream| {
        let request = &asked.body;
        let Some(day) = request["params"]["trade_date"].as_str() else {
            return stream.write_all(format!("{}{{\"code\":40203,\"msg\":\"no\"}}", head("")).as_bytes());
        };
        let is_first = request["params"]["offset"] == "0";
        let rows = if is_first { 500_000..740_000 } else { 0..0 };
        let rows: Vec<String> = rows.map(|code| format!("[\"{code:06}.SH\",\"{day}\",1.25]")).collect();
        let fields = r#"["ts_code","trade_date","adj_factor"]"#;
        let body = format!("{{\"code\":0,\"data\":{{\"fields\":{fields},\"items\":[{}]}}}}", rows.join(","));
        stream.write_all(format!("{}{body}", head("")).as_bytes())
    });
    assert_bounded("valid", &url, 0, "adj_factor");
}

/// Was: 470 MiB for eight securities whose answers share a file.
#[test]
fn large_replies_are_kept_within_the_bound_on_every_wire() {
    /// Rows of a reply, and the bytes of each besides its values.
    const ROWS: usize = 50;
    const MORE: usize = 500_000;
    let url = vendor(|asked, stream| {
        let (body, more) = (&asked.body, "x".repeat(MORE));
        let is_first = body["params"]["offset"] == "0" || asked.param("offset") == "0";
        let rows = |row: &dyn Fn(usize) -> String| (0..ROWS).map(row).collect::<Vec<_>>().join(",");
        let reply = if let Some(day) = body["params"]["trade_date"].as_str() {
            let rows = rows(&|number| format!("[\"{}.SH\",\"{day}\",1.25,\"{more}\"]", 600_519 + number));
            let fields = "\"ts_code\",\"trade_date\",\"adj_factor\",\"more\"";
            format!(
                "{{\"code\":0,\"data\":{{\"fields\":[{fields}],\"items\":[{}]}}}}",
                if is_first { &rows } else { "" }
            )
        } else if asked.path.contains("/market/adj-factor") {
            let day = asked.param("start_date");
            let row = |number| {
                let code = 600_519 + number;
                format!(
                    "{{\"ts_code\":\"{code}.SH\",\"trade_date\":\"{day}\",\"adj_factor\":1.25,\"more\":\"{more}\"}}"
                )
            };
            format!("[{}]", if is_first { rows(&row) } else { String::new() })
        } else if asked.path.contains("/earnings-price-history") {
            let row = |number| {
                format!(
                    "{{\"fiscal_year\":{},\"financial_type\":1,\"pub_trading_day_str\":\"2023-01-03\",\"more\":\"{more}\"}}",
                    1900 + number
                )
            };
            format!("{{\"ret_code\":0,\"data\":{{\"records\":[{}]}}}}", rows(&row))
        } else if asked.path.contains("/income-statement") {
            // One object per security, with many values. Six such replies make an answer.
            let more = (0..ROWS / 8).map(|number| format!(",\"more{number}\":\"{more}\"")).collect::<Vec<_>>().concat();
            let of = |code: &str| {
                let code = code.split('.').next().unwrap_or_default();
                format!("{{\"symbol\":\"{code}\",\"income_statements\":[{{\"report_date\":\"2022-12-31\"}}]{more}}}")
            };
            let all: Vec<String> =
                asked.param("symbol").split("%2C").flat_map(|codes| codes.split(',')).map(of).collect();
            format!("{{\"code\":200,\"data\":[{}]}}", all.join(","))
        } else {
            "{\"code\":40203,\"msg\":\"no\"}".to_owned()
        };
        stream.write_all(format!("{}{reply}", head("")).as_bytes())
    });
    for (name, table, expected) in [
        ("tushare", "adj_factor", (0, "slices fetched")),
        ("asharehub", "adj_factor", (0, "slices fetched")),
        ("alphafin", "alphafin_income_statement", (3, "the rows of the answer take more than 112 MiB")),
        ("f10", "f10_earnings_event", (0, "slices fetched")),
    ] {
        assert_bounded_of(name, &url, (name, table), expected);
    }
}

/// Was: more than 6 GiB for a reply of 500 MB, and minutes for a gzip bomb.
#[test]
fn endless_and_packed_replies_are_given_up_within_the_bound() {
    let endless = vendor(|_, stream| {
        stream.write_all(head("").as_bytes())?;
        (0..500).try_for_each(|_| stream.write_all(&vec![b' '; 1_000_000]))
    });
    assert_bounded("endless", &endless, 3, "larger than 64 MiB");
    let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
    (0..1000).try_for_each(|_| bomb.write_all(&vec![b' '; 1_000_000])).unwrap();
    let bomb = bomb.finish().unwrap();
    let packed = vendor(move |_, stream| {
        stream.write_all(head("content-encoding: gzip\r\n").as_bytes())?;
        stream.write_all(&bomb)
    });
    assert_bounded("bomb", &packed, 3, "larger than 64 MiB");
}

#[test]
fn strange_rows_are_refused_within_the_bound() {
    let whole = |items: &str| format!("{{\"code\":0,\"data\":{{\"fields\":[\"ts_code\"],\"items\":[{items}]}}}}");
    for (kind, body, text) in [
        ("many rows", whole(&vec!["[\"a\"]"; 3_000_000].join(",")), "too large: more than 1048576 rows"),
        ("a value", whole(&format!("[\"{}\"]", "x".repeat(40_000_000))), "larger than 1 MiB"),
    ] {
        let url = vendor(move |_, stream| stream.write_all(format!("{}{body}", head("")).as_bytes()));
        assert_bounded(kind, &url, 3, text);
    }
}
