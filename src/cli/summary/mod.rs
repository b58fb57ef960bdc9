//! The summary printed at the end of a run. The report itself is in `report`.

mod causes;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use pitlake_contract::counted;
use pitlake_contract::spelling::excerpt;

use causes::{Causes, NAMED, names};

use super::language::{aside, listed, local, say};
use crate::report::{Drift, Exit, Failed, Marked, Report, TableReport};
use crate::store::Store;

/// The most interfaces whose calls are shown individually.
const MOST_NAMED: usize = 6;

/// The most tables without news that get a line each.
const MOST_ALIKE: usize = 6;

/// What prevented tables from getting data, then for each table what was done and what was not. Paths include the
/// lake's, so that they can be pasted.
pub(super) fn text(report: &Report, store: &Store) -> String {
    let mut out = String::new();
    let causes = Causes::of(report);
    for text in causes.lines() {
        line(&mut out, &text);
    }
    let tables = report.tables.iter().map(|(name, table)| {
        // What was held before is irrelevant next to the reason why no more was fetched.
        let done = done(table).filter(|_| is_changed(table) || !causes.stopped(table));
        (name, done, remarks((name, table), &causes, (store, &report.run)))
    });
    let (shown, rest): (Vec<_>, Vec<_>) = tables.partition(|(_, done, remarks)| done.is_some() || !remarks.is_empty());
    let is_same = |name: &String, remarks: &[String]| {
        remarks.is_empty() && report.tables.get(name).is_some_and(|table| !is_changed(table))
    };
    let same: Vec<&String> =
        shown.iter().filter(|(name, _, remarks)| is_same(name, remarks)).map(|(name, ..)| *name).collect();
    // If there are few, each gets a line.
    let same = if same.len() > MOST_ALIKE { same } else { Vec::new() };
    let shown: Vec<_> = shown.into_iter().filter(|(name, ..)| !same.contains(name)).collect();
    let width = shown.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
    for (name, done, remarks) in shown {
        line(&mut out, &format!("{name:width$}  {}", done.as_deref().unwrap_or(&local("nothing new"))));
        for remark in remarks {
            line(&mut out, &format!("{:width$}  ! {remark}", ""));
        }
    }
    if !same.is_empty() {
        line(&mut out, &nothing_new(report, &same));
    }
    for (of, tables) in causes.skipped() {
        line(&mut out, &say!("skipped, not due yet: {} ({tables})", days(of.iter())));
    }
    let is_idle = |name: &String| report.tables.get(name).is_some_and(|table| !causes.concern(table));
    let idle: Vec<&str> = rest.iter().filter(|(name, ..)| is_idle(name)).map(|(name, ..)| name.as_str()).collect();
    if !idle.is_empty() {
        let tables = names(&idle);
        line(
            &mut out,
            &match idle.len() {
                0..=NAMED => say!("nothing to do: {tables}"),
                _ => say!("nothing to do: {tables} (--format json lists them)"),
            },
        );
    }
    let exit = report.exit_code();
    if let Some(next) = next(exit) {
        line(&mut out, &say!("exit {}, {}: {next}", u8::from(exit), exit.meaning()));
    }
    if let Some(clock) = &report.clock {
        line(&mut out, &say!("warning: {}", local(clock)));
    }
    line(&mut out, &say!("calls: {}", calls(report)));
    line(&mut out, &say!("report: {}", store.location(&format!("runs/{}.json", report.run))));
    out
}

/// What to do after a run ended with an exit code, if waiting or another command helps.
fn next(exit: Exit) -> Option<&'static str> {
    match exit {
        Exit::NotPublished => Some("run again later, in half an hour or the next morning; what is there is safe"),
        Exit::Incomplete => Some("run again; only what is missing is fetched"),
        Exit::QuotaSpent => Some("run again tomorrow; only what is missing is fetched"),
        Exit::NoRight => Some("correct it and run again; `pitlake doctor` shows what the account may request"),
        _ => None,
    }
}

