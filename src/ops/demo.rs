//! `demo`: fills a lake on two evenings of a made-up vendor. How it is shown is up to `cli`.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use chrono::NaiveDate;

use crate::clock::Clock;
use crate::plan::{Halves, Reach, Rebuild, Work};
use crate::report::{self, Report};
use crate::run::run;
use crate::spec::{DateRange, Table};
use crate::world::{Misuse, World};

/// The command in the demo's reports. A lake whose first report has another is not the demo's.
const DEMO: &str = "demo";

/// Refuses a lake that the demo did not create.
///
/// # Errors
/// [`Misuse`] in that case. Nothing was written.
pub async fn is_ours(world: &World) -> Result<()> {
    let reports = report::all(&world.store).await?;
    let mut is_empty = true;
    for folder in ["bronze", "silver", "rejects", "runs"] {
        is_empty &= world.store.list(folder).await?.is_empty();
    }
    // Later runs in the demo's lake are up to its owner.
    if is_empty || reports.first().is_some_and(|run| run.command == DEMO) {
        return Ok(());
    }
    let lake = world.store.name();
    let message =
        format!("the lake `{lake}` was not made by `demo`: choose a new folder with --lake, or remove this one");
    Err(Misuse(message).into())
}

/// One evening of the demo: everything published from `start` until then, or what is new on a later evening.
///
/// # Errors
/// Those of [`run`].
pub async fn evening(
    world: &mut World,
    tables: &[Arc<Table>],
    start: Option<NaiveDate>,
    evening: Clock,
) -> Result<Report> {
    world.clock = evening;
    let work = Work {
        command: DEMO.to_owned(),
        jobs: Vec::new(),
        tables: tables.to_vec(),
        reach: start.map_or(Reach::Nightly(None), |start| Reach::Range(DateRange::new(start, evening.today()))),
        halves: Halves::Both,
        refetch: false,
        short: false,
        rebuild: Rebuild::Stale,
    };
    run(world, &work).await.map_err(anyhow::Error::from).context("cannot fill the demo's lake")
}
