//! Announcing runs by command, robots, Prometheus and `OpenLineage`, each on loopback. What a run does is tested
//! elsewhere.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

use serde_json::{Value, json};

use crate::support::{NOW, Place, Vendor, settings};
use crate::vendors::bronze;

/// A server that answers every request with the same body. Returns its URL, and the first line and body of each
/// request.
fn robot(answer: &'static str) -> (String, Receiver<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (requests, received) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream);
            let mut lines = Vec::new();
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if line.trim().is_empty() {
                    break;
                }
                lines.push(line.trim().to_lowercase());
            }
            let length = lines.iter().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            let mut body = vec![0; length.unwrap_or(0)];
            reader.read_exact(&mut body).unwrap();
            let _ = requests.send((lines[0].clone(), serde_json::from_slice(&body).unwrap()));
            let length = answer.len();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{answer}");
            reader.get_mut().write_all(head.as_bytes()).unwrap();
        }
    });
    (url, received)
}

/// A place with `[notify]`, and the arguments of a backfill whose last day is late.
fn place(vendor: &Vendor, notify: &str) -> Place {
    let account = vendor.account("tushare", "points = 5000");
    Place::of(vendor, &[account, format!("[notify]\n{notify}\n")])
}

const WHOLE: [&str; 8] = ["backfill", "adj_factor", "--start", "2023-01-03", "--end", "2023-01-05", "--now", NOW];
const LATE: [&str; 8] = [
    "backfill",
    "stock_daily_cn",
    "--start",
    "2023-02-28",
    "--end",
    "2023-02-28",
    "--now",
    "2023-02-28T09:00:00+08:00",
];

#[test]
fn a_command_reads_what_went_wrong() {
    let vendor = Vendor::start(settings());
    let place = place(&vendor, "command = [\"/bin/sh\", \"-c\", \"/bin/cat > told\"]");
    place.expect(0, &WHOLE);
    assert!(!place.path("told").exists(), "nothing happened");
    place.expect(8, &LATE);
    let told = fs::read_to_string(place.path("told")).unwrap();
    assert!(told.starts_with("pitlake backfill: exit 8, some data is late\n"), "{told}");
    assert!(told.contains("stock_daily_cn: late: 2023-02-28\n") && told.contains("report: data/runs/"), "{told}");
}

#[test]
fn events_that_were_not_asked_for_are_not_told() {
    let vendor = Vendor::start(settings());
    let place = place(&vendor, "on = [\"failed\"]\ncommand = [\"/bin/sh\", \"-c\", \"/bin/cat > told\"]");
    place.expect(8, &LATE);
    assert!(!place.path("told").exists());
    // A command that fails is only a warning and does not change the exit code.
    place.accounts(&[vendor.account("tushare", "points = 5000"), "[notify]\ncommand = [\"/bin/false\"]\n".to_owned()]);
    let output = place.run(&LATE);
    assert_eq!(output.status.code(), Some(8));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("cannot notify by `/bin/false`"), "{stderr}");
}