/// One line for tables for which a run found nothing new.
fn nothing_new(report: &Report, names: &[&String]) -> String {
    let tables = counted(names.len(), "table");
    let of_tables: Vec<&TableReport> = names.iter().filter_map(|name| report.tables.get(*name)).collect();
    let all = TableReport {
        held: of_tables.iter().map(|table| table.held).sum(),
        current: of_tables.iter().map(|table| table.current).sum(),
        ..TableReport::default()
    };
    aside(&say!("nothing new: {tables}"), &done(&all).into_iter().collect::<Vec<_>>())
}

/// What a user should know about a table besides what was done, leaving out what the causes say.
fn remarks((name, table): (&String, &TableReport), causes: &Causes<'_>, (store, run): (&Store, &str)) -> Vec<String> {
    let mut remarks = Vec::new();
    let mut also = |text: String| remarks.push(text);
    if !table.not_published.is_empty() {
        also(say!("not published yet: {}", days(table.not_published.iter())));
    }
    if !table.passed_over.is_empty() && !causes.have_skipped(&table.passed_over) {
        also(say!("skipped, not due yet: {}", days(table.passed_over.iter())));
    }
    if let Some(changed) = changed(&table.drift) {
        // Rows built from answers that others fetched are older than this run.
        also(match table.fetched {
            0 => say!("{changed}; `pitlake diff {name}` lists them"),
            _ => say!("{changed}; `pitlake diff {name} --since {run}` lists them"),
        });
    }
    let mut marked: Vec<&Marked> = table.marked.iter().collect();
    marked.sort_by_key(|marked| &marked.slice);
    for marked in marked {
        also(local(&marked.text()));
    }
    let mut failed: Vec<&Failed> = table.failed.iter().collect();
    failed.sort_by_key(|failed| failed.what.iter().min());
    for failed in failed {
        let what = days(failed.what.iter());
        if !causes.have(&failed.reason) {
            also(say!("failed: {what}: {}", failed.reason));
        } else if is_changed(table) {
            also(say!("not fetched: {what}"));
        }
    }
    if table.rejected > 0 {
        let rows = counted(table.rejected, "row");
        let folder = store.location(&format!("rejects/{name}/"));
        also(match &table.rejected_for {
            Some(reason) => say!("{rows} rejected, with reasons under {folder}: {reason}"),
            None => say!("{rows} rejected, with reasons under {folder}"),
        });
    }
    if !table.unknown_fields.is_empty() {
        also(say!("fields outside the contracts, kept in bronze: {}", days(table.unknown_fields.iter())));
    }
    if !table.absent_fields.is_empty() {
        also(say!("fields missing from the reply: {}", days(table.absent_fields.iter())));
    }
    if !table.lacking_columns.is_empty() {
        also(say!(
            "columns that are empty because the first file of the version lacked them: {}; remove that file from \
             bronze, then run `normalize`",
            days(table.lacking_columns.iter())
        ));
    }
    for (column, words) in &table.null_words {
        also(say!("`{column}`: read as missing values: {}", times(words)));
    }
    for (column, values) in &table.unlisted_values {
        also(say!("`{column}`: kept, but not among the values of the contract: {}", times(values)));
    }
    for note in table.notes.iter().filter(|note| !causes.have_note(note)) {
        also(local(note));
    }
    remarks
}

/// Calls by interface; if there are many interfaces, only the most called.
fn calls(report: &Report) -> String {
    let mut calls: Vec<(&String, u64)> = report.calls.iter().map(|(name, calls)| (name, *calls)).collect();
    if calls.is_empty() {
        return local("none");
    }
    let rest = if calls.len() > MOST_NAMED { calls.len() - MOST_NAMED + 1 } else { 0 };
    if rest > 0 {
        calls.sort_by_key(|(_, calls)| std::cmp::Reverse(*calls));
    }
    let others = calls.split_off(calls.len() - rest);
    let mut parts: Vec<String> = calls.iter().map(|(name, calls)| format!("{name} {calls}")).collect();
    if rest > 0 {
        let sum: u64 = others.iter().map(|(_, calls)| calls).sum();
        parts.push(say!("{rest} other interfaces {sum}"));
    }
    listed(&parts)
}

