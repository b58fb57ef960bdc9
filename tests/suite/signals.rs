//! A signal ends a command in good order: leases released, calls counted, the report written, and a message that says
//! how to continue.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{NOW, Place, Vendor, settings};

/// How long to wait for what should come in a moment.
const PATIENCE: Duration = Duration::from_mins(1);

/// The most calls in flight.
const IN_FLIGHT: u64 = 4;

fn spawn(mut command: Command) -> Child {
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn first_line(child: &mut Child) -> String {
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    first
}

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        sleep(Duration::from_millis(5));
    }
}

/// The exit code and stderr of a process that ends by itself.
fn ended(mut child: Child) -> (Option<i32>, String) {
    until("the process ends", || child.try_wait().unwrap().is_some());
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    (child.wait().unwrap().code(), stderr)
}

/// The number of calls received by a vendor, once none is in progress: those of a run that has ended may arrive late.
fn settled(vendor: &Vendor) -> u64 {
    let mut calls = vendor.calls();
    loop {
        sleep(Duration::from_millis(300));
        if vendor.calls() == calls {
            return calls;
        }
        calls = vendor.calls();
    }
}

#[test]
fn a_run_ends_in_good_order_and_the_next_one_goes_on() {
    let vendor = Vendor::start(settings());
    let undisturbed = Place::with(&vendor);
    let args = ["backfill", "adj_factor", "--start", "2022-11-01", "--end", "2023-02-28", "--now", NOW];
    undisturbed.expect(0, &args);
    // A limit so low that the run is waiting for it when the signal comes.
    let account = |limit: u32| {
        let url = vendor.server.url();
        [format!("[vendors.tushare]\nbase_url = \"{url}\"\npoints = 5000\nrequests_per_minute = {limit}\n")]
    };
    let place = Place::of(&vendor, &account(3));
    for (number, (signal, name, code)) in
        [(Signal::TERM, "SIGTERM", 143), (Signal::INT, "SIGINT", 130), (Signal::HUP, "SIGHUP", 129)]
            .into_iter()
            .enumerate()
    {
        let calls = settled(&vendor);
        let child = spawn(place.command(&args));
        until("calls were sent", || vendor.calls() > calls && place.path("data/leases/fetch-tushare.json").exists());
        send(&child, signal);
        let (exit, stderr) = ended(child);
        assert_eq!(exit, Some(code), "{stderr}");
        let mut reports = place.files("runs").into_iter();
        let report = reports.find(|(path, _)| stderr.contains(path)).expect(&stderr);
        for text in [name, "safe", "run the same command again"] {
            assert!(stderr.contains(text), "{name}: {stderr}");
        }
        assert!(place.files("leases").is_empty(), "{name}: {:?}", place.files("leases").keys());
        let report: Value = serde_json::from_slice(&report.1).unwrap();
        assert_eq!(report["exit"], code);
        assert!(report["error"].as_str().unwrap().contains(name), "{report}");
        let counted: u64 = report["calls"].as_object().unwrap().values().map(|calls| calls.as_u64().unwrap()).sum();
        // The vendor may not have seen calls in flight.
        let seen = vendor.calls() - calls;
        assert!((seen..=seen + IN_FLIGHT).contains(&counted), "run {number}: {seen} calls, {report}");
        let of_minute = report["lately"].as_object().unwrap().values().flat_map(|of| of.as_object().unwrap().values());
        assert_eq!(of_minute.map(|calls| calls.as_u64().unwrap()).sum::<u64>(), counted, "{report}");
    }
    place.accounts(&account(1_000_000));
    place.expect(0, &args);
    assert_eq!(place.files("silver"), undisturbed.files("silver"));
}

#[test]
fn a_second_signal_is_not_waited_for() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    let mut child = spawn(place.command(&["sandbox"]));
    assert!(first_line(&mut child).contains("token"));
    send(&child, Signal::INT);
    // Most likely it has ended already.
    let _ = kill_process(Pid::from_child(&child), Signal::TERM);
    let (exit, stderr) = ended(child);
    assert!(matches!(exit, Some(130 | 143)), "{exit:?} {stderr}");
}

#[test]
fn an_ignored_signal_stays_ignored() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    let mut command = Command::new("sh");
    let line = format!("trap '' HUP; exec {} sandbox", env!("CARGO_BIN_EXE_pitlake"));
    command.current_dir(place.folder.path()).args(["-c", &line]);
    let mut child = spawn(command);
    assert!(first_line(&mut child).contains("token"));
    send(&child, Signal::HUP);
    sleep(Duration::from_millis(300));
    assert!(child.try_wait().unwrap().is_none(), "SIGHUP ended it");
    send(&child, Signal::TERM);
    assert_eq!(ended(child).0, Some(143));
}
