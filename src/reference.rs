//! The reference data that plans depend on, built from bronze by the same code as silver: the calendar, the universe,
//! parameter values, and the questions of tables that combine them. What a plan makes of them is in `plan`.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use arrow::array::{Array as _, AsArray as _, RecordBatch};
use arrow::datatypes::Date32Type;
use chrono::NaiveDate;
use pitlake_contract::Slice;
use pitlake_contract::spelling::symbol;

use crate::build;
use crate::ledger::Ledgers;
use crate::normalise::Partition;
use crate::plan::{self, CALENDAR, Calendar, Facts, JudgedDays, ParamValues, Question, SliceValues, Universe, Work};
use crate::plan::{DISCLOSURES, RENUMBERED, SUSPENSIONS, UNIVERSE};
use crate::spec::{self, Table};
use crate::world::{Misuse, World};

/// The exchange whose calendar is the market's.
const EXCHANGE: &str = "SSE";

/// How to get its calendar.
const WAY_OUT: &str = "run `pitlake fetch trade_cal`, or import its days with the exchange SSE";

/// One partition of a reference table, built from bronze. `None` if bronze has nothing for it.
async fn reference(world: &World, ledgers: &Ledgers, name: &str, partition: Partition) -> Result<Option<RecordBatch>> {
    let Some(table) = world.catalog.table(name) else { return Ok(None) };
    let ledger = ledgers.of(table).await?;
    let files = match partition {
        // Every file feeds it.
        Partition::Whole => ledger.files().to_vec(),
        _ => ledger.inputs().partitions.remove(&partition).unwrap_or_default(),
    };
    if files.is_empty() {
        return Ok(None);
    }
    Ok(Some(build::rows_of(&world.store, &ledger, (partition, &files)).await?))
}

/// The market's calendar, empty if bronze has none.
///
/// # Errors
/// When bronze cannot be read.
pub async fn calendar(world: &World, ledgers: &Ledgers) -> Result<Calendar> {
    let Some(batch) = reference(world, ledgers, CALENDAR, Partition::Whole).await? else {
        return Ok(Calendar::default());
    };
    let column = |name: &str| batch.column_by_name(name).with_context(|| format!("`{CALENDAR}` has no `{name}`"));
    let (exchanges, days, open) = (column("exchange")?, column("cal_date")?, column("is_open")?);
    let (exchanges, days, open) = (exchanges.as_string::<i32>(), days.as_primitive::<Date32Type>(), open.as_boolean());
    let mut sessions = Vec::new();
    let mut others = BTreeSet::new();
    for row in 0..batch.num_rows() {
        // All exchanges have the same days; those of BSE are not even offered.
        if exchanges.value(row) != EXCHANGE {
            others.insert(exchanges.value(row));
        } else if let Some(day) = days.value_as_date(row) {
            sessions.push((day, open.is_valid(row) && open.value(row)));
        }
    }
    if sessions.is_empty() {
        let held = match others.into_iter().collect::<Vec<_>>().join(", ") {
            none if none.is_empty() => "no row names an exchange".to_owned(),
            some => format!("it has days of {some}"),
        };
        return Ok(Calendar::lacking(format!(
            "the calendar in the lake has no days of the exchange {EXCHANGE} ({held}), so trading days are unknown: {WAY_OUT}"
        )));
    }
    Ok(Calendar::new(sessions))
}

/// The market's calendar. If it cannot be read, that is recorded and an empty one is returned.
pub async fn readable_calendar(world: &World, ledgers: &Ledgers) -> Calendar {
    calendar(world, ledgers).await.unwrap_or_else(|error| {
        world.store.pass_over(CALENDAR, &format!("trading days are unknown: {error:#}"));
        Calendar::default()
    })
}

/// The universe. If it cannot be read, that is recorded and one without securities is returned, by which no answer
/// counts as whole.
pub async fn readable_universe(world: &World, ledgers: &Ledgers) -> Universe {
    universe(world, ledgers).await.unwrap_or_else(|error| {
        world.store.pass_over(UNIVERSE, &format!("the listed securities are unknown: {error:#}"));
        Universe::unreadable()
    })
}

