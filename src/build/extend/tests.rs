//! Random histories of a lake: extending a published file gives the same bytes as building from all of its bronze.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use pitlake_contract::{DateRange, Slice};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use super::*;
use crate::bronze::{self, Mark, NewFile, Span};
use crate::build::{Scope, Share, Survey, Task};
use crate::spec::Catalog;

static CATALOG: LazyLock<Catalog> = LazyLock::new(|| Catalog::load(&[], None).unwrap().0);

/// Codes on two exchanges.
const CODES: [&str; 4] = ["600001.SH", "000001.SZ", "600002.SH", "000002.SZ"];
const EXCHANGES: [&str; 3] = ["SZSE", "BSE", "SSE"];

/// A file arriving in the lake.
#[derive(Debug, Clone)]
struct Came {
    kind: Kind,
    /// Index of its interface among the table's sources.
    source: usize,
    /// `None` is the next day without a file so far; otherwise one of the days before.
    day: Option<u64>,
    mark: Option<Mark>,
    /// One per code; 0 means no row.
    figures: Vec<u8>,
    odd: Odd,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Answer,
    /// A file of another program.
    Foreign,
    Import,
}

/// What is odd about its first line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Odd {
    Nothing,
    UnknownField,
    NullWord,
    Unreadable,
    OtherDay,
    Twice,
    Contradiction,
    Long,
    FewColumns,
}

/// What else happens before a partition is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mishap {
    Nothing,
    Calendar,
    BronzeGone(usize),
    CompanionGone,
    Damage(usize),
    RejectsLeft,
}

fn history(sources: usize) -> impl Strategy<Value = Vec<(Vec<Came>, Mishap)>> {
    use Odd::{Contradiction, FewColumns, Long, NullWord, OtherDay, Twice, UnknownField, Unreadable};
    let kind = prop_oneof![14 => Just(Kind::Answer), 1 => Just(Kind::Foreign), 1 => Just(Kind::Import)];
    let day = prop_oneof![6 => Just(None), 1 => (0..6u64).prop_map(Some)];
    let mark = prop_oneof![
        9 => Just(None),
        1 => Just(Some(Mark::Due)),
        1 => Just(Some(Mark::Damaged)),
        1 => Just(Some(Mark::Short)),
    ];
    let odds = [UnknownField, NullWord, Unreadable, OtherDay, Twice, Contradiction, Long, FewColumns];
    let odd = prop_oneof![24 => Just(Odd::Nothing), 5 => prop::sample::select(odds.to_vec())];
    let source = prop_oneof![5 => Just(0), 1 => 0..sources];
    let came = (kind, source, day, mark, vec(0..5u8, 4), odd);
    let came = came.prop_map(|(kind, source, day, mark, figures, odd)| Came { kind, source, day, mark, figures, odd });
    let mishap = prop_oneof![
        24 => Just(Mishap::Nothing),
        1 => Just(Mishap::Calendar),
        1 => (0..9usize).prop_map(Mishap::BronzeGone),
        1 => Just(Mishap::CompanionGone),
        1 => (0..3000usize).prop_map(Mishap::Damage),
        1 => Just(Mishap::RejectsLeft),
    ];
    let files = prop_oneof![1 => vec(came.clone(), 0..1), 8 => vec(came.clone(), 1..2), 4 => vec(came, 2..4)];
    vec((files, mishap), 2..7)
}

fn day_of(number: u64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 1, 2).unwrap() + Days::new(number)
}