#[test]
fn robots_are_told_in_their_forms() {
    let vendor = Vendor::start(settings());
    for (form, answer, text) in [
        ("dingtalk", r#"{"errcode":0,"errmsg":"ok"}"#, "/text/content"),
        ("feishu", r#"{"code":0,"msg":"success"}"#, "/content/text"),
        ("wecom", r#"{"errcode":0,"errmsg":"ok"}"#, "/text/content"),
        ("json", "", "/text"),
    ] {
        let (url, received) = robot(answer);
        let place = place(&vendor, &format!("form = \"{form}\""));
        let output = place
            .command(&LATE)
            .env("PITLAKE_WEBHOOK", format!("{url}/send?key=mark-of-the-group"))
            .env("PITLAKE_WEBHOOK_SECRET", "SEC-of-the-robot")
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(8), "{output:?}");
        let (line, body) = received.recv().unwrap();
        assert!(line.starts_with("post /send?key=mark-of-the-group"), "{line}");
        assert_eq!(line.contains("&timestamp=") && line.contains("&sign="), form == "dingtalk", "{line}");
        assert_eq!(body["sign"].is_string() && body["timestamp"].is_string(), form == "feishu", "{body}");
        let told = body.pointer(text).unwrap().as_str().unwrap();
        assert!(told.starts_with("pitlake backfill: exit 8"), "{told}");
        if form == "json" {
            assert_eq!((&body["events"], &body["exit"]), (&json!(["late"]), &json!(8)), "{body}");
        }
    }
}

#[test]
fn a_robot_that_refuses_is_a_warning_without_its_address() {
    let vendor = Vendor::start(settings());
    let (url, _received) = robot(r#"{"errcode":310000,"errmsg":"keywords not in content"}"#);
    let place = place(&vendor, "form = \"dingtalk\"");
    fs::write(place.path("webhook"), format!("{url}/send?key=mark-of-the-group\n")).unwrap();
    let output = place.command(&LATE).env("PITLAKE_WEBHOOK_FILE", "webhook").output().unwrap();
    assert_eq!(output.status.code(), Some(8));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("code 310000: keywords not in content"), "{stderr}");
    let output = place.command(&LATE).env("PITLAKE_WEBHOOK", "http://127.0.0.1:1/mark-of-the-group").output().unwrap();
    let unreached = String::from_utf8_lossy(&output.stderr);
    assert!(unreached.contains("cannot notify by the webhook"), "{unreached}");
    assert!(!stderr.contains("mark-of-the-group") && !unreached.contains("mark-of-the-group"), "{unreached}");
    let nobody = place.run(&LATE);
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("set PITLAKE_WEBHOOK, or PITLAKE_WEBHOOK_FILE"));
}

#[test]
fn notify_is_read_strictly() {
    let vendor = Vendor::start(settings());
    for (notify, problem) in [
        ("on = [\"late\"]", "[notify] has neither `command` nor `form`"),
        ("form = \"slack\"", "slack"),
        ("command = [\"true\"]\non = [\"success\"]", "unknown event `success`"),
        ("command = [\"true\"]\nwebhook = \"https://host\"", "webhook"),
    ] {
        let place = place(&vendor, notify);
        let output = place.run(&["config", "check"]);
        assert_eq!(output.status.code(), Some(2), "{notify}");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains(problem), "{notify}: {stderr}");
    }
}

#[test]
fn metrics_and_lineage_tell_of_each_run() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    let told = ["--metrics", "pitlake.prom", "--lineage", "events.jsonl"];
    place.expect(0, &[&WHOLE[..], &told].concat());
    let metrics = fs::read_to_string(place.path("pitlake.prom")).unwrap();
    for line in [
        "# TYPE pitlake_run_exit_code gauge",
        "pitlake_run_exit_code{command=\"backfill\",job=\"\"} 0",
        "pitlake_run_slices_fetched{command=\"backfill\",job=\"\",table=\"adj_factor\"} 2",
        "pitlake_run_days_late{command=\"backfill\",job=\"\",table=\"adj_factor\"} 0",
    ] {
        assert!(metrics.lines().any(|other| other == line), "{line}\n{metrics}");
    }
    place.expect(8, &[&LATE[..], &told].concat());
    let metrics = fs::read_to_string(place.path("pitlake.prom")).unwrap();
    assert!(metrics.contains("pitlake_run_exit_code{command=\"backfill\",job=\"\"} 8\n"), "{metrics}");
    let events = fs::read_to_string(place.path("events.jsonl")).unwrap();
    let events: Vec<Value> = events.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> = events.iter().map(|event| event["eventType"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["START", "COMPLETE", "START", "FAIL"]);
    let run = |event: usize| &events[event]["run"]["runId"];
    assert!(run(0) == run(1) && run(1) != run(2) && run(2) == run(3), "{events:#?}");
    assert_eq!(events[1]["inputs"][0]["namespace"], "tushare");
    assert!(events[1]["outputs"].as_array().unwrap().iter().any(|output| output["name"] == "silver/adj_factor"));
    assert_eq!(events[3]["run"]["facets"]["errorMessage"]["message"], "exit 8, some data is late");
    let (url, received) = robot("");
    place.expect(0, &[&WHOLE[..], &["--lineage", &format!("{url}/api/v1/lineage")]].concat());
    let kinds: Vec<Value> = (0..2).map(|_| received.recv().unwrap().1["eventType"].clone()).collect();
    assert_eq!(kinds, ["START", "COMPLETE"]);
}

