//! The SQL that reads a table as of a day (`docs/point-in-time.md`): what our engine runs, and what the macros for `DuckDB`
//! hold. Never here: when a state or a version became known, or where tables lie.

use super::day::{Day, list, quoted};
use crate::spec::{ColumnType, Known, Table};

/// The columns of a market table's companion that the table itself lacks.
const STATE: &str = "known_on, superseded_on, observed_at, why";

/// The same of a snapshot's history.
const HISTORY: &str = "known_on, superseded_on, known_basis, observed_at, why";

/// The rows of a table as of the end of a day: its own columns. `companion` is the relation with its former states; market
/// tables without one have none. `None` where the calendar does not reach the day.
pub(super) fn as_of(table: &Table, rows: &str, companion: Option<&str>, day: Day) -> Option<String> {
    let rows = match table.known {
        Known::Announced => versions(table, rows, day),
        Known::Observed => snapshot(companion?, day),
        Known::Event => market(table, rows, companion, (day, day.sql()))?,
        Known::NextSession => market(table, rows, companion, (day, day.next_morning()?))?,
    };
    Some(with_later_columns(table, &rows, day))
}

/// The rows of a companion as of a day: the states known by then, without what ended them later.
pub(super) fn states_as_of(companion: &str, day: Day) -> String {
    let day = day.sql();
    format!(
        "SELECT * REPLACE (CASE WHEN superseded_on <= {day} THEN superseded_on END AS superseded_on, \
         CASE WHEN superseded_on <= {day} THEN why END AS why) FROM {companion} \
         WHERE known_on <= {day} AND (why IS NULL OR why <> 'appeared' OR superseded_on <= {day})"
    )
}

fn snapshot(history: &str, day: Day) -> String {
    let day = day.sql();
    format!(
        "SELECT * EXCLUDE ({HISTORY}) FROM {history} WHERE known_on <= {day} AND (superseded_on IS NULL OR superseded_on > {day})"
    )
}

/// The main rows that were known and are not newer than the day, and the states that stood then.
fn market(table: &Table, rows: &str, companion: Option<&str>, (day, known): (Day, String)) -> Option<String> {
    let event = &table.columns[table.event?];
    let until = match event.kind {
        ColumnType::Timestamp => day.ended_after(&format!("m.{}", quoted(&event.name))),
        _ => format!("m.{} <= {known}", quoted(&event.name)),
    };
    let main = format!("SELECT * FROM {rows} AS m WHERE {until}");
    let Some(companion) = companion else { return Some(main) };
    let day = day.sql();
    let part = |(name, is_required): (&str, bool)| {
        let name = quoted(name);
        if is_required { format!("s.{name} = m.{name}") } else { format!("s.{name} IS NOT DISTINCT FROM m.{name}") }
    };
    let key: Vec<String> = key(table).map(part).collect();
    Some(format!(
        "{main} AND NOT EXISTS (SELECT 1 FROM {companion} AS s WHERE s.superseded_on > {day} AND {}) \
         UNION ALL SELECT * EXCLUDE ({STATE}) FROM {companion} \
         WHERE known_on <= {day} AND superseded_on > {day} AND why <> 'appeared'",
        key.join(" AND ")
    ))
}

/// The names of the key's columns, each with whether it is never null.
fn key(table: &Table) -> impl Iterator<Item = (&str, bool)> {
    let columns = table.key.iter().map(|index| &table.columns[*index]);
    columns
        .map(|column| (column.name.as_str(), column.required))
        .chain(table.occurrence.then_some(("occurrence", true)))
}

/// Of the versions of each key that are known and not withdrawn, those of the vendor that counts; of these one with an
/// announcement before one without, the one announced or known last, and of those the last revision.
fn versions(table: &Table, rows: &str, day: Day) -> String {
    let on = day.sql();
    let vendors = table.vendors();
    let key = list(key(table).map(|(name, _)| name), "");
    let standing = format!("known_on <= {on} AND (withdrawn_on IS NULL OR withdrawn_on > {on})");
    let last = format!(
        "QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY CASE WHEN announced_on IS NULL THEN 1 ELSE 0 END, \
         coalesce(announced_on, known_on) DESC, revision DESC) = 1"
    );
    if vendors.len() == 1 && table.left_out.is_empty() {
        return format!("SELECT * FROM {rows} WHERE {standing} {last}");
    }
    // All rows of the part of the key that every source fills come from one vendor. A vendor that no longer feeds the
    // table has no place; the next build removes its rows.
    let common = list(table.common_key().iter().map(|index| table.columns[*index].name.as_str()), "");
    let texts: Vec<String> = vendors.iter().map(|vendor| format!("'{vendor}'")).collect();
    let places: Vec<String> = (1..).zip(&texts).map(|(place, vendor)| format!("WHEN {vendor} THEN {place}")).collect();
    let shown = |by: &str| day.ended_after(&format!("min(observed_at) OVER (PARTITION BY {common}{by})"));
    format!(
        "SELECT * FROM (SELECT * FROM (SELECT * FROM {rows} WHERE vendor IN ({}) \
         QUALIFY coalesce({}, false) OR NOT coalesce({}, false)) AS s WHERE {standing} \
         QUALIFY rank() OVER (PARTITION BY {common} ORDER BY CASE vendor {} END) = 1) AS v {last}",
        texts.join(", "),
        shown(", vendor"),
        shown(""),
        places.join(" "),
    )
}

/// The rows with every column null that was filled in after the day.
fn with_later_columns(table: &Table, rows: &str, day: Day) -> String {
    let on = day.sql();
    let mut later: Vec<String> = Vec::new();
    for filled in &table.filled_later {
        let [column, by] = [filled.column, filled.by].map(|index| quoted(&table.columns[index].name));
        let observed = if filled.column == filled.by {
            String::new()
        } else {
            format!(" WHEN {by} IS NULL AND {} THEN {column}", day.ended_after("observed_at"))
        };
        later.push(format!("CASE WHEN {by} <= {on} THEN {column}{observed} END AS {column}"));
    }
    for index in &table.recomputed {
        let column = quoted(&table.columns[*index].name);
        later.push(format!("CASE WHEN false THEN {column} END AS {column}"));
    }
    if table.versions.is_some() {
        later.push(format!("CASE WHEN withdrawn_on <= {on} THEN withdrawn_on END AS withdrawn_on"));
    }
    if later.is_empty() {
        return rows.to_owned();
    }
    format!("SELECT * REPLACE ({}) FROM ({rows}) AS r", later.join(", "))
}
