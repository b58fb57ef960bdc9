//! A run may be killed at any time and repeated, with the same result byte for byte.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rand::{RngExt as _, SeedableRng as _};

use crate::proxy::{Proxy, Turn};
use crate::support::{ALL, NOW, Place, Vendor, settings};

#[test]
fn twenty_kills_leave_the_same_bytes_as_none() {
    let vendor = Vendor::start(settings());
    let (start, end) = (settings().start.to_string(), settings().end.to_string());
    let args = [&["backfill"], &ALL[..], &["--start", &start, "--end", &end, "--now", NOW]].concat();
    let undisturbed = Place::with(&vendor);
    let begun = Instant::now();
    undisturbed.expect(0, &args);
    let whole = begun.elapsed();
    let place = Place::with(&vendor);
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(20);
    for _ in 0..20 {
        let mut command = place.command(&args);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // Kills early and late; the assertions hold however far the run got.
        sleep(whole.mul_f64(random.random_range(0.0..0.6)).max(Duration::from_millis(1)));
        child.kill().unwrap();
        child.wait().unwrap();
        // Readers never see a partially written file.
        assert!(place.files("silver").keys().all(|path| path.ends_with("part-0.parquet")));
        assert!(place.files("bronze").keys().all(|path| path.ends_with(".jsonl.gz")));
    }
    place.expect(0, &args);
    assert_eq!(place.files("silver"), undisturbed.files("silver"));
    assert_eq!(place.files("bronze"), undisturbed.files("bronze"));
    assert!(place.files(".staging").is_empty(), "{:?}", place.files(".staging").keys());
}

#[test]
fn an_evening_that_is_killed_and_repeated_leaves_the_same_silver() {
    let vendor = Vendor::start(settings());
    let tables = ["adj_factor", "suspend_d_cn", "limit_list_cn", "income_cn"];
    let names = tables.map(|table| format!("\"{table}\"")).join(", ");
    let job = format!("points = 5000\n[jobs.all]\nschedule = \"30 18 * * 1-5\"\ntables = [{names}]\n");
    let accounts = [vendor.account("tushare", &job)];
    let place = || {
        let place = Place::of(&vendor, &accounts);
        let backfill = ["--start", "2022-11-01", "--end", "2023-02-23", "--now", "2023-02-23T13:00:00Z"];
        place.run(&[&["backfill"], &tables[..], &backfill].concat());
        place
    };
    let args = ["run", "--now", "2023-02-27T13:00:00Z"];
    let undisturbed = place();
    let begun = Instant::now();
    undisturbed.run(&args);
    let whole = begun.elapsed();
    let place = place();
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(27);
    for _ in 0..6 {
        let mut child = place.command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        sleep(whole.mul_f64(random.random_range(0.1..0.9)).max(Duration::from_millis(1)));
        child.kill().unwrap();
        child.wait().unwrap();
    }
    place.run(&args);
    let (silver, expected) = (place.files("silver"), undisturbed.files("silver"));
    assert!(expected.len() >= tables.len(), "{:?}", expected.keys());
    let differ: Vec<&String> = expected.keys().filter(|path| silver.get(*path) != expected.get(*path)).collect();
    assert!(differ.is_empty() && silver.len() == expected.len(), "{differ:?}");
}

