//! Tasks sent as text give the same bytes in another lake.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use pitlake_contract::{DateRange, InterfaceId, Slice};

use super::*;
use crate::bronze::{self, NewFile};
use crate::ledger::Ledger;
use crate::parallel::Threads;
use crate::silver;
use crate::spec::Catalog;
use crate::store::{Access, Store};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

async fn answer(store: &Store, catalog: &Catalog, interface: &str, (slice, at): (Slice, &str), lines: &str) {
    let contract = catalog.contract(&InterfaceId::parse(interface).unwrap()).unwrap();
    let day = slice.day().unwrap();
    let file = NewFile {
        slice: slice.to_string(),
        day,
        params: vec![vec![(contract.ask.send[0].0.clone(), day.format("%Y%m%d").to_string())]],
        rows_of: Vec::new(),
        pages: 1,
        lines: lines.as_bytes().to_vec(),
        event_days: Some(DateRange::day(day)),
        span: None,
        found: None,
        mark: None,
        captured_on: None,
        ordinal: 0,
    };
    let at: DateTime<Utc> = at.parse().unwrap();
    // The same answer to the same slice is stored as a header only.
    let table = catalog.fed_by(&contract.id).unwrap();
    let ledger = Ledger::open(store, table).await.unwrap();
    ledger.read(store, |_| true).await;
    let source = table.sources.iter().position(|source| source.contract.id == contract.id).unwrap();
    let before = ledger.newest(source, &[slice]);
    let before = before.map(|(file, provenance)| (file.file.path.as_str(), provenance));
    bronze::write(store, contract, file, at, before).await.unwrap();
}

async fn lake(catalog: &Catalog) -> Store {
    let store = Store::memory();
    let bars = "{\"ts_code\":\"600001.SH\",\"trade_date\":\"20240102\",\"adj_factor\":1.5}\n\
                {\"ts_code\":\"600001.SH\",\"trade_date\":\"2024\",\"adj_factor\":1.5}\n";
    answer(&store, catalog, "tushare/adj_factor", (Slice::Session(day("2024-01-02")), "2024-01-02T10:00:00Z"), bars)
        .await;
    let margin = "{\"trade_date\":\"20240419\",\"exchange_id\":\"SSE\",\"rzye\":100.0}\n";
    answer(&store, catalog, "tushare/margin", (Slice::Session(day("2024-04-19")), "2024-04-22T02:00:00Z"), margin)
        .await;
    let report = "{\"ts_code\":\"600001.SH\",\"ann_date\":\"20240420\",\"f_ann_date\":\"20240420\",\
                  \"end_date\":\"20240331\",\"report_type\":\"1\",\"comp_type\":\"1\",\"total_revenue\":100.0,\
                  \"update_flag\":\"0\"}\n";
    for at in ["2024-04-20T10:00:00Z", "2024-04-21T10:00:00Z"] {
        let slice = Slice::Period(day("2024-03-31"));
        answer(&store, catalog, "tushare/income_vip", (slice, at), report).await;
    }
    store
}

#[tokio::test]
async fn the_same_task_gives_the_same_bytes_wherever_it_runs() {
    let (catalog, _) = Catalog::load(&[], None).unwrap();
    let calendar = Arc::new(Calendar::new([
        (day("2024-04-19"), true),
        (day("2024-04-20"), false),
        (day("2024-04-21"), false),
        (day("2024-04-22"), true),
    ]));
    for (table, rows, rejected) in [("adj_factor", 1, 1), ("margin_cn", 1, 0), ("income_cn", 1, 0)] {
        let here = lake(&catalog).await;
        let table = catalog.table(table).unwrap();
        let ledger = Ledger::open(&here, table).await.unwrap();
        let survey = Survey::of(&here, &ledger, &calendar, Scope::default()).await.unwrap();
        let (partition, files) = survey.stale.iter().next().unwrap();
        let task = Task::new(&here, &ledger, (*partition, files), &calendar).await.unwrap();
        let text = serde_json::to_string(&task).unwrap();
        let sent: Task = serde_json::from_str(&text).unwrap();
        assert_eq!(sent, task);
        let there = lake(&catalog).await;
        for (store, task) in [(&here, &task), (&there, &sent)] {
            let published = task.run(store, (&catalog, &calendar), Share::whole()).await.unwrap();
            assert_eq!((published.rows, published.rejected), (rows, rejected), "{}", table.name);
        }
        let path = silver::path(table, *partition);
        assert_eq!(here.read(&path).await.unwrap(), there.read(&path).await.unwrap());
        let rejects = silver::rejects_path(table, *partition);
        assert_eq!(here.read(&rejects).await.ok(), there.read(&rejects).await.ok());
        // What was just built is current. With another calendar, where it matters, it is stale and the task fails.
        let survey = Survey::of(&here, &ledger, &calendar, Scope::default()).await.unwrap();
        assert_eq!((survey.stale.len(), survey.current), (0, 1));
        let other = Arc::new(Calendar::new([(day("2024-04-22"), false)]));
        let survey = Survey::of(&here, &ledger, &other, Scope::default()).await.unwrap();
        assert_eq!(survey.stale.len(), usize::from(table.uses_sessions()));
        assert_eq!(task.run(&here, (&catalog, &other), Share::whole()).await.is_err(), table.uses_sessions());
    }
}

