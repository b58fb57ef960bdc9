//! An in-memory lake to run on, and what must hold for it whatever went wrong. What goes wrong is drawn in `chaos`, not
//! here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::{DateTime, Days, NaiveDate, Utc};
use futures::TryStreamExt as _;
use object_store::memory::InMemory;
use object_store::{ObjectStore as _, ObjectStoreExt as _};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use pitlake_sandbox::{Desk, Market, Settings, TOKEN};

use super::chaos::{Chaos, Odds};
use super::store::Faulty;
use super::vendor::{Liar, NOBODY};
use crate::clock::Clock;
use crate::fetch::in_process;
use crate::interrupt::Interrupt;
use crate::ops::status::{State, Status, status};
use crate::plan::{Halves, Reach, Rebuild, Work};
use crate::progress::Progress;
use crate::real::simulated::Simulated;
use crate::report::{Exit, Report, TableReport};
use crate::run::{exit_of, run};
use crate::spec::{Account, Catalog, DateRange, Jobs, Table};
use crate::store::Store;
use crate::world::{Limits, Token, World};

/// The tables, each with its day column.
pub(super) const TABLES: [(&str, &str); 3] =
    [("stock_daily_cn", "trade_date"), ("adj_factor", "trade_date"), ("stk_holdertrade_cn", "ann_date")];
/// The days requested.
pub(super) const DAYS: (&str, &str) = ("2024-03-19", "2024-03-22");
/// The time of all runs.
const NOW: &str = "2024-06-03T13:30:00Z";
/// Most calls that a report includes before they are sent: 32 per interface.
const AHEAD: usize = 32 * 6;

/// A market of three securities.
pub(super) fn settings(seed: u64) -> Settings {
    let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
    let (start, end) = (day("2024-03-11"), day("2024-03-29"));
    Settings { seed, stocks: 3, start, end, rpm: 0, ..Settings::default() }
}

/// All files of a lake by path.
pub(super) type Files = BTreeMap<String, Vec<u8>>;
/// The rows of each table, each with its day.
pub(super) type Rows = BTreeMap<&'static str, BTreeSet<(String, String)>>;

/// The outcome of a run; `None` if it was killed.
pub(super) struct Done(Option<anyhow::Result<Report>>);

impl Done {
    pub(super) fn exit(&self) -> Option<Exit> {
        self.error().map_or_else(|| self.report()?.exit, |error| Some(exit_of(error)))
    }

    fn report(&self) -> Option<&Report> {
        self.0.as_ref()?.as_ref().ok()
    }

    /// The error it ended with.
    pub(super) fn error(&self) -> Option<&anyhow::Error> {
        self.0.as_ref()?.as_ref().err()
    }

    /// What its report calls missing or doubtful.
    pub(super) fn troubles(&self) -> String {
        let Some(report) = self.report() else { return String::new() };
        let of =
            |(table, report): (&String, &TableReport)| format!("{table}: {:?}, {:?}", report.failed, report.marked);
        report.tables.iter().map(of).collect::<Vec<_>>().join("; ")
    }
}

/// A lake, its vendor, and what goes wrong with them.
pub(super) struct Lake {
    pub(super) chaos: Arc<Chaos>,
    simulated: Simulated,
    objects: Arc<InMemory>,
    pub(super) vendor: Arc<Liar>,
    world: World,
    tables: Vec<Arc<Table>>,
}

impl Lake {
    pub(super) fn new(catalog: &Catalog, market: &Arc<Market>, seed: u64) -> Self {
        let chaos = Arc::new(Chaos::of(seed));
        let objects = Arc::new(InMemory::new());
        let desk = Desk::new(Arc::clone(market), settings(seed));
        let vendor = Arc::new(Liar { desk, chaos: Arc::clone(&chaos), run: Mutex::default(), came: Mutex::default() });
        in_process::set(Some(Arc::clone(&vendor) as _));
        let account = Account {
            base_url: Some("http://vendor.test".to_owned()),
            points: 5000,
            requests_per_minute: Some(1_000_000),
            ..Account::default()
        };
        let token = Token { secret: TOKEN.into(), found_in: "a test".to_owned() };
        let world = World {
            catalog: catalog.clone(),
            jobs: Jobs { accounts: [("tushare".to_owned(), account)].into(), ..Jobs::default() },
            tokens: [("tushare".to_owned(), token)].into(),
            store: Store::memory(),
            clock: Clock::fixed(NOW.parse().expect("a time")),
            progress: Progress::silent(),
            interrupt: Interrupt::default(),
            limits: Limits::default(),
            engine: None,
        };
        let tables = TABLES.iter().map(|(name, _)| Arc::clone(catalog.table(name).expect("a table"))).collect();
        let simulated = Simulated::at(NOW.parse().expect("a time"));
        Self { chaos, simulated, objects, vendor, world, tables }
    }