/// Problems of the lake's calendar and how it was interpreted, as messages. Empty if bronze has no calendar.
pub async fn calendar_remarks(world: &World) -> Vec<String> {
    match calendar(world, &Ledgers::new(&world.store)).await {
        Ok(calendar) => calendar.remarks().collect(),
        Err(error) => vec![format!("cannot read the calendar, so trading days are unknown: {error:#}; {WAY_OUT}")],
    }
}

/// For each day, the last session whose next session is not after it, by the lake's calendar.
pub async fn next_morning(world: &World) -> impl Fn(NaiveDate) -> Option<NaiveDate> + Send + Sync + use<> {
    let calendar = readable_calendar(world, &Ledgers::new(&world.store)).await;
    move |day| {
        let last = calendar.back(day, 0).filter(|_| calendar.knows(day))?;
        calendar.back(last, 1).filter(|before| *before < last)
    }
}

/// The universe: the newest list of securities.
///
/// # Errors
/// When bronze cannot be read.
pub async fn universe(world: &World, ledgers: &Ledgers) -> Result<Universe> {
    match reference(world, ledgers, UNIVERSE, Partition::Whole).await? {
        Some(batch) => Universe::of(&batch).with_context(|| format!("`{UNIVERSE}`")),
        None => Ok(Universe::default()),
    }
}

/// The universe, plus what answers for some days are judged by: former codes, suspensions, and which companies have
/// reported.
///
/// # Errors
/// When bronze cannot be listed.
pub async fn evidence(world: &World, ledgers: &Ledgers, days: &JudgedDays, universe: &Universe) -> Result<Universe> {
    let mut universe = universe.clone();
    if universe.is_empty() || (days.sessions.is_empty() && days.periods.is_empty()) {
        return Ok(universe);
    }
    aid(RENUMBERED, reference(world, ledgers, RENUMBERED, Partition::Whole).await, |batch| universe.renumber(batch));
    suspensions(world, ledgers, &days.sessions, &mut universe).await?;
    reports(world, ledgers, &days.periods, &mut universe).await?;
    Ok(universe)
}

/// Adds the securities suspended on some sessions, as far as bronze has those answers.
async fn suspensions(
    world: &World,
    ledgers: &Ledgers,
    sessions: &BTreeSet<NaiveDate>,
    universe: &mut Universe,
) -> Result<()> {
    let Some(table) = world.catalog.table(SUSPENSIONS) else { return Ok(()) };
    if sessions.is_empty() {
        return Ok(());
    }
    let ledger = ledgers.of(table).await?;
    let held = (0..table.sources.len()).flat_map(|source| ledger.slices(source, &[]).into_keys());
    universe.hold_suspensions(held.filter_map(|slice| match slice {
        Slice::Session(day) => Some(day).filter(|day| sessions.contains(day)),
        _ => None,
    }));
    let mut partitions = ledger.inputs().partitions;
    for partition in universe.suspension_partitions(table) {
        let mut files = partitions.remove(&partition).unwrap_or_default();
        files.retain(|file| file.file.span || sessions.contains(&file.file.day));
        let read = build::rows_of(&world.store, &ledger, (partition, &files)).await;
        if let Err(error) = read.and_then(|batch| universe.suspend(&batch)) {
            tracing::warn!("cannot read the suspensions of {partition}, so partial days go unnoticed: {error:#}");
            universe.forget_suspensions(table, partition);
        }
    }
    Ok(())
}

/// Adds the companies that have reported on some periods.
async fn reports(
    world: &World,
    ledgers: &Ledgers,
    periods: &BTreeSet<NaiveDate>,
    universe: &mut Universe,
) -> Result<()> {
    let Some(table) = world.catalog.table(DISCLOSURES) else { return Ok(()) };
    let today = world.clock.today();
    for partition in periods.iter().map(|day| Partition::of(table, *day)).collect::<BTreeSet<_>>() {
        let read = reference(world, ledgers, DISCLOSURES, partition).await;
        aid(DISCLOSURES, read, |batch| universe.report(batch, today));
    }
    Ok(())
}

