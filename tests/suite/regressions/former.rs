//! A lake kept by a former version, whose headers do not contain the findings about an answer. Was: `held` for ever,
//! whatever the rows lack. Expected: judged once from the rows, remembered, and requested again.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;

use flate2::{Compression, GzBuilder};
use pitlake::bronze::{self, digest};
use pitlake_sandbox::Settings;
use serde_json::Value;

use crate::documented;
use crate::support::{NOW, Place, Vendor, assert_same, day, settings as usual, silver};

const LATER: &str = "2026-01-06T12:00:00Z";

/// Writes the answer for a day as a former version kept it, with other lines.
fn keep_as_former(place: &Place, path: &str, body: &[u8], change: impl FnOnce(&mut Vec<String>)) {
    let mut text = Vec::new();
    let provenance = bronze::read(body, &mut text).unwrap().unwrap();
    let mut lines: Vec<String> = String::from_utf8(text).unwrap().lines().map(str::to_owned).collect();
    change(&mut lines);
    let text = lines.join("\n") + "\n";
    let mut header = serde_json::to_value(&provenance).unwrap();
    let header = header.as_object_mut().unwrap();
    header.remove("found");
    header.insert("rows".into(), lines.len().into());
    header.insert("digest".into(), digest(text.as_bytes()).into());
    let json = serde_json::to_vec(header).unwrap();
    let mut extra = b"AL".to_vec();
    extra.extend(u16::try_from(json.len()).unwrap().to_le_bytes());
    extra.extend(json);
    let mut gzip = GzBuilder::new().mtime(0).extra(extra).write(Vec::new(), Compression::default());
    gzip.write_all(text.as_bytes()).unwrap();
    fs::write(place.path("data").join(path), gzip.finish().unwrap()).unwrap();
}

fn status(place: &Place, now: &str) -> Value {
    let printed = place.expect(0, &["status", "stock_daily_cn", "--format", "json", "--now", now]);
    serde_json::from_str::<Value>(&printed).unwrap()[0].take()
}

/// The states of days that are not plainly held, with the first security that each lacks.
fn lacking(status: &Value) -> BTreeMap<&str, (&str, Option<&str>)> {
    let all = status["lacking"].as_array().unwrap().iter();
    all.map(|one| (one["day"].as_str().unwrap(), (one["state"].as_str().unwrap(), one["codes"][0].as_str()))).collect()
}

#[test]
fn what_a_former_version_kept_is_judged_once_and_remembered() {
    let settings = Settings { start: day("2023-01-03"), end: day("2023-01-20"), ..usual() };
    let vendor = Vendor::start(settings.clone());
    let place = Place::with(&vendor);
    place.backfill(0, &["stock_daily_cn", "suspend_d_cn"], &settings);
    // One day lacks a security, one has an unreadable row, one lacks a column; the others are whole.
    let (mut lost, mut unreadable) = (String::new(), String::new());
    let code = |line: &str| serde_json::from_str::<Value>(line).unwrap()["ts_code"].as_str().unwrap().to_owned();
    for (path, body) in place.files("bronze/tushare/stock_daily_cn") {
        keep_as_former(&place, &path, &body, |lines| {
            if path.contains("2023-01-05") {
                lost = code(&lines.pop().unwrap());
            } else if path.contains("2023-01-10") {
                let amount = serde_json::from_str::<Value>(&lines[0]).unwrap()["amount"].to_string();
                unreadable = code(&lines[0]);
                lines[0] = lines[0].replace(&format!("\"amount\":{amount}"), "\"amount\":\"nan\"");
            } else if path.contains("2023-01-12") {
                for line in lines {
                    *line = line.replace("\"vol\":", "\"volume_of_others\":");
                }
            }
        });
    }
    fs::remove_dir_all(place.path("data/silver/stock_daily_cn")).unwrap();
    // A listing cannot know it yet.
    assert_eq!(lacking(&status(&place, NOW)), BTreeMap::new());

    let printed = place.expect(3, &["normalize", "stock_daily_cn", "--now", LATER]);
    assert!(
        printed.contains("re-evaluated an answer kept by an earlier version of pitlake: due: 2023-01-05"),
        "{printed}"
    );
    let known = status(&place, LATER);
    let expected = BTreeMap::from([
        ("2023-01-05", ("due", Some(lost.as_str()))),
        ("2023-01-10", ("damaged", Some(unreadable.as_str()))),
        ("2023-01-12", ("damaged", None)),
    ]);
    assert_eq!(lacking(&known), expected, "{known}");

    // Remembered: nothing is judged or built again, whatever else changes.
    let files = place.files("");
    let count = |name: &str| files.keys().filter(|path| path.starts_with(name)).count();
    let before = (count("bronze"), count("silver"));
    let printed = place.expect(0, &["normalize", "stock_daily_cn", "--full", "--now", LATER]);
    assert!(!printed.contains("re-evaluated"), "{printed}");
    let again = place.files("");
    let of = |files: &BTreeMap<String, Vec<u8>>, folder: &str| {
        files
            .iter()
            .filter(|(path, _)| path.starts_with(folder))
            .map(|(p, b)| (p.clone(), b.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(before.0, again.keys().filter(|path| path.starts_with("bronze")).count());
    assert_eq!(of(&files, "silver/stock_daily_cn"), of(&again, "silver/stock_daily_cn"));

    // The vendor has everything, so the lake is right after requesting it again.
    place.expect(0, &["backfill", "stock_daily_cn", "--start", "2023-01-03", "--end", "2023-01-20", "--now", LATER]);
    assert_eq!(lacking(&status(&place, LATER)), BTreeMap::new());
    assert_same("stock_daily_cn", silver(&place, "stock_daily_cn"), documented::tushare(&vendor.market, "daily", None));
}
