//! What the ledger says about a lake in memory, file by file.

use chrono::{DateTime, NaiveDate, Utc};
use pitlake_contract::{Answered, DateRange, InterfaceId, Slice};

use super::*;
use crate::bronze::{NewFile, Span};
use crate::normalise::Partition;
use crate::spec::Catalog;

struct Lake {
    catalog: Catalog,
    store: Store,
}

impl Lake {
    fn new() -> Self {
        Self { catalog: Catalog::load(&[], None).unwrap().0, store: Store::memory() }
    }

    async fn open(&self, table: &str) -> Ledger {
        Ledger::open(&self.store, self.catalog.table(table).unwrap()).await.unwrap()
    }

    /// Adds an answer of our own, fetched at a moment. If `before` has the same lines, it repeats that one.
    async fn answer(
        &self,
        interface: &str,
        (slice, at): (Slice, &str),
        lines: &str,
        before: Option<(&str, &Provenance)>,
    ) {
        let file = file_of(slice, lines);
        let contract = self.catalog.contract(&InterfaceId::parse(interface).unwrap()).unwrap();
        bronze::write(&self.store, contract, file, moment(at), before).await.unwrap();
    }

    /// Adds a file of another program.
    async fn foreign(&self, path: &str) {
        self.store.put(path, "not gzip".into()).await.unwrap();
    }
}

