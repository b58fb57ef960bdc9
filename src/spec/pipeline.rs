//! A table as written in `pipelines/<table>.toml`, read strictly. Whether its names and units are valid is checked in
//! [`super::bind`].

use pitlake_contract::toml::{At, TextOrTable, TomlFile, TomlTable};
use pitlake_contract::{InterfaceId, Problem, Unit};

use super::table::{COLUMN_TYPES, ColumnType, Example, KNOWN, Known, PARTITIONS, PartitionBy};

/// Which rows of a key to keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeps {
    /// The newest row.
    Latest,
    /// Every version.
    Versions,
}

const KEEPS: &[(&str, Keeps)] = &[("latest", Keeps::Latest), ("versions", Keeps::Versions)];

/// What the pipeline says about a column, overriding the contract.
#[derive(Debug)]
pub(super) struct ColumnSpec {
    pub(super) name: At<String>,
    pub(super) kind: Option<ColumnType>,
    pub(super) unit: Option<Unit>,
    pub(super) description: Option<String>,
}

/// An interface that feeds the table.
#[derive(Debug)]
pub(super) struct SourceSpec {
    pub(super) interface: At<String>,
    /// The list whose elements are the rows, in a nested reply.
    pub(super) rows: Option<At<String>>,
    /// Columns named differently from their fields: (column, field).
    pub(super) renamed: Vec<(At<String>, String)>,
    /// The fields to take; all if empty.
    pub(super) only: Vec<At<String>>,
    /// Columns without which a row is dropped.
    pub(super) needs: Vec<At<String>>,
}

/// How to tell versions of a key apart (`docs/point-in-time.md`).
#[derive(Debug)]
pub(super) struct VersionsSpec {
    pub(super) offset: usize,
    pub(super) announced: Vec<At<String>>,
    /// The column that decides which dates are announcement dates.
    pub(super) announced_by: Option<At<String>>,
    /// Its values, each with the dates that are announcement dates for it.
    pub(super) announced_when: Vec<(String, Vec<At<String>>)>,
    pub(super) not_before: Option<At<String>>,
    pub(super) earliest: Option<At<String>>,
    pub(super) occurrence_per_announcement: bool,
    pub(super) labels: Vec<At<String>>,
    pub(super) flag: Option<At<String>>,
}

/// What dated columns tell about the days before the first look (`docs/point-in-time.md`).
#[derive(Debug)]
pub(super) struct HistorySpec {
    pub(super) offset: usize,
    pub(super) from: At<String>,
    pub(super) until: Option<At<String>>,
    pub(super) constant: Vec<At<String>>,
    /// Columns, each with its value before and after the row's end.
    pub(super) before: Vec<(At<String>, String)>,
    pub(super) after: Vec<(At<String>, String)>,
}

/// The columns whose ratio shows the unit.
#[derive(Debug)]
pub(super) enum UnitRatioSpec {
    /// Money, shares, and a price if the table has one.
    Price { amount: At<String>, volume: At<String>, price: Option<At<String>> },
    /// Two sums.
    Sums([Vec<At<String>>; 2]),
}

/// The file as written.
#[derive(Debug)]
pub(super) struct Pipeline {
    pub(super) file: String,
    pub(super) text: String,
    pub(super) table: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) key: At<Vec<At<String>>>,
    pub(super) partition: PartitionBy,
    pub(super) event: Option<At<String>>,
    pub(super) occurrence: bool,
    pub(super) distinct: bool,
    /// Columns, each with the date from which it is filled: (column, date).
    pub(super) filled_later: Vec<(At<String>, At<String>)>,
    /// Column names, or suffixes: `*_qfq`.
    pub(super) recomputed: Vec<At<String>>,
    pub(super) known: Known,
    pub(super) columns: Vec<ColumnSpec>,
    pub(super) sources: Vec<SourceSpec>,
    pub(super) unit_ratios: Vec<UnitRatioSpec>,
    pub(super) versions: Option<VersionsSpec>,
    pub(super) history: Option<HistorySpec>,
    pub(super) examples: Vec<Example>,
}