/// Was: eight runs killed after a second made 436 calls on a quota of 200, and recorded none.
#[test]
fn a_killed_run_has_counted_every_call_and_kept_all_answers_but_those_of_its_last_second() {
    let vendor = Vendor::start(settings());
    // After twenty days, the vendor stops answering.
    let proxy = Proxy::start(&vendor.server.url(), |request, before| {
        if request["api_name"] == "daily" && before >= 20 {
            sleep(Duration::from_mins(5));
        }
        Turn::Pass
    });
    // Four calls per second.
    let account =
        format!("[vendors.tushare]\nbase_url = \"{}\"\npoints = 5000\nrequests_per_minute = 240\n", proxy.url);
    let place = Place::of(&vendor, &[account]);
    let args = ["backfill", "stock_daily_cn", "--start", "2022-11-01", "--end", "2023-02-28", "--now", NOW];
    let mut child = place.command(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let kept = || place.files("bronze/tushare/stock_daily_cn").len();
    let begun = Instant::now();
    while kept() < 16 && begun.elapsed() < Duration::from_mins(1) {
        sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let reports = place.files("runs").into_values();
    let counted = reports.map(|body| {
        let report: serde_json::Value = serde_json::from_slice(&body).unwrap();
        report["calls"].as_object().unwrap().values().map(|calls| calls.as_u64().unwrap()).sum::<u64>()
    });
    let asked = ["trade_cal", "stock_basic", "bak_basic", "suspend_d", "daily", "namechange"];
    let (counted, sent) = (counted.sum::<u64>(), asked.into_iter().map(|name| proxy.calls(name)).sum::<u64>());
    assert!(kept() >= 16, "{} answers were kept of {}", kept(), proxy.calls("daily"));
    assert!(sent > 20 && counted >= sent, "{counted} of {sent} calls were counted");
    assert!(counted <= sent + 128, "{counted} calls were counted, and {sent} sent");
}

/// The securities with spool files among the staged files.
fn spooled(place: &Place) -> BTreeSet<String> {
    // Others come and go in the meantime.
    let entries = fs::read_dir(place.path("data/.staging")).into_iter().flatten().flatten();
    let spools = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("spool.tushare.income."));
    let bodies = spools.filter_map(|entry| fs::read(entry.path()).ok());
    let text: String = bodies.map(|body| String::from_utf8_lossy(&body).into_owned()).collect();
    let codes = text.split("{\"slices\":[[\"").skip(1).filter_map(|rest| rest.split('"').next());
    codes.map(str::to_owned).collect()
}

/// Was: a kill lost up to 200 answers that had been paid for.
#[test]
fn no_answer_of_a_killed_run_is_lost_whatever_file_it_was_to_share() {
    let vendor = Vendor::start(settings());
    let (is_silent, asked) = (Arc::new(AtomicBool::new(true)), Arc::new(Mutex::new(BTreeSet::new())));
    let (silent, codes) = (Arc::clone(&is_silent), Arc::clone(&asked));
    // After sixteen securities, the vendor stops answering.
    let proxy = Proxy::start(&vendor.server.url(), move |request, _| {
        if request["api_name"] == "income" {
            let code = request["params"]["ts_code"].as_str().unwrap().to_owned();
            let mut codes = codes.lock().unwrap();
            if codes.len() >= 16 && !codes.contains(&code) && silent.load(Ordering::Relaxed) {
                drop(codes);
                sleep(Duration::from_mins(5));
            } else {
                codes.insert(code);
            }
        }
        Turn::Pass
    });
    // By security, at four calls per second. This many first pages are awaited before an end is judged.
    let account = |pace| {
        format!(
            "[vendors.tushare]\nbase_url = \"{}\"\npoints = 2000\nmax_in_flight = 32\nrequests_per_minute = {pace}\n",
            proxy.url
        )
    };
    let place = Place::of(&vendor, &[account(240)]);
    let args = ["backfill", "income_cn", "--start", "2022-11-01", "--end", "2023-02-28", "--now"];
    let at = |now| [&args[..], &[now]].concat();
    let mut child = place.command(&at(NOW)).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = Instant::now();
    while spooled(&place).len() < 6 && begun.elapsed() < Duration::from_mins(1) {
        sleep(Duration::from_millis(10));
    }
    // Another run in the meantime is refused, and does not touch any of it.
    assert_eq!(place.run(&at(NOW)).status.code(), Some(7));
    place.expect(0, &["status", "income_cn"]);
    place.expect(0, &["verify", "--now", NOW]);
    child.kill().unwrap();
    child.wait().unwrap();
    let kept = spooled(&place);
    assert!(kept.len() >= 6, "{kept:?}");
    assert!(place.files("bronze/tushare/income_cn").is_empty());
    is_silent.store(false, Ordering::Relaxed);
    place.accounts(&[account(1_000_000)]);

    let lake = |of: &dyn Fn(&Place)| {
        let other = Place::of(&vendor, &[account(1_000_000)]);
        for (path, body) in place.files("") {
            let path = other.path("data").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, body).unwrap();
        }
        of(&other);
        other
    };
    let spool = |place: &Place| {
        let path = place.files(".staging").into_keys().find(|path| path.contains("/spool.")).unwrap();
        place.path("data").join(path)
    };
    let run = |place: &Place, now| {
        asked.lock().unwrap().clear();
        let told = place.expect(0, &at(now));
        assert!(place.files(".staging").is_empty(), "{:?}", place.files(".staging").keys());
        (told, std::mem::take(&mut *asked.lock().unwrap()))
    };
    let undisturbed = Place::of(&vendor, &[account(1_000_000)]);
    let (_, all) = run(&undisturbed, NOW);
    let lacking: BTreeSet<String> = all.difference(&kept).cloned().collect();
    assert!(lacking.len() >= 8 && kept.is_subset(&all), "{all:?}");
    let note = format!("kept {} answers from a run that was killed", kept.len());

    // Resumed at once: the file is continued, whatever the kill cut off.
    let cut = lake(&|place| {
        let mut file = fs::File::options().append(true).open(spool(place)).unwrap();
        file.write_all(b"\xff\x01\0\0half a record").unwrap();
    });
    let (told, asked) = run(&cut, NOW);
    assert!(told.contains(&note), "{told}");
    assert_eq!(asked, lacking);
    assert_eq!(cut.files("bronze/tushare/income_cn"), undisturbed.files("bronze/tushare/income_cn"));
    assert_eq!(cut.files("silver"), undisturbed.files("silver"));

    // Resumed on another day: they become a separate file, with the time at which they were received.
    let later = lake(&|_| {});
    let (told, asked) = run(&later, "2026-01-06T12:00:00Z");
    assert!(told.contains(&note), "{told}");
    assert_eq!(asked, lacking);
    let files: Vec<String> = later.files("bronze/tushare/income_cn").into_keys().collect();
    assert_eq!(files.len(), 2, "{files:?}");
    assert!(files[0].contains("/date=2026-01-05/income_20260105T120000000Z-span"), "{files:?}");
    assert!(files[1].contains("/date=2026-01-06/income_20260106T120000000Z-span"), "{files:?}");
    later.expect(0, &["verify", "--now", "2026-01-06T12:00:00Z"]);

    // What cannot be read is reported, and requested again.
    let damaged = lake(&|place| fs::write(spool(place), "pitlake-spool-1\nhalf").unwrap());
    let (told, asked) = run(&damaged, NOW);
    assert!(told.contains("removed `.staging/spool.tushare.income.") && told.contains("damaged"), "{told}");
    assert_eq!(asked, all);
    assert_eq!(damaged.files("silver"), undisturbed.files("silver"));
}

