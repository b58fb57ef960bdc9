//! An in-memory lake that receives random files, and how it reads. Expectations are in `histories`, not here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use chrono::{DateTime, Datelike as _, Days, NaiveDate, TimeDelta, Utc, Weekday};
use pitlake_contract::Slice;

use crate::bronze::{self, Mark, NewFile, Span};
use crate::build::Task;
use crate::ledger::Ledger;
use crate::plan::Calendar;
use crate::spec::{Axis, Catalog, Known, Table};
use crate::store::Store;

/// A file arriving in the lake. Days count from 2024-01-02. Figures are small numbers, and 0 means no row.
#[derive(Debug, Clone)]
pub(super) struct Arrival {
    pub(super) kind: Kind,
    /// Index of its interface among the table's sources.
    pub(super) source: usize,
    /// The day of an answer or folder; for a capture, the day before its arrival.
    pub(super) day: u64,
    /// Days since the previous arrival.
    pub(super) later: u64,
    pub(super) mark: Option<Mark>,
    pub(super) figures: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Answer,
    Import,
    Capture,
    Foreign,
}

/// A table to try, and its securities.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case {
    pub(super) table: &'static str,
    pub(super) codes: [&'static str; 2],
}

pub(super) const SECURITIES: [&str; 2] = ["600001.SH", "600002.SH"];

/// Number of event days, starting with 2024-01-02.
pub(super) const EVENTS: u64 = 4;

pub(super) fn day(number: u64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2024, 1, 2).unwrap() + Days::new(number)
}