/// A row of a table. Most vendors use the same column names.
fn row(table: &Table, place: usize, event: NaiveDate, figure: u8) -> String {
    let (code, day) = (CODES[place], event.format("%Y%m%d"));
    match table.name.as_str() {
        "stock_daily_cn" => {
            let more = if figure == 3 { "" } else { r#","vol":100"# };
            format!(r#"{{"ts_code":"{code}","trade_date":"{event}","close":{figure}.5{more}}}"#)
        }
        "margin_cn" => {
            format!(r#"{{"trade_date":"{day}","exchange_id":"{}","rzye":{figure}.25}}"#, EXCHANGES[place])
        }
        _ => {
            let name = if figure == 2 { "null".to_owned() } else { format!("\"样本{}\"", figure % 3) };
            let limit = if figure == 4 { "D" } else { "U" };
            format!(
                r#"{{"ts_code":"{code}","trade_date":"{event}","name":{name},"open_times":{figure},"limit":"{limit}"}}"#
            )
        }
    }
}

struct Lake {
    table: Arc<Table>,
    calendar: Arc<Calendar>,
    store: Store,
    now: DateTime<Utc>,
    /// Number of days covered so far.
    days: u64,
}

impl Lake {
    fn new(table: &str) -> Self {
        let days = (0..40).map(|number| (day_of(number), true));
        let table = Arc::clone(CATALOG.table(table).unwrap());
        let now = "2024-02-20T10:00:00Z".parse().unwrap();
        Self { table, calendar: Arc::new(Calendar::new(days)), store: Store::memory(), now, days: 0 }
    }

    fn lines(&self, came: &Came, event: NaiveDate) -> String {
        let table = &self.table;
        let places = if table.name == "margin_cn" { EXCHANGES.len() } else { CODES.len() };
        let rows = came.figures.iter().enumerate().take(places).filter(|(_, figure)| **figure > 0);
        let mut lines: Vec<String> = rows.map(|(place, figure)| row(table, place, event, *figure)).collect();
        if let Some(first) = lines.first().cloned() {
            let with = |more: &str| first.replacen('{', &format!("{{{more},"), 1);
            match came.odd {
                Odd::Nothing => {}
                Odd::UnknownField => lines[0] = with(r#""never_seen":1"#),
                Odd::NullWord => lines[0] = with(r#""open":"None","rqye":"None","first_time":"None""#),
                Odd::Unreadable => lines.push("{\"ts_code\":".to_owned()),
                Odd::OtherDay => lines[0] = row(table, 0, event + Days::new(1), 1),
                Odd::Twice => lines.push(first),
                Odd::Contradiction => lines.push(first.replace(".5", ".75").replace("open_times\":", "open_times\":1")),
                Odd::Long => lines[0] = with(r#""pre_close":12.345678901234567890123,"rzmre":9007199254740993.5"#),
                Odd::FewColumns => {
                    for line in &mut lines {
                        *line = line.replace("\"close\"", "\"open\"").replace("\"rzye\"", "\"rzmre\"");
                    }
                }
            }
        }
        lines.iter().map(|line| line.clone() + "\n").collect()
    }

    async fn come(&mut self, came: &Came) {
        let number = came.day.unwrap_or(self.days);
        self.days = self.days.max(number + 1);
        self.now += TimeDelta::minutes(7);
        let (event, source) = (day_of(number), &self.table.sources[came.source]);
        let lines = self.lines(came, event);
        let contract = &source.contract;
        if came.kind == Kind::Foreign {
            let folder = format!("bronze/{}/{}/date={event}", contract.id.vendor, contract.kind);
            let path = format!("{folder}/theirs{}.jsonl.gz", self.now.timestamp());
            self.store.put(&path, bronze::foreign(lines.as_bytes())).await.unwrap();
            return;
        }
        if came.kind == Kind::Answer {
            return self.answer(came.source, event, (came.mark, lines)).await;
        }
        self.write(came.source, event, (false, None, lines)).await;
    }

    async fn answer(&mut self, source: usize, event: NaiveDate, (mark, lines): (Option<Mark>, String)) {
        self.write(source, event, (true, mark, lines)).await;
    }

    async fn write(&mut self, source: usize, event: NaiveDate, (is_answer, mark, lines): (bool, Option<Mark>, String)) {
        self.now += TimeDelta::minutes(7);
        let contract = &self.table.sources[source].contract;
        let slice = Slice::Session(event);
        let new = NewFile {
            slice: if is_answer { slice.to_string() } else { "x.csv".to_owned() },
            day: event,
            params: if is_answer { vec![vec![("trade_date".into(), event.to_string())]] } else { Vec::new() },
            rows_of: Vec::new(),
            pages: 1,
            lines: lines.into_bytes(),
            event_days: Some(DateRange::day(event)),
            span: (!is_answer).then(|| Span::months([event])),
            found: None,
            mark,
            captured_on: None,
            ordinal: 0,
        };
        let ledger = Ledger::open(&self.store, &self.table).await.unwrap();
        ledger.read(&self.store, |_| true).await;
        let before = if is_answer { ledger.newest(source, &[slice]) } else { None };
        let before = before.map(|(file, provenance)| (file.file.path.as_str(), provenance));
        bronze::write(&self.store, contract, new, self.now, before).await.unwrap();
    }

    async fn happen(&mut self, mishap: Mishap) {
        let store = &self.store;
        match mishap {
            Mishap::Nothing => {}
            Mishap::Calendar => {
                let days = (0..40).map(|number| (day_of(number), number % 3 > 0));
                self.calendar = Arc::new(Calendar::new(days));
            }
            Mishap::BronzeGone(place) => {
                if let Some(entry) = store.list("bronze").await.unwrap().get(place) {
                    store.delete(&entry.path).await.unwrap();
                }
            }
            Mishap::CompanionGone => {
                for file in silver::companions(store, &self.table).await.unwrap() {
                    store.delete(&file.entry.path).await.unwrap();
                }
            }
            Mishap::Damage(place) => {
                for entry in store.list("silver").await.unwrap() {
                    let mut body = store.read(&entry.path).await.unwrap().to_vec();
                    let place = place % body.len();
                    body[place] ^= 4;
                    store.put(&entry.path, body.into()).await.unwrap();
                }
            }
            Mishap::RejectsLeft => {
                let path = silver::rejects_path(&self.table, Partition::Year(2024));
                store.put(&path, Bytes::from_static(b"left")).await.unwrap();
            }
        }
    }

    /// The same files in another lake.
    async fn copy(&self) -> Store {
        let store = Store::memory();
        for (path, body) in files(&self.store, "").await {
            store.put(&path, body).await.unwrap();
        }
        store
    }

    /// Everything the build of a partition tells, extending its published file if it `may`; and whether it did.
    async fn built(&self, store: &Store, may: bool) -> (String, bool) {
        let ledger = Ledger::open(store, &self.table).await.unwrap();
        let survey = Survey::of(store, &ledger, &self.calendar, Scope::default()).await.unwrap();
        let (mut told, mut is_onto) = (Vec::new(), false);
        for (partition, files) in &survey.stale {
            let of = (*partition, &files[..]);
            let task = match Task::new(store, &ledger, of, &self.calendar).await {
                Ok(task) => task,
                Err(error) => {
                    told.push(format!("{error:#}"));
                    continue;
                }
            };
            let onto = if may { Onto::of(store, &ledger, &survey, of, &self.calendar).await } else { None };
            if let Some(onto) = &onto {
                let of = (&self.table, *partition, task.digest.as_str());
                let with = (&self.calendar, Threads::available());
                is_onto |= matches!(onto.extended(store, of, &task.files, with).await, Ok(Some(_)));
            }
            let task = Task { onto, ..task };
            let done = task.run(store, (&CATALOG, &self.calendar), Share::whole()).await;
            told.push(format!("{partition}: {done:?}"));
        }
        (told.join("\n"), is_onto)
    }
}

async fn files(store: &Store, folder: &str) -> BTreeMap<String, Bytes> {
    let mut files = BTreeMap::new();
    for entry in store.list(folder).await.unwrap() {
        files.insert(entry.path.clone(), store.read(&entry.path).await.unwrap());
    }
    files
}

/// After each night builds both by extending and from all bronze. Returns how often it extended, and how often it
/// built.
async fn compare(table: &str, nights: &[(Vec<Came>, Mishap)]) -> (usize, usize) {
    let (mut lake, mut built, mut onto) = (Lake::new(table), 0, 0);
    for (came, mishap) in nights {
        for one in came {
            lake.come(one).await;
        }
        lake.happen(*mishap).await;
        let other = lake.copy().await;
        let (told, is_onto) = lake.built(&lake.store, true).await;
        let (expected, _) = lake.built(&other, false).await;
        built += usize::from(!told.is_empty());
        onto += usize::from(is_onto);
        assert_eq!(told, expected);
        let [now, expected] = [files(&lake.store, "").await, files(&other, "").await];
        assert_eq!(now.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
        for (path, body) in &now {
            assert!(*body == expected[path], "{path} differs");
        }
    }
    (built, onto)
}

/// Tries many histories of a table. Of each hundred builds, at least `least` must extend.
fn try_histories(table: &str, sources: usize, least: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let usual = Config::default();
    let rng_seed = if usual.rng_seed == RngSeed::Random { RngSeed::Fixed(12) } else { usual.rng_seed };
    let mut runner = TestRunner::new(Config { failure_persistence: None, rng_seed, ..usual });
    let (builds, ontos) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let tried = runner.run(&history(sources), |nights| {
        let (built, onto) = runtime.block_on(compare(table, &nights));
        builds.fetch_add(built, Ordering::Relaxed);
        ontos.fetch_add(onto, Ordering::Relaxed);
        Ok(())
    });
    tried.unwrap();
    let (builds, ontos) = (builds.into_inner(), ontos.into_inner());
    assert!(100 * ontos >= least * builds, "{ontos} of {builds} builds of `{table}`");
}

#[test]
fn bars_of_new_days_are_put_onto_the_published_ones() {
    try_histories("stock_daily_cn", 2, 20);
}

#[test]
fn what_is_known_on_the_next_session_is_put_onto_the_published_rows() {
    try_histories("margin_cn", 1, 20);
}

#[test]
fn texts_and_keys_of_three_columns_are_put_onto_the_published_rows() {
    try_histories("limit_list_cn", 3, 20);
}

#[tokio::test]
async fn rows_of_a_new_day_come_into_every_row_group() {
    let mut lake = Lake::new("stock_daily_cn");
    for night in 0..2 {
        for _ in 0..[5, 1][night] {
            let event = day_of(lake.days);
            let row = |code: u32| {
                let close = f64::from(code % 97 * u32::try_from(lake.days + 1).unwrap()) / 8.0;
                let vol = if code.is_multiple_of(5) { "null".to_owned() } else { code.to_string() };
                format!("{{\"ts_code\":\"{code}.SH\",\"trade_date\":\"{event}\",\"close\":{close},\"vol\":{vol}}}\n")
            };
            let lines: String = (600_000..609_000).rev().map(row).collect();
            lake.answer(0, event, (None, lines)).await;
            lake.days += 1;
        }
        let other = lake.copy().await;
        let (told, is_onto) = lake.built(&lake.store, true).await;
        assert_eq!((told, false), lake.built(&other, false).await);
        assert_eq!(is_onto, night == 1);
        assert!(files(&lake.store, "silver").await == files(&other, "silver").await);
    }
}

#[tokio::test]
async fn nothing_is_put_onto_a_file_of_another_contract_or_order_of_vendors() {
    let mut lake = Lake::new("stock_daily_cn");
    for night in 0..2 {
        let event = day_of(night);
        let lines = row(&lake.table, 0, event, 1) + "\n";
        lake.answer(0, event, (None, lines)).await;
        if night == 0 {
            lake.built(&lake.store, true).await;
        }
    }
    let onto = async |table: Table| {
        let ledger = Ledger::open(&lake.store, &Arc::new(table)).await.unwrap();
        let survey = Survey::of(&lake.store, &ledger, &lake.calendar, Scope::default()).await.unwrap();
        let (partition, files) = survey.stale.iter().next().unwrap();
        Onto::of(&lake.store, &ledger, &survey, (*partition, files), &lake.calendar).await.is_some()
    };
    let own = Table::clone(&lake.table);
    assert!(onto(own.clone()).await);
    assert!(!onto(Table { digest: "another".into(), ..own.clone() }).await);
    assert!(!onto(Table { preferred: Some(vec!["asharehub".into()]), ..own }).await);
}
