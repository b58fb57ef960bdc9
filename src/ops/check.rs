//! `check`: whether the rows in silver keep the table's promises. Reads only silver, writes nothing. Whether the bytes
//! are still those written is up to `verify`.

mod findings;
mod rows;
mod rules;

use std::sync::Arc;

use anyhow::Result;

pub use findings::{Finding, Level};
pub use rows::Shown;

use crate::ledger::Ledgers;
use crate::plan::Calendar;
use crate::reference;
use crate::silver::{self, SilverFile};
use crate::spec::Table;
use crate::world::World;
use findings::Findings;
use rows::Rows;

/// The result of a check.
#[derive(Debug, Default)]
pub struct Checked {
    /// Number of tables with rows.
    pub tables: usize,
    /// Number of rows.
    pub rows: usize,
    /// The findings, by table.
    pub findings: Vec<Finding>,
}

/// Runs every check on silver.
///
/// # Errors
/// When the lake cannot be read.
pub async fn check(world: &World, tables: &[Arc<Table>]) -> Result<Checked> {
    let world = &World { store: world.store.glance(), ..world.clone() };
    let calendar = Arc::new(reference::readable_calendar(world, &Ledgers::new(&world.store)).await);
    let mut checked = Checked::default();
    let bar = world.progress.steps("check", "tables", tables.len());
    for table in tables {
        let mut findings = Findings::of(table);
        let files = silver::list(&world.store, table).await?;
        checked.tables += usize::from(!files.is_empty());
        for file in files {
            checked.rows += one(world, (table, &calendar), file, &mut findings).await?;
        }
        checked.findings.append(&mut findings.found);
        bar.advance();
    }
    Ok(checked)
}

/// Checks a file and returns its number of rows.
async fn one(
    world: &World,
    (table, calendar): (&Arc<Table>, &Arc<Calendar>),
    file: SilverFile,
    findings: &mut Findings,
) -> Result<usize> {
    let path = file.entry.path.clone();
    let shown = |reason: Option<String>| {
        let reason = reason.map(|reason| ("reason", reason.into()));
        Ok(Shown::of([("file", path.clone().into())].into_iter().chain(reason)))
    };
    let Some(partition) = file.partition else {
        let problem = "files of an earlier partitioning remain: run `pitlake normalize` for the table".to_owned();
        findings.add("layout", Level::Warning, problem, || shown(None))?;
        return Ok(0);
    };
    let batch = match silver::rows(&world.store, table, &file.entry, rules::wanted(table)).await {
        Ok(batch) => batch,
        Err(error) => {
            let problem = format!("files cannot be decoded: run `pitlake verify {}`", table.name);
            findings.add("file", Level::Error, problem, || shown(Some(format!("{error:#}"))))?;
            return Ok(0);
        }
    };
    let (table, calendar) = (Arc::clone(table), Arc::clone(calendar));
    let mut of_file = Findings::of(&table);
    let (of_file, rows) = tokio::task::spawn_blocking(move || {
        let rows = Rows { batch };
        rules::apply(&table, &calendar, (partition, &rows), &mut of_file)?;
        Ok::<_, anyhow::Error>((of_file, rows.len()))
    })
    .await??;
    findings.join(of_file);
    Ok(rows)
}