    fn work(&self) -> Work {
        let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
        Work {
            command: "backfill".to_owned(),
            jobs: Vec::new(),
            tables: self.tables.clone(),
            reach: Reach::Range(DateRange::new(day(DAYS.0), day(DAYS.1))),
            halves: Halves::Both,
            refetch: false,
            short: false,
            rebuild: Rebuild::Stale,
        }
    }

    /// From now on, runs take place on an evening this many days later.
    pub(super) fn evening(&mut self, days: u64) {
        self.world.clock = Clock::fixed(NOW.parse::<DateTime<Utc>>().expect("a time") + Days::new(days));
    }

    /// Limits calls per minute to each interface, by the machine's clock.
    pub(super) fn limit(&mut self, calls: u32) {
        self.world.clock = Clock::default();
        self.world.jobs.accounts.values_mut().for_each(|account| account.requests_per_minute = Some(calls));
    }

    /// Later runs are of one table alone.
    pub(super) fn only(&mut self, table: &str) {
        self.tables = vec![Arc::clone(self.world.catalog.table(table).expect("a table"))];
    }

    /// A run with these odds, killed at step `last` if it gets there.
    pub(super) fn run(&self, odds: Odds, last: Option<u32>) -> Done {
        *self.vendor.calls() = super::vendor::Calls::default();
        self.chaos.begin(odds, last);
        // Each run is a separate process.
        let faulty = Faulty { objects: Arc::clone(&self.objects), chaos: Arc::clone(&self.chaos) };
        let world = World { store: Store::over("memory", Arc::new(faulty)), ..self.world.clone() };
        let work = self.work();
        let done = self.simulated.run(async {
            tokio::select! {
                biased;
                () = self.chaos.killed() => Done(None),
                done = run(&world, &work) => Done(Some(done.map_err(Into::into))),
            }
        });
        self.chaos.tell(&match (done.exit(), done.error()) {
            (_, Some(error)) => format!("the run failed: {error:#}"),
            (None, None) => "the run was killed".to_owned(),
            (exit, None) => format!("the run ended: {exit:?}"),
        });
        done
    }

    /// Lets time pass between runs.
    pub(super) fn rest(&self, time: Duration) {
        self.simulated.pass(time);
    }

    /// Number of calls in the last run.
    pub(super) fn calls(&self) -> usize {
        self.vendor.calls().sent
    }

    /// The files below a folder.
    pub(super) fn files(&self, folder: &str) -> Files {
        self.simulated.run(async {
            let listed = self.objects.list(Some(&folder.into())).try_collect::<Vec<_>>().await.expect("listed");
            let mut files = Files::new();
            for one in listed {
                let body = self.objects.get(&one.location).await.expect("read").bytes().await.expect("read");
                files.insert(one.location.to_string(), body.to_vec());
            }
            files
        })
    }

    /// Puts a file, replacing any.
    pub(super) fn put(&self, path: &str, body: Vec<u8>) {
        self.simulated.run(self.objects.put(&path.into(), body.into())).expect("put");
    }

    /// Frees all leases, as if the machine knew that their holders are dead.
    pub(super) fn free(&self) {
        for path in self.files("leases").into_keys() {
            self.simulated.run(self.objects.delete(&path.into())).expect("deleted");
        }
    }

    /// The rows in silver.
    pub(super) fn rows(&self) -> Rows {
        TABLES.iter().map(|(table, column)| (*table, rows(self.files(&format!("silver/{table}")), column))).collect()
    }

    /// Rows missing from silver.
    pub(super) fn lacking(&self, calm: &Rows) -> Vec<(String, String)> {
        let rows = self.rows();
        calm.iter().flat_map(|(table, known)| known.difference(&rows[table]).cloned().collect::<Vec<_>>()).collect()
    }

    fn status(&self) -> Vec<Status> {
        let world = World { store: Store::over("memory", Arc::clone(&self.objects) as _), ..self.world.clone() };
        self.simulated.run(status(&world, &self.tables)).expect("a status")
    }

