//! `schedule`: missed runs are caught up, a signal ends it in good order, and what it hands to other schedulers.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{Place, Vendor, settings};

/// A Tuesday at 21:30.
const EVENING: &str = "2023-02-28T21:30:00+08:00";

const JOBS: &str = "points = 5000\n\
    [jobs.factors]\nschedule = \"30 20 * * 1-5\"\ntables = [\"adj_factor\"]\n\
    [jobs.late]\nschedule = \"0 22 * * *\"\ntables = [\"suspend_d_cn\"]\n\
    [jobs.market]\nschedule = \"30 20 * * 1-5\"\ntables = [\"stock_daily_cn\"]\n";

fn place(vendor: &Vendor) -> Place {
    let place = Place::of(vendor, &[vendor.account("tushare", JOBS)]);
    // Yesterday's run of the job that is due next.
    let report = r#"{"run":"a","program":"pitlake","command":"run","jobs":["late"],"started":"2023-02-27T14:00:00Z",
        "exit":0,"calls":{},"tables":{},"error":null}"#;
    fs::create_dir_all(place.path("data/runs")).unwrap();
    fs::write(place.path("data/runs/20230227T140000000Z.json"), report).unwrap();
    place
}

/// Starts a schedule; returns it and its log lines.
fn started(place: &Place, now: &str) -> (Child, Receiver<String>) {
    let mut command = place.command(&["schedule", "--now", now]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let stderr = child.stderr.take().unwrap();
    let (lines, logged) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            let _ = lines.send(line);
        }
    });
    (child, logged)
}

/// The log lines up to one that contains a text.
fn until(logged: &Receiver<String>, text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    while !lines.last().is_some_and(|line: &String| line.contains(text)) {
        match logged.recv_timeout(Duration::from_mins(2)) {
            Ok(line) => lines.push(line),
            Err(error) => panic!("no `{text}`: {error}: {lines:#?}"),
        }
    }
    lines
}

fn ended(mut child: Child, logged: &Receiver<String>) -> Vec<String> {
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143));
    logged.iter().collect()
}

#[test]
fn a_missed_run_is_caught_up_with_once_and_a_signal_ends_the_schedule() {
    let vendor = Vendor::start(settings());
    let place = place(&vendor);
    let (child, logged) = started(&place, EVENING);
    let lines = until(&logged, "next run");
    let has = |text: &str| lines.iter().any(|line| line.contains(text));
    assert!(has("factors, market: due since 2023-02-28 20:30, the run was missed"), "{lines:#?}");
    assert!(has("factors, market: exit 0, complete"), "{lines:#?}");
    assert!(has("of 2023-02-28 21:30, exit 0, complete; next run: late at 2023-02-28 22:00"), "{lines:#?}");
    // One schedule per lake.
    let second = place.run(&["schedule", "--now", EVENING]);
    assert_eq!(second.status.code(), Some(7), "{second:?}");
    let rest = ended(child, &logged);
    assert!(rest.iter().any(|line| line.contains("SIGTERM: no run was in progress")), "{rest:#?}");
    assert!(place.files("leases").is_empty(), "{:?}", place.files("leases").keys());
    let reports = || place.files("runs").into_values().map(|body| serde_json::from_slice::<Value>(&body).unwrap());
    let jobs: Vec<Value> = reports().map(|report| report["jobs"].clone()).collect();
    assert_eq!(jobs, [serde_json::json!(["late"]), serde_json::json!(["factors", "market"])]);
    // The next one knows what ran.
    let (child, logged) = started(&place, EVENING);
    until(&logged, "next run: late at 2023-02-28 22:00");
    ended(child, &logged);
    assert_eq!(reports().count(), 2);
}