fn file_of(slice: Slice, lines: &str) -> NewFile {
    let day = slice.day().unwrap_or(day("2024-06-01"));
    let span = slice.days().filter(|days| days.first != days.last).map(|days| Span::months([days.first]));
    NewFile {
        slice: Answered::Slice(slice).to_string(),
        day,
        params: vec![vec![("trade_date".into(), day.to_string())]],
        rows_of: Vec::new(),
        pages: 1,
        lines: lines.as_bytes().to_vec(),
        event_days: Some(DateRange::day(day)),
        span,
        found: None,
        mark: None,
        captured_on: None,
        ordinal: 0,
    }
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn moment(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

const FIRST: &str = "2024-01-02T10:00:00Z";
const SECOND: &str = "2024-01-10T10:00:00Z";

#[tokio::test]
async fn a_day_is_held_since_its_newest_answer_and_by_foreign_files() {
    let lake = Lake::new();
    lake.answer("tushare/adj_factor", (Slice::Session(day("2024-01-02")), FIRST), "a\n", None).await;
    lake.answer("tushare/adj_factor", (Slice::Session(day("2024-01-02")), SECOND), "b\n", None).await;
    lake.foreign("bronze/tushare/adj_factor/date=2024-01-03/theirs.jsonl.gz").await;
    let ledger = lake.open("adj_factor").await;
    let held = ledger.slices(0, &[]);
    assert_eq!(held[&Slice::Session(day("2024-01-02"))], Holding::whole(Some(moment(SECOND))));
    assert_eq!(held[&Slice::Session(day("2024-01-03"))], Holding::default());
    assert_eq!(held.len(), 2);
    assert_eq!(ledger.unproven(0), [day("2024-01-03")]);
    // A name like ours proves nothing.
    lake.foreign("bronze/tushare/adj_factor/date=2024-01-04/adj_factor_20240110T100000000Z.jsonl.gz").await;
    let ledger = lake.open("adj_factor").await;
    ledger.read_misnamed(&lake.store).await;
    assert_eq!(ledger.unproven(0), [day("2024-01-03"), day("2024-01-04")]);
    assert_eq!(ledger.files().iter().filter(|file| file.is_read()).count(), 1, "headers of answers are not read");
}

#[tokio::test]
async fn a_foreign_file_hides_no_mark_of_an_answer() {
    let lake = Lake::new();
    let contract = lake.catalog.contract(&InterfaceId::parse("tushare/adj_factor").unwrap()).unwrap();
    let mut answer = file_of(Slice::Session(day("2024-01-02")), "a\n");
    answer.mark = Some(Mark::Short);
    bronze::write(&lake.store, contract, answer, moment(FIRST), None).await.unwrap();
    let before = lake.open("adj_factor").await.slices(0, &[]);
    for name in ["theirs", "theirs_20240301T000000000Z", "theirs_20240301T000000000Z-due"] {
        lake.foreign(&format!("bronze/tushare/adj_factor/date=2024-01-02/{name}.jsonl.gz")).await;
    }
    assert_eq!(before.values().map(|held| held.mark).collect::<Vec<_>>(), [Some(Mark::Short)]);
    assert_eq!(lake.open("adj_factor").await.slices(0, &[]), before);
}

#[tokio::test]
async fn the_newest_answer_is_ours_and_needs_its_rows() {
    let lake = Lake::new();
    let slice = Slice::Session(day("2024-01-02"));
    lake.answer("tushare/adj_factor", (slice.clone(), FIRST), "a\n", None).await;
    let ledger = lake.open("adj_factor").await;
    assert!(ledger.newest(0, std::slice::from_ref(&slice)).is_none(), "its header has not been read");
    ledger.read(&lake.store, |_| true).await;
    let (file, provenance) = ledger.newest(0, std::slice::from_ref(&slice)).unwrap();
    lake.answer("tushare/adj_factor", (slice.clone(), SECOND), "a\n", Some((&file.file.path, provenance))).await;
    let ledger = lake.open("adj_factor").await;
    ledger.read(&lake.store, |_| true).await;
    let (repeat, provenance) = ledger.newest(0, std::slice::from_ref(&slice)).unwrap();
    assert_eq!(provenance.same_as.as_deref(), Some(ledger.files()[0].file.name()));
    assert_eq!(repeat.file.fetched_at, Some(moment(SECOND)));
    // Its rows are in the first file. Without that, there is nothing to compare a new answer with.
    lake.store.delete(&ledger.files()[0].file.path).await.unwrap();
    let ledger = lake.open("adj_factor").await;
    ledger.read(&lake.store, |_| true).await;
    assert!(ledger.newest(0, &[slice]).is_none());
}

#[tokio::test]
async fn of_two_answers_to_a_day_the_newest_counts_and_parts_all_do() {
    let lake = Lake::new();
    let slice = Slice::Session(day("2024-01-02"));
    lake.answer("tushare/adj_factor", (slice.clone(), FIRST), "a\n", None).await;
    lake.answer("tushare/adj_factor", (slice, SECOND), "b\n", None).await;
    lake.foreign("bronze/tushare/adj_factor/date=2024-01-02/theirs.jsonl.gz").await;
    let ledger = lake.open("adj_factor").await;
    let inputs = ledger.inputs();
    let files = &inputs.partitions[&Partition::Year(2024)];
    assert_eq!((files.len(), inputs.unplaced.len()), (3, 0));
    ledger.read(&lake.store, |_| true).await;
    let counting: Vec<Option<DateTime<Utc>>> =
        ledger.counting(files).unwrap().iter().map(|file| file.rows.file.fetched_at).collect();
    assert_eq!(counting, [None, Some(moment(SECOND))]);
    let first: Vec<_> = ledger.earlier(files, Some(moment(SECOND))).iter().map(|file| file.file.fetched_at).collect();
    assert_eq!(first, [None, Some(moment(FIRST))]);
}

#[tokio::test]
async fn a_month_is_held_by_its_own_answer_and_not_by_a_file_named_after_it() {
    let lake = Lake::new();
    let month = Slice::Month(day("2024-05-01"));
    lake.answer("tushare/index_weight", (month.clone(), FIRST), "a\n", None).await;
    let contract = lake.catalog.contract(&InterfaceId::parse("tushare/index_weight").unwrap()).unwrap();
    let import = NewFile {
        slice: "2024-04.csv".into(),
        day: day("2024-06-01"),
        params: Vec::new(),
        rows_of: Vec::new(),
        pages: 1,
        lines: b"b\n".to_vec(),
        event_days: None,
        span: Some(Span::months([day("2024-04-01")])),
        found: None,
        mark: None,
        captured_on: None,
        ordinal: 0,
    };
    bronze::write(&lake.store, contract, import, moment(SECOND), None).await.unwrap();
    let ledger = lake.open("index_weight_cn").await;
    assert_eq!(ledger.slices(0, &[]).into_keys().collect::<Vec<_>>(), [month]);
}

#[tokio::test]
async fn what_is_written_is_listed_again_and_what_is_not_is_not() {
    let lake = Lake::new();
    let table = lake.catalog.table("adj_factor").unwrap();
    let ledgers = Ledgers::new(&lake.store);
    assert!(ledgers.of(table).await.unwrap().files().is_empty());
    lake.answer("tushare/adj_factor", (Slice::Session(day("2024-01-02")), FIRST), "a\n", None).await;
    assert!(ledgers.of(table).await.unwrap().files().is_empty());
    ledgers.written(&table.sources[0].contract).await;
    assert_eq!(ledgers.of(table).await.unwrap().files().len(), 1);
}

/// A file that arrives: an answer to one of two days, or an import, each with one of two contents.
type Arrival = (u8, &'static str);

/// Writes it as a fetch or an import would: a repeat of the newest before it holds no rows.
async fn arrive(lake: &Lake, (what, lines): Arrival, at: &str) {
    let slice = Slice::Session(day(if what == 0 { "2024-01-02" } else { "2024-01-03" }));
    let ledger = lake.open("adj_factor").await;
    ledger.read(&lake.store, |_| true).await;
    if what < 2 {
        let before = ledger.newest(0, std::slice::from_ref(&slice));
        let before = before.map(|(file, provenance)| (file.file.path.as_str(), provenance));
        return lake.answer("tushare/adj_factor", (slice, at), lines, before).await;
    }
    let imports = ledger.files().iter().filter(|file| file.file.span);
    let digest = bronze::digest(lines.as_bytes());
    let mut same = imports.filter(|file| file.provenance().is_some_and(|provenance| provenance.digest == digest));
    let before = same.next_back().map(|file| (file.file.path.as_str(), file.provenance().unwrap()));
    let import = NewFile {
        slice: "x.csv".into(),
        day: day("2024-06-01"),
        params: Vec::new(),
        rows_of: Vec::new(),
        pages: 1,
        lines: lines.as_bytes().to_vec(),
        event_days: None,
        span: Some(Span::months([day("2024-01-01")])),
        found: None,
        mark: None,
        captured_on: None,
        ordinal: 0,
    };
    let contract = lake.catalog.contract(&InterfaceId::parse("tushare/adj_factor").unwrap()).unwrap();
    bronze::write(&lake.store, contract, import, moment(at), before).await.unwrap();
}

/// The files that tell something new about the only partition, and those whose rows count: parts and answers.
async fn heard(lake: &Lake) -> (Vec<String>, [Vec<String>; 2]) {
    let ledger = lake.open("adj_factor").await;
    ledger.read(&lake.store, |_| true).await;
    let files = &ledger.inputs().partitions[&Partition::Year(2024)];
    let telling = ledger.telling(files).iter().map(|file| file.file.path.clone()).collect();
    let counting = ledger.counting(files).unwrap();
    let rows = [true, false].map(|is_part| {
        let of_kind = counting.iter().filter(|file| ledger.is_part(&file.rows) == is_part);
        let mut paths: Vec<String> = of_kind.map(|file| file.rows.file.path.clone()).collect();
        if !is_part {
            // Answers to different days share no keys, so their order does not matter.
            paths.sort();
        }
        paths
    });
    (telling, rows)
}

#[tokio::test]
async fn what_only_repeats_leaves_the_rows_and_what_they_are_made_from_alone() {
    let arrivals: [Arrival; 5] = [(0, "a\n"), (0, "b\n"), (1, "a\n"), (2, "x\n"), (2, "y\n")];
    for number in 0..5usize.pow(4) {
        let sequence: Vec<Arrival> = (0..4u32).map(|place| arrivals[number / 5usize.pow(place) % 5]).collect();
        let lake = Lake::new();
        let mut last = [None; 3];
        let mut before = (Vec::new(), [const { Vec::new() }; 2]);
        for (place, arrival) in sequence.iter().enumerate() {
            arrive(&lake, *arrival, &format!("2024-01-{:02}T10:00:00Z", place + 10)).await;
            let now = heard(&lake).await;
            // A repeat with nothing in between is not new. Anything else changes the inputs of the partition.
            let is_new = last[usize::from(arrival.0)].replace(arrival.1) != Some(arrival.1);
            assert_eq!(now.0 != before.0, is_new, "{sequence:?} {place}");
            if !is_new {
                assert_eq!(now.1, before.1, "{sequence:?} {place}");
            }
            before = now;
        }
    }
}

#[tokio::test]
async fn an_answer_feeds_the_partitions_that_older_ones_of_its_slice_fed() {
    let lake = Lake::new();
    let contract = lake.catalog.contract(&InterfaceId::parse("tushare/stk_mins").unwrap()).unwrap();
    for (at, days) in [(FIRST, &["2024-01-02", "2024-01-03"][..]), (SECOND, &["2024-01-03"])] {
        let days = days.iter().map(|text| day(text));
        let answer = NewFile {
            slice: "2024-01: 1 securities, 600001.SH to 600001.SH".into(),
            day: day("2024-01-01"),
            params: vec![vec![("ts_code".into(), "600001.SH".into()), ("freq".into(), "1min".into())]],
            rows_of: Vec::new(),
            pages: 1,
            lines: at.as_bytes().to_vec(),
            event_days: None,
            span: Some(Span::days(days)),
            found: None,
            mark: None,
            captured_on: None,
            ordinal: 0,
        };
        bronze::write(&lake.store, contract, answer, moment(at), None).await.unwrap();
    }
    let inputs = lake.open("stk_mins_cn").await.inputs();
    let files: Vec<usize> = inputs.partitions.values().map(Vec::len).collect();
    assert_eq!(files, [2, 2]);
}

#[tokio::test]
async fn an_answer_by_security_is_a_look_in_every_partition_of_a_table_with_versions() {
    let lake = Lake::new();
    let contract = lake.catalog.contract(&InterfaceId::parse("tushare/income").unwrap()).unwrap();
    // The first answer has nothing for the first quarter; the second has it.
    for (at, months) in [(FIRST, &["2023-12-01"][..]), (SECOND, &["2023-12-01", "2024-03-01"])] {
        let answer = NewFile {
            slice: "1 securities, 600001.SH to 600001.SH".into(),
            day: day("2024-05-10"),
            params: vec![vec![("ts_code".into(), "600001.SH".into())]],
            rows_of: Vec::new(),
            pages: 1,
            lines: at.as_bytes().to_vec(),
            event_days: None,
            span: Some(Span::months(months.iter().map(|text| day(text)))),
            found: None,
            mark: None,
            captured_on: None,
            ordinal: 0,
        };
        bronze::write(&lake.store, contract, answer, moment(at), None).await.unwrap();
    }
    let inputs = lake.open("income_cn").await.inputs();
    let files: Vec<(Partition, usize)> = inputs.partitions.iter().map(|(of, files)| (*of, files.len())).collect();
    assert_eq!(files, [(Partition::Year(2023), 2), (Partition::Year(2024), 2)]);
}

#[tokio::test]
async fn answers_of_interfaces_that_share_a_folder_prove_their_days() {
    let lake = Lake::new();
    // One is requested by period, the other by announcement day.
    lake.answer("tushare/forecast_vip", (Slice::Period(day("2023-12-31")), FIRST), "a\n", None).await;
    lake.answer("tushare/forecast", (Slice::Day(day("2024-01-02")), FIRST), "a\n", None).await;
    let ledger = lake.open("forecast_cn").await;
    ledger.read_misnamed(&lake.store).await;
    assert_eq!([ledger.unproven(0), ledger.unproven(1)], [[], []]);
    lake.foreign("bronze/tushare/forecast_cn/date=2024-01-03/theirs.jsonl.gz").await;
    assert_eq!(lake.open("forecast_cn").await.unproven(0), [day("2024-01-03")]);
}
