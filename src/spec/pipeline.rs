//! What we mean by one table (`pipelines/<table>.toml`), as written and not yet proven: whether its
//! names and units hold is for [`super::bind`].

use pitlake_contract::InterfaceId;
use pitlake_contract::Problem;
use pitlake_contract::Unit;
use pitlake_contract::contract::version;
use pitlake_contract::toml::{At, Source, Table};

/// The type of a silver column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// Text.
    Utf8,
    /// A day.
    Date,
    /// A whole count.
    Int64,
    /// A price, a ratio, an amount of money.
    Float64,
    /// Yes or no.
    Boolean,
    /// An instant, UTC, to the microsecond.
    Timestamp,
}

const TYPES: &[(&str, ColumnType)] = &[
    ("utf8", ColumnType::Utf8),
    ("date", ColumnType::Date),
    ("int64", ColumnType::Int64),
    ("float64", ColumnType::Float64),
    ("boolean", ColumnType::Boolean),
    ("timestamp", ColumnType::Timestamp),
];

impl ColumnType {
    /// The name used in TOML and in `tables`.
    #[must_use]
    pub fn name(self) -> &'static str {
        TYPES.iter().find(|row| row.1 == self).map_or("", |row| row.0)
    }
}

/// How rows are spread over files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartitionBy {
    /// One file for the table.
    None,
    /// A file a year: up to about 20,000 rows a day.
    Year,
    /// A file a month: up to about a million rows a day.
    Month,
    /// A file a day.
    Day,
}

const PARTITIONS: &[(&str, PartitionBy)] = &[
    ("none", PartitionBy::None),
    ("year", PartitionBy::Year),
    ("month", PartitionBy::Month),
    ("day", PartitionBy::Day),
];

impl PartitionBy {
    /// The name used in TOML and in `tables`.
    #[must_use]
    pub fn name(self) -> &'static str {
        PARTITIONS.iter().find(|row| row.1 == self).map_or("", |row| row.0)
    }
}

/// From when a row may be used (`design.md` 5, rule 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// At the end of the day the row is about.
    Event,
    /// On the session after: the vendor publishes next morning.
    NextSession,
    /// When it came over our wire: snapshots.
    Observed,
    /// When the vendor says it was announced, version by version.
    Announced,
}

const KNOWN: &[(&str, Known)] = &[
    ("event", Known::Event),
    ("next_session", Known::NextSession),
    ("observed", Known::Observed),
    ("announced", Known::Announced),
];

impl Known {
    /// The name used in TOML and in `tables`.
    #[must_use]
    pub fn name(self) -> &'static str {
        KNOWN.iter().find(|row| row.1 == self).map_or("", |row| row.0)
    }
}

/// What stays of a key's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeps {
    /// The newest row.
    Latest,
    /// Every version.
    Versions,
}

const KEEPS: &[(&str, Keeps)] = &[("latest", Keeps::Latest), ("versions", Keeps::Versions)];

/// What the pipeline says of a column beyond the contract's word.
#[derive(Debug)]
pub(super) struct ColumnSpec {
    pub(super) name: At<String>,
    pub(super) kind: Option<ColumnType>,
    pub(super) unit: Option<Unit>,
    pub(super) description: Option<String>,
}

/// Which interface feeds the table, and which fields have another name there.
#[derive(Debug)]
pub(super) struct SourceSpec {
    pub(super) interface: At<String>,
    /// Of a nested reply, the list whose elements are the rows.
    pub(super) rows: Option<At<String>>,
    /// (column, the vendor's field) where they differ.
    pub(super) renamed: Vec<(At<String>, String)>,
    /// The fields to take; empty for all.
    pub(super) only: Vec<At<String>>,
    /// Columns without which a row is none.
    pub(super) needs: Vec<At<String>>,
}

/// How versions under a key are told apart (`design.md` 5).
#[derive(Debug)]
pub(super) struct VersionsSpec {
    pub(super) offset: usize,
    pub(super) announced: Vec<At<String>>,
    /// The column on whose value it hangs which date announces.
    pub(super) announced_by: Option<At<String>>,
    /// Its values, with the dates that announce then.
    pub(super) announced_when: Vec<(String, Vec<At<String>>)>,
    pub(super) not_before: Option<At<String>>,
    pub(super) labels: Vec<At<String>>,
    pub(super) flag: Option<At<String>>,
}

/// A row of a vendor and what it must become.
#[derive(Debug, Clone)]
pub struct Example {
    /// Which interface sends it.
    pub source: InterfaceId,
    /// The bronze line.
    pub given: String,
    /// Parameters of the call that brought it, where the line does not say everything.
    pub call: Vec<(String, String)>,
    /// Column and expected value as text; `null` where there is none.
    pub expect: Vec<(String, String)>,
    /// A part of the reason, where the row must be rejected.
    pub rejected: Option<String>,
}