/// Reads `pipelines/<table>.toml`.
pub(super) fn read(name: &str, text: &str) -> Result<Pipeline, Vec<Problem>> {
    TomlFile::new(name, text).parse(|root| {
        root.version();
        let table = root.need("table", root.text("table"));
        if let Some(at) = &table
            && name != format!("pipelines/{}.toml", at.value)
        {
            root.problem(at.offset, format!("`{}` does not match the name of the file", at.value), None);
        }
        let title = root.need("title", root.text("title"));
        let description = root.text("description").map(|at| at.value).unwrap_or_default();
        let key = root.need("key", root.texts("key"));
        let partition = root.need("partition", root.choice("partition", PARTITIONS));
        let event = root.text("event");
        let occurrence = root.flag("occurrence").is_some_and(|at| at.value);
        let distinct = root.flag("distinct");
        if let Some(at) = distinct.as_ref().filter(|at| at.value && !occurrence) {
            let message = "`distinct` needs `occurrence = true`";
            root.problem(at.offset, message, None);
        }
        let distinct = distinct.is_some_and(|at| at.value);
        let filled_later = root.texts_or_tables("filled_later").into_iter().filter_map(filled_later).collect();
        let recomputed = root.texts("recomputed").map(|at| at.value).unwrap_or_default();
        let known = root.need("known", root.choice("known", KNOWN));
        let keeps = root.need("keeps", root.choice("keeps", KEEPS));
        let columns = columns(root);
        let sources = sources(root);
        let unit_ratios = root.one_or_more("unit_ratio").iter().filter_map(unit_ratio).collect();
        let versions = root.table("versions").map(|t| versions(&t));
        let history = root.table("history").and_then(|t| history(&t));
        if history.is_some() && known.is_some_and(|known| known != Known::Observed) {
            root.problem(root.offset(), "[history] needs `known = \"observed\"`", None);
        }
        if let (Some(keeps), Some(known)) = (keeps, known) {
            let every = keeps == Keeps::Versions;
            if every != versions.is_some() || every != (known == Known::Announced) {
                let message = "`keeps = \"versions\"`, `known = \"announced\"` and [versions] go together";
                root.problem(root.offset(), message, None);
            }
        }
        let examples = examples(root);
        Some(Pipeline {
            file: name.to_owned(),
            text: text.to_owned(),
            table: table?.value,
            title: title?.value,
            description,
            key: key?,
            partition: partition?,
            event,
            occurrence,
            distinct,
            filled_later,
            recomputed,
            known: known?,
            columns,
            sources,
            unit_ratios,
            versions,
            history,
            examples,
        })
    })
}

/// A column that is filled in later than its row, and the date on which it is filled. A date column may be its own
/// date.
fn filled_later(entry: TextOrTable<'_>) -> Option<(At<String>, At<String>)> {
    match entry {
        TextOrTable::Text(date) => Some((date.clone(), date)),
        TextOrTable::Table(table) => {
            let [column, by] = ["column", "by"].map(|key| table.need(key, table.text(key)));
            table.close();
            Some((column?, by?))
        }
    }
}

fn columns(root: &TomlTable<'_>) -> Vec<ColumnSpec> {
    let mut columns = Vec::new();
    for (name, table) in root.named_tables("columns") {
        let kind = table.choice("type", COLUMN_TYPES);
        let unit = table.choice("unit", &Unit::all());
        let description = table.text("description").map(|at| at.value);
        table.close();
        columns.push(ColumnSpec { name, kind, unit, description });
    }
    columns
}

fn sources(root: &TomlTable<'_>) -> Vec<SourceSpec> {
    let mut sources = Vec::new();
    for table in root.tables("source") {
        let interface = table.need("interface", table.text("interface"));
        let mut renamed = Vec::new();
        for (column, fields) in table.entries("renamed") {
            match <[String; 1]>::try_from(fields) {
                Ok([field]) => renamed.push((column, field)),
                Err(_) => table.problem(column.offset, format!("`{}`: expected one field", column.value), None),
            }
        }
        let rows = table.text("rows");
        let texts = |key| table.texts(key).map(|at| at.value).unwrap_or_default();
        let (only, needs) = (texts("only"), texts("needs"));
        table.close();
        if let Some(interface) = interface {
            sources.push(SourceSpec { interface, rows, renamed, only, needs });
        }
    }
    if sources.is_empty() {
        root.problem(root.offset(), "missing [[source]]: a table needs at least one", None);
    }
    sources
}