/// What changed in rows that readers have seen.
fn changed(drift: &Drift) -> Option<String> {
    let mut parts = Vec::new();
    if drift.rows > 0 {
        parts.push(say!("{} of {} changed", counted(drift.figures, "figure"), counted(drift.rows, "old row")));
    }
    if drift.withdrawn > 0 {
        parts.push(say!("{} withdrawn by the vendor", counted(drift.withdrawn, "row")));
    }
    let changed = (!parts.is_empty()).then(|| listed(&parts))?;
    Some(match (drift.days.first(), drift.days.last()) {
        (Some(first), Some(last)) if first == last => aside(&changed, &[first.to_string()]),
        (Some(first), Some(last)) => aside(&changed, &[say!("{first} to {last}")]),
        _ => changed,
    })
}

fn line(out: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{}", text.trim_end());
}

/// Whether the lake has anything new for a table.
fn is_changed(table: &TableReport) -> bool {
    table.fetched > 0 || !table.built.is_empty()
}

/// What was done for a table.
fn done(table: &TableReport) -> Option<String> {
    let mut parts = Vec::new();
    if table.fetched > 0 {
        let (slices, rows) = (counted(table.fetched, "slice"), counted(table.rows_fetched, "row"));
        parts.push(match table.unchanged {
            0 => say!("{slices} fetched ({rows})"),
            unchanged => say!("{slices} fetched ({rows}, {unchanged} unchanged)"),
        });
    }
    if table.held > 0 {
        parts.push(say!("{} already in the lake", counted(table.held, "slice")));
    }
    if !table.built.is_empty() {
        parts.push(say!("{} written ({})", counted(table.built.len(), "partition"), counted(table.rows_built, "row")));
    }
    if table.current > 0 {
        parts.push(say!("{} up to date", counted(table.current, "partition")));
    }
    (!parts.is_empty()).then(|| listed(&parts))
}

/// The most frequent values of a column, each with its count.
fn times(values: &BTreeMap<String, usize>) -> String {
    let mut sorted: Vec<(&String, &usize)> = values.iter().collect();
    sorted.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let named = sorted.iter().take(5).map(|(value, count)| format!("`{}` ({count})", excerpt(value)));
    let named = named.collect::<Vec<_>>().join(", ");
    let more = sorted.len().saturating_sub(5);
    if more > 0 { say!("{named} and {more} more") } else { named }
}

/// All of a few names in order; of many only the first and last.
fn days<T: ToString>(names: impl ExactSizeIterator<Item = T>) -> String {
    let mut names: Vec<String> = names.map(|name| name.to_string()).collect();
    names.sort();
    match names.as_slice() {
        [first, .., last] if names.len() > 5 => say!("{} from {first} to {last}", names.len()),
        _ => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::calls;

    #[test]
    fn of_many_interfaces_those_with_most_calls_are_named() {
        let text = |counts: &[u64]| {
            let made: serde_json::Map<String, serde_json::Value> = counts
                .iter()
                .enumerate()
                .map(|(place, calls)| (format!("tushare/i{place}"), (*calls).into()))
                .collect();
            let report = serde_json::json!({
                "run": "r", "program": "p", "command": "c", "started": "2024-06-28T12:00:00Z", "exit": 0,
                "calls": made, "tables": {}, "error": null,
            });
            calls(&serde_json::from_value(report).unwrap())
        };
        assert_eq!(text(&[]), "none");
        assert_eq!(text(&[2, 1]), "tushare/i0 2, tushare/i1 1");
        let all = "tushare/i0 1, tushare/i1 2, tushare/i2 3, tushare/i3 4, tushare/i4 5, tushare/i5 6";
        assert_eq!(text(&[1, 2, 3, 4, 5, 6]), all);
        let most = "tushare/i6 7, tushare/i5 6, tushare/i4 5, tushare/i3 4, tushare/i2 3, 2 other interfaces 3";
        assert_eq!(text(&[1, 2, 3, 4, 5, 6, 7]), most);
    }
}
