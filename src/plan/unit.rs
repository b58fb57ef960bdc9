//! Splits a backfill into units that may be done in any order, concurrently, and more than once; together they are the
//! backfill. What is missing in each is not decided here.

use std::sync::Arc;

use chrono::NaiveDate;
use serde::Serialize;

use super::sources::asked;
use crate::normalise::Partition;
use crate::spec::{Axis, Catalog, DateRange, Jobs, PartitionBy, Table};

/// A unit of a backfill: a table, or the part of it in one partition, and the event days.
#[derive(Debug, Clone)]
pub struct Unit {
    /// The table.
    pub table: Arc<Table>,
    /// Its partition. For daily partitions it is the month, because answers may hold whole months.
    partition: Partition,
    /// First and last event day.
    pub range: DateRange,
}

/// A unit for display.
#[derive(Debug, Serialize)]
pub struct ListedUnit {
    /// Its name on the command line.
    pub id: String,
    /// The table.
    pub table: String,
    /// The partition, or `all`.
    pub partition: String,
    /// First event day.
    pub start: NaiveDate,
    /// Last event day.
    pub end: NaiveDate,
}

/// The units of a backfill, in order. A table is a single unit if it has no partitions, or if its answers hold rows of
/// other partitions than the requested one.
#[must_use]
pub fn units(jobs: &Jobs, tables: &[Arc<Table>], range: DateRange) -> Vec<Unit> {
    tables.iter().flat_map(|table| of_table(jobs, table, range)).collect()
}

fn of_table(jobs: &Jobs, table: &Arc<Table>, range: DateRange) -> Vec<Unit> {
    let leaves = |axis: Axis| matches!(axis, Axis::Security | Axis::Snapshot);
    let is_one = asked(jobs, table).iter().any(|asked| leaves(table.sources[asked.source].contract.ask.axis));
    let mut units: Vec<Unit> = Vec::new();
    for first in range.months() {
        let partition = if is_one { Partition::Whole } else { piece(table, first) };
        if units.last().is_some_and(|unit| unit.partition == partition) {
            continue;
        }
        let days = partition.days().map_or(Some(range), |days| days.intersect(range));
        units.extend(days.map(|range| Unit { table: Arc::clone(table), partition, range }));
    }
    units
}

/// The partition of a day, or its month if partitions are daily.
fn piece(table: &Table, day: NaiveDate) -> Partition {
    use chrono::Datelike as _;
    match table.partition {
        PartitionBy::None | PartitionBy::Year | PartitionBy::Month => Partition::of(table, day),
        PartitionBy::Day => Partition::Month(day.year(), day.month()),
    }
}

impl Unit {
    /// Its name, such as `stock_daily_cn/year=2024`. If the days are not the whole partition they are part of it:
    /// `stock_daily_cn/year=2024/2024-01-01..2024-06-28`.
    #[must_use]
    pub fn id(&self) -> String {
        let Self { table, partition, range } = self;
        let name = &table.name;
        if partition.days() == Some(*range) {
            return format!("{name}/{partition}");
        }
        format!("{name}/{partition}/{}..{}", range.first, range.last)
    }

    /// Parses a name. A partition that has not ended yet extends to `today`.
    ///
    /// # Errors
    /// A message for the user.
    pub fn parse(catalog: &Catalog, id: &str, today: NaiveDate) -> Result<Self, String> {
        let invalid = |why: &str| {
            format!("invalid unit `{id}`: {why}; `pitlake plan TABLE --start DAY --end DAY --format json` lists units")
        };
        let (name, rest) = id.split_once('/').ok_or_else(|| invalid("expected TABLE/PARTITION"))?;
        let table = catalog.table(name).ok_or_else(|| invalid(&format!("unknown table `{name}`")))?;
        let (partition, days) = match rest.rsplit_once('/').filter(|(_, days)| days.contains("..")) {
            Some((partition, days)) => (partition, Some(days)),
            None => (rest, None),
        };
        let partition: Partition = partition.parse().map_err(|error: String| invalid(&error))?;
        let fits = match (partition, table.partition) {
            (Partition::Whole, _)
            | (Partition::Year(_), PartitionBy::Year)
            | (Partition::Month(..), PartitionBy::Month | PartitionBy::Day) => true,
            (Partition::Year(_) | Partition::Month(..) | Partition::Day(_), _) => false,
        };
        if !fits {
            return Err(invalid(&format!("`{name}` is partitioned by {}", table.partition.name())));
        }
        let range = match days {
            Some(days) => {
                let ends = days.split_once("..").and_then(|(first, last)| first.parse().ok().zip(last.parse().ok()));
                let (first, last) = ends.ok_or_else(|| invalid("expected days such as 2024-01-01..2024-06-28"))?;
                DateRange::new(first, last)
            }
            None => {
                let days = partition.days().ok_or_else(|| invalid("expected days after `all`"))?;
                DateRange::new(days.first, days.last.min(today))
            }
        };
        if range.is_empty() {
            return Err(invalid(&format!("it ends on {}, before it starts on {}", range.last, range.first)));
        }
        if partition.days().is_some_and(|days| days.intersect(range) != Some(range)) {
            return Err(invalid("its days are not those of the partition"));
        }
        Ok(Self { table: Arc::clone(table), partition, range })
    }