    /// Whether the lake is whole after a run, or what is wrong with it. `calm` are the vendor's rows, and `reports` the
    /// reports from before the run.
    pub(super) fn check(&self, calm: &Rows, done: &Done, reports: &Files) -> Result<bool, String> {
        let rows = self.rows();
        let mut is_whole = true;
        for status in self.status() {
            let table = TABLES.iter().find(|(table, _)| *table == status.table).expect("one of the tables").0;
            let of =
                |rows: &Rows, day: &str| rows[table].iter().filter(|(of, _)| of == day).cloned().collect::<Vec<_>>();
            let (is_current, mut held, mut named) = (status.stale == 0, BTreeSet::new(), 0);
            for (day, state) in status.coverage.iter().flat_map(|coverage| &coverage.days) {
                let day = day.to_string();
                let is_asked = (DAYS.0..=DAYS.1).contains(&day.as_str());
                let is_held = matches!(state, State::Held | State::Unsettled);
                named += usize::from(is_asked && !is_held && !state.is_missing());
                if is_held && is_current && of(&rows, &day) != of(calm, &day) {
                    return Err(format!("`{table}` holds {day}, and silver lacks rows of it: {:?}", of(&rows, &day)));
                }
                held.extend(Some(day).filter(|_| is_asked && is_held));
            }
            let is_vendors = |row: &&(String, String)| {
                // What cannot be judged yet is published as it came, but its day must not be called held.
                let is_open = row.1.starts_with(NOBODY) && !(is_current && held.contains(&row.0));
                is_open || calm[table].iter().any(|known| is_of(row, known))
            };
            if let Some(made_up) = rows[table].iter().find(|row| !is_vendors(row)) {
                return Err(format!("`{table}` has a row that is not the vendor's: {made_up:?}"));
            }
            let held = held.len();
            if done.exit() == Some(Exit::Done) && (held + named < 4 || !is_current) {
                return Err(format!("the run ended well, and `{table}` lacks days: {held} are held, {status:?}"));
            }
            is_whole &= held == 4 && is_current && rows[table] == calm[table];
        }
        if let Some(call) = self.vendor.calls().repeated().first() {
            return Err(format!("asked twice in one run: {call}"));
        }
        self.counted(reports)?;
        Ok(is_whole)
    }

    /// Checks that the last run's report counts its calls. An unfinished report may count some that were about to be
    /// sent. If the reply to a run's first write is lost, it may take the equal report of a run killed at the start for
    /// its own.
    fn counted(&self, before: &Files) -> Result<(), String> {
        let sent = self.calls();
        let (mut counted, mut is_ended) = (0, false);
        for (path, body) in self.files("runs").into_iter().filter(|(path, body)| before.get(path) != Some(body)) {
            let report: Report = serde_json::from_slice(&body).map_err(|error| format!("`{path}`: {error}"))?;
            counted += usize::try_from(report.calls.values().sum::<u64>()).unwrap_or(usize::MAX);
            is_ended |= report.exit.is_some();
        }
        let most = if is_ended { sent } else { sent + AHEAD };
        if (sent..=most).contains(&counted) { Ok(()) } else { Err(format!("{counted} calls are counted of {sent}")) }
    }
}

impl Drop for Lake {
    fn drop(&mut self) {
        in_process::set(None);
    }
}

/// Whether a row equals a known one, except for missing values.
fn is_of(row: &(String, String), known: &(String, String)) -> bool {
    let cells = row.1.split('|').zip(known.1.split('|'));
    row.0 == known.0 && cells.into_iter().all(|(cell, known)| cell.is_empty() || cell == known)
}

/// The rows of files as text, each with its day.
fn rows(files: Files, column: &str) -> BTreeSet<(String, String)> {
    let mut rows = BTreeSet::new();
    for body in files.into_values() {
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(body)).expect("Parquet");
        for batch in reader.build().expect("a reader") {
            let batch = batch.expect("rows");
            let options = FormatOptions::default();
            let schema = batch.schema();
            let day = schema.index_of(column).expect("a day");
            let cells: Vec<_> =
                batch.columns().iter().map(|array| ArrayFormatter::try_new(array, &options).expect("a form")).collect();
            for row in 0..batch.num_rows() {
                let text: Vec<String> = cells.iter().map(|cells| cells.value(row).to_string()).collect();
                rows.insert((text[day].clone(), text.join("|")));
            }
        }
    }
    rows
}
