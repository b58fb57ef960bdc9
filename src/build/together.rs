//! Partitions built together equal those built alone, byte for byte, and each bronze body is read once.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Datelike as _, Days, NaiveDate, TimeDelta, Utc};
use pitlake_contract::{Answered, DateRange, InterfaceId, Slice};
use tokio::sync::mpsc;

use super::groups::groups;
use super::machine::{self, Need};
use super::task::Made;
use super::{Scope, Survey, Task};
use crate::bronze::{self, Mark, NewFile, Span};
use crate::ledger::Ledger;
use crate::normalise::Partition;
use crate::parallel::Threads;
use crate::plan::Calendar;
use crate::spec::{Catalog, Table};
use crate::store::Store;
use crate::store::counted::Counted;

const CODES: [&str; 4] = ["600001.SH", "600002.SH", "000001.SZ", "000002.SZ"];

struct Lake {
    catalog: Catalog,
    calendar: Arc<Calendar>,
    store: Store,
    counted: Arc<Counted>,
    now: DateTime<Utc>,
}

impl Lake {
    fn new() -> Self {
        let (store, counted) = Store::counted();
        let days = (0..2200).map(|number| NaiveDate::from_ymd_opt(2019, 1, 1).unwrap() + Days::new(number));
        let calendar = Arc::new(Calendar::new(days.map(|day| (day, day.weekday().number_from_monday() < 6))));
        let catalog = Catalog::load(&[], None).unwrap().0;
        Self { catalog, calendar, store, counted, now: "2024-01-02T10:00:00Z".parse().unwrap() }
    }

    fn table(&self, name: &str) -> &Arc<Table> {
        self.catalog.table(name).unwrap()
    }

    /// Writes an answer for some securities, with the lines of each. The same answer again is stored as a header only.
    async fn answer(
        &mut self,
        interface: &str,
        (month, mark): (Option<NaiveDate>, Option<Mark>),
        lines: &[((&str, &str), String)],
        days: impl Iterator<Item = NaiveDate>,
    ) {
        let contract = self.catalog.contract(&InterfaceId::parse(interface).unwrap()).unwrap();
        let days: BTreeSet<NaiveDate> = days.collect();
        let mut codes: Vec<&str> = lines.iter().map(|((code, _), _)| *code).collect();
        codes.sort_unstable();
        codes.dedup();
        let ends = [codes[0], codes[codes.len() - 1]].map(str::to_owned);
        let span = if month.is_some() { Span::days(days.iter().copied()) } else { Span::months(days.iter().copied()) };
        let slice = |code: &str| match month {
            Some(month) => Slice::SecurityMonth(code.to_owned(), month),
            None => Slice::Security(code.to_owned()),
        };
        let slices: Vec<Slice> = codes.iter().map(|code| slice(code)).collect();
        let params = lines.iter().map(|((code, kind), _)| {
            let each = contract.ask.each.iter().map(|(name, _)| (name.clone(), (*kind).to_owned()));
            each.chain([("ts_code".to_owned(), (*code).to_owned())]).collect()
        });
        let file = NewFile {
            slice: Answered::Securities { month, count: codes.len(), ends }.to_string(),
            day: month.unwrap_or(self.now.date_naive()),
            params: params.collect(),
            rows_of: lines.iter().map(|(_, lines)| lines.lines().filter(|line| !line.is_empty()).count()).collect(),
            pages: 1,
            lines: lines.iter().flat_map(|(_, lines)| lines.bytes()).collect(),
            event_days: days.first().zip(days.last()).map(|(first, last)| DateRange::new(*first, *last)),
            span: Some(span),
            found: None,
            mark,
            captured_on: None,
            ordinal: 0,
        };
        self.now += TimeDelta::hours(7);
        let table = self.catalog.fed_by(&contract.id).unwrap();
        let ledger = Ledger::open(&self.store, table).await.unwrap();
        ledger.read(&self.store, |_| true).await;
        let source = table.sources.iter().position(|source| source.contract.id == contract.id).unwrap();
        let before = ledger.newest(source, &slices);
        let before = before.map(|(file, provenance)| (file.file.path.as_str(), provenance));
        bronze::write(&self.store, contract, file, self.now, before).await.unwrap();
    }