    /// The unit for display.
    #[must_use]
    pub fn listed(&self) -> ListedUnit {
        ListedUnit {
            id: self.id(),
            table: self.table.name.clone(),
            partition: self.partition.to_string(),
            start: self.range.first,
            end: self.range.last,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Account;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn ids(points: u32, table: &str, (start, end): (&str, &str)) -> Vec<String> {
        let (catalog, _) = Catalog::load(&[], None).unwrap();
        let account = Account { points, ..Account::default() };
        let jobs = Jobs { accounts: [("tushare".to_owned(), account)].into(), ..Jobs::default() };
        let tables = [Arc::clone(catalog.table(table).unwrap())];
        let all = units(&jobs, &tables, DateRange::new(day(start), day(end)));
        for unit in &all {
            let read = Unit::parse(&catalog, &unit.id(), day("2025-01-01")).unwrap();
            assert_eq!((read.id(), read.range), (unit.id(), unit.range));
        }
        // Each day is in exactly one unit.
        let days: Vec<NaiveDate> = all.iter().flat_map(|unit| unit.range.days()).collect();
        assert_eq!(days, DateRange::new(day(start), day(end)).days().collect::<Vec<_>>());
        all.iter().map(Unit::id).collect()
    }

    #[test]
    fn units_are_partitions_cut_to_the_range() {
        let range = ("2022-06-15", "2024-06-28");
        assert_eq!(
            ids(5000, "stock_daily_cn", range),
            [
                "stock_daily_cn/year=2022/2022-06-15..2022-12-31",
                "stock_daily_cn/year=2023",
                "stock_daily_cn/year=2024/2024-01-01..2024-06-28",
            ]
        );
        assert_eq!(ids(5000, "trade_cal", range), ["trade_cal/all/2022-06-15..2024-06-28"]);
        // Sliced by period, or by security.
        assert_eq!(ids(5000, "income_cn", range).len(), 3);
        assert_eq!(ids(2000, "income_cn", range), ["income_cn/all/2022-06-15..2024-06-28"]);
        let chips = ids(10_000, "cyq_chips_cn", ("2024-01-01", "2024-03-10"));
        assert_eq!(
            chips[1..],
            ["cyq_chips_cn/year=2024/month=2", "cyq_chips_cn/year=2024/month=3/2024-03-01..2024-03-10"]
        );
        assert_eq!(ids(10_000, "stk_mins_cn", ("2024-01-01", "2024-01-31")), ["stk_mins_cn/year=2024/month=1"]);
    }

    #[test]
    fn names_that_are_no_units_are_refused_with_a_reason() {
        let (catalog, _) = Catalog::load(&[], None).unwrap();
        let parse = |id: &str| Unit::parse(&catalog, id, day("2024-06-28"));
        assert_eq!(parse("stock_daily_cn/year=2024").unwrap().id(), "stock_daily_cn/year=2024/2024-01-01..2024-06-28");
        for (id, why) in [
            ("stock_daily_cn", "expected TABLE/PARTITION"),
            ("stock/year=2024", "unknown table `stock`"),
            ("stock_daily_cn/2024", "invalid partition `2024`"),
            ("stock_daily_cn/year=2024/month=6", "is partitioned by year"),
            ("stock_daily_cn/year=2025", "before it starts"),
            ("stock_daily_cn/year=2024/2023-12-01..2024-01-31", "not those of the partition"),
            ("stock_daily_cn/year=2024/2024..2025", "expected days"),
            ("trade_cal/all", "expected days after `all`"),
        ] {
            let error = parse(id).unwrap_err();
            assert!(error.contains(why) && error.contains("lists units"), "{id}: {error}");
        }
    }
}