#[test]
fn other_schedulers_get_what_they_need() {
    let vendor = Vendor::start(settings());
    let place = place(&vendor);
    let folder = place.folder.path().canonicalize().unwrap().display().to_string();
    let cron = place.expect(0, &["schedule", "--print", "cron"]);
    for line in
        ["CRON_TZ=Asia/Shanghai", &format!("30 20 * * 1-5 cd {folder} && pitlake run factors market >> run.log 2>&1")]
    {
        assert!(cron.lines().any(|other| other == line), "{line}\n{cron}");
    }
    assert!(cron.starts_with("# write the token to `"), "{cron}");
    assert!(cron.contains("\nPATH=/") && cron.contains("\nTUSHARE_TOKEN_FILE=/"), "{cron}");
    let systemd = place.expect(0, &["schedule", "--print", "systemd"]);
    for line in ["OnCalendar=Mon..Fri *-*-* 20:30:00 Asia/Shanghai", "OnCalendar=*-*-* 22:00:00 Asia/Shanghai"] {
        assert!(systemd.lines().any(|other| other == line), "{line}\n{systemd}");
    }
    let one = place.expect(0, &["schedule", "late", "--print", "cron"]);
    assert!(one.contains("pitlake run late") && !one.contains("factors"), "{one}");
    place.expect(2, &["schedule", "no_such_job", "--print", "cron"]);
    let dags = place.expect(0, &["schedule", "--print", "airflow"]);
    assert!(dags.contains("    \"late\": \"0 22 * * *\",\n"), "{dags}");
    assert!(place.expect(0, &["schedule", "--print", "launchd"]).contains("<string>schedule</string>"));
}

#[test]
fn jobs_are_put_into_the_crontab_and_taken_out() {
    let vendor = Vendor::start(settings());
    let place = place(&vendor);
    let bin = place.path("bin");
    fs::create_dir(&bin).unwrap();
    let table = place.path("crontab");
    let text = table.display();
    let script = format!(
        "#!/bin/sh\ncase $1 in\n-V) echo cronie 1.7 ;;\n-l) /bin/cat {text} ;;\n-) /bin/cat > {text} ;;\nesac\n"
    );
    fs::write(bin.join("crontab"), script).unwrap();
    fs::set_permissions(bin.join("crontab"), fs::Permissions::from_mode(0o755)).unwrap();
    let own = "0 1 * * * own-line\n";
    fs::write(&table, own).unwrap();
    let schedule = |option: &str| {
        let output = place.command(&["schedule", option]).env("PATH", &bin).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        (String::from_utf8(output.stdout).unwrap(), fs::read_to_string(&table).unwrap())
    };
    let (told, first) = schedule("--install");
    assert!(told.contains("--uninstall") && told.contains("write the token to"), "{told}");
    assert!(first.starts_with(own) && first.contains("pitlake run factors market"), "{first}");
    assert_eq!(schedule("--install").1, first, "a second time changes nothing");
    assert_eq!(schedule("--uninstall").1, own);
    // If there is neither, it says so.
    fs::remove_file(bin.join("crontab")).unwrap();
    let output = place.command(&["schedule", "--install"]).env("PATH", &bin).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--print"), "{output:?}");
}

#[test]
fn run_without_a_job_names_those_there_are() {
    let vendor = Vendor::start(settings());
    let place = place(&vendor);
    let mut child = place.command(&["run"]).stderr(Stdio::piped()).spawn().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(2));
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(
        stderr,
        "error: more than one job is configured (factors, late, market): name one or more, for example `pitlake run factors`\n"
    );
    let none = "points = 5000\n[jobs.one]\ntables = [\"adj_factor\"]\n";
    place.accounts(&[vendor.account("tushare", none)]);
    assert!(place.expect(0, &["run", "--now", EVENING]).contains("adj_factor"));
    place.expect(2, &["schedule"]);
    let wrong = none.replace("tables", "schedule = \"30 25 * * *\"\ntables");
    place.accounts(&[vendor.account("tushare", &wrong)]);
    place.expect(2, &["plan"]);
}

#[test]
fn with_a_fixed_clock_the_time_of_a_job_comes() {
    let vendor = Vendor::start(settings());
    let place = Place::of(&vendor, &[vendor.account("tushare", JOBS)]);
    // A minute in which nothing is due, two seconds before it ends.
    let report = r#"{"run":"a","program":"pitlake","command":"run","jobs":["factors","late","market"],
        "started":"2023-02-28T13:00:00Z","exit":0,"calls":{},"tables":{},"error":null}"#;
    fs::create_dir_all(place.path("data/runs")).unwrap();
    fs::write(place.path("data/runs/20230228T130000000Z.json"), report).unwrap();
    let (child, logged) = started(&place, "2023-02-28T21:59:58+08:00");
    let lines = until(&logged, "late: due since 2023-02-28 22:00, on time");
    assert!(lines.iter().any(|line| line.contains("next run: late at 2023-02-28 22:00")), "{lines:#?}");
    ended(child, &logged);
}