    /// Statements of five years, looked at four times: figures change; rows disappear, come late and in another order;
    /// some lines cannot be parsed, hold unknown fields or lack what a row needs. The type of a report comes from its
    /// call.
    async fn statements() -> Self {
        let mut lake = Self::new();
        let ends = || {
            (2019..2024).flat_map(|year| {
                [(3, 31), (6, 30), (9, 30), (12, 31)].map(|(m, d)| NaiveDate::from_ymd_opt(year, m, d).unwrap())
            })
        };
        for look in 0..4u32 {
            for pair in CODES.chunks(2) {
                let of = |code: &str, kind: u32| {
                    // Some figures of one call equal those of the other at another look.
                    let figure = |place: u32| if place.is_multiple_of(3) { 10 * kind } else { 100 + look + kind };
                    let mut rows: Vec<String> = (0u32..)
                        .zip(ends())
                        .filter(|(place, _)| place % 11 != 4 + look)
                        .map(|(place, end)| {
                            let announced = (end + Days::new(30)).format("%Y%m%d");
                            let more = match place % 9 {
                                5 => format!(r#","new_{}":{look}"#, end.year()),
                                6 => r#","basic_eps":"n/a""#.to_owned(),
                                _ => String::new(),
                            };
                            let end = end.format("%Y%m%d");
                            format!(
                                r#"{{"ts_code":"{code}","ann_date":"{announced}","f_ann_date":"{announced}","end_date":"{end}","comp_type":"1","total_revenue":{}.5,"update_flag":"0"{more}}}"#,
                                figure(place)
                            )
                        })
                        .collect();
                    rows.rotate_left(look as usize * 3);
                    rows.insert(3, format!(r#"{{"ts_code":"{code}","kind":"{kind}"#));
                    rows.insert(7, format!(r#"{{"ts_code":"{code}","end_date":"20211331","other_{look}":{kind}}}"#));
                    rows.insert(9, format!(r#"{{"end_date":null,"ts_code":"{code}","total_revenue":{kind}}}"#));
                    rows.insert(
                        12,
                        format!(r#"{{"total_revenue":"abc{kind}","ts_code":"{code}","end_date":"20201231"}}"#),
                    );
                    rows.join("\n") + "\n\n"
                };
                let calls = pair.iter().flat_map(|code| [(*code, 1), (*code, 2)]);
                let lines: Vec<_> =
                    calls.map(|(code, kind)| ((code, ["1", "2"][kind as usize - 1]), of(code, kind))).collect();
                lake.answer("tushare/income", (None, None), &lines, ends()).await;
                // The same answer again.
                if look == 2 {
                    lake.answer("tushare/income", (None, None), &lines, ends()).await;
                }
            }
        }
        lake
    }

    /// Minutes of two months by security and month, some answered again, not all of them whole.
    async fn minutes() -> Self {
        let mut lake = Self::new();
        for look in 0..3u32 {
            for month in [1, 2] {
                let first = NaiveDate::from_ymd_opt(2023, month, 1).unwrap();
                let days = || first.iter_days().take(6 + look as usize);
                let of = |code: &str| {
                    let row = |(day, minute): (NaiveDate, u32)| {
                        let volume = minute * 100 + u32::from(day.day() == 3) * look;
                        let more = if (day.day(), minute) == (4, 31) { ",\"more\":1" } else { "" };
                        format!(
                            "{{\"ts_code\":\"{code}\",\"trade_time\":\"{day} 09:{minute}:00\",\"open\":7.04,\"close\":7.05,\"high\":7.06,\"low\":7.04,\"vol\":{volume},\"amount\":{}.0{more}}}\n",
                            volume * 7,
                        )
                    };
                    let days: Vec<NaiveDate> = days().collect();
                    let newest_first = days.into_iter().rev();
                    let rows = newest_first.flat_map(|day| (30..36).map(move |minute| (day, minute))).map(row);
                    let last = format!("{{\"ts_code\":\"{code}\",\"trade_time\":\"soon\",\"close\":1}}\n");
                    rows.chain([last]).collect()
                };
                let mark = (look == 1).then_some(Mark::Damaged);
                for codes in [&CODES[..2], &CODES[2..3]] {
                    let lines: Vec<_> = codes.iter().map(|code| ((*code, "1"), of(code))).collect();
                    lake.answer("tushare/stk_mins", (Some(first), mark), &lines, days()).await;
                }
            }
        }
        lake
    }

    /// Factors by day, with imports of several years among them.
    async fn imports() -> Self {
        let mut lake = Self::new();
        let contract = InterfaceId::parse("tushare/adj_factor").unwrap();
        for round in 0..3u32 {
            let days =
                || (2019..2024).flat_map(|year| (1..6).map(move |d| NaiveDate::from_ymd_opt(year, 5, d).unwrap()));
            let row = |day: NaiveDate| {
                let factor = f64::from(day.day() + round) / 4.0;
                format!(
                    "{{\"ts_code\":\"{}\",\"trade_date\":\"{}\",\"adj_factor\":{factor}}}\n",
                    CODES[0],
                    day.format("%Y%m%d")
                )
            };
            let lines: String = days().map(row).chain(["[]\n".to_owned()]).collect();
            let file = NewFile {
                slice: format!("factors-{round}.csv"),
                day: NaiveDate::from_ymd_opt(2019, 5, 1).unwrap(),
                params: Vec::new(),
                rows_of: Vec::new(),
                pages: 1,
                lines: lines.into_bytes(),
                event_days: Some(DateRange::new(days().next().unwrap(), days().last().unwrap())),
                span: Some(Span::months(days())),
                found: None,
                mark: None,
                captured_on: None,
                ordinal: 0,
            };
            lake.now += TimeDelta::hours(1);
            let contract = lake.catalog.contract(&contract).unwrap();
            bronze::write(&lake.store, contract, file, lake.now, None).await.unwrap();
        }
        for day in [(2020, 5, 2), (2021, 5, 3), (2021, 5, 4)].map(|(y, m, d)| NaiveDate::from_ymd_opt(y, m, d).unwrap())
        {
            let text = day.format("%Y%m%d");
            let lines = format!("{{\"ts_code\":\"{}\",\"trade_date\":\"{text}\",\"adj_factor\":9}}\n", CODES[1]);
            let contract = lake.catalog.contract(&contract).unwrap();
            let file = NewFile {
                slice: Slice::Session(day).to_string(),
                day,
                params: vec![vec![("trade_date".into(), text.to_string())]],
                rows_of: Vec::new(),
                pages: 1,
                lines: lines.into_bytes(),
                event_days: Some(DateRange::day(day)),
                span: None,
                found: None,
                mark: None,
                captured_on: None,
                ordinal: 0,
            };
            lake.now += TimeDelta::hours(1);
            bronze::write(&lake.store, contract, file, lake.now, None).await.unwrap();
        }
        lake
    }

    async fn tasks(&self, table: &str) -> Vec<Task> {
        let ledger = Ledger::open(&self.store, self.table(table)).await.unwrap();
        let survey = Survey::of(&self.store, &ledger, &self.calendar, Scope::default()).await.unwrap();
        assert!(survey.unplaced.is_empty(), "{:?}", survey.unplaced);
        let mut tasks = Vec::new();
        for (partition, files) in survey.stale.iter().rev() {
            tasks.push(Task::new(&self.store, &ledger, (*partition, files), &self.calendar).await.unwrap());
        }
        tasks
    }

    /// Builds partitions in groups of a given size; returns the results and how often each body was read.
    async fn made(
        &self,
        tasks: &[Task],
        together: usize,
        threads: usize,
    ) -> (Vec<(Partition, Result<Shown, String>)>, usize) {
        let threads = Threads::new(threads.try_into().unwrap());
        let (mut all, mut gets) = (Vec::new(), 0);
        for tasks in tasks.chunks(together) {
            self.counted.take();
            let (sent, mut made) = mpsc::channel(tasks.len());
            let with = (&self.catalog, &self.calendar, threads);
            Task::make(tasks, &self.store, with, (false, sent)).await.unwrap();
            gets += self.counted.take().gets;
            while let Some((place, made)) = made.recv().await {
                let made = match made {
                    Ok(made) => Ok(shown(made.quoted(&self.store).await.unwrap())),
                    Err(error) => Err(format!("{error:#}")),
                };
                all.push((tasks[place].partition, made));
            }
        }
        all.sort_by_key(|(partition, _)| *partition);
        (all, gets)
    }
}

/// Everything published or reported of a partition.
type Shown = (crate::silver::Encoded, usize, String);

fn shown(made: Made) -> Shown {
    (made.encoded.into_memory().unwrap(), made.count, format!("{:?}", made.details))
}

async fn is_the_same_together(lake: &Lake, table: &str, (partitions, bodies): (usize, usize)) {
    let tasks = lake.tasks(table).await;
    assert_eq!(tasks.len(), partitions, "`{table}`");
    let (alone, reads) = lake.made(&tasks, 1, 1).await;
    let paths: BTreeSet<&str> = tasks
        .iter()
        .flat_map(|task| &task.files)
        .filter(|file| file.repeats.is_none())
        .map(|file| file.path.as_str())
        .collect();
    assert_eq!(paths.len(), bodies, "`{table}`");
    assert!(reads > paths.len(), "`{table}`: {reads} reads");
    for threads in [1, 2, 3] {
        for together in [1, 2, partitions] {
            let (made, reads) = lake.made(&tasks, together, threads).await;
            for (one, other) in alone.iter().zip(&made) {
                assert!(one == other, "`{table}`, {together} together on {threads} threads: {one:?} and {other:?}");
            }
            assert_eq!(made.len(), alone.len());
            if together == partitions {
                assert_eq!(reads, bodies, "`{table}`");
            }
        }
    }
}

#[tokio::test]
async fn statements_by_security_are_read_once_for_all_years() {
    let lake = Lake::statements().await;
    is_the_same_together(&lake, "income_cn", (5, 8)).await;
    let (made, _) = lake.made(&lake.tasks("income_cn").await, 5, 2).await;
    for (partition, made) in &made {
        let (encoded, rows, details) = made.as_ref().unwrap();
        assert!(*rows > 10 && encoded.rejects.is_some() && details.contains("new_"), "{partition}: {details}");
    }
}

#[tokio::test]
async fn minutes_by_security_and_month_are_read_once_for_all_days() {
    is_the_same_together(&Lake::minutes().await, "stk_mins_cn", (16, 12)).await;
}

#[tokio::test]
async fn imports_of_several_years_are_read_once_beside_days() {
    is_the_same_together(&Lake::imports().await, "adj_factor", (5, 6)).await;
}

#[tokio::test]
async fn a_damaged_file_stops_the_partitions_that_it_feeds_and_no_other() {
    let lake = Lake::imports().await;
    let tasks = lake.tasks("adj_factor").await;
    let daily = tasks.iter().flat_map(|task| &task.files).find(|file| !file.span).unwrap().path.clone();
    let body = lake.store.read(&daily).await.unwrap();
    lake.store.put(&daily, Bytes::copy_from_slice(&body[..body.len() - 12])).await.unwrap();
    let (alone, _) = lake.made(&tasks, 1, 1).await;
    let (made, _) = lake.made(&tasks, 5, 2).await;
    assert!(made == alone);
    assert_eq!(made.iter().filter(|(_, made)| made.is_err()).count(), 1);
    lake.store.delete(&daily).await.unwrap();
    let (alone, _) = lake.made(&tasks, 1, 1).await;
    assert!(lake.made(&tasks, 5, 2).await.0 == alone);
    assert_eq!(alone.iter().filter(|(_, made)| made.is_err()).count(), 1);
}

#[tokio::test]
async fn as_many_partitions_are_built_together_as_may_be_in_memory() {
    let lake = Lake::statements().await;
    let ledger = Ledger::open(&lake.store, lake.table("income_cn")).await.unwrap();
    let survey = Survey::of(&lake.store, &ledger, &lake.calendar, Scope::default()).await.unwrap();
    let fed = machine::fed(survey.stale.iter());
    let stale = || {
        survey
            .stale
            .iter()
            .rev()
            .map(|(partition, files)| (*partition, &files[..], Need::of(ledger.table(), files, &fed)))
    };
    let one = stale().next().unwrap().2.memory;
    let sizes = |limit: u64| groups(stale(), &fed, limit).iter().map(Vec::len).collect::<Vec<_>>();
    assert_eq!((sizes(0), sizes(2 * one), sizes(5 * one)), (vec![1; 5], vec![2, 2, 1], vec![5]));
    // Days share no files.
    let fed = machine::Fed::default();
    assert_eq!(groups(stale(), &fed, 5 * one).len(), 5);
}
