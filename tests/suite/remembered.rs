//! What a large local lake remembers of its listings makes commands faster, and changes nothing in their output.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::thread::sleep;
use std::time::Duration;

use chrono::{Days, NaiveDate};

use crate::support::{NOW, Place};
use crate::vendors::bronze;

const MEMORY: &str = "data/.staging/listing.bronze.tushare.adj_factor";
const AWAY: &str = "data/.staging/away";

fn path(day: NaiveDate) -> String {
    format!("tushare/adj_factor/date={day}/adj_factor_{}T100000000Z.jsonl.gz", day.format("%Y%m%d"))
}

fn write(place: &Place, day: NaiveDate, factor: &str) {
    let line = format!(r#"{{"ts_code":"000001.SZ","trade_date":"{}","adj_factor":{factor}}}"#, day.format("%Y%m%d"));
    bronze(place, &path(day), &[&line]);
}

/// The output of `status`, with and without remembered listings.
fn status(place: &Place) -> [String; 2] {
    let say = || place.expect(0, &["status", "adj_factor", "--format", "json", "--now", NOW]);
    let with = say();
    fs::rename(place.path(MEMORY), place.path(AWAY)).unwrap();
    let without = say();
    assert!(!place.path(MEMORY).exists(), "a command that only reads wrote into the lake");
    fs::rename(place.path(AWAY), place.path(MEMORY)).unwrap();
    [with, without]
}

#[test]
fn a_lake_of_many_days_remembers_its_listing_and_says_the_same() {
    let place = Place::at("http://127.0.0.1:9");
    // In memory, on a file system that reports changes.
    let lake = tempfile::tempdir_in("/dev/shm").unwrap();
    symlink(lake.path(), place.path("data")).unwrap();
    let first = NaiveDate::from_ymd_opt(2016, 1, 1).unwrap();
    let days: Vec<NaiveDate> = (0..2_100).map(|day| first + Days::new(day)).collect();
    for day in &days {
        write(&place, *day, "1.5");
    }
    let normalize = |code| place.expect(code, &["normalize", "adj_factor", "--now", NOW, "--format", "json"]);
    normalize(0);
    // What has just changed is not remembered.
    sleep(Duration::from_millis(2_100));
    normalize(0);
    let written = || fs::metadata(place.path(MEMORY)).unwrap().ino();
    let before = written();
    normalize(0);
    assert_eq!(written(), before, "nothing was new");
    let [with, without] = status(&place);
    assert!(with == without && with.contains("\"stale\": 0"), "{with}\n{without}");
    // One file added, one removed, and one written in place, which no folder shows.
    write(&place, first - Days::new(1), "1.5");
    fs::remove_file(place.path("data/bronze").join(path(days[800]))).unwrap();
    write(&place, days[1_500], "2.123456789");
    let [with, without] = status(&place);
    assert!(with == without && with.contains("\"stale\": 3"), "{with}\n{without}");
    normalize(0);
    let built = place.files("silver");
    place.expect(0, &["normalize", "adj_factor", "--full", "--now", NOW]);
    assert_eq!(built, place.files("silver"));
    // Damaged or truncated, it is ignored.
    let whole = fs::read(place.path(MEMORY)).unwrap();
    for damaged in [[&whole[..900], b"x", &whole[901..]].concat(), whole[..900].to_vec(), Vec::new()] {
        fs::write(place.path(MEMORY), damaged).unwrap();
        let [with, without] = status(&place);
        assert!(with == without && with.contains("\"stale\": 0"), "{with}\n{without}");
    }
    sleep(Duration::from_millis(2_100));
    normalize(0);
    assert!(fs::read(place.path(MEMORY)).unwrap().starts_with(b"pitlake-listing"));
    let [with, without] = status(&place);
    assert_eq!(with, without);
}
