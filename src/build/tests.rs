//! A task that went through text gives the same bytes in another lake.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use pitlake_contract::{DateRange, InterfaceId, Slice};

use super::*;
use crate::bronze::{self, NewFile};
use crate::ledger::Ledger;
use crate::spec::Catalog;
use crate::store::Store;

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
    // The same answer to the same slice is written as a header only.
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
            let published = task.run(store, &catalog, &calendar).await.unwrap();
            assert_eq!((published.rows, published.rejected), (rows, rejected), "{}", table.name);
        }
        let path = silver::path(table, *partition);
        assert_eq!(here.read(&path).await.unwrap(), there.read(&path).await.unwrap());
        let rejects = silver::rejects_path(table, *partition);
        assert_eq!(here.read(&rejects).await.ok(), there.read(&rejects).await.ok());
        // What was built is current; with another calendar, where it counts, it is not, and the task fails.
        let survey = Survey::of(&here, &ledger, &calendar, Scope::default()).await.unwrap();
        assert_eq!((survey.stale.len(), survey.current), (0, 1));
        let other = Arc::new(Calendar::new([(day("2024-04-22"), false)]));
        let survey = Survey::of(&here, &ledger, &other, Scope::default()).await.unwrap();
        assert_eq!(survey.stale.len(), usize::from(table.uses_sessions()));
        assert_eq!(task.run(&here, &catalog, &other).await.is_err(), table.uses_sessions());
    }
}
