//! The memory that fetching takes, whatever a vendor sends: the peak of the process, as the system counts it.

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

/// Bytes at the peak, at eight calls in flight.
const MOST: u64 = 200 << 20;

/// A vendor that answers each call of the `tushare` wire by writing whatever `send` does.
fn vendor(send: impl Fn(&Value, &mut TcpStream) -> io::Result<()> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let send = std::sync::Arc::new(send);
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let send = std::sync::Arc::clone(&send);
            thread::spawn(move || {
                let Some(request) = request(&stream) else { return };
                // A client that has enough closes the connection.
                let _ = send(&request, &mut stream);
            });
        }
    });
    url
}

fn request(stream: &TcpStream) -> Option<Value> {
    let mut reader = BufReader::new(stream);
    let (mut line, mut length) = (String::new(), 0);
    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

/// A backfill of eight sessions: the exit code, what was printed, and the peak in bytes.
fn backfill(url: &str) -> (Option<i32>, String, u64) {
    let place = Place::at(url);
    let account = "points = 5000\nrequests_per_minute = 1000000\nmax_in_flight = 8\n";
    place.accounts(&[format!("[vendors.tushare]\nbase_url = \"{url}\"\n{account}")]);
    let days = (1..=14).map(|day| {
        let is_open = u8::from(![1, 2, 7, 8, 14].contains(&day));
        format!("SSE,202301{day:02},{is_open},20221230\n")
    });
    fs::write(place.path("days.csv"), format!("exchange,cal_date,is_open,pretrade_date\n{}", days.collect::<String>()))
        .unwrap();
    let list = "ts_code,symbol,name,list_status,list_date\n600519.SH,600519,a,L,20010827\n";
    fs::write(place.path("list.csv"), list).unwrap();
    place.expect(0, &["import", "--interface", "tushare/trade_cal", "days.csv", "--now", NOW]);
    place.expect(0, &["import", "--interface", "tushare/stock_basic", "list.csv", "--now", NOW]);
    let args = ["fetch", "adj_factor", "--start", "2023-01-03", "--end", "2023-01-13", "--now", NOW];
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
    let (code, printed, peak) = backfill(url);
    assert!(code == Some(expected) && printed.contains(text), "{kind}: exit {code:?}\n{printed}");
    println!("{kind}: {} MiB at the peak", peak >> 20);
    assert!(peak < MOST, "{kind}: {} MiB", peak >> 20);
}

fn head(more: &str) -> String {
    format!("HTTP/1.1 200 OK\r\n{more}connection: close\r\n\r\n")
}

/// Came: 676 MiB for a reply of 50 MB, 1.8 GiB for six.
#[test]
fn large_replies_at_once_are_kept_within_the_bound() {
    let url = vendor(|request, stream| {
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

/// Came: more than 6 GiB for one of 500 MB, and minutes for a bomb.
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
