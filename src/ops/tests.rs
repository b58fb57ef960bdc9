//! What commands with nothing to do request from an object store: lists and headers must not grow with the number of
//! bronze files, and an import sends one request per file it writes.

use std::fs;
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, Utc};
use pitlake_contract::{Answered, DateRange, InterfaceId, Slice};

use super::{import, price, status};
use crate::bronze::{self, NewFile};
use crate::clock::Clock;
use crate::interrupt::Interrupt;
use crate::plan::{Halves, Reach, Rebuild, Work};
use crate::progress::Progress;
use crate::run;
use crate::spec::{Account, Catalog, Jobs};
use crate::store::Store;
use crate::store::counted::{Counted, Requests};
use crate::world::{Limits, World};

const NOW: &str = "2024-12-31T14:00:00Z";

fn world() -> (World, Arc<Counted>) {
    let (store, counted) = Store::counted();
    let account = Account { points: 5000, ..Account::default() };
    let jobs = Jobs { accounts: [("tushare".to_owned(), account)].into(), ..Jobs::default() };
    let catalog = Catalog::load(&[], None).unwrap().0;
    let clock = Clock::fixed(NOW.parse().unwrap());
    let world = World {
        catalog,
        jobs,
        tokens: [].into(),
        store,
        clock,
        progress: Progress::silent(),
        interrupt: Interrupt::default(),
        limits: Limits::default(),
        engine: None,
    };
    (world, counted)
}

async fn answer(world: &World, interface: &str, slice: Slice, lines: String) {
    let contract = world.catalog.contract(&InterfaceId::parse(interface).unwrap()).unwrap();
    let day = slice.day().unwrap();
    let answer = NewFile {
        slice: Answered::Slice(slice).to_string(),
        day,
        params: vec![vec![("trade_date".into(), day.format("%Y%m%d").to_string())]],
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
    let at: DateTime<Utc> = NOW.parse().unwrap();
    bronze::write(&world.store, contract, answer, at, None).await.unwrap();
}

fn days(number: u64) -> impl Iterator<Item = NaiveDate> {
    let first: NaiveDate = "2024-01-01".parse().unwrap();
    (0..number).map(move |n| first + Days::new(n))
}

/// The requests of an idle build, of `status` and of a plan, for a lake with answers for this many days.
async fn idle(number: u64) -> [Requests; 3] {
    let (world, counted) = world();
    let open = |day: NaiveDate| {
        format!("{{\"exchange\":\"SSE\",\"cal_date\":\"{}\",\"is_open\":\"1\"}}\n", day.format("%Y%m%d"))
    };
    let calendar = days(366).map(open).collect::<Vec<_>>().concat();
    answer(&world, "tushare/trade_cal", Slice::Snapshot("2024-12-31".parse().unwrap()), calendar).await;
    for day in days(number) {
        let factor =
            format!("{{\"ts_code\":\"600001.SH\",\"trade_date\":\"{}\",\"adj_factor\":1.5}}\n", day.format("%Y%m%d"));
        answer(&world, "tushare/adj_factor", Slice::Session(day), factor).await;
    }
    let table = Arc::clone(world.catalog.table("adj_factor").unwrap());
    let work = Work {
        command: "normalize".into(),
        jobs: Vec::new(),
        tables: vec![Arc::clone(&table)],
        reach: Reach::Held,
        halves: Halves::Build,
        refetch: false,
        short: false,
        rebuild: Rebuild::Stale,
    };
    let first = run::run(&world, &work).await.unwrap();
    assert_eq!(first.tables["adj_factor"].built, ["year=2024"]);
    counted.take();
    let again = run::run(&world, &work).await.unwrap();
    assert_eq!((again.tables["adj_factor"].built.len(), again.tables["adj_factor"].current), (0, 1));
    let build = counted.take();
    let found = status::status(&world, &[Arc::clone(&table)]).await.unwrap();
    assert_eq!((found[0].slices.held, found[0].unproven, found[0].stale), (usize::try_from(number).unwrap(), 0, 0));
    let status = counted.take();
    let range = DateRange::new("2024-01-01".parse().unwrap(), days(number).last().unwrap());
    let work = Work { reach: Reach::Range(range), halves: Halves::Both, ..work };
    let priced = price::price(&world, &work).await.unwrap();
    let of_table = priced.asking.iter().find(|asking| asking.table == "adj_factor").unwrap();
    assert_eq!((of_table.held, of_table.calls), (usize::try_from(number).unwrap(), 0));
    [build, status, counted.take()]
}

#[tokio::test]
async fn what_has_nothing_to_do_sends_as_many_requests_for_many_days_as_for_few() {
    // Each top folder is listed once, however many tables there are: bronze and silver, for `status` also rejects and
    // runs, for a plan runs. Besides the calendar and the runs' reports only footers are read, one per partition, and
    // no headers.
    for days in [3, 120] {
        let build = Requests { lists: 2, gets: 1, puts: 3 };
        let status = Requests { lists: 4, gets: 4, puts: 0 };
        let plan = Requests { lists: 3, gets: 5, puts: 0 };
        assert_eq!(idle(days).await, [build, status, plan]);
    }
}

/// The requests of consecutive imports into a lake, of this many files each.
async fn imports(numbers: &[usize]) -> Vec<Requests> {
    let (world, counted) = world();
    let folder = tempfile::tempdir().unwrap();
    let mut all = Vec::new();
    for (round, number) in numbers.iter().enumerate() {
        let file = |place: usize| {
            let path = folder.path().join(format!("{round}-{place}.csv"));
            let day =
                NaiveDate::from_ymd_opt(2000 + i32::try_from(round).unwrap(), 1, 3).unwrap() + Days::new(place as u64);
            fs::write(&path, format!("ts_code,trade_date,adj_factor\n600001.SH,{day},1.{round}{place}\n")).unwrap();
            path
        };
        let request = import::ImportRequest {
            interface: "tushare/adj_factor".into(),
            files: (0..*number).map(file).collect(),
            ..import::ImportRequest::default()
        };
        counted.take();
        let imported = import::import(&world, &request).await.unwrap();
        assert_eq!(imported.iter().filter(|file| !file.known).count(), *number);
        all.push(counted.take());
    }
    all
}

#[tokio::test]
async fn an_import_sends_one_request_for_each_file_though_all_are_of_one_moment() {
    let all = imports(&[5, 40, 7]).await;
    // The header of each existing import is read, to find a duplicate.
    let expected = [(5, 0), (40, 5), (7, 45)].map(|(puts, gets)| Requests { lists: 2, gets, puts });
    assert_eq!(all, expected);
}
