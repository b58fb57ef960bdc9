//! `verify`: damaged bytes in silver and bronze are detected, reported, and repaired by the suggested command.

use std::collections::BTreeMap;
use std::{fs, panic};

use bytes::Bytes;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use pitlake_sandbox::Settings;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use crate::support::{NOW, Place, Vendor, day, settings};
use crate::vendors::bronze;

const TABLES: [&str; 3] = ["stock_daily_cn", "adj_factor", "income_cn"];

fn lake() -> (Vendor, Place, Settings) {
    let settings = Settings { start: day("2022-12-20"), end: day("2023-01-10"), ..settings() };
    let vendor = Vendor::start(settings.clone());
    let place = Place::with(&vendor);
    place.backfill(0, &TABLES, &settings);
    (vendor, place, settings)
}

fn verify(place: &Place, code: i32, args: &[&str]) -> Vec<Value> {
    let args = [&["verify"], args, &["--format", "json", "--now", NOW]].concat();
    serde_json::from_str(&place.expect(code, &args)).unwrap()
}

/// Damaged files, with what to do.
fn damaged(verified: &[Value]) -> BTreeMap<String, String> {
    let all = verified.iter().flat_map(|one| one["damaged"].as_array().unwrap());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    all.map(|one| (text(&one["file"]), text(&one["remedy"]))).collect()
}

/// The first byte after the header of a bronze file.
fn body(file: &[u8]) -> usize {
    12 + usize::from(u16::from_le_bytes([file[10], file[11]]))
}

#[test]
fn a_whole_lake_is_verified_and_built_again() {
    let (_vendor, place, _) = lake();
    let verified = verify(&place, 0, &["--rebuild", "100%"]);
    let bars = verified.iter().find(|one| one["table"] == "stock_daily_cn").unwrap();
    assert_eq!((&bars["silver"]["files"], &bars["rebuilt"]), (&Value::from(2), &Value::from(2)));
    assert_eq!((&bars["silver"]["unproven"], &bars["bronze"]["unproven"]), (&Value::from(0), &Value::from(0)));
    assert_eq!(bars["silver"]["rows"], bars["bronze"]["rows"]);
    // Even a small share rebuilds one partition.
    let rebuilt = |verified: Vec<Value>| verified.iter().map(|one| one["rebuilt"].as_u64().unwrap()).sum::<u64>();
    assert_eq!(rebuilt(verify(&place, 0, &["--rebuild", "1%"])), 1);
    let text = place.expect(0, &["verify", "adj_factor", "--now", NOW]);
    assert!(text.starts_with("adj_factor: 2 silver files (") && text.ends_with(": ok\nno damaged file\n"), "{text}");
    for (args, part) in
        [(&["verify", "adj_facto"][..], "`adj_factor`"), (&["verify", "--rebuild", "200%"], "such as 5%")]
    {
        let output = place.run(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains(part), "{output:?}");
    }
}

/// The gzip checksum only covers rows: a flipped byte in the header's parameters once went unnoticed.
#[test]
fn every_byte_of_a_bronze_file_is_covered() {
    let settings = Settings { stocks: 4, start: day("2023-01-03"), end: day("2023-01-10"), ..settings() };
    let vendor = Vendor::start(settings.clone());
    let place = Place::with(&vendor);
    place.backfill(0, &["adj_factor"], &settings);
    let bronze = place.files("bronze/tushare/adj_factor");
    let (path, whole) = bronze.iter().next().unwrap();
    let name = path.rsplit('/').next().unwrap();
    // A copy for each byte, in a separate folder, with one bit flipped.
    let mut flipped = BTreeMap::new();
    for at in 0..whole.len() {
        let folder = day("1990-01-01") + chrono::Days::new(at as u64);
        let path = format!("bronze/tushare/adj_factor/date={folder}/{name}");
        let mut body = whole.clone();
        body[at] ^= 1 << (at % 8);
        fs::create_dir_all(place.path("data").join(&path).parent().unwrap()).unwrap();
        fs::write(place.path("data").join(&path), body).unwrap();
        flipped.insert(path, at);
    }
    let found = damaged(&verify(&place, 3, &["adj_factor"]));
    assert!(found.keys().all(|path| flipped.contains_key(path)), "{found:?}");
    let unnoticed: Vec<usize> =
        flipped.iter().filter(|(path, _)| !found.contains_key(*path)).map(|(_, at)| *at).collect();
    // The two letters before the header's checksum, and the padding after the last symbol of the rows.
    let letters = [body(whole) - 8, body(whole) - 7];
    let padding = whole.len() - 9;
    assert!(unnoticed.iter().all(|at| letters.contains(at) || *at == padding), "{unnoticed:?} of {}", whole.len());
}

/// Whether a bronze file has rows. Without any, a body is mostly padding bits, which hold nothing.
fn is_bronze_with_rows(path: &str, whole: &[u8]) -> bool {
    path.starts_with("bronze/") && whole.len() - body(whole) > 200
}

