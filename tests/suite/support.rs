//! A place to try the binary in: a folder with a lake and a jobs.toml, a sandbox, and the rows of silver as text.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::str::FromStr;
use std::sync::Arc;

use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use chrono::NaiveDate;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use pitlake_sandbox::{Cell, Market, Server, Settings, serve};

/// The five tables requested by day.
pub(crate) const DAILY: [&str; 5] =
    ["stock_daily_cn", "stock_daily_basic_cn", "adj_factor", "moneyflow_cn", "suspend_d_cn"];

/// Every table requested slice by slice, including reports and limit lists.
pub(crate) const ALL: [&str; 8] = [
    "stock_daily_cn",
    "stock_daily_basic_cn",
    "adj_factor",
    "moneyflow_cn",
    "suspend_d_cn",
    "limit_list_cn",
    "income_cn",
    "fina_indicator_cn",
];

/// A time long after the end of the sandbox's market.
pub(crate) const NOW: &str = "2026-01-05T12:00:00Z";
/// The evenings after it. What a vendor lacks on three days counts as not existing.
const LATER: [&str; 2] = ["2026-01-06T12:00:00Z", "2026-01-07T12:00:00Z"];

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

/// A market small enough for a test, across the turn of a year. `.ci/full` requests others.
pub(crate) fn settings() -> Settings {
    let (seed, stocks) = (number("PITLAKE_TEST_SEED", 1), number("PITLAKE_TEST_STOCKS", 24));
    Settings { seed, stocks, start: day("2022-11-01"), end: day("2023-02-28"), rpm: 0, ..Settings::default() }
}

/// A number from the environment.
pub(crate) fn number<T: FromStr>(variable: &str, usual: T) -> T {
    let text = std::env::var_os(variable).and_then(|text| text.into_string().ok());
    text.map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{variable}: invalid number `{text}`")))
}

/// A sandbox in this process.
pub(crate) struct Vendor {
    pub(crate) market: Arc<Market>,
    pub(crate) server: Server,
    _runtime: tokio::runtime::Runtime,
}

impl Vendor {
    pub(crate) fn start(settings: Settings) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let market = Arc::new(Market::new(&settings));
        let server = runtime.block_on(serve(Arc::clone(&market), settings, 0)).expect("a port");
        Self { market, server, _runtime: runtime }
    }

    /// An account for jobs.toml, with more lines for its section and further sections.
    pub(crate) fn account(&self, name: &str, more: &str) -> String {
        let url = self.server.url_of(name).expect("a vendor of the sandbox");
        format!("[vendors.{name}]\nbase_url = \"{url}\"\nrequests_per_minute = 1000000\n{more}\n")
    }

    pub(crate) fn calls(&self) -> u64 {
        self.server.calls().values().sum()
    }
}

/// A folder to run the binary in.
pub(crate) struct Place {
    /// Deleted with the place.
    pub(crate) folder: tempfile::TempDir,
    pub(crate) token: String,
}

impl Place {
    /// A folder whose jobs.toml has an account of the vendor.
    pub(crate) fn with(vendor: &Vendor) -> Self {
        let place = Self::at(&vendor.server.url());
        Self { token: vendor.server.token().to_owned(), ..place }
    }

    /// A folder whose jobs.toml has these accounts.
    pub(crate) fn of(vendor: &Vendor, accounts: &[String]) -> Self {
        let place = Self::with(vendor);
        place.accounts(accounts);
        place
    }

    /// Replaces jobs.toml with these accounts, or other sections.
    pub(crate) fn accounts(&self, accounts: &[String]) {
        self.jobs(&format!("version = 1\n{}", accounts.concat()));
    }

    /// Replaces jobs.toml.
    pub(crate) fn jobs(&self, lines: &str) {
        fs::write(self.path("jobs.toml"), lines).expect("written");
    }

    /// A folder whose jobs.toml has an account at a vendor with this URL.
    pub(crate) fn at(url: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let jobs = format!(
            "version = 1\n[vendors.tushare]\nbase_url = \"{url}\"\npoints = 5000\nrequests_per_minute = 1000000\n"
        );
        fs::write(folder.path().join("jobs.toml"), jobs).expect("written");
        Self { folder, token: "a-secret-token-of-the-test".into() }
    }

    pub(crate) fn path(&self, inner: &str) -> PathBuf {
        self.folder.path().join(inner)
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pitlake"));
        command.current_dir(self.folder.path()).args(args).env_clear();
        for variable in
            ["TUSHARE_TOKEN", "ASHAREHUB_API_KEY", "ALPHAFIN_API_KEY", "F10_TOKEN", "GATEWAY_KEY", "QUOTES_KEY"]
        {
            command.env(variable, &self.token);
        }
        command
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the binary runs")
    }

