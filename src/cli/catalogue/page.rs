//! `tables TABLE`: a table in full. What is said about it is in `listed`.

use super::listed::{Listed, key, known, unit, values};
use crate::cli::language::{glossary, heading, labelled, local, padded, prose, say, wrapped};
use crate::spec::PartitionBy;

/// How a table is split into files, and the columns that readers derive from folder names.
fn partition(by: PartitionBy) -> String {
    match by {
        PartitionBy::None => "none: one file".to_owned(),
        PartitionBy::Year => "by year: readers get the column `year` from the folders".to_owned(),
        PartitionBy::Month => "by month: readers get the columns `year` and `month` from the folders".to_owned(),
        PartitionBy::Day => "by day: readers get the column `date` from the folders".to_owned(),
    }
}

/// The page. On a terminal, its lines are at most `columns` wide if the words allow it.
pub(super) fn page(listed: &Listed<'_>, columns: Option<usize>) -> String {
    let (table, glossary) = (listed.table, glossary());
    let after = |mark: &str, text: &str| match columns {
        Some(columns) => wrapped(text, mark, columns),
        None => format!("{mark}{text}"),
    };
    let title = after("", &labelled(&listed.name, &local(&listed.title)));
    let mut lines = vec![title, String::new(), after("", &prose(table.description.trim())), String::new()];
    let fact = |name: &str, text: &str| after(&format!("{} ", padded(&heading(name), 10)), text);
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
        let mark = format!("{name:width$}  {kind:9}  {}  ", padded(&(glossary.unit)(unit), 9));
        after(&mark, &(glossary.column)(name, text, None))
    };
    for (place, column) in table.columns.iter().enumerate() {
        let unit = unit(column.kind, column.unit.map(|unit| unit.to_string()));
        lines.push(line(&column.name, column.kind.name(), &unit, &column.description));
        if let Some(listed) = values(table, place) {
            lines.push(after(&format!("{:width$}  ", ""), &say!("values: {}", listed.text(""))));
        }
    }
    lines.extend(listed.added.iter().map(|column| line(column.name, column.kind, column.unit, column.description)));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::language::width;
    use crate::spec::Catalog;

    #[test]
    fn on_a_terminal_every_page_fits_and_says_the_same() {
        let letters = |text: &str| text.split_whitespace().collect::<String>();
        for table in Catalog::load(&[], None).unwrap().0.tables() {
            let listed = Listed::of(table);
            let shown = page(&listed, Some(80));
            let wide = shown.lines().find(|line| width(line) > 80 && line.trim_start().contains(' '));
            assert_eq!(wide, None, "{}", table.name);
            assert_eq!(letters(&shown), letters(&page(&listed, None)), "{}", table.name);
        }
    }
}