/// Twelve sessions, each answered twice, for securities whose order and figures change from answer to answer.
#[tokio::test]
async fn a_build_that_nobody_waits_for_makes_no_result() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let folder = tempfile::tempdir().unwrap();
    let local = Store::open(folder.path().to_str().unwrap()).unwrap();
    let catalog = Catalog::load(&[], None).unwrap().0;
    let table = catalog.table("adj_factor").unwrap();
    let row = "{\"ts_code\":\"600001.SH\",\"trade_date\":\"20240102\",\"adj_factor\":1.5}\n";
    for store in [local, Store::memory()] {
        let slice = Slice::Session(day("2024-01-02"));
        answer(&store, &catalog, "tushare/adj_factor", (slice, "2024-01-02T10:00:00Z"), row).await;
        let ledger = Ledger::open(&store, table).await.unwrap();
        let calendar = Calendar::new([]);
        let survey = Survey::of(&store, &ledger, &calendar, Scope::default()).await.unwrap();
        let (partition, files) = survey.stale.first_key_value().unwrap();
        let task = Task::new(&store, &ledger, (*partition, files), &calendar).await.unwrap();
        for is_wanted in [true, false] {
            let (done, made) = tokio::sync::mpsc::channel(1);
            let made = is_wanted.then_some(made);
            let finished = Arc::new(AtomicBool::new(false));
            let finish = {
                let finished = Arc::clone(&finished);
                move |_, _: crate::normalise::Builder<'_>, _| {
                    finished.store(true, Ordering::SeqCst);
                    Ok(())
                }
            };
            let wanted = vec![(task.partition, task.files.clone())];
            fill::fill_together(&store, table, wanted, Threads::ONE, (finish, done)).await.unwrap();
            assert_eq!(finished.load(Ordering::SeqCst), is_wanted);
            drop(made);
        }
    }
}

async fn many(catalog: &Catalog) -> Store {
    let store = Store::memory();
    for look in 0..2u32 {
        for session in 1..=12u32 {
            let row = |place: u32| {
                let code = 600_000 + (place * 7 + session * look) % 40;
                let factor = f64::from(code % 9 + u32::from(session == 5) * look) / 8.0;
                format!("{{\"ts_code\":\"{code}.SH\",\"trade_date\":\"202401{session:02}\",\"adj_factor\":{factor}}}\n")
            };
            let lines: String = (0..30 + session).map(row).chain(["{}\n".to_owned()]).collect();
            let slice = Slice::Session(day(&format!("2024-01-{session:02}")));
            let at = format!("2024-02-{:02}T10:00:00Z", session + 12 * look);
            answer(&store, catalog, "tushare/adj_factor", (slice, &at), &lines).await;
        }
    }
    store
}

#[tokio::test]
async fn one_thread_and_several_give_the_same_bytes() {
    let (catalog, _) = Catalog::load(&[], None).unwrap();
    let calendar = Arc::new(Calendar::new((1..=28).map(|d| (NaiveDate::from_ymd_opt(2024, 1, d).unwrap(), true))));
    let (days, reports) = (many(&catalog).await, lake(&catalog).await);
    for (store, table) in [(&days, "adj_factor"), (&reports, "income_cn")] {
        let table = catalog.table(table).unwrap();
        let ledger = Ledger::open(store, table).await.unwrap();
        let survey = Survey::of(store, &ledger, &calendar, Scope::default()).await.unwrap();
        let (partition, files) = survey.stale.iter().next().unwrap();
        let task = Task::new(store, &ledger, (*partition, files), &calendar).await.unwrap();
        let on = async |threads: usize| {
            let threads = Threads::new(threads.try_into().unwrap());
            task.encoded(store, (&catalog, &calendar), threads).await.unwrap()
        };
        let one = on(1).await;
        assert_eq!((table.name == "adj_factor", true), (one.companion.is_some(), one.rows.len() > 1000));
        for threads in [2, 3, 5] {
            assert!(on(threads).await == one, "`{}` on {threads} threads", table.name);
        }
    }
}