    /// Runs a command and expects an exit code; returns stdout.
    pub(crate) fn expect(&self, code: i32, args: &[&str]) -> String {
        let output = self.run(args);
        let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}\nstdout: {stdout}\nstderr: {stderr}");
        stdout
    }

    /// Backfills tables over the whole market of `settings`.
    pub(crate) fn backfill(&self, code: i32, tables: &[&str], settings: &Settings) -> String {
        let (start, end) = (settings.start.to_string(), settings.end.to_string());
        let args = [&["backfill"], tables, &["--start", &start, "--end", &end, "--now", NOW]].concat();
        self.expect(code, &args)
    }

    /// Runs a command on three evenings, until what the vendor lacks is believed.
    pub(crate) fn patiently(&self, args: &[&str]) {
        let run = |now: &str| {
            let output = self.run(&[args, &["--now", now]].concat());
            (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
        };
        let first = run(NOW);
        if first.0 == Some(8) {
            let [second, third] = LATER.map(run);
            assert_eq!((second.0, third.0), (Some(8), Some(0)), "{args:?}\n{}\n{}", second.1, third.1);
        } else {
            assert_eq!(first.0, Some(0), "{args:?}\n{}", first.1);
        }
    }

    /// Every file below a folder of the lake, with its bytes.
    pub(crate) fn files(&self, folder: &str) -> BTreeMap<String, Vec<u8>> {
        let root = self.path("data");
        let mut files = BTreeMap::new();
        collect(&root.join(folder), &root, &mut files);
        files
    }
}

fn collect(folder: &Path, root: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, root, files);
        } else {
            let name = path.strip_prefix(root).expect("below the root").to_string_lossy().into_owned();
            files.insert(name, fs::read(&path).expect("readable"));
        }
    }
}

/// A row by column name, every value as text.
pub(crate) type Row = BTreeMap<String, String>;

/// Every row of a silver table.
pub(crate) fn silver(place: &Place, table: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    for (path, body) in place.files(&format!("silver/{table}")) {
        assert!(path.ends_with(".parquet"), "{path} lies under silver");
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(body)).expect("Parquet");
        for batch in reader.build().expect("a reader") {
            rows.extend(texts(&batch.expect("rows")));
        }
    }
    rows
}

/// Rows of a batch: doubles in their shortest form, nulls as `null`.
pub(crate) fn texts(batch: &RecordBatch) -> Vec<Row> {
    let schema = batch.schema();
    let value = |column: usize, row: usize| {
        let array = batch.column(column);
        if array.is_null(row) {
            return "null".to_owned();
        }
        match array.data_type() {
            DataType::Utf8 => array.as_string::<i32>().value(row).to_owned(),
            DataType::Date32 => array.as_primitive::<Date32Type>().value_as_date(row).expect("a day").to_string(),
            DataType::Int32 => array.as_primitive::<Int32Type>().value(row).to_string(),
            DataType::Timestamp(_, _) => {
                let at = array.as_primitive::<TimestampMicrosecondType>().value(row);
                chrono::DateTime::from_timestamp_micros(at).expect("an instant").to_rfc3339()
            }
            DataType::Int64 => array.as_primitive::<Int64Type>().value(row).to_string(),
            DataType::Float64 => format!("{:?}", array.as_primitive::<Float64Type>().value(row)),
            DataType::Boolean => array.as_boolean().value(row).to_string(),
            other => panic!("unexpected column type {other}"),
        }
    };
    let row = |row| schema.fields().iter().enumerate().map(|(c, f)| (f.name().clone(), value(c, row))).collect();
    (0..batch.num_rows()).map(row).collect()
}

/// The text of a cell.
pub(crate) fn text_of(cell: &Cell) -> Option<&str> {
    match cell {
        Cell::Null => None,
        Cell::Text(text) | Cell::Number(text) => Some(text),
    }
}

/// Compares row by row, sorted by key so that a failure names the key.
pub(crate) fn assert_same(table: &str, mut silver: Vec<Row>, mut truth: Vec<Row>) {
    let key = |row: &Row| {
        let columns = ["exchange", "ts_code", "trade_date", "end_date", "cal_date", "suspend_type", "suspend_timing"];
        (columns.map(|k| row.get(k).cloned()), ["limit", "report_type", "revision"].map(|k| row.get(k).cloned()))
    };
    // Columns filled only by another interface of the table are empty here.
    let columns: BTreeSet<String> = silver.iter().flat_map(|row| row.keys().cloned()).collect();
    for row in &mut truth {
        for column in &columns {
            row.entry(column.clone()).or_insert_with(|| "null".to_owned());
        }
    }
    silver.sort_by_key(key);
    truth.sort_by_key(key);
    let keys = |rows: &[Row]| rows.iter().map(key).collect::<BTreeSet<_>>();
    let (ours, theirs) = (keys(&silver), keys(&truth));
    let surplus: Vec<_> = ours.difference(&theirs).collect();
    let lacking: Vec<_> = theirs.difference(&ours).collect();
    assert!(surplus.is_empty() && lacking.is_empty(), "{table}: silver has {surplus:?} too many and lacks {lacking:?}");
    for (ours, theirs) in silver.iter().zip(&truth) {
        let differ: Vec<_> = ours.iter().filter(|(name, value)| theirs.get(*name) != Some(value)).collect();
        let key: Vec<_> = ["ts_code", "trade_date", "end_date", "revision"]
            .map(|name| ours.get(name))
            .into_iter()
            .flatten()
            .collect();
        assert!(differ.is_empty(), "{table} {key:?}: silver has {differ:?}");
    }
    assert_eq!(silver.len(), truth.len(), "{table}: rows of silver, rows of the market");
    assert!(!truth.is_empty(), "{table} is empty");
}