/// Was: exit 0, and a new lake with the rest.
#[test]
fn a_lake_that_is_moved_away_while_a_run_goes_on_ends_it() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    let (lake, moved) = (place.path("data"), place.path("moved"));
    let proxy = Proxy::start(&vendor.server.url(), move |request, before| {
        if request["api_name"] == "adj_factor" && before == 3 {
            std::fs::rename(&lake, &moved).unwrap();
        }
        Turn::Pass
    });
    place.accounts(&[format!("[vendors.tushare]\nbase_url = \"{}\"\npoints = 5000\n", proxy.url)]);
    let output = place.run(&["backfill", "adj_factor", "--start", "2022-11-01", "--end", "2022-12-30", "--now", NOW]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("the folder was removed or moved in the meantime"), "{stderr}");
    // Work in progress at that moment may have created the folder again, but nothing more is added.
    assert!(place.files("bronze").len() < 8, "{:?}", place.files("bronze").keys());
}

#[test]
fn a_lease_of_a_live_process_stops_a_second_run() {
    let vendor = Vendor::start(settings());
    let place = Place::with(&vendor);
    let lease = place.path("data/leases/fetch-tushare.json");
    std::fs::create_dir_all(lease.parent().unwrap()).unwrap();
    let holder = |host: &str, pid: u32| format!(r#"{{"host":"{host}","pid":{pid},"until":"2999-01-01T00:00:00Z"}}"#);
    let args = ["backfill", "adj_factor", "--start", "2023-01-03", "--end", "2023-01-04", "--now", NOW];
    std::fs::write(&lease, holder("another-host", 1)).unwrap();
    let output = place.run(&args);
    assert_eq!(output.status.code(), Some(7));
    assert!(String::from_utf8_lossy(&output.stderr).contains("another-host"));
    let here = pitlake::store::host();
    std::fs::write(&lease, holder(&here, i32::MAX.unsigned_abs())).unwrap();
    place.expect(0, &args);
    assert!(!lease.exists());
}
