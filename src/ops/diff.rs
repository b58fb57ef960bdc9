//! `diff`: what later fetches changed, and where two vendors disagree about the same keys. Reads only bronze, writes
//! nothing. How two rows are compared is up to `normalise`.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use pitlake_contract::spelling::day;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::build::{Compared, compare};
use crate::clock::SHANGHAI;
use crate::ledger::{Inputs, Ledger};
use crate::normalise::{Comparison, Difference};
use crate::report;
use crate::spec::{DateRange, Table, nearest};
use crate::world::{Misuse, World};

/// What `--between` accepts besides two vendors: imports and files of other programs, or answers.
const KINDS: [&str; 2] = ["imports", "answers"];

/// The two readings to compare.
#[derive(Debug, Clone)]
pub enum Against {
    /// The first answer to each slice, against all answers.
    First,
    /// The answers from before a run or a day in Shanghai began, against all answers.
    Since(String),
    /// The answers of two vendors, or imports against answers.
    Vendors([String; 2]),
}

/// The differences in a table.
#[derive(Debug, Serialize)]
pub struct Diff {
    /// The table.
    pub table: String,
    /// Answers fetched from this moment on count as later.
    pub since: Option<DateTime<Utc>>,
    /// The vendors.
    pub between: Option<[String; 2]>,
    /// Differing rows, by partition and key.
    pub differences: Vec<RowDiff>,
    /// How many there are.
    pub counts: Counts,
    /// Number of partitions not read because none of their slices was answered again.
    pub unread: usize,
}

/// A row that differs.
#[derive(Debug, Serialize)]
pub struct RowDiff {
    /// The key columns, in order.
    #[serde(serialize_with = "named")]
    pub key: Vec<(String, Value)>,
    /// `changed`, `added` or `gone`; between vendors `differs` or `only`.
    pub what: &'static str,
    /// The vendor of the row, or whether it comes from imports or answers. `None` if both have the row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Columns that differ, with both values.
    #[serde(serialize_with = "named", skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<(String, BothValues)>,
    /// For a version: its number within the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<i32>,
    /// For a version: the first day on which it may be used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_on: Option<NaiveDate>,
    /// For a version: when we saw it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_at: Option<DateTime<Utc>>,
}

/// The values in both readings, by the readings' names.
#[derive(Debug)]
pub struct BothValues(pub [(String, Value); 2]);

/// Number of rows of each kind.
#[derive(Debug, Default, Serialize)]
pub struct Counts {
    /// Equal rows. For versions, those seen before.
    pub same: usize,
    /// Rows in both readings that differ.
    pub differ: usize,
    /// Rows in only one reading, by its name.
    pub only: BTreeMap<String, usize>,
    /// Rows on days (or of securities, if the table is fetched by them) for which the other reading has nothing at all,
    /// by the name of the reading that has them. Counted but not listed.
    pub apart: BTreeMap<String, usize>,
    /// Number of differences by column.
    pub columns: BTreeMap<String, usize>,
}

/// Compares two readings of every table that has both, limited to event days in `range`.
///
/// # Errors
/// Those of [`diff`].
pub async fn all(world: &World, against: Against, range: Option<DateRange>) -> Result<Vec<Diff>> {
    let world = &World { store: world.store.glance(), ..world.clone() };
    let mut diffs = Vec::new();
    for table in world.catalog.tables() {
        let is_paired = match &against {
            Against::Vendors(kinds) if *kinds == KINDS => Ledger::open(&world.store, table).await?.has_both_kinds(),
            Against::Vendors(vendors) => pair(table, vendors).is_ok(),
            Against::First | Against::Since(_) => true,
        };
        if is_paired && (range.is_none() || table.event.is_some()) {
            diffs.push(diff(world, table, against.clone(), range).await?);
        }
    }
    if let Against::Vendors(vendors) = &against
        && diffs.is_empty()
        && *vendors != KINDS
    {
        let [first, second] = vendors;
        return Err(Misuse(format!("no table is fed by both `{first}` and `{second}`")).into());
    }
    diffs.retain(|diff| !diff.is_empty());
    Ok(diffs)
}

