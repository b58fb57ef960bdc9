//! Remembered listings against plain listings of the same folder: whatever happens to the folder, they must be equal.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::PathBuf;
use std::thread::sleep;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use tempfile::TempDir;

use super::*;
use crate::real;

const FOLDER: &str = "bronze/v/t";
const MEMORY: &str = "listing.bronze.v.t";
const BODY: &[u8] = b"0123456789abcdef";

/// A lake whose folders are remembered, three of them at first.
struct Lake {
    folder: TempDir,
}

impl Lake {
    fn new() -> Self {
        // In memory where possible: tmpfs tells changes, whatever the machine's disk does.
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
        let lake = Self { folder };
        fs::create_dir(lake.staging()).unwrap();
        for day in 1..4 {
            lake.write(&format!("date=2024-01-0{day}/a.jsonl.gz"), BODY);
        }
        assert!(tells_changes(&open(CWD, lake.root()).unwrap()));
        lake
    }

    fn root(&self) -> &FsPath {
        self.folder.path()
    }

    fn staging(&self) -> PathBuf {
        self.root().join(".staging")
    }

    fn memory(&self) -> PathBuf {
        self.staging().join(MEMORY)
    }

    fn path(&self, inner: &str) -> PathBuf {
        self.root().join(FOLDER).join(inner)
    }

    fn write(&self, inner: &str, body: &[u8]) {
        let path = self.path(inner);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, body).unwrap();
    }

    fn place(&self, staged: Option<&str>, now: DateTime<Utc>) -> Place {
        let staged = staged.map(|name| self.staging().join(name));
        Place { folder: FOLDER.to_owned(), staging: self.staging(), staged, many: 1, now }
    }

    fn walk(&self, place: Place) -> (Vec<Entry>, PassedOver) {
        let passed_over = PassedOver::default();
        let files = walk(self.root(), &Path::from(FOLDER), place, &passed_over).unwrap();
        (files, passed_over)
    }

    /// As listed by a command that only reads.
    fn listed(&self) -> Vec<Entry> {
        self.walk(self.place(None, real::now())).0
    }

    /// As listed with nothing remembered.
    fn plain(&self) -> Vec<Entry> {
        self.walk(Place { many: usize::MAX, ..self.place(None, real::now()) }).0
    }

    /// Lists and remembers, as if long after now; in truth, just after the next tick of the file system's clock.
    fn remember(&self) -> Vec<Entry> {
        sleep(Duration::from_millis(30));
        let later = real::now() + TimeDelta::hours(1);
        let listed = self.walk(self.place(Some("1"), later)).0;
        sleep(Duration::from_millis(30));
        assert!(!self.staging().join("1").exists());
        listed
    }

    /// Listings show what is there, and any beginning is that of the file.
    fn check(&self, what: &str) {
        let listed = self.listed();
        for file in &listed {
            let begins = fs::read(self.root().join(&file.path)).unwrap();
            assert!(file.beginning.is_none_or(|told| begins.starts_with(&told)), "{what}: {file:?}");
        }
        assert_eq!(without_beginnings(listed), self.plain(), "{what}");
    }
}

fn without_beginnings(files: Vec<Entry>) -> Vec<Entry> {
    files.into_iter().map(|file| Entry { beginning: None, ..file }).collect()
}

#[test]
fn an_unchanged_folder_is_as_it_is_remembered() {
    let lake = Lake::new();
    assert!(lake.remember().iter().all(|file| file.beginning.is_none()));
    let listed = lake.listed();
    assert_eq!(listed.len(), 3);
    assert!(listed.iter().all(|file| file.beginning.as_ref() == Some(BODY[..BEGINNING].try_into().unwrap())));
    assert_eq!(without_beginnings(listed), lake.plain());
    // Proof that the cache is used: with a file missing from it, the listing misses that file.
    let name = "date=2024-01-02";
    let meta = fs::metadata(lake.path(name)).unwrap();
    let of = State { number: meta.ino(), changed: meta.ctime() * 1_000_000_000 + meta.ctime_nsec() };
    let mut memory = Memory::of(Place { folder: FOLDER.to_owned(), ..lake.place(Some("1"), real::now()) });
    memory.add(name, of, std::iter::empty());
    memory.keep();
    let listed: Vec<String> = lake.listed().into_iter().map(|file| file.path).collect();
    assert_eq!(listed, ["bronze/v/t/date=2024-01-01/a.jsonl.gz", "bronze/v/t/date=2024-01-03/a.jsonl.gz"]);
}

