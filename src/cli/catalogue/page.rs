//! `tables TABLE`: a table in full. Never what is told of it.

use super::listed::{Listed, key, known, unit, values};
use crate::cli::language::{glossary, heading, labelled, local, padded, prose, say};
use crate::spec::PartitionBy;

/// How a table is cut into files, and the columns that readers get from the names of the folders.
fn partition(by: PartitionBy) -> String {
    match by {
        PartitionBy::None => "none: one file".to_owned(),
        PartitionBy::Year => "by year: readers get the column `year` from the folders".to_owned(),
        PartitionBy::Month => "by month: readers get the columns `year` and `month` from the folders".to_owned(),
        PartitionBy::Day => "by day: readers get the column `date` from the folders".to_owned(),
    }
}

/// The page.
pub(super) fn page(listed: &Listed<'_>) -> String {
    let (table, glossary) = (listed.table, glossary());
    let mut lines = vec![labelled(&listed.name, &local(&listed.title)), String::new()];
    lines.push(prose(table.description.trim()));
    lines.push(String::new());
    let fact = |name: &str, text: &str| format!("{} {text}", padded(&heading(name), 10));
    lines.push(fact("heading: key", &key(table).join(", ")));
    lines.push(fact("heading: partition", &local(&partition(table.partition))));
    lines.push(fact("heading: keeps", &local(listed.keeps)));
    lines.push(fact("heading: known", &local(&known(table))));
    if let Some(companion) = &listed.companion {
        lines.push(fact("heading: companion", &say!("{companion}: its former states")));
    }
    for source in &table.sources {
        let contract = &source.contract;
        let text = say!("{} (checked against the vendor's page on {})", contract.id, contract.checked);
        lines.push(fact("heading: source", &text));
        if !contract.notes.is_empty() {
            lines.push(fact("", &prose(contract.notes.trim())));
        }
    }
    lines.push(String::new());
    let added = listed.added.iter().map(|column| column.name.len());
    let width = table.columns.iter().map(|column| column.name.len()).chain(added).max().unwrap_or(0);
    let line = |name: &str, kind: &str, unit: &str, text: &str| {
        let (unit, text) = (padded(&(glossary.unit)(unit), 9), (glossary.column)(name, text, None));
        format!("{name:width$}  {kind:9}  {unit}  {text}")
    };
    for (place, column) in table.columns.iter().enumerate() {
        let unit = unit(column.kind, column.unit.map(|unit| unit.to_string()));
        lines.push(line(&column.name, column.kind.name(), &unit, &column.description));
        if let Some(listed) = values(table, place) {
            lines.push(format!("{:width$}  {}", "", say!("values: {}", listed.text(""))));
        }
    }
    lines.extend(listed.added.iter().map(|column| line(column.name, column.kind, column.unit, column.description)));
    lines.join("\n")
}
