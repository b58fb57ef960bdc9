//! The SQL that reads a table as of a day (`docs/point-in-time.md`), for our engine and for the views and macros of
//! others. When a state or version became known, and where tables are stored, is decided elsewhere.

use super::day::{Day, list, quoted};
use super::dialect::Dialect;
use crate::spec::{ColumnType, Known, Table};

/// The columns of a market table's companion that are not in the table.
const STATE: &str = "known_on, superseded_on, observed_at, why";

/// The same for a snapshot's history.
const HISTORY: &str = "known_on, superseded_on, known_basis, observed_at, why";

/// A day, and the dialect to use.
#[derive(Debug, Clone, Copy)]
pub(super) struct AsOf<'a> {
    pub(super) day: Day,
    pub(super) dialect: Dialect<'a>,
}

/// The rows of a table as of the end of a day, with its own columns. `companion` is the relation with its former
/// states; without one, a market table has none. `None` if the calendar does not reach the day.
pub(super) fn as_of(table: &Table, rows: &str, companion: Option<&str>, at: AsOf<'_>) -> Option<String> {
    let rows = match table.known {
        Known::Announced => versions(table, rows, at),
        Known::Observed => snapshot(companion?, at),
        Known::Event => market(table, rows, companion, (at, at.day.sql()))?,
        Known::NextSession => market(table, rows, companion, (at, at.day.next_morning()?))?,
    };
    Some(with_later_columns(table, &rows, at))
}

/// The rows of a companion as of a day: the states known by then, without what ended them later.
pub(super) fn states_as_of(companion: &str, at: AsOf<'_>) -> String {
    let day = at.day.sql();
    let ended = |column: &str| (column.to_owned(), format!("CASE WHEN superseded_on <= {day} THEN {column} END"));
    format!(
        "SELECT {} FROM {companion} \
         WHERE known_on <= {day} AND (why IS NULL OR why <> 'appeared' OR superseded_on <= {day})",
        at.dialect.replaced(&[ended("superseded_on"), ended("why")])
    )
}

fn snapshot(history: &str, at: AsOf<'_>) -> String {
    let day = at.day.sql();
    format!(
        "SELECT {} FROM {history} WHERE known_on <= {day} AND (superseded_on IS NULL OR superseded_on > {day})",
        at.dialect.without(HISTORY)
    )
}

/// The table's own rows that were known by the day, plus the states that held then.
fn market(table: &Table, rows: &str, companion: Option<&str>, (at, known): (AsOf<'_>, String)) -> Option<String> {
    let event = &table.columns[table.event?];
    let until = match event.kind {
        ColumnType::Timestamp => at.day.ended_after(&format!("m.{}", quoted(&event.name))),
        _ => format!("m.{} <= {known}", quoted(&event.name)),
    };
    let main = format!("SELECT {} FROM {rows} AS m WHERE {until}", at.dialect.all());
    let Some(companion) = companion else { return Some(main) };
    let day = at.day.sql();
    let part = |(name, is_required): (&str, bool)| {
        let name = quoted(name);
        if is_required { format!("s.{name} = m.{name}") } else { format!("s.{name} IS NOT DISTINCT FROM m.{name}") }
    };
    let key: Vec<String> = key(table).map(part).collect();
    Some(format!(
        "{main} AND NOT EXISTS (SELECT 1 FROM {companion} AS s WHERE s.superseded_on > {day} AND {}) \
         UNION ALL SELECT {} FROM {companion} \
         WHERE known_on <= {day} AND superseded_on > {day} AND why <> 'appeared'",
        key.join(" AND "),
        at.dialect.without(STATE)
    ))
}

/// The key columns, each with whether it is never null.
fn key(table: &Table) -> impl Iterator<Item = (&str, bool)> {
    let columns = table.key.iter().map(|index| &table.columns[*index]);
    columns
        .map(|column| (column.name.as_str(), column.required))
        .chain(table.occurrence.then_some(("occurrence", true)))
}

/// Of each key, the versions that are known and not withdrawn, from the vendor that counts. Of these, an announced one
/// before an unannounced one, then the one announced or known last, then the last revision.
fn versions(table: &Table, rows: &str, at: AsOf<'_>) -> String {
    let on = at.day.sql();
    let vendors = table.vendors();
    let key = list(key(table).map(|(name, _)| name), "");
    let standing = format!("known_on <= {on} AND (withdrawn_on IS NULL OR withdrawn_on > {on})");
    let last = format!(
        "row_number() OVER (PARTITION BY {key} ORDER BY CASE WHEN announced_on IS NULL THEN 1 ELSE 0 END, \
         coalesce(announced_on, known_on) DESC, revision DESC) = 1"
    );
    if vendors.len() == 1 && table.left_out.is_empty() {
        return at.dialect.qualified(&format!("{rows} WHERE {standing}"), &last);
    }
    // All rows for a value of the key columns that every source fills come from one vendor. A vendor that no longer
    // feeds the table has no rank; the next build removes its rows.
    let common = list(table.common_key().iter().map(|index| table.columns[*index].name.as_str()), "");
    let texts: Vec<String> = vendors.iter().map(|vendor| format!("'{vendor}'")).collect();
    let places: Vec<String> = (1..).zip(&texts).map(|(place, vendor)| format!("WHEN {vendor} THEN {place}")).collect();
    let shown = |by: &str| at.day.ended_after(&format!("min(observed_at) OVER (PARTITION BY {common}{by})"));
    let speaks = format!("coalesce({}, false) OR NOT coalesce({}, false)", shown(", vendor"), shown(""));
    let first = format!("rank() OVER (PARTITION BY {common} ORDER BY CASE vendor {} END) = 1", places.join(" "));
    let speaking = at.dialect.qualified(&format!("{rows} WHERE vendor IN ({})", texts.join(", ")), &speaks);
    let of_first = at.dialect.qualified(&format!("({speaking}) AS s WHERE {standing}"), &first);
    at.dialect.qualified(&format!("({of_first}) AS v"), &last)
}

/// The rows, with columns set to null that were filled in after the day.
fn with_later_columns(table: &Table, rows: &str, at: AsOf<'_>) -> String {
    let on = at.day.sql();
    let mut later: Vec<(String, String)> = Vec::new();
    let name = |index: usize| table.columns[index].name.clone();
    for filled in &table.filled_later {
        let [column, by] = [filled.column, filled.by].map(|index| quoted(&name(index)));
        let observed = if filled.column == filled.by {
            String::new()
        } else {
            format!(" WHEN {by} IS NULL AND {} THEN {column}", at.day.ended_after("observed_at"))
        };
        later.push((name(filled.column), format!("CASE WHEN {by} <= {on} THEN {column}{observed} END")));
    }
    for index in &table.recomputed {
        later.push((name(*index), format!("CASE WHEN false THEN {} END", quoted(&name(*index)))));
    }
    if table.versions.is_some() {
        later.push(("withdrawn_on".to_owned(), format!("CASE WHEN withdrawn_on <= {on} THEN withdrawn_on END")));
    }
    if later.is_empty() {
        return rows.to_owned();
    }
    format!("SELECT {} FROM ({rows}) AS r", at.dialect.replaced(&later))
}