#[test]
fn whatever_changes_is_seen() {
    let lake = Lake::new();
    let of = |day: u32| lake.path(&format!("date=2024-01-0{day}"));
    let changes: [(&str, &dyn Fn()); 14] = [
        ("a file more", &|| lake.write("date=2024-01-02/b.jsonl.gz", BODY)),
        ("a file less", &|| fs::remove_file(of(2).join("b.jsonl.gz")).unwrap()),
        ("a folder more", &|| lake.write("date=2024-01-04/a.jsonl.gz", BODY)),
        ("a folder before all", &|| lake.write("date=1990-01-01/a.jsonl.gz", BODY)),
        ("a folder less", &|| fs::remove_dir_all(of(4)).unwrap()),
        ("another name", &|| fs::rename(of(1).join("a.jsonl.gz"), of(1).join("c.jsonl.gz")).unwrap()),
        ("two folders swapped", &|| {
            fs::rename(of(1), lake.path("x")).unwrap();
            fs::rename(of(3), of(1)).unwrap();
            fs::rename(lake.path("x"), of(3)).unwrap();
        }),
        ("a file replaced, and the time of the folder set back", &|| {
            let before = fs::metadata(of(2)).unwrap().modified().unwrap();
            lake.write("date=2024-01-02/b.jsonl.gz", b"another file");
            fs::rename(of(2).join("b.jsonl.gz"), of(2).join("a.jsonl.gz")).unwrap();
            File::open(of(2)).unwrap().set_modified(before).unwrap();
        }),
        ("a file written in place", &|| lake.write("date=2024-01-03/c.jsonl.gz", b"longer than it was before")),
        ("a file written in place, of the same size and time", &|| {
            let file = of(2).join("a.jsonl.gz");
            let before = fs::metadata(&file).unwrap().modified().unwrap();
            lake.write("date=2024-01-02/a.jsonl.gz", b"ANOTHER FILE");
            File::options().write(true).open(file).unwrap().set_modified(before).unwrap();
        }),
        ("a folder in a folder", &|| lake.write("date=2024-01-02/inner/a.jsonl.gz", BODY)),
        ("a link to a file", &|| symlink(of(2).join("a.jsonl.gz"), of(1).join("link.jsonl.gz")).unwrap()),
        ("a link for a folder", &|| {
            fs::rename(of(3), lake.path("away")).unwrap();
            symlink(lake.path("away"), of(3)).unwrap();
        }),
        ("what is still written", &|| lake.write("date=2024-01-01/a.jsonl.gz#1", BODY)),
    ];
    for (what, change) in changes {
        lake.remember();
        lake.check("before");
        change();
        lake.check(what);
        lake.remember();
        lake.check(what);
    }
}

#[test]
fn what_lies_behind_a_link_or_deeper_is_never_remembered() {
    let lake = Lake::new();
    let away = lake.root().join("away");
    fs::create_dir(&away).unwrap();
    symlink(&away, lake.path("date=2024-01-05")).unwrap();
    lake.write("date=2024-01-06/inner/a.jsonl.gz", BODY);
    symlink(lake.path("date=2024-01-01/a.jsonl.gz"), lake.path("date=2024-01-03/link.jsonl.gz")).unwrap();
    lake.remember();
    // None of these changes the folder itself.
    fs::write(away.join("a.jsonl.gz"), BODY).unwrap();
    lake.write("date=2024-01-06/inner/b.jsonl.gz", BODY);
    lake.write("date=2024-01-01/a.jsonl.gz", b"longer than it was before");
    lake.check("behind links");
    assert_eq!(lake.listed().len(), 7);
    // What is passed over is reported each time.
    lake.write("date=2024-01-02/bad\nname", BODY);
    for _ in 0..2 {
        lake.remember();
        let (_, passed_over) = lake.walk(lake.place(None, real::now()));
        assert_eq!(passed_over.all().len(), 1);
    }
}