#[test]
fn a_run_that_an_error_ended_is_told_with_its_report() {
    let vendor = Vendor::start(settings());
    let place = place(&vendor, "command = [\"/bin/sh\", \"-c\", \"/bin/cat > told\"]");
    // Another host is building the second table.
    let lease = place.path("data/leases/build-stock_daily_cn.json");
    fs::create_dir_all(lease.parent().unwrap()).unwrap();
    fs::write(&lease, r#"{"host":"another-host","pid":1,"until":"2999-01-01T00:00:00Z"}"#).unwrap();
    let told = ["--metrics", "pitlake.prom", "--lineage", "events.jsonl"];
    place.expect(7, &[&["backfill", "stock_daily_cn"], &WHOLE[1..], &told].concat());
    let metrics = fs::read_to_string(place.path("pitlake.prom")).unwrap();
    for line in [
        "pitlake_run_exit_code{command=\"backfill\",job=\"\"} 7",
        "pitlake_run_slices_fetched{command=\"backfill\",job=\"\",table=\"stock_daily_cn\"} 2",
    ] {
        assert!(metrics.lines().any(|other| other == line), "{line}\n{metrics}");
    }
    let events = fs::read_to_string(place.path("events.jsonl")).unwrap();
    let ended: Value = serde_json::from_str(events.lines().last().unwrap()).unwrap();
    assert_eq!(ended["eventType"], "FAIL");
    assert!(ended["inputs"].as_array().unwrap().iter().any(|input| input["name"] == "daily"), "{ended}");
    let text = fs::read_to_string(place.path("told")).unwrap();
    assert!(
        text.contains("another-host") && text.contains("report: data/runs/") && text.ends_with(".json\n"),
        "{text}"
    );
}

#[test]
fn a_reason_is_told_once_and_in_chinese() {
    let vendor = Vendor::start(settings());
    let notify = "[notify]\ncommand = [\"/bin/sh\", \"-c\", \"/bin/cat > told\"]\n".to_owned();
    let nobody = "[vendors.tushare]\nbase_url = \"http://127.0.0.1:9\"\npoints = 5000\n".to_owned();
    let place = Place::of(&vendor, &[nobody, notify.clone()]);
    let days = ["--start", "2023-01-03", "--end", "2023-01-05", "--now", NOW];
    place.expect(3, &[&["backfill", "adj_factor", "stock_daily_cn", "moneyflow_cn"], &days[..]].concat());
    let told = fs::read_to_string(place.path("told")).unwrap();
    assert_eq!(told.matches("cannot reach").count(), 1, "{told}");
    assert!(
        told.contains(" and 1 more table: failed: ") && told.contains(" and 3 more tables: late: 2023-01-03, "),
        "{told}"
    );
    place.accounts(&[vendor.account("tushare", "points = 5000"), notify]);
    place.expect(8, &[&LATE[..], &["--lang", "zh"]].concat());
    let told = fs::read_to_string(place.path("told")).unwrap();
    assert!(told.starts_with("pitlake backfill：退出码 8，部分数据迟到\n"), "{told}");
    assert!(told.contains("\nstock_daily_cn：迟到：2023-02-28\n"), "{told}");
}

#[test]
fn a_day_that_has_not_settled_is_no_changed_past() {
    let place = Place::at("http://127.0.0.1:9");
    let jobs = fs::read_to_string(place.path("jobs.toml")).unwrap();
    let notify = "[notify]\non = [\"changed\"]\ncommand = [\"/bin/sh\", \"-c\", \"/bin/cat > told\"]\n";
    place.jobs(&format!("{jobs}{notify}"));
    let days: Vec<String> = (1..=30)
        .map(|day| {
            format!(r#"{{"exchange":"SSE","cal_date":"202406{day:02}","is_open":1,"pretrade_date":"20240531"}}"#)
        })
        .collect();
    let days: Vec<&str> = days.iter().map(String::as_str).collect();
    bronze(&place, "tushare/trade_cal/date=2024-06-01/trade_cal_20240601T010000000Z.jsonl.gz", &days);
    let factor = |value: &str| format!(r#"{{"ts_code":"600001.SH","trade_date":"20240603","adj_factor":{value}}}"#);
    let corrected = |stamp: &str, value: &str, now: &str| {
        bronze(&place, &format!("tushare/adj_factor/date=2024-06-03/adj_factor_{stamp}.jsonl.gz"), &[&factor(value)]);
        place.expect(0, &["normalize", "adj_factor", "--now", now])
    };
    corrected("20240603T120000000Z", "1.5", "2024-06-03T20:30:00+08:00");
    let next = corrected("20240604T120000000Z", "1.6", "2024-06-04T20:30:00+08:00");
    assert!(next.contains("1 old row changed"), "{next}");
    assert!(!place.path("told").exists(), "the 3rd settles on the 8th");
    corrected("20240610T120000000Z", "1.7", "2024-06-10T20:30:00+08:00");
    let told = fs::read_to_string(place.path("told")).unwrap();
    assert!(told.contains("adj_factor: 1 row of earlier data changed; see `pitlake diff adj_factor`"), "{told}");
}
