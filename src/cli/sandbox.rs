//! `sandbox`: simulated vendors on loopback. Never their data.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, Utc};
use clap::Args;

use super::{Context, day, print};
use crate::report::Exit;
use crate::world::Misuse;
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
    /// Write the market into this lake as bronze of another program, and exit
    #[arg(long, value_name = "LAKE")]
    export: Option<PathBuf>,
}

fn moment(text: &str) -> Result<DateTime<Utc>, String> {
    DateTime::parse_from_rfc3339(text).map(|moment| moment.to_utc()).map_err(|error| error.to_string())
}

impl SandboxArgs {
    pub(super) async fn run(self, _context: &Context) -> Result<Exit> {
        if self.start > self.end {
            return Err(
                Misuse(format!("invalid date range: --end {} is before --start {}", self.end, self.start)).into()
            );
        }
        if !(10..=9000).contains(&self.stocks) {
            return Err(Misuse(format!("invalid --stocks {}: expected 10 to 9000", self.stocks)).into());
        }
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
        };
        let market = Market::new(&settings);
        if let Some(lake) = self.export {
            let files = tokio::task::spawn_blocking(move || sandbox::export(&market, &lake)).await??;
            print(&format!("{files} files written"))?;
            return Ok(Exit::Done);
        }
        let server = sandbox::serve(Arc::new(market), settings, self.port).await?;
        let line = serde_json::json!({
            "tushare": server.url(),
            "asharehub": server.url_of("asharehub"),
            "alphafin": server.url_of("alphafin"),
            "f10": server.url_of("f10"),
            "token": server.token(),
        });
        print(&line.to_string())?;
        server.join().await?;
        Ok(Exit::Done)
    }
}
