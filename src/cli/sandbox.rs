//! `sandbox`: simulated vendors on loopback. Their data come from `pitlake_sandbox`.

use std::sync::Arc;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};
use clap::Args;
use secrecy::SecretString;

use super::context::{Context, day, print};
use super::reach::work;
use super::{config, summary};
use crate::clock::SHANGHAI;
use crate::plan::{Halves, Reach, Work};
use crate::report::Exit;
use crate::run::run;
use crate::spec::{Account, Axis, Catalog, Contract, DateRange, Jobs, TableSource};
use crate::store::Store;
use crate::world::{Limits, Misuse, Token, World};
use pitlake_sandbox::{self as sandbox, Market, Settings};

/// Serve simulated vendors on loopback, to try everything without a token
///
/// Serves the wire formats of Tushare and, under URL prefixes, of AShareHub, AlphaFin and F10, from a simulated
/// market that is the same for the same options. Imitates silent row caps, default columns, rate limits and the
/// vendors' own errors. Prints one line of JSON once it listens.
#[derive(Debug, Args)]
pub(super) struct SandboxArgs {
    /// Seed of the market
    #[arg(long, default_value_t = Settings::default().seed)]
    seed: u64,
    /// Number of securities that trade in the range, 10 to 9000
    #[arg(long, default_value_t = Settings::default().stocks)]
    stocks: usize,
    /// First day of the market
    #[arg(long, value_parser = day, value_name = "DAY", default_value_t = Settings::default().start)]
    start: NaiveDate,
    /// Last day of the market
    #[arg(long, value_parser = day, value_name = "DAY", default_value_t = Settings::default().end)]
    end: NaiveDate,
    /// Port on 127.0.0.1; 0 for a free one
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Points of the account
    #[arg(long, default_value_t = Settings::default().points)]
    points: u32,
    /// Calls per minute and interface; 0 for no limit
    #[arg(long, default_value_t = Settings::default().rpm)]
    rpm: u32,
    /// Calls per UTC day to AShareHub; 0 for no limit
    #[arg(long, default_value_t = Settings::default().quota)]
    quota: u32,
    /// Cut replies silently at this number of rows; documented caps below it stay
    #[arg(long)]
    cap: Option<usize>,
    /// Answer about one call in this many with an error; 0 for none
    #[arg(long, default_value_t = 0)]
    faults: u32,
    /// Time of the simulated vendors [default: long after the end of the market]
    ///
    /// Data that they publish later is not there yet. `curl -X PUT --data 2023-12-04T20:00:00+08:00
    /// URL/sandbox/epoch` changes the time.
    #[arg(long, value_parser = moment, value_name = "RFC3339")]
    epoch: Option<DateTime<Utc>>,
    /// Fetch everything that Tushare has of the market into this lake, and exit
    ///
    /// Leaves out chips and minute bars, and what --points does not cover. There are no limits and no errors.
    #[arg(long, value_name = "LAKE")]
    export: Option<String>,
}

fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    DateTime::parse_from_rfc3339(text).map(|moment| moment.to_utc()).map_err(|error| error.to_string())
}

impl SandboxArgs {
    pub(super) async fn run(self, context: &Context) -> Result<Exit> {
        if self.start > self.end {
            return Err(
                Misuse(format!("invalid date range: --end {} is before --start {}", self.end, self.start)).into()
            );
        }
        if !(10..=9000).contains(&self.stocks) {
            return Err(Misuse(format!("invalid --stocks {}: expected 10 to 9000", self.stocks)).into());
        }
        let (own, jobs) = config::files(context.global.config.as_deref())?;
        // A file with problems is reported, not left out.
        let (catalog, jobs) = Catalog::load(&own, jobs.as_ref())?;
        let settings = Settings {
            seed: self.seed,
            stocks: self.stocks,
            start: self.start,
            end: self.end,
            points: self.points,
            rpm: self.rpm,
            quota: self.quota,
            cap: self.cap,
            faults: self.faults,
            epoch: self.epoch,
            own,
        };
        if let Some(lake) = self.export {
            return export(context, catalog, config::open(&lake, &jobs)?, settings).await;
        }
        let market = Arc::new(Market::new(&settings));
        let hint = hint(&market, settings.epoch);
        let server = sandbox::serve(market, settings, self.port).await?;
        let mut line = serde_json::Map::new();
        for vendor in server.vendors() {
            line.insert(vendor.to_owned(), server.url_of(vendor).into());
        }
        line.insert("token".to_owned(), server.token().into());
        print(&serde_json::Value::Object(line).to_string())?;
        tracing::info!("{hint}");
        server.join().await?;
        Ok(Exit::Done)
    }
}

/// Which days the market has, and which time to use with it.
fn hint(market: &Market, epoch: Option<DateTime<Utc>>) -> String {
    let (Some(first), Some(last)) = (market.sessions().first(), market.sessions().last()) else {
        return "the market has no trading day from --start to --end".to_owned();
    };
    let now = match epoch {
        Some(epoch) => epoch.with_timezone(&SHANGHAI).to_rfc3339(),
        None => format!("{last}T20:30:00+08:00"),
    };
    format!(
        "trading days of the market: {first} to {last}; run as of one of them, for example `pitlake run JOB --now {now}`"
    )
}

/// Fetches the market like any other vendor's data, so that its bronze is like any other.
async fn export(context: &Context, catalog: Catalog, store: Store, settings: Settings) -> Result<Exit> {
    let settings = Settings { rpm: 0, faults: 0, ..settings };
    let (points, reach) = (settings.points, Reach::Range(DateRange::new(settings.start, settings.end)));
    let server = sandbox::serve(Arc::new(Market::new(&settings)), settings, 0).await?;
    let account = Account {
        base_url: Some(server.url()),
        points,
        requests_per_minute: Some(u32::MAX),
        max_in_flight: Some(8),
        ..Account::default()
    };
    let covered = |source: &TableSource| {
        let Contract { id, points: needed, ask, .. } = &*source.contract;
        id.vendor == "tushare" && *needed <= points && ask.axis != Axis::SecurityMonth
    };
    let tables = catalog.tables().filter(|table| table.sources.iter().any(covered)).cloned().collect();
    let work = Work { tables, reach, ..work("export", Halves::Fetch, (None, None), context) };
    let world = World {
        catalog,
        jobs: Jobs { accounts: [("tushare".to_owned(), account)].into(), ..Jobs::default() },
        tokens: [(
            "tushare".to_owned(),
            Token { secret: SecretString::from(server.token()), found_in: "the sandbox".to_owned() },
        )]
        .into(),
        store,
        clock: context.clock,
        progress: context.progress.clone(),
        interrupt: context.interrupt.clone(),
        limits: Limits::default(),
        engine: None,
    };
    let report = run(&world, &work).await?;
    print(&summary::text(&report, &world.store))?;
    Ok(report.exit_code())
}