/// A row for a security on a day.
pub(super) fn line(table: &Table, code: &str, event: NaiveDate, figure: u8) -> String {
    let compact = event.format("%Y%m%d");
    match table.name.as_str() {
        "adj_factor" => format!(r#"{{"ts_code":"{code}","trade_date":"{compact}","adj_factor":{figure}}}"#),
        "stock_daily_cn" => format!(r#"{{"ts_code":"{code}","trade_date":"{event}","close":{figure}}}"#),
        "margin_cn" => format!(r#"{{"trade_date":"{compact}","exchange_id":"{code}","rzye":{figure}}}"#),
        "cyq_chips_cn" => {
            format!(r#"{{"ts_code":"{code}","trade_date":"{compact}","price":9.5,"percent":{figure}}}"#)
        }
        "block_trade_cn" => {
            let row = |amount: u8| {
                format!(
                    r#"{{"ts_code":"{code}","trade_date":"{compact}","price":9.5,"vol":1,"amount":9.{amount},"buyer":"b","seller":"s"}}"#
                )
            };
            match figure {
                1 => row(4),
                2 => [row(4), row(5)].join("\n"),
                _ => [row(5), row(5)].join("\n"),
            }
        }
        // Listed long before the first look; the second one ends up delisted.
        "stock_basic_cn" => {
            let (status, delisted) = if figure == 3 { ("D", "\"20231201\"") } else { ("L", "null") };
            format!(
                r#"{{"ts_code":"{code}","name":"n{figure}","exchange":"SSE","list_status":"{status}","list_date":"20231103","delist_date":{delisted}}}"#
            )
        }
        other => panic!("no rows of {other}"),
    }
}

/// What is known about a file in the lake.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    path: String,
    pub(super) at: DateTime<Utc>,
    /// The keys it looks at: security and event day.
    pub(super) keys: BTreeSet<(usize, u64)>,
}

/// A lake, and when its files were seen.
pub(super) struct Lake {
    catalog: Catalog,
    calendar: Arc<Calendar>,
    case: Case,
    pub(super) store: Store,
    pub(super) seen: Vec<Seen>,
    now: u64,
}

impl Lake {
    pub(super) fn new(case: Case) -> Self {
        let days = (0..60).map(|number| NaiveDate::from_ymd_opt(2024, 1, 1).unwrap() + Days::new(number));
        let is_open = |day: NaiveDate| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
        let calendar = Arc::new(Calendar::new(days.map(|day| (day, is_open(day)))));
        let catalog = Catalog::load(&[], None).unwrap().0;
        Self { catalog, calendar, case, store: Store::memory(), seen: Vec::new(), now: 0 }
    }

    pub(super) fn table(&self) -> &Arc<Table> {
        self.catalog.table(self.case.table).unwrap()
    }

    /// The lines of a file, and the keys it looks at.
    fn lines(&self, arrival: &Arrival, axis: Axis) -> (String, BTreeSet<(usize, u64)>) {
        let (is_answer, is_snapshot) = (arrival.kind == Kind::Answer, axis == Axis::Snapshot);
        let (mut lines, mut keys) = (String::new(), BTreeSet::new());
        for (place, figure) in arrival.figures.iter().enumerate() {
            let (code, of_day) = (place % 2, (place / 2) as u64);
            let is_asked = match (arrival.kind, axis) {
                (_, Axis::Snapshot) => of_day == 0,
                (Kind::Answer, Axis::SecurityMonth) => code == asked_code(arrival),
                (Kind::Answer | Kind::Foreign, _) => of_day == arrival.day.min(self.now),
                (Kind::Capture, _) => of_day <= arrival.day,
                (Kind::Import, _) => true,
            };
            if !is_asked || of_day > self.now {
                continue;
            }
            // In a partial answer an empty cell says nothing, so none of them ends a listing.
            let figure = if is_snapshot && !is_answer { figure.min(&2) } else { figure };
            if *figure > 0 {
                lines += &line(self.table(), self.case.codes[code], day(of_day), *figure);
                lines.push('\n');
            }
            // An answer for more than the day shows only from the next day on that there is no row.
            let is_told = axis != Axis::SecurityMonth || of_day < self.now;
            if *figure > 0 || (is_answer && arrival.mark.is_none() && is_told) {
                keys.insert((code, of_day));
            }
        }
        (lines, keys)
    }

    pub(super) async fn arrive(&mut self, arrival: &Arrival) {
        self.now += arrival.later;
        let table = Arc::clone(self.table());
        let contract = Arc::clone(&table.sources[arrival.source].contract);
        let (number, axis) = (self.seen.len(), contract.ask.axis);
        let event = day(arrival.day.min(self.now));
        let (lines, keys) = self.lines(arrival, axis);
        if arrival.kind == Kind::Foreign {
            let path = format!("bronze/{}/{}/date={event}/theirs{number}.jsonl.gz", contract.id.vendor, contract.kind);
            self.store.put(&path, bronze::foreign(lines.as_bytes())).await.unwrap();
            self.seen.push(Seen { path, at: event.and_hms_opt(0, 0, 0).unwrap().and_utc(), keys });
            return;
        }
        let is_answer = arrival.kind == Kind::Answer;
        let month = event.with_day(1).unwrap();
        let code = self.case.codes[asked_code(arrival)].to_owned();
        let (slice, text, folder, param) = match axis {
            Axis::Snapshot => {
                (Slice::Snapshot(day(self.now)), "snapshot".to_owned(), day(self.now), ("x", "y".to_owned()))
            }
            Axis::SecurityMonth => {
                let text = format!("2024-01: 1 securities, {code} to {code}");
                (Slice::SecurityMonth(code.clone(), month), text, month, ("ts_code", code))
            }
            _ => (Slice::Session(event), event.to_string(), event, ("trade_date", event.to_string())),
        };
        let captured_on = (arrival.kind == Kind::Capture).then_some(event);
        let new = NewFile {
            slice: if is_answer { text } else { "x.csv".to_owned() },
            day: if is_answer { folder } else { day(self.now) },
            params: if is_answer { vec![vec![(param.0.to_owned(), param.1)]] } else { Vec::new() },
            rows_of: Vec::new(),
            pages: 1,
            lines: lines.into_bytes(),
            event_days: None,
            span: (!is_answer || axis == Axis::SecurityMonth).then(|| Span::months([month])),
            found: None,
            mark: arrival.mark.filter(|_| is_answer),
            captured_on,
            ordinal: 0,
        };
        let ledger = Ledger::open(&self.store, &table).await.unwrap();
        ledger.read(&self.store, |_| true).await;
        let before = if is_answer { ledger.newest(arrival.source, &[slice]) } else { None };
        let before = before.map(|(file, provenance)| (file.file.path.as_str(), provenance));
        let at = day(self.now).and_hms_opt(10, 0, u32::try_from(number).unwrap()).unwrap().and_utc();
        let written = bronze::write(&self.store, &contract, new, at, before).await.unwrap();
        let shown = captured_on.map_or(at, |day| format!("{day}T00:00:00+08:00").parse().unwrap());
        self.seen.push(Seen { path: written.path, at: shown, keys });
    }

    /// The lake as it was at the end of `day`.
    pub(super) async fn until(&self, day: NaiveDate) -> Store {
        let store = Store::memory();
        for seen in self.seen.iter().filter(|seen| shanghai_day(seen.at) <= day) {
            store.put(&seen.path, self.store.read(&seen.path).await.unwrap()).await.unwrap();
        }
        store
    }

    /// The rows of the table and its companion.
    pub(super) async fn build(&self, store: &Store) -> [Vec<Row>; 2] {
        let table = self.table();
        let ledger = Ledger::open(store, table).await.unwrap();
        let inputs = ledger.inputs();
        let (mut main, mut former) = (Vec::new(), Vec::new());
        for (partition, files) in &inputs.partitions {
            let task = Task::new(store, &ledger, (*partition, files), &self.calendar).await.unwrap();
            let (standing, companion) = task.batches(store, table, &self.calendar).await.unwrap();
            main.extend(rows(&standing));
            former.extend(companion.iter().flat_map(rows));
        }
        [main, former]
    }

    /// The key of a row.
    pub(super) fn key(&self, row: &Row) -> Vec<String> {
        let table = self.table();
        let key = table.key.iter().map(|column| table.columns[*column].name.as_str());
        key.chain(table.occurrence.then_some("occurrence")).map(|name| row[name].clone()).collect()
    }

    fn event(&self, row: &Row) -> NaiveDate {
        let table = self.table();
        row[&table.columns[table.event.unwrap()].name].parse().unwrap()
    }

    /// Whether rows of event day `event` are known on `day`.
    fn is_known(&self, event: NaiveDate, day: NaiveDate) -> bool {
        match self.table().known {
            Known::NextSession => self.calendar.next_session(event).is_some_and(|next| next <= day),
            _ => event <= day,
        }
    }

    /// The figures of each key as of a day.
    pub(super) fn as_of(&self, [main, former]: &[Vec<Row>; 2], day: NaiveDate) -> BTreeMap<Vec<String>, String> {
        let on = |row: &Row, name: &str| row[name].parse::<NaiveDate>().ok();
        let mut found = BTreeMap::new();
        if self.table().known == Known::Observed {
            let holds = |row: &&Row| {
                on(row, "known_on").unwrap() <= day && on(row, "superseded_on").is_none_or(|end| end > day)
            };
            for row in former.iter().filter(holds) {
                let before = found.insert(self.key(row), self.figures(row));
                assert!(before.is_none(), "two states of a key on {day}: {row:?}");
            }
            return found;
        }
        for row in main.iter().filter(|row| self.is_known(self.event(row), day)) {
            let key = self.key(row);
            let is_later = former.iter().any(|one| self.key(one) == key && on(one, "superseded_on").unwrap() > day);
            if !is_later {
                found.insert(key, self.figures(row));
            }
        }
        for row in former {
            let holds =
                on(row, "known_on").is_some_and(|known| known <= day) && on(row, "superseded_on").unwrap() > day;
            if holds && row["why"] != "appeared" {
                let before = found.insert(self.key(row), self.figures(row));
                assert!(before.is_none(), "two states of a key on {day}: {row:?}");
            }
        }
        found
    }

    pub(super) fn figures(&self, row: &Row) -> String {
        let table = self.table();
        let names = table.columns.iter().map(|column| column.name.as_str());
        names.map(|name| row[name].as_str()).collect::<Vec<_>>().join(" ")
    }
}

/// The security that an answer by security covers.
pub(super) fn asked_code(arrival: &Arrival) -> usize {
    usize::from(arrival.day % 2 == 1)
}

pub(super) fn shanghai_day(at: DateTime<Utc>) -> NaiveDate {
    (at + TimeDelta::hours(8)).date_naive()
}

/// A row as text by column.
pub(super) type Row = BTreeMap<String, String>;

pub(super) fn rows(batch: &RecordBatch) -> Vec<Row> {
    let options = FormatOptions::new();
    let schema = batch.schema();
    let columns = batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap());
    let columns: Vec<_> = columns.collect();
    let cell = |row: usize, place: usize| (schema.field(place).name().clone(), columns[place].value(row).to_string());
    (0..batch.num_rows()).map(|row| (0..columns.len()).map(|place| cell(row, place)).collect()).collect()
}