fn versions(table: &TomlTable<'_>) -> VersionsSpec {
    let texts = |key| table.texts(key).map(|at| at.value).unwrap_or_default();
    let announced_when = table.entries("announced_when").into_iter().map(|(value, dates)| {
        let dates = dates.into_iter().map(|date| At { value: date, offset: value.offset }).collect();
        (value.value, dates)
    });
    let announced_when: Vec<_> = announced_when.collect();
    let versions = VersionsSpec {
        offset: table.offset(),
        announced: texts("announced"),
        announced_by: table.text("announced_by"),
        announced_when,
        not_before: table.text("not_before"),
        earliest: table.text("earliest"),
        occurrence_per_announcement: table.flag("occurrence_per_announcement").is_some_and(|at| at.value),
        labels: texts("labels"),
        flag: table.text("flag"),
    };
    table.close();
    versions
}

fn history(table: &TomlTable<'_>) -> Option<HistorySpec> {
    let values = |key: &str| {
        let entries = table.entries(key).into_iter();
        entries.map(|(column, values)| (column, values.concat())).collect::<Vec<_>>()
    };
    let from = table.need("from", table.text("from"));
    let until = table.text("until");
    let constant = table.texts("constant").map(|at| at.value).unwrap_or_default();
    let (before, after) = (values("before"), values("after"));
    if until.is_none() && !(before.is_empty() && after.is_empty()) {
        table.problem(table.offset(), "`before` and `after` need `until`", None);
    }
    table.close();
    Some(HistorySpec { offset: table.offset(), from: from?, until, constant, before, after })
}

fn unit_ratio(table: &TomlTable<'_>) -> Option<UnitRatioSpec> {
    let [amount, volume, price] = ["amount", "volume", "price"].map(|key| table.text(key));
    let [sum, equals] = ["sum", "equals"].map(|key| table.texts(key).map(|at| at.value));
    table.close();
    match (amount, volume, price, sum, equals) {
        (Some(amount), Some(volume), price, None, None) => Some(UnitRatioSpec::Price { amount, volume, price }),
        (None, None, None, Some(sum), Some(equals)) if !sum.is_empty() && !equals.is_empty() => {
            Some(UnitRatioSpec::Sums([sum, equals]))
        }
        _ => {
            let message = "[[unit_ratio]] needs `amount` and `volume`, with or without `price`, or `sum` and `equals`";
            table.problem(table.offset(), message, None);
            None
        }
    }
}

fn examples(root: &TomlTable<'_>) -> Vec<Example> {
    let mut examples = Vec::new();
    for table in root.tables("example") {
        let source = table.need("source", table.text("source"));
        let given = table.need("given", table.text("given"));
        let rejected = table.text("rejected").map(|at| at.value);
        let call = table.entries("call").into_iter().map(|(name, values)| (name.value, values.concat())).collect();
        let expect = table.entries("expect");
        table.close();
        let (Some(source), Some(given)) = (source, given) else { continue };
        let Some(id) = InterfaceId::parse(&source.value) else {
            table.problem(
                source.offset,
                format!("invalid interface `{}`: expected vendor/interface", source.value),
                None,
            );
            continue;
        };
        if expect.is_empty() == rejected.is_none() {
            table.problem(table.offset(), "an example needs either `expect` or `rejected`", None);
        }
        let expect = expect.into_iter().map(|(name, values)| (name.value, values.concat())).collect();
        examples.push(Example { source: id, given: given.value, call, expect, rejected });
    }
    if examples.is_empty() {
        root.problem(root.offset(), "missing [[example]]: a table needs at least one", None);
    }
    examples
}