#[test]
fn a_folder_that_has_just_changed_is_not_remembered() {
    // However long the machine takes.
    let now = real::now();
    let lake = Lake::new();
    for round in 0..50 {
        // In the same tick, if the machine is quick enough.
        lake.walk(lake.place(Some("1"), now));
        assert!(!lake.memory().exists(), "{round}");
        lake.write(&format!("date=2024-01-02/{round}.jsonl.gz"), BODY);
        lake.check("in the same tick");
    }
}

#[test]
fn a_memory_that_is_damaged_or_of_another_lake_is_passed_over() {
    let lake = Lake::new();
    lake.remember();
    let whole = fs::read(lake.memory()).unwrap();
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x10;
        fs::write(lake.memory(), &damaged).unwrap();
        assert!(lake.listed().iter().all(|file| file.beginning.is_none()), "byte {at}");
        fs::write(lake.memory(), &whole[..at]).unwrap();
        lake.check("a part of it");
    }
    // A copy that keeps all times, like a restored backup.
    let copy = Lake::new();
    let name = "date=2024-01-02";
    let before = fs::metadata(lake.path(name)).unwrap().modified().unwrap();
    File::open(copy.path(name)).unwrap().set_modified(before).unwrap();
    copy.write(&format!("{name}/b.jsonl.gz"), BODY);
    fs::write(copy.memory(), &whole).unwrap();
    assert!(copy.listed().iter().all(|file| file.beginning.is_none()));
    copy.check("a copy");
    // Another folder's cache, under the name of this one's.
    fs::rename(lake.root().join(FOLDER), lake.root().join("bronze/v/u")).unwrap();
    fs::create_dir_all(lake.path("date=2024-01-02")).unwrap();
    lake.check("of another folder");
    let place = Place { folder: "bronze/v/u".into(), ..lake.place(None, real::now()) };
    fs::write(lake.staging().join("listing.bronze.v.u"), &whole).unwrap();
    let listed = walk(lake.root(), &Path::from("bronze/v/u"), place, &PassedOver::default()).unwrap();
    assert!(listed.len() == 3 && listed.iter().all(|file| file.beginning.is_none()));
}

#[test]
fn only_who_may_write_the_lake_writes_the_memory() {
    let lake = Lake::new();
    let later = real::now() + TimeDelta::hours(1);
    lake.walk(lake.place(None, later));
    assert!(!lake.memory().exists());
    // If the cache cannot be written, the listing is the same.
    fs::remove_dir(lake.staging()).unwrap();
    lake.walk(lake.place(Some("1"), later));
    lake.check("without a folder to write to");
    assert!(!lake.staging().exists());
    fs::create_dir(lake.staging()).unwrap();
    // A listing with nothing new leaves the cache as it is.
    lake.remember();
    let written = || fs::metadata(lake.memory()).unwrap().ino();
    let before = written();
    lake.remember();
    assert_eq!(written(), before);
}

#[test]
fn two_that_remember_at_once_are_both_right() {
    let lake = Lake::new();
    for round in 0..20 {
        sleep(Duration::from_millis(20));
        lake.write(&format!("date=2024-02-{:02}/a.jsonl.gz", round + 1), BODY);
        sleep(Duration::from_millis(20));
        let later = real::now() + TimeDelta::hours(1);
        std::thread::scope(|scope| {
            for name in ["1", "2", "3"] {
                scope.spawn(|| lake.walk(lake.place(Some(name), later)));
            }
        });
        lake.check("after both");
        assert!(lake.listed().iter().all(|file| file.beginning.is_some()));
    }
}

#[test]
fn file_systems_that_tell_no_changes_are_known() {
    assert!(!tells_changes(&open(CWD, "/proc").unwrap()));
}
