//! `tables --format markdown`: the whole catalogue as a page, which is `docs/tables.md`, or `docs/zh/tables.md` in
//! Chinese. What is said about a table is in `listed`.

use std::sync::Arc;

use super::listed::{key, known, ticked, unit, values};
use crate::cli::language::{aside, glossary, heading, is_chinese, labelled, listed, local, prose, say};
use crate::normalise::added;
use crate::query::Glossary;
use crate::spec::{FilledLater, Table};

const ABOUT: &str = "All tables of silver. `pitlake tables --format markdown` writes this page; do not edit it. Amounts are in yuan \
                     and volumes in shares unless the unit differs; percent values are numbers times a hundred; days are days in \
                     Shanghai.";

/// The page.
pub(super) fn document(tables: &[Arc<Table>]) -> String {
    let glossary = glossary();
    let other = if is_chinese() { "[English](../tables.md)" } else { "[中文](zh/tables.md)" };
    let title = heading("heading: Tables");
    let mut out = format!("# {title}\n\n{other}\n\n{}\n\n", (glossary.text)(ABOUT));
    out.extend(tables.iter().map(|table| format!("- [`{0}`](#{0}) {1}\n", table.name, (glossary.text)(&table.title))));
    out.extend(tables.iter().map(|table| section(table, &glossary)));
    out
}

fn section(table: &Table, glossary: &Glossary) -> String {
    let title = (glossary.text)(&table.title);
    let stop = if is_chinese() { "。" } else { ". " };
    let mut out = format!("\n## {}\n\n{title}{stop}{}\n\n", table.name, prose(&line(&table.description)));
    let mut fact = |name: &str, text: &str| out.extend([format!("- {}\n", labelled(&heading(name), text))]);
    fact("heading: key", &ticked(&key(table)));
    fact("heading: partition", table.partition.name());
    fact("heading: known", &local(&known(table)));
    if let Some(companion) = table.companion() {
        fact("heading: former states", &say!("in `{companion}`"));
    }
    if !table.filled_later.is_empty() {
        let name = |column: usize| format!("`{}`", table.columns[column].name);
        let one = |later: &FilledLater| match name(later.column) {
            column if later.by == later.column => column,
            column => aside(&column, &[say!("on {}", name(later.by))]),
        };
        let names: Vec<String> = table.filled_later.iter().map(one).collect();
        fact("heading: filled in later", &labelled(&listed(&names), &local("null as of any day before the date")));
    }
    for source in &table.sources {
        let contract = &source.contract;
        let text = say!("`{}` (checked against the vendor's page on {})", contract.id, contract.checked);
        let notes = prose(&line(&contract.notes));
        fact("heading: source", &if notes.is_empty() { text } else { labelled(&text, &notes) });
    }
    let heads = ["heading: column", "heading: type", "heading: unit", "heading: meaning"].map(heading);
    out.extend(["\n| ", &heads.join(" | "), " |\n|---|---|---|---|\n"]);
    let mut row = |name: &str, kind: &str, unit: &str, text: &str| {
        let (unit, text) = ((glossary.unit)(unit), line(text).replace('|', "\\|"));
        out.extend([format!("| `{name}` | {kind} | {unit} | {text} |\n")]);
    };
    for (place, column) in table.columns.iter().enumerate() {
        let unit = unit(column.kind, column.unit.map(|unit| unit.to_string()));
        let mut text = (glossary.column)(&column.name, &column.description, None);
        if let Some(values) = values(table, place) {
            text.extend([if is_chinese() { "；" } else { "; " }, &say!("values: {}", values.text("`"))]);
        }
        row(&column.name, column.kind.name(), &unit, &text);
    }
    for column in added(table) {
        row(column.name, column.kind, column.unit, &(glossary.column)(column.name, column.description, None));
    }
    out
}

/// Joins lines into one.
fn line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