/// Compares two readings of a table, limited to event days in `range`.
///
/// # Errors
/// [`Misuse`] for an unknown run or vendor, or when the lake cannot be read or bronze stops a partition.
pub async fn diff(world: &World, table: &Arc<Table>, against: Against, range: Option<DateRange>) -> Result<Diff> {
    if range.is_some() && table.event.is_none() {
        let message = format!("`{}` has no event day: omit --start and --end", table.name);
        return Err(Misuse(message).into());
    }
    let mut diff = Diff {
        table: table.name.clone(),
        since: None,
        between: None,
        differences: Vec::new(),
        counts: Counts::default(),
        unread: 0,
    };
    let (table, what, names) = match against {
        Against::First => (Arc::clone(table), Compared::Since(None), ["before", "now"].map(str::to_owned)),
        Against::Since(text) => {
            let since = moment(world, &text).await?;
            diff.since = Some(since);
            (Arc::clone(table), Compared::Since(Some(since)), ["before", "now"].map(str::to_owned))
        }
        Against::Vendors(kinds) if kinds == KINDS => {
            diff.between = Some(kinds.clone());
            (Arc::clone(table), Compared::Kinds, kinds)
        }
        Against::Vendors(vendors) => {
            diff.between = Some(vendors.clone());
            (Arc::new(pair(table, &vendors)?), Compared::Vendors, vendors)
        }
    };
    for name in &names {
        diff.counts.only.insert(name.clone(), 0);
        diff.counts.apart.insert(name.clone(), 0);
    }
    let ledger = Ledger::open(&world.store, &table).await?;
    let Inputs { partitions, unplaced } = ledger.inputs();
    for (path, reason) in unplaced {
        tracing::warn!("skipping `{path}`: {reason}");
    }
    for (partition, files) in partitions {
        let is_wanted = match (range, partition.days()) {
            (Some(range), Some(days)) => range.intersect(days).is_some(),
            _ => true,
        };
        if !is_wanted {
            continue;
        }
        if let Compared::Since(since) = what {
            ledger.read(&world.store, |file| ledger.may_repeat(file, &files, since)).await;
            if ledger.second_answers(&files, since).is_empty() {
                diff.unread += 1;
                continue;
            }
        }
        let comparison = compare(&world.store, &ledger, (partition, &files), what, range).await?;
        diff.add(comparison, &names);
    }
    Ok(diff)
}

impl Diff {
    /// Whether there is nothing to report.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.differences.is_empty() && self.counts.apart.values().all(|rows| *rows == 0)
    }

    fn add(&mut self, comparison: Comparison, names: &[String; 2]) {
        let counts = &mut self.counts;
        counts.same += comparison.same;
        for (name, rows) in names.iter().zip(comparison.apart) {
            *counts.apart.entry(name.clone()).or_default() += rows;
        }
        let is_between = self.between.is_some();
        for difference in comparison.differences {
            let Difference { key, vendor, only, columns, revision } = difference;
            match only {
                None => counts.differ += 1,
                Some(side) => *counts.only.entry(names[side].clone()).or_default() += 1,
            }
            for (column, _) in &columns {
                *counts.columns.entry(column.clone()).or_default() += 1;
            }
            let what = match (only, is_between) {
                (None, false) => "changed",
                (None, true) => "differs",
                (Some(_), true) => "only",
                (Some(0), false) => "gone",
                (Some(_), false) => "added",
            };
            let both =
                |[first, second]: [Value; 2]| BothValues([(names[0].clone(), first), (names[1].clone(), second)]);
            let vendor = only.filter(|_| is_between).map_or(vendor, |side| names[side].clone());
            self.differences.push(RowDiff {
                key,
                what,
                vendor: (only.is_some() || !is_between).then_some(vendor),
                columns: columns.into_iter().map(|(column, values)| (column, both(values))).collect(),
                revision: revision.map(|revision| revision.number),
                known_on: revision.and_then(|revision| revision.known_on),
                observed_at: revision.and_then(|revision| revision.observed_at),
            });
        }
    }
}

/// The table as these two vendors alone would feed it.
fn pair(table: &Table, vendors: &[String; 2]) -> Result<Table> {
    let feeds: Vec<&str> = {
        let mut feeds = table.vendors();
        feeds.extend(table.left_out.iter().map(|source| source.contract.id.vendor.as_str()));
        feeds.dedup();
        feeds
    };
    if let Some(stranger) = vendors.iter().find(|vendor| !feeds.contains(&vendor.as_str())) {
        let hint = nearest(stranger, feeds.iter().copied());
        let hint = hint.unwrap_or_else(|| format!("it is fed by {}", feeds.join(", ")));
        return Err(Misuse(format!("`{stranger}` does not feed `{}`; {hint}", table.name)).into());
    }
    let [first, second] = vendors;
    let pair = table.fed_by(&[first, second]).filter(|_| first != second);
    pair.ok_or_else(|| {
        Misuse("invalid --between: expected two vendors that differ, such as tushare,asharehub".into()).into()
    })
}

/// The start of a run, or of a day in Shanghai.
async fn moment(world: &World, text: &str) -> Result<DateTime<Utc>> {
    if let Some(at) = day::date(text).and_then(|day| day.and_time(NaiveTime::MIN).and_local_timezone(SHANGHAI).single())
    {
        return Ok(at.with_timezone(&Utc));
    }
    let runs = report::all(&world.store).await?;
    let Some(run) = runs.iter().find(|run| run.run == text) else {
        let hint = nearest(text, runs.iter().map(|run| run.run.as_str()));
        let hint = hint.unwrap_or_else(|| "expected the id of a run in runs/, or a day such as 2024-06-28".into());
        return Err(Misuse(format!("unknown run `{text}`; {hint}")).into());
    };
    // File names have milliseconds.
    Ok(DateTime::from_timestamp_millis(run.started.timestamp_millis()).unwrap_or(run.started))
}

/// Serialises pairs as an object, keeping their order.
fn named<S: Serializer, V: Serialize>(pairs: &[(String, V)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().map(|(name, value)| (name, value)))
}

impl Serialize for BothValues {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        named(&self.0, serializer)
    }
}
