//! Who is told of a run: a command, the robots, Prometheus and `OpenLineage`, each on loopback. Never what a run does.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};

use serde_json::{Value, json};

use crate::support::{NOW, Place, Vendor, settings};

/// A server that answers everything with a body; returns its address, and each request: its first line and its body.
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
    // A command that fails changes no exit code, and is a warning.
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
        ("on = [\"late\"]", "[notify] tells nobody"),
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