#[tokio::test]
async fn partitions_that_are_too_large_are_named_with_what_would_help() {
    let (catalog, _) = Catalog::load(&[], None).unwrap();
    let store = many(&catalog).await;
    let table = catalog.table("adj_factor").unwrap();
    let ledger = Ledger::open(&store, table).await.unwrap();
    let partitions = ledger.inputs().partitions;
    assert_eq!(large::remark(table, &partitions, large::MOST), None);
    let remark = large::remark(table, &partitions, 1).unwrap();
    assert!(
        remark.contains("building 1 partition of `adj_factor` takes") && remark.contains("`partition = \"month\"`")
    );
}

/// Runs everything in this process, in place of a cluster.
#[derive(Debug)]
struct Here(Worker);

#[async_trait::async_trait]
impl Engine for Here {
    async fn run(&self, job: String, pieces: Vec<String>) -> Result<Vec<String>> {
        let mut answers = Vec::new();
        for piece in pieces {
            answers.push(self.0.run(&job, &piece).await?);
        }
        Ok(answers)
    }
}

/// A task for the stale partition that may replace what is there.
async fn piece(store: &Store, catalog: &Catalog, calendar: &Calendar) -> elsewhere::Piece {
    let table = catalog.table("adj_factor").unwrap();
    let ledger = Ledger::open(store, table).await.unwrap();
    let survey = Survey::of(store, &ledger, calendar, Scope::default()).await.unwrap();
    let (partition, files) = survey.stale.iter().next().unwrap();
    let former = silver::published(store, table, *partition).await.unwrap().map(|footer| footer.origin);
    let task = Task::new(store, &ledger, (*partition, files), calendar).await.unwrap();
    let tasks = vec![Task { replaces: Replaces::Only(former), ..task }];
    elsewhere::Piece { contracts: table.digest.clone(), tasks, need: machine::Need::default() }
}

#[tokio::test]
async fn a_worker_gives_the_same_bytes_and_undoes_nothing_that_came_since() {
    let (catalog, _) = Catalog::load(&[], None).unwrap();
    let calendar = Calendar::new((1..=28).map(|d| (NaiveDate::from_ymd_opt(2024, 1, d).unwrap(), true)));
    let (here, there) = (lake(&catalog).await, lake(&catalog).await);
    let table = catalog.table("adj_factor").unwrap();
    let first = piece(&here, &catalog, &calendar).await;
    let worker = Worker::new(catalog.clone(), Access::default(), (Threads::ONE, 1 << 30));
    worker.open(there.address().unwrap(), there.clone()).await;
    let engine = Here(worker);
    let run = async |piece: &elsewhere::Piece| {
        let done = elsewhere::run(&engine, (&there, &calendar), std::slice::from_ref(piece)).await?;
        done.into_iter().flatten().next().unwrap().1
    };
    let published = run(&first).await.unwrap();
    assert_eq!((published.rows, published.rejected), (1, 1));
    first.tasks[0].run(&here, (&catalog, &Arc::new(calendar.clone())), Share::whole()).await.unwrap();
    let path = silver::path(table, first.tasks[0].partition);
    assert_eq!(here.read(&path).await.unwrap(), there.read(&path).await.unwrap());
    // Repeating the task finds its own file and writes nothing.
    let again = run(&first).await.unwrap();
    assert_eq!((again.rows, again.rejected), (1, 0));
    // A late task must not undo what came since.
    let more = "{\"ts_code\":\"600001.SH\",\"trade_date\":\"20240103\",\"adj_factor\":1.5}\n";
    let slice = (Slice::Session(day("2024-01-03")), "2024-01-03T10:00:00Z");
    answer(&there, &catalog, "tushare/adj_factor", slice, more).await;
    let second = piece(&there, &catalog, &calendar).await;
    assert_eq!(run(&second).await.unwrap().rows, 2);
    let newest = there.read(&path).await.unwrap();
    let late = run(&first).await.unwrap_err().to_string();
    assert!(late.contains("was built by another run since it was planned"), "{late}");
    assert_eq!(there.read(&path).await.unwrap(), newest);
    // Another pipeline or contract is refused.
    let other = elsewhere::Piece { contracts: "other".into(), ..second };
    let refused = run(&other).await.unwrap_err();
    assert!(refused.is::<elsewhere::Refused>(), "{refused:#}");
    let refused = refused.to_string();
    assert!(refused.contains("the pipeline or a contract of `adj_factor` differs"), "{refused}");
}