/// A flipped byte once changed a sum from 2.1 to 11.7 million without being detected.
#[test]
fn any_flipped_byte_is_named_and_mended() {
    let (_vendor, place, settings) = lake();
    let before = place.files("");
    let mut dice = ChaCha8Rng::seed_from_u64(7);
    let files: Vec<(&String, &Vec<u8>)> =
        before.iter().filter(|(path, whole)| path.starts_with("silver/") || is_bronze_with_rows(path, whole)).collect();
    for _ in 0..60 {
        let (path, whole) = files[dice.random_range(0..files.len())];
        let first = if path.starts_with("bronze/") { body(whole) } else { 0 };
        let mut flipped = (*whole).clone();
        flipped[dice.random_range(first..whole.len())] ^= 1 << dice.random_range(0..8);
        fs::write(place.path("data").join(path), flipped).unwrap();
        let found = damaged(&verify(&place, 3, &[]));
        assert_eq!(found.keys().collect::<Vec<_>>(), [path]);
        fs::write(place.path("data").join(path), whole).unwrap();
    }
    // The suggested command repairs the file.
    let silver = "silver/stock_daily_cn/year=2023/part-0.parquet";
    let mut flipped = before[silver].clone();
    flipped[1000] ^= 0x10;
    fs::write(place.path("data").join(silver), flipped).unwrap();
    let text = place.expect(3, &["verify", "stock_daily_cn", "--now", NOW]);
    for part in ["is damaged: column `", "rows 1 to ", "1 damaged file"] {
        assert!(text.contains(part), "no `{part}` in {text}");
    }
    let remedy = "pitlake normalize stock_daily_cn --start 2023-01-01 --end 2023-12-31 --full";
    assert!(text.contains(remedy), "{text}");
    let words: Vec<&str> = remedy.split(' ').skip(1).chain(["--now", NOW]).collect();
    place.expect(0, &words);
    assert_eq!(
        place.files("silver"),
        before.iter().filter(|(path, _)| path.starts_with("silver/")).map(|(a, b)| (a.clone(), b.clone())).collect()
    );
    // The same for bronze.
    let bars = before.keys().find(|path| path.starts_with("bronze/tushare/stock_daily_cn/date=2023-01-05/")).unwrap();
    fs::write(place.path("data").join(bars), &before[bars][..before[bars].len() - 4]).unwrap();
    let found = damaged(&verify(&place, 3, &["stock_daily_cn"]));
    assert!(
        found[bars].starts_with("remove it, then run `pitlake backfill stock_daily_cn --start 2023-01-05"),
        "{found:?}"
    );
    fs::remove_file(place.path("data").join(bars)).unwrap();
    place.backfill(0, &["stock_daily_cn"], &settings);
    assert!(damaged(&verify(&place, 0, &[])).is_empty());
}

#[test]
fn silver_that_its_bronze_does_not_give_is_noticed_by_building_it_again() {
    let place = Place::at("http://127.0.0.1:9");
    let path = "tushare/adj_factor/date=2024-01-02/adj_factor_20240102T120000000Z.jsonl.gz";
    let line = |factor: &str| format!(r#"{{"ts_code":"600001.SH","trade_date":"20240102","adj_factor":{factor}}}"#);
    bronze(&place, path, &[&line("1.58")]);
    place.expect(0, &["normalize", "adj_factor", "--now", NOW]);
    let size = |place: &Place| fs::metadata(place.path("data/bronze").join(path)).unwrap().len();
    let before = size(&place);
    bronze(&place, path, &[&line("1.59")]);
    assert_eq!(size(&place), before, "the digest of a partition has sizes, not contents");
    assert!(damaged(&verify(&place, 0, &["adj_factor"])).is_empty());
    let found = damaged(&verify(&place, 3, &["adj_factor", "--rebuild", "5%"]));
    let remedy = "run `pitlake normalize adj_factor --start 2024-01-01 --end 2024-12-31 --full`";
    assert_eq!(found["silver/adj_factor/year=2024/part-0.parquet"], remedy);
}

#[test]
fn no_sum_is_made_of_a_damaged_page() {
    let (_vendor, place, _) = lake();
    let path = place.path("data/silver/adj_factor/year=2023/part-0.parquet");
    let whole = fs::read(&path).unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let sum = ["query", "SELECT sum(adj_factor) AS s FROM adj_factor", "--format", "json", "--now", NOW];
    let expected = place.expect(0, &sum);
    let mut failed = 0;
    for _ in 0..60 {
        let mut damaged = whole.clone();
        damaged[rng.random_range(4..whole.len() / 2)] ^= 1 << rng.random_range(0..8);
        fs::write(&path, damaged).unwrap();
        let output = place.run(&sum);
        let errors = String::from_utf8_lossy(&output.stderr);
        if output.status.code() == Some(0) {
            assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
        } else {
            assert_eq!(output.status.code(), Some(1), "{errors}");
            assert!(errors.contains("run `pitlake verify adj_factor` to find the damaged file"), "{errors}");
            failed += 1;
        }
    }
    assert!(failed > 10, "{failed}");
}

#[test]
fn a_decoder_that_panics_ends_the_query_and_names_the_command() {
    let (_vendor, place, _) = lake();
    let path = place.path("data/silver/adj_factor/year=2023/part-0.parquet");
    let whole = fs::read(&path).unwrap();
    let footer = whole.len() - 8 - u32::from_le_bytes(*whole[whole.len() - 8..].first_chunk().unwrap()) as usize;
    let flipped = |bit: usize| {
        let mut damaged = whole.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        damaged
    };
    let panics = |bit: &usize| {
        let damaged = Bytes::from(flipped(*bit));
        panic::catch_unwind(|| ArrowReaderMetadata::load(&damaged, ArrowReaderOptions::new()).is_ok()).is_err()
    };
    let bit = (footer * 8..whole.len() * 8).find(panics).expect("some bit of the Arrow schema makes it panic");
    fs::write(&path, flipped(bit)).unwrap();
    let output = place.run(&["query", "SELECT sum(adj_factor) FROM adj_factor", "--now", NOW]);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(errors.starts_with("error: internal error: "), "{errors}");
    assert!(errors.contains("a damaged file may be the cause: run `pitlake verify adj_factor`"), "{errors}");
    // Building it again needs nothing but the command for new data.
    place.expect(3, &["status", "adj_factor", "--now", NOW]);
    place.expect(0, &["normalize", "adj_factor", "--now", NOW]);
    assert_eq!(fs::read(&path).unwrap(), whole);
}
