//! `demo`: a small lake from a simulated vendor, and some queries on it. What a run does is decided elsewhere.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use chrono::{DateTime, NaiveDate, Utc};
use clap::Args;
use secrecy::SecretString;

use super::context::{Context, print};
use super::language::{local, say};
use super::{config, status, summary};
use crate::clock::Clock;
use crate::ops::{demo, status as states};
use crate::query::{self, Horizon};
use crate::report::Exit;
use crate::spec::{Account, Catalog, Jobs, Table};
use crate::world::{Limits, Token, World};
use pitlake_sandbox::{self as sandbox, Market, Settings};

/// The default lake of the demo.
const LAKE: &str = "demo-lake";

/// Two evenings. The second fetches what was published in between. Both are Saturdays, when Friday's late data are out.
const EVENINGS: [&str; 2] = ["2024-05-18T20:00:00+08:00", "2024-06-29T20:00:00+08:00"];

/// The tables to fetch: some of each kind.
const TABLES: [&str; 10] = [
    "trade_cal",
    "stock_basic_cn",
    "stock_daily_cn",
    "stock_daily_basic_cn",
    "adj_factor",
    "moneyflow_cn",
    "suspend_d_cn",
    "limit_list_cn",
    "income_cn",
    "fina_indicator_cn",
];

/// First event day, to include two annual reports.
const START: &str = "2023-01-01";

/// Fill a small lake from a simulated vendor and query it; needs no token, network or configuration
///
/// Starts the sandbox on loopback, fetches on two evenings, and prints what was fetched, the coverage, the
/// last days of one stock, and one statement as it was known on two days. The lake is `demo-lake` unless --lake or
/// `PITLAKE_LAKE` names another.
#[derive(Debug, Args)]
pub(super) struct DemoArgs {}

impl DemoArgs {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        let (catalog, _) = Catalog::load(&[], None)?;
        let store = config::open(context.global.lake.as_deref().unwrap_or(LAKE), &Jobs::default())?;
        let evenings = EVENINGS.map(|text| text.parse::<DateTime<Utc>>().unwrap_or_default());
        let start: NaiveDate = START.parse()?;
        let settings = Settings {
            stocks: 40,
            start,
            end: Clock::fixed(evenings[1]).today(),
            rpm: 0,
            epoch: Some(evenings[0]),
            ..Settings::default()
        };
        let mut world = World {
            catalog,
            jobs: Jobs::default(),
            tokens: [(
                "tushare".to_owned(),
                Token { secret: SecretString::from(sandbox::TOKEN), found_in: "the sandbox".to_owned() },
            )]
            .into(),
            store,
            clock: Clock::fixed(evenings[1]),
            progress: context.progress.clone(),
            interrupt: context.interrupt.clone(),
            limits: Limits::default(),
            engine: None,
        };
        demo::is_ours(&world).await?;
        let server = sandbox::serve(Arc::new(Market::new(&settings)), settings, 0).await?;
        let account = Account {
            base_url: Some(server.url()),
            points: 5000,
            requests_per_minute: Some(u32::MAX),
            max_in_flight: Some(8),
            ..Account::default()
        };
        world.jobs.accounts.insert("tushare".to_owned(), account);
        let tables: Vec<Arc<Table>> = TABLES.iter().filter_map(|name| world.catalog.table(name).cloned()).collect();
        for (evening, start) in evenings.into_iter().zip([Some(start), None]) {
            server.set_epoch(evening);
            let clock = Clock::fixed(evening);
            print(&say!("# Evening of {}: fetched and built\n", clock.today()))?;
            let report = demo::evening(&mut world, &tables, start, clock).await?;
            print(&summary::text(&report, &world.store))?;
            if report.exit_code() != Exit::Done {
                return Ok(report.exit_code());
            }
        }
        print(&local("# Coverage\n"))?;
        print(&status::overview(&states::status(&world, &tables).await?))?;
        show_queries(&world).await?;
        let lake = world.store.name();
        print(&say!(
            "\nThe lake is in `{lake}`: read {lake}/silver/*/ with DuckDB, Polars or Spark, or with\n  \
             pitlake query \"SELECT * FROM stock_daily_cn LIMIT 5\" --lake {lake}"
        ))?;
        Ok(Exit::Done)
    }
}

/// The last days of one stock, and one statement as of two days.
async fn show_queries(world: &World) -> Result<()> {
    let days = "SELECT ts_code, trade_date, close, vol AS shares, amount AS cny FROM stock_daily_cn \
                WHERE ts_code = (SELECT min(ts_code) FROM stock_daily_cn) ORDER BY trade_date DESC LIMIT 5";
    print(&local("\n# The last days of one stock: volume in shares, amount in CNY\n"))?;
    print(&format!("{days}\n"))?;
    print(&query::sql(&world.catalog, (&world.store, None), days, &Horizon::default(), None).await?.text()?)?;
    // Finds a statement that was followed by a version with other figures, a day before that was known and a day after.
    let found = "SELECT a.ts_code AS code, a.end_date AS period, a.known_on AS before, b.known_on AS after \
                 FROM income_cn a JOIN income_cn b ON a.ts_code = b.ts_code AND a.end_date = b.end_date \
                 AND a.report_type = b.report_type AND a.revision = 1 AND b.revision = 2 \
                 WHERE a.n_income <> b.n_income AND a.known_on < b.known_on \
                 ORDER BY a.end_date DESC, a.ts_code LIMIT 1";
    let found = query::sql(&world.catalog, (&world.store, None), found, &Horizon::default(), None).await?.json()?;
    let found: serde_json::Value = serde_json::from_str(&found)?;
    let field = |name: &str| found[0][name].as_str().context("no statement in the demo has two versions");
    let sql = format!(
        "SELECT ts_code, end_date, n_income, announced_on, known_on, known_basis, revision FROM income_cn \
         WHERE ts_code = '{}' AND end_date = DATE '{}'",
        field("code")?,
        field("period")?
    );
    print(&local("\n# One statement, as it was known on two days\n"))?;
    for day in [field("before")?, field("after")?] {
        print(&format!("\n{sql}   --as-of {day}\n"))?;
        let horizon = Horizon { day: Some(day.parse()?), ..Horizon::default() };
        print(&query::sql(&world.catalog, (&world.store, None), &sql, &horizon, None).await?.text()?)?;
    }
    Ok(())
}
