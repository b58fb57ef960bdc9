//! `status` explains everything that silver lacks, whatever bronze holds: random answers of our own (whole, marked, or
//! of a former version), other programs' files and imports, in any order. `.ci/full` tries more lakes.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use pitlake::bronze::{self, BronzeFile, Findings, Mark, NewFile, Span};
use pitlake::clock::Clock;
use pitlake::interrupt::Interrupt;
use pitlake::normalise::{AnswerText, judge};
use pitlake::ops::status::{Status, status};
use pitlake::plan::{Halves, Reach, Rebuild, Work};
use pitlake::progress::Progress;
use pitlake::run::run;
use pitlake::spec::{Catalog, DateRange, InterfaceId, Jobs, Table};
use pitlake::store::Store;
use pitlake::world::{Limits, World};

use crate::dice::Dice;
use crate::support::{day, number, texts};
use tempfile::TempDir;

const NOW: &str = "2024-01-15T12:00:00Z";
/// When the first random file was written. Each one comes a minute after the previous.
const BEGUN: &str = "2024-01-13T10:00:00Z";
const FIRST: &str = "2024-01-02";
const SESSIONS: usize = 9;

/// The securities: exchange, first day, delisting day.
const SECURITIES: [(&str, &str, &str, &str); 6] = [
    ("600001.SH", "SSE", "20100104", "null"),
    ("600002.SH", "SSE", "20100104", "null"),
    ("000001.SZ", "SZSE", "20100104", "null"),
    ("000002.SZ", "SZSE", "20100104", "null"),
    ("300001.SZ", "SZSE", "20240105", "null"),
    // It has rows until this long before its delisting.
    ("600003.SH", "SSE", "20100104", "\"20240320\""),
];
/// One security is suspended on one day.
const SUSPENDED: (&str, &str) = ("000002.SZ", "2024-01-04");

/// The tables with their interface and a numeric field. The first shows suspended securities, the second does not.
const TABLES: [(&str, &str, &str); 2] =
    [("adj_factor", "tushare/adj_factor", "adj_factor"), ("stock_daily_cn", "tushare/daily", "close")];

fn moment(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn sessions() -> Vec<NaiveDate> {
    let weekday = |day: &NaiveDate| !["Sat", "Sun"].contains(&day.format("%a").to_string().as_str());
    day(FIRST).iter_days().filter(weekday).take(SESSIONS).collect()
}

/// The securities that must have a row, by the rules of the market.
fn due(table: &str, on: NaiveDate) -> BTreeSet<&'static str> {
    let is_due = |(code, _, listed, delisted): &(&'static str, &str, &str, &str)| {
        let on = on.format("%Y%m%d").to_string();
        let is_suspended = table == "stock_daily_cn" && (*code, on.as_str()) == (SUSPENDED.0, "20240104");
        *listed <= on.as_str() && (*delisted == "null" || on.as_str() < delisted.trim_matches('"')) && !is_suspended
    };
    SECURITIES.into_iter().filter(is_due).map(|security| security.0).collect()
}

/// A lake in its own folder.
struct Lake {
    _folder: TempDir,
    world: World,
    dice: Dice,
    /// What was written, shown on failure.
    told: Vec<String>,
}