/// Checks that the securities named by the jobs of some tables are in the universe, if bronze has one.
///
/// # Errors
/// [`Misuse`] if one is not.
pub async fn check_symbols(world: &World, ledgers: &Ledgers, tables: &[Arc<Table>]) -> Result<()> {
    let World { jobs, catalog, .. } = world;
    let lists = catalog.table(UNIVERSE).map(|table| table.vendors()).unwrap_or_default();
    let mut symbols = BTreeSet::new();
    for table in tables.iter().filter(|table| plan::by_security(jobs, table)) {
        // A vendor without a list of securities may also sell indices by security.
        let has_list = table.vendors().iter().any(|vendor| lists.contains(vendor));
        let is_listed = |code: &String| symbol::is_mainland(code) && (has_list || !symbol::is_index(code));
        symbols.extend(jobs.symbols(&table.name).unwrap_or_default().into_iter().filter(is_listed));
    }
    if symbols.is_empty() {
        return Ok(());
    }
    // A universe that cannot be read is reported by whoever needs more of it.
    let Ok(universe) = universe(world, ledgers).await else { return Ok(()) };
    let problems: Vec<String> = universe
        .unknown(&symbols)
        .into_iter()
        .map(|(code, other)| {
            let hint = match other {
                Some(other) => format!("did you mean `{other}`?"),
                None => {
                    format!(
                        "correct `symbols` in jobs.toml, or run `pitlake fetch {UNIVERSE}` if it has been listed since"
                    )
                }
            };
            format!("unknown security `{code}`: `{UNIVERSE}` in the lake does not have it; {hint}")
        })
        .collect();
    if problems.is_empty() { Ok(()) } else { Err(Misuse(problems.join("\n")).into()) }
}

/// Takes data that only help to judge other tables' answers. Without them fewer problems are noticed, but nothing
/// fails.
fn aid(what: &str, read: Result<Option<RecordBatch>>, take: impl FnOnce(&RecordBatch) -> Result<()>) {
    if let Err(error) = read.and_then(|batch| batch.as_ref().map_or(Ok(()), take)) {
        tracing::warn!("cannot read `{what}`, so missing rows may go unnoticed: {error:#}");
    }
}

/// The values of the parameters that a question asks for one by one.
async fn param_values(world: &World, ledgers: &Ledgers, question: &Question) -> Result<ParamValues> {
    let mut all = Vec::new();
    for (name, values) in &question.contract().ask.each {
        let values = match values {
            spec::Values::Column { table, column, filter, of_day } => {
                let of = world.catalog.table(table).map(Arc::clone);
                let of = of.with_context(|| format!("no table `{table}` to take values from"))?;
                let mut batches = Vec::new();
                for partition in ParamValues::partitions(&of, question.range) {
                    batches.extend(reference(world, ledgers, table, partition).await?);
                }
                SliceValues::of_rows(&batches, column, filter, of_day.as_deref())
                    .with_context(|| format!("`{table}`"))?
            }
            values => {
                SliceValues::named(&world.jobs, question.table(), values).context("the contract names no values")?
            }
        };
        all.push((name.clone(), values));
    }
    Ok(ParamValues::new(all))
}

/// The questions of some tables, with the parameter values and headers they depend on.
///
/// # Errors
/// When the lake cannot be read.
pub async fn questions(
    world: &World,
    ledgers: &Ledgers,
    facts: Facts<'_>,
    work: &Work,
    tables: &[Arc<Table>],
) -> Result<Vec<Question>> {
    let mut all = Vec::new();
    for table in tables {
        let ledger = ledgers.of(table).await?;
        for mut question in plan::questions(facts, work, &ledger) {
            question.values = match param_values(world, ledgers, &question).await {
                Ok(values) => values,
                Err(error) => {
                    world.store.pass_over(&table.name, &format!("what to ask for is unknown: {error:#}"));
                    continue;
                }
            };
            let days = question.needed_headers();
            ledger.read(&world.store, |file| days.contains(&file.file.day)).await;
            question.keep_foreign();
            all.push(question);
        }
    }
    Ok(all)
}