/// Three columns whose ratio shows the unit: volume x price is near the amount.
#[derive(Debug)]
pub(super) struct UnitRatioSpec {
    pub(super) amount: At<String>,
    pub(super) volume: At<String>,
    pub(super) price: At<String>,
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
    pub(super) filled_later: Vec<At<String>>,
    pub(super) known: Known,
    pub(super) columns: Vec<ColumnSpec>,
    pub(super) sources: Vec<SourceSpec>,
    pub(super) unit_ratio: Option<UnitRatioSpec>,
    pub(super) versions: Option<VersionsSpec>,
    pub(super) examples: Vec<Example>,
}

/// Reads `pipelines/<table>.toml`.
pub(super) fn read(name: &str, text: &str) -> Result<Pipeline, Vec<Problem>> {
    Source::new(name, text).parse(|root| {
        version(root);
        let table = root.need("table", root.text("table"));
        if let Some(at) = &table
            && name != format!("pipelines/{}.toml", at.value)
        {
            root.problem(at.offset, format!("`{}` does not match the file's name", at.value), None);
        }
        let title = root.need("title", root.text("title"));
        let description = root.text("description").map(|at| at.value).unwrap_or_default();
        let key = root.need("key", root.texts("key"));
        let partition = root.need("partition", choice(root, "partition", PARTITIONS));
        let event = root.text("event");
        let occurrence = root.flag("occurrence").is_some_and(|at| at.value);
        let distinct = root.flag("distinct");
        if let Some(at) = distinct.as_ref().filter(|at| at.value && !occurrence) {
            let message = "`distinct` tells which rows of a key are numbered, and wants `occurrence = true`";
            root.problem(at.offset, message, None);
        }
        let distinct = distinct.is_some_and(|at| at.value);
        let filled_later = root.texts("filled_later").map(|at| at.value).unwrap_or_default();
        let known = root.need("known", choice(root, "known", KNOWN));
        let keeps = root.need("keeps", choice(root, "keeps", KEEPS));
        let columns = columns(root);
        let sources = sources(root);
        let unit_ratio = root.table("unit_ratio").and_then(|t| unit_ratio(&t));
        let versions = root.table("versions").map(|t| versions(&t));
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
            known: known?,
            columns,
            sources,
            unit_ratio,
            versions,
            examples,
        })
    })
}

fn choice<T: Copy>(table: &Table<'_>, key: &str, known: &[(&str, T)]) -> Option<T> {
    let names: Vec<&str> = known.iter().map(|row| row.0).collect();
    table.choice(key, &names, |text| known.iter().find(|row| row.0 == text).map(|row| row.1))
}

fn columns(root: &Table<'_>) -> Vec<ColumnSpec> {
    let mut columns = Vec::new();
    for (name, table) in root.named_tables("columns") {
        let kind = choice(&table, "type", TYPES);
        let unit = table.choice("unit", &Unit::names(), Unit::named);
        let description = table.text("description").map(|at| at.value);
        table.close();
        columns.push(ColumnSpec { name, kind, unit, description });
    }
    columns
}

fn sources(root: &Table<'_>) -> Vec<SourceSpec> {
    let mut sources = Vec::new();
    for table in root.tables("source") {
        let interface = table.need("interface", table.text("interface"));
        let mut renamed = Vec::new();
        for (column, fields) in table.entries("renamed") {
            match <[String; 1]>::try_from(fields) {
                Ok([field]) => renamed.push((column, field)),
                Err(_) => table.problem(column.offset, format!("`{}` wants one field", column.value), None),
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
        root.problem(root.offset(), "no [[source]] feeds the table", None);
    }
    sources
}

fn versions(table: &Table<'_>) -> VersionsSpec {
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
        labels: texts("labels"),
        flag: table.text("flag"),
    };
    table.close();
    versions
}

fn unit_ratio(table: &Table<'_>) -> Option<UnitRatioSpec> {
    let [amount, volume, price] = ["amount", "volume", "price"].map(|key| table.need(key, table.text(key)));
    table.close();
    Some(UnitRatioSpec { amount: amount?, volume: volume?, price: price? })
}

fn examples(root: &Table<'_>) -> Vec<Example> {
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
            table.problem(source.offset, format!("`{}` is no vendor/interface", source.value), None);
            continue;
        };
        if expect.is_empty() == rejected.is_none() {
            table.problem(table.offset(), "an example wants either `expect` or `rejected`", None);
        }
        let expect = expect.into_iter().map(|(name, values)| (name.value, values.concat())).collect();
        examples.push(Example { source: id, given: given.value, call, expect, rejected });
    }
    if examples.is_empty() {
        root.problem(root.offset(), "no [[example]]: every pipeline carries at least one row", None);
    }
    examples
}