impl Lake {
    async fn new(seed: u64) -> Self {
        let (catalog, _) = Catalog::load(&[], None).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let world = World {
            catalog,
            jobs: Jobs::default(),
            tokens: BTreeMap::new(),
            // On an object store, `status` trusts file names.
            store: Store::open(folder.path().to_str().unwrap()).unwrap(),
            clock: Clock::fixed(moment(NOW)),
            progress: Progress::silent(),
            interrupt: Interrupt::default(),
            limits: Limits::default(),
            engine: None,
        };
        let mut lake = Self { _folder: folder, world, dice: Dice::of(seed), told: Vec::new() };
        let plain = (Some(Findings::default()), None, moment(BEGUN) - TimeDelta::hours(1));
        let open = |day: NaiveDate| u8::from(!["Sat", "Sun"].contains(&day.format("%a").to_string().as_str()));
        let days = day("2023-12-01").iter_days().take(100);
        let days = days.map(|day| {
            format!(r#"{{"exchange":"SSE","cal_date":"{}","is_open":{}}}"#, day.format("%Y%m%d"), open(day))
        });
        lake.answer("tushare/trade_cal", ("snapshot", day("2024-01-13")), &days.collect::<Vec<_>>(), plain.clone())
            .await;
        let all = SECURITIES.map(|(code, exchange, listed, delisted)| {
            format!(
                r#"{{"ts_code":"{code}","exchange":"{exchange}","list_status":"{}","list_date":"{listed}","delist_date":{delisted}}}"#,
                if delisted == "null" { "L" } else { "D" }
            )
        });
        lake.answer("tushare/stock_basic", ("snapshot", day("2024-01-13")), &all, plain.clone()).await;
        for session in sessions() {
            let suspended = (session == day(SUSPENDED.1)).then(|| {
                format!(
                    r#"{{"ts_code":"{}","trade_date":"20240104","suspend_timing":null,"suspend_type":"S"}}"#,
                    SUSPENDED.0
                )
            });
            let suspended: Vec<String> = suspended.into_iter().collect();
            lake.answer("tushare/suspend_d", (&session.to_string(), session), &suspended, plain.clone()).await;
        }
        lake
    }

    fn table(&self, name: &str) -> Arc<Table> {
        Arc::clone(self.world.catalog.table(name).unwrap())
    }

    /// Writes an answer of our own. If it says the same as the newest in its folder, it repeats that.
    async fn answer(
        &mut self,
        interface: &str,
        (slice, on): (&str, NaiveDate),
        rows: &[String],
        (found, mark, at): (Option<Findings>, Option<Mark>, DateTime<Utc>),
    ) {
        let contract = self.world.catalog.contract(&InterfaceId::parse(interface).unwrap()).unwrap();
        let new = NewFile {
            params: vec![vec![("trade_date".into(), on.format("%Y%m%d").to_string())]],
            event_days: (slice != "snapshot" && !rows.is_empty()).then(|| DateRange::day(on)),
            found,
            mark,
            ..file(slice, on, rows)
        };
        let files = bronze::list(&self.world.store, contract).await.unwrap();
        let own = |file: &&BronzeFile| file.day == on && !file.span && file.is_named_like(contract);
        let mut before = None;
        for file in files.iter().rev().filter(own) {
            let header = bronze::provenances(&self.world.store, [file]).await.pop().and_then(Result::ok).flatten();
            before = header.map(|found| (&*file.path, found));
            if before.is_some() {
                break;
            }
        }
        let before = before.as_ref().map(|(path, found)| (*path, found));
        let written = bronze::write(&self.world.store, contract, new, at, before).await.unwrap();
        self.told.push(format!("{} {rows:?}", written.path));
    }

    /// Random files of a table.
    async fn fill(&mut self, (table, interface, number): (&str, &str, &str)) {
        for minute in 0..2 + self.dice.below(14) {
            let at = moment(BEGUN) + TimeDelta::minutes(i64::try_from(minute).unwrap());
            let on = sessions()[self.dice.below(SESSIONS)];
            match self.dice.below(6) {
                0 => self.foreign((table, interface, number), on, at).await,
                1 => self.import((table, interface, number), at).await,
                _ => self.own((table, interface, number), on, at).await,
            }
        }
    }

    /// Writes an answer with or without a lie, judged as a fetch would.
    async fn own(&mut self, (table, interface, number): (&str, &str, &str), on: NaiveDate, at: DateTime<Utc>) {
        let mut rows: Vec<String> = Vec::new();
        for code in due(table, on) {
            match self.dice.below(30) {
                0 => {}
                1 => rows.push(row(code, on, (number, "\"nan\""))),
                2 => rows.extend(["1.5", "2.5"].map(|value| row(code, on, (number, value)))),
                3 => rows.extend([row("603999.SH", on, (number, "1.5")), "{}".to_owned()]),
                4 => rows.push(row(code, on, (number, "1.5")).replace("ts_code", "code")),
                _ => rows.push(row(code, on, (number, ["1.5", "1.50", "3"][self.dice.below(3)]))),
            }
        }
        let (table, contract) = (self.table(table), InterfaceId::parse(interface).unwrap());
        let source = table.source(&contract).unwrap();
        let lines = rows.join("\n");
        let calls = [vec![("trade_date".to_owned(), on.format("%Y%m%d").to_string())]];
        let read = judge(&table, source, AnswerText { lines: lines.as_bytes(), calls: &calls, rows_of: &[] });
        // A build would stop at it.
        let Ok(read) = read else { return };
        let must = due(&table.name, on);
        let expected = Some(must.len());
        let (keys, set_aside) = (read.keys, read.set_aside.len());
        let mut found = Findings { keys, set_aside, expected, ..Findings::default() };
        found.lack(must.into_iter().filter(|code| !read.codes.contains(*code)).map(str::to_owned));
        let mark = match (found.is_damaged(), found.lacking_codes) {
            (true, _) => Some(Mark::Damaged),
            (false, 0) => None,
            (false, _) => Some([Mark::Due, Mark::Short][self.dice.below(2)]),
        };
        // A former version kept all answers without judging them.
        let judged = if self.dice.once_in(4) { (None, None, at) } else { (Some(found), mark, at) };
        self.answer(interface, (&on.to_string(), on), &rows, judged).await;
    }

    /// Writes another program's rows: some securities, some unreadable, some for another day.
    async fn foreign(&mut self, (table, interface, number): (&str, &str, &str), on: NaiveDate, at: DateTime<Utc>) {
        let contract = self.world.catalog.contract(&InterfaceId::parse(interface).unwrap()).unwrap();
        let stamp = at.format("%Y%m%dT%H%M%S%3fZ");
        let name = match self.dice.below(4) {
            0 => "theirs".to_owned(),
            1 => format!("theirs_{stamp}"),
            2 => format!("theirs_{stamp}-short"),
            _ => format!("{}_{stamp}", contract.id.name),
        };
        let path = format!("bronze/tushare/{}/date={on}/{name}.jsonl.gz", contract.kind);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        let mut rows = Vec::new();
        for code in due(table, on) {
            match self.dice.below(8) {
                0 | 1 => {}
                2 => rows.push(row(code, on, (number, "\"x\""))),
                3 => rows.push(row(code, on + Days::new(1), (number, "4"))),
                _ => rows.push(row(code, on, (number, "4"))),
            }
        }
        gzip.write_all(rows.join("\n").as_bytes()).unwrap();
        let body = if self.dice.once_in(12) { b"not gzip".to_vec() } else { gzip.finish().unwrap() };
        self.told.push(format!("{path} {rows:?}"));
        self.world.store.put(&path, body.into()).await.unwrap();
    }

    /// Imports some days and securities.
    async fn import(&mut self, (table, interface, number): (&str, &str, &str), at: DateTime<Utc>) {
        let mut days = BTreeSet::new();
        let mut rows = Vec::new();
        for on in sessions() {
            for code in due(table, on) {
                if self.dice.once_in(3) {
                    rows.push(row(code, on, (number, if self.dice.once_in(9) { "\"x\"" } else { "5" })));
                    days.insert(on);
                }
            }
        }
        let Some(all) = DateRange::around(days.iter().copied()) else { return };
        let contract = self.world.catalog.contract(&InterfaceId::parse(interface).unwrap()).unwrap();
        let new = NewFile {
            event_days: Some(all),
            span: Some(Span::months(days)),
            ..file("theirs.csv", day("2024-01-13"), &rows)
        };
        let written = bronze::write(&self.world.store, contract, new, at, None).await.unwrap();
        self.told.push(format!("{} {rows:?}", written.path));
    }

    /// Builds silver and returns the state of the tables.
    async fn build(&self) -> Vec<Status> {
        let tables: Vec<Arc<Table>> = TABLES.iter().map(|(table, ..)| self.table(table)).collect();
        let work = Work {
            command: "normalize".into(),
            jobs: Vec::new(),
            tables: tables.clone(),
            reach: Reach::Held,
            halves: Halves::Build,
            refetch: false,
            short: false,
            rebuild: Rebuild::Stale,
        };
        run(&self.world, &work).await.unwrap();
        status(&self.world, &tables).await.unwrap()
    }

    /// The securities and days in silver.
    async fn silver(&self, table: &str) -> BTreeSet<(String, NaiveDate)> {
        let mut all = BTreeSet::new();
        for file in self.world.store.list(&format!("silver/{table}")).await.unwrap() {
            let body = self.world.store.read(&file.path).await.unwrap();
            for batch in ParquetRecordBatchReaderBuilder::try_new(body).unwrap().build().unwrap() {
                let rows = texts(&batch.unwrap());
                all.extend(rows.into_iter().map(|row| (row["ts_code"].clone(), day(&row["trade_date"]))));
            }
        }
        all
    }
}

fn row(code: &str, on: NaiveDate, (field, value): (&str, &str)) -> String {
    format!(r#"{{"ts_code":"{code}","trade_date":"{}","{field}":{value}}}"#, on.format("%Y%m%d"))
}

fn file(slice: &str, on: NaiveDate, rows: &[String]) -> NewFile {
    NewFile {
        slice: slice.to_owned(),
        day: on,
        params: Vec::new(),
        rows_of: Vec::new(),
        pages: 1,
        lines: rows.iter().flat_map(|row| [row, "\n"]).collect::<String>().into_bytes(),
        event_days: None,
        span: None,
        found: None,
        mark: None,
        captured_on: None,
        ordinal: 0,
    }
}

/// Whether something is reported for a security on a day: the day is missing, its state mentions the security or
/// unreadable rows, or nothing vouches for it. A partition that could not be built is reported as a whole.
fn is_named(status: &Status, code: &str, on: NaiveDate) -> bool {
    status.stale > 0
        || status.holes.contains(&on)
        || status.lacking.iter().filter(|one| one.day == Some(on)).any(|one| {
            ["damaged", "failed", "unproven"].contains(&one.state)
                || one.more > 0
                || one.codes.iter().any(|c| c == code)
        })
}

#[test]
fn what_silver_lacks_is_named_whatever_bronze_holds() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut lacking = 0;
    for seed in 0..number("PITLAKE_TEST_LAKES", 150) {
        runtime.block_on(async {
            let mut lake = Lake::new(seed).await;
            for table in TABLES {
                lake.fill(table).await;
            }
            let all = lake.build().await;
            for status in all {
                let silver = lake.silver(&status.table).await;
                let (Some(first), Some(last)) = (status.first, status.last) else { continue };
                let range: Vec<NaiveDate> = sessions().into_iter().filter(|on| (first..=last).contains(on)).collect();
                for on in &range {
                    for code in due(&status.table, *on) {
                        if silver.contains(&(code.to_owned(), *on)) {
                            continue;
                        }
                        lacking += 1;
                        let told = lake.told.join("\n");
                        assert!(is_named(&status, code, *on), "seed {seed}: {code} {on}: {status:#?}\n{told}");
                    }
                }
                // Every slice is in exactly one state.
                let slices = &status.slices;
                let states = slices.held + slices.missing + slices.due + slices.failed + slices.damaged + slices.short;
                let any = states > 0;
                assert!(
                    !any || states == range.len(),
                    "seed {seed}: {states} slices, {} sessions: {status:#?}",
                    range.len()
                );
            }
        });
    }
    assert!(lacking > 0, "nothing was lacking");
}
