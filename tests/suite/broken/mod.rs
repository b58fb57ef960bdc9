//! A lake with one broken file, in all kinds of ways: each command reports it in a line with the path and what to do,
//! does the rest of its work, and exits as it should. Once the file is removed, a run restores the intact lake.

mod bronze;
#[cfg(unix)]
mod files;
#[cfg(unix)]
mod names;
mod writing;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::sync::{OnceLock, mpsc};
use std::thread;
use std::time::Duration;

use pitlake_sandbox::Settings;

use crate::support::{NOW, Place, Row, Vendor, day, settings, silver};

const TABLES: [&str; 2] = ["stock_daily_cn", "adj_factor"];
const RANGE: [&str; 6] = ["--start", "2022-12-29", "--end", "2023-01-06", "--now", NOW];

/// The commands, in the order of [`Case::exits`].
const COMMANDS: [&[&str]; 6] = [
    &["status"],
    &["query", "SELECT count(*) AS days FROM adj_factor"],
    &["check"],
    &["verify"],
    &["normalize", "--full"],
    &["backfill", "stock_daily_cn", "adj_factor", "--start", "2022-12-29", "--end", "2023-01-06"],
];

/// A way to break a lake.
struct Case {
    /// A description.
    what: &'static str,
    /// Breaks the lake, and returns the path that must be removed to repair it.
    breaks: fn(&Lake) -> PathBuf,
    /// The exit codes of the commands.
    exits: [i32; 6],
    /// What is printed, besides the path, by commands that do not exit with 0.
    says: &'static str,
}

/// A lake and its vendor.
struct Lake {
    place: Place,
    path: PathBuf,
}

/// The contents of an intact lake.
struct Calm {
    vendor: Vendor,
    place: Place,
    rows: Vec<Vec<Row>>,
}

fn calm() -> &'static Calm {
    static CALM: OnceLock<Calm> = OnceLock::new();
    CALM.get_or_init(|| {
        let settings = Settings { stocks: 6, start: day("2022-12-29"), end: day("2023-01-06"), ..settings() };
        let vendor = Vendor::start(settings.clone());
        let place = Place::with(&vendor);
        place.backfill(0, &TABLES, &settings);
        let rows = TABLES.map(|table| rows(&place, table)).to_vec();
        Calm { vendor, place, rows }
    })
}

fn rows(place: &Place, table: &str) -> Vec<Row> {
    let mut rows = silver(place, table);
    rows.sort();
    rows
}

impl Lake {
    /// A copy of the intact lake.
    fn new() -> Self {
        let calm = calm();
        let place = Place::with(&calm.vendor);
        let path = place.path("data");
        for (name, body) in calm.place.files("") {
            let file = path.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, body).unwrap();
        }
        Self { place, path }
    }

    /// The answer with one day of bars.
    fn bars(&self) -> PathBuf {
        let folder = self.path.join("bronze/tushare/stock_daily_cn/date=2023-01-05");
        fs::read_dir(folder).unwrap().next().unwrap().unwrap().path()
    }

    /// The silver file with a year of bars.
    fn silver(&self) -> PathBuf {
        self.path.join("silver/stock_daily_cn/year=2023/part-0.parquet")
    }

    fn run(&self, args: &[&str]) -> Output {
        self.place.run(&[args, &["--now", NOW]].concat())
    }
}

/// What a command printed.
fn printed(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

/// Tries each case, and reports all that do not behave as expected.
fn all(cases: &[Case]) {
    let mut wrong = Vec::new();
    for case in cases {
        let lake = Lake::new();
        let broken = (case.breaks)(&lake);
        let name = broken.file_name().unwrap().to_string_lossy().into_owned();
        let shown: String =
            name.chars().map(|c| if c.is_control() { c.escape_default().to_string() } else { c.to_string() }).collect();
        for (args, exit) in COMMANDS.iter().zip(case.exits) {
            let output = lake.run(args);
            let text = printed(&output);
            let is_named = text.contains(&shown) && text.contains(case.says);
            if output.status.code() != Some(exit) || text.contains("panicked") {
                wrong.push(format!("{}: {args:?} exits with {:?}, not {exit}:\n{text}", case.what, output.status));
            } else if exit != 0 && !is_named {
                wrong.push(format!("{}: {args:?} does not name {shown} with `{}`:\n{text}", case.what, case.says));
            }
        }
        // The documented remedy.
        if broken.is_dir() && !broken.is_symlink() {
            fs::remove_dir_all(&broken).unwrap();
        } else if broken.symlink_metadata().is_ok() {
            fs::remove_file(&broken).unwrap();
        }
        let output = lake.place.run(&[&["backfill"], &TABLES[..], &RANGE].concat());
        if output.status.code() != Some(0) {
            wrong.push(format!(
                "{}: mended, and backfill exits with {:?}:\n{}",
                case.what,
                output.status,
                printed(&output)
            ));
            continue;
        }
        for (table, calm) in TABLES.iter().zip(&calm().rows) {
            if rows(&lake.place, table) != *calm {
                wrong.push(format!("{}: mended, and `{table}` has other rows than before", case.what));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// The header of a bronze file, and its text.
fn parts(path: &Path) -> (Vec<u8>, String) {
    use std::io::Read as _;
    let body = fs::read(path).unwrap();
    let header = 12 + usize::from(u16::from_le_bytes([body[10], body[11]]));
    let mut text = String::new();
    flate2::bufread::MultiGzDecoder::new(&body[..]).read_to_string(&mut text).unwrap();
    (body[..header].to_vec(), text)
}

/// Writes another text under a header.
fn write(path: &Path, header: &[u8], text: &[u8]) {
    use std::io::Write as _;
    let mut deflate = flate2::write::DeflateEncoder::new(header.to_vec(), flate2::Compression::default());
    deflate.write_all(text).unwrap();
    let mut body = deflate.finish().unwrap();
    let mut sum = flate2::Crc::new();
    sum.update(text);
    body.extend(sum.sum().to_le_bytes());
    body.extend(u32::try_from(text.len() % (1 << 32)).unwrap().to_le_bytes());
    fs::write(path, body).unwrap();
}

/// A gzip header that is not ours.
const PLAIN: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// Waits for a process that must not hang.
fn ends(child: Child) -> Output {
    let id = child.id().to_string();
    let (sent, ended) = mpsc::channel();
    thread::spawn(move || sent.send(child.wait_with_output()));
    ended.recv_timeout(Duration::from_mins(2)).map_or_else(
        |_| {
            drop(Command::new("kill").arg(id).status());
            panic!("it hangs");
        },
        Result::unwrap,
    )
}
