//! From what the files say to what the program knows.
//!
//! A [`Table`] is proof: every name resolves, every unit converts, the key is there and the event is
//! a day. Code after this module never checks again.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::contract::{Axis, Contract, Field, InterfaceId, Wire};
use super::pipeline::{ColumnSpec, ColumnType, Example, Known, PartitionBy, Pipeline, SourceSpec};
use super::problem::{Problem, nearest};
use super::reader::At;
use super::unit::Unit;

/// A silver column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name, Tushare's where Tushare has one.
    pub name: String,
    /// Its type.
    pub kind: ColumnType,
    /// What it counts.
    pub unit: Option<Unit>,
    /// A row without it is rejected.
    pub required: bool,
    /// Meaning and trap.
    pub description: String,
}

/// How one column is filled from one field.
#[derive(Debug, Clone)]
pub struct FieldPlan {
    /// Index of the column in [`Table::columns`].
    pub column: usize,
    /// Index of the field in the contract.
    pub field: usize,
    /// How the vendor writes it.
    pub wire: Wire,
    /// Places the decimal point moves right: derived from the two units, never written by hand.
    pub shift: i8,
}

/// One interface that feeds the table.
#[derive(Debug, Clone)]
pub struct TableSource {
    /// What the vendor says.
    pub contract: Arc<Contract>,
    /// One plan a column that it fills.
    pub fields: Vec<FieldPlan>,
}

/// Columns whose ratio shows the unit.
#[derive(Debug, Clone, Copy)]
pub struct UnitRatio {
    /// Money.
    pub amount: usize,
    /// Shares.
    pub volume: usize,
    /// Money for a share.
    pub price: usize,
}

/// How versions under a key are told apart (`design.md` 5); all are indices of columns.
#[derive(Debug, Clone)]
pub struct Versions {
    /// The dates of an announcement: it was made on the latest of them.
    pub announced: Vec<usize>,
    /// The period's end: an earlier date announces nothing.
    pub not_before: Option<usize>,
    /// The vendor's mark of a correction: `1` beside a `0`.
    pub flag: Option<usize>,
    /// What makes two versions differ: neither key nor date, flag or label.
    pub figures: Vec<usize>,
}

/// A table, proven.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its name, and its folder in silver.
    pub name: String,
    /// One line.
    pub title: String,
    /// Meaning and traps.
    pub description: String,
    /// Indices of the key columns; rows are sorted by them.
    pub key: Vec<usize>,
    /// How rows are spread over files.
    pub partition: PartitionBy,
    /// Index of the event day.
    pub event: Option<usize>,
    /// Repeats of a key within an answer are real, and numbered.
    pub occurrence: bool,
    /// From when a row may be used.
    pub known: Known,
    /// Columns filled from vendors; the program adds `vendor` at the end.
    pub columns: Vec<Column>,
    /// Sources, first choice first.
    pub sources: Vec<TableSource>,
    /// How versions are told apart, where every one is kept; else the newest row of a key is.
    pub versions: Option<Versions>,
    /// The check on units, where the table allows one.
    pub unit_ratio: Option<UnitRatio>,
    /// Rows and what they must become.
    pub examples: Vec<Example>,
    /// Digest of the pipeline and its contracts as written.
    pub digest: String,
}

impl Table {
    /// The source of that interface.
    #[must_use]
    pub fn source(&self, id: &InterfaceId) -> Option<&TableSource> {
        self.sources.iter().find(|source| source.contract.id == *id)
    }

    /// The sources whose bronze lies in the folder of one of them, that one included, first choice first:
    /// interfaces that say the same.
    pub fn sharing(&self, source: usize) -> impl Iterator<Item = usize> + '_ {
        let folder = move |index: usize| {
            let contract = &self.sources[index].contract;
            (&contract.id.vendor, &contract.kind)
        };
        (0..self.sources.len()).filter(move |other| folder(*other) == folder(source))
    }

    /// Whether the newest answer of a source replaces the ones before (no day axis).
    #[must_use]
    pub fn is_snapshot(&self) -> bool {
        self.sources.iter().all(|source| source.contract.ask.axis == Axis::Snapshot)
    }
}

/// Problems of one pipeline while it binds.
struct Binder<'a> {
    file: &'a str,
    text: &'a str,
    problems: Vec<Problem>,
}

impl Binder<'_> {
    fn say(&mut self, offset: usize, message: String, hint: Option<String>) {
        let line = 1 + self.text[..offset.min(self.text.len())].matches('\n').count();
        self.problems.push(Problem { file: self.file.to_owned(), line, message, hint });
    }
}

/// Binds one pipeline to the contracts.
pub(super) fn bind(pipeline: &Pipeline, contracts: &[Arc<Contract>]) -> Result<Table, Vec<Problem>> {
    let mut binder = Binder { file: &pipeline.file, text: &pipeline.text, problems: Vec::new() };
    let mut found: Vec<(&SourceSpec, Arc<Contract>)> = Vec::new();
    for spec in &pipeline.sources {
        match contracts.iter().find(|c| c.id.to_string() == spec.interface.value) {
            Some(contract) => found.push((spec, Arc::clone(contract))),
            None => {
                let known: Vec<String> = contracts.iter().map(|c| c.id.to_string()).collect();
                let hint = nearest(&spec.interface.value, known.iter().map(String::as_str));
                let message = format!("no contract for `{}`", spec.interface.value);
                binder.say(spec.interface.offset, message, hint);
            }
        }
    }
    let columns = columns(pipeline, &found, &mut binder);
    let sources = found.iter().map(|(spec, contract)| source(spec, contract, &columns, &mut binder)).collect();
    let position = |at: &At<String>, binder: &mut Binder<'_>| {
        let index = columns.iter().position(|c| c.name == at.value);
        if index.is_none() {
            let hint = nearest(&at.value, columns.iter().map(|c| c.name.as_str()));
            binder.say(at.offset, format!("no column `{}`", at.value), hint);
        }
        index
    };
    let key: Vec<usize> = pipeline.key.value.iter().filter_map(|at| position(at, &mut binder)).collect();
    if pipeline.key.value.is_empty() {
        binder.say(pipeline.key.offset, "the key is empty".into(), None);
    }
    let event = pipeline.event.as_ref().and_then(|at| {
        let index = position(at, &mut binder)?;
        if columns[index].kind != ColumnType::Date {
            binder.say(at.offset, format!("the event `{}` is no date", at.value), None);
        }
        Some(index)
    });
    let known_by_event = matches!(pipeline.known, Known::Event | Known::NextSession);
    if event.is_none() && (pipeline.partition != PartitionBy::None || known_by_event) {
        binder.say(0, "a partition or `known` by the event wants an `event`".into(), None);
    }
    let unit_ratio = pipeline.unit_ratio.as_ref().and_then(|spec| {
        let amount = position(&spec.amount, &mut binder);
        let volume = position(&spec.volume, &mut binder);
        let price = position(&spec.price, &mut binder);
        Some(UnitRatio { amount: amount?, volume: volume?, price: price? })
    });
    let versions = pipeline.versions.as_ref().map(|spec| {
        let mut of =
            |names: &[At<String>]| -> Vec<usize> { names.iter().filter_map(|at| position(at, &mut binder)).collect() };
        let announced = of(&spec.announced);
        let not_before = spec.not_before.iter().find_map(|at| of(std::slice::from_ref(at)).pop());
        let flag = spec.flag.iter().find_map(|at| of(std::slice::from_ref(at)).pop());
        let labels = of(&spec.labels);
        if announced.iter().chain(&not_before).any(|column| columns[*column].kind != ColumnType::Date) {
            binder.say(spec.offset, "`announced` and `not_before` want date columns".into(), None);
        }
        let told = [&key, &announced, &labels].into_iter().flatten().chain(&flag);
        let told: Vec<usize> = told.copied().collect();
        let figures = (0..columns.len()).filter(|column| !told.contains(column)).collect();
        Versions { announced, not_before, flag, figures }
    });
    for example in &pipeline.examples {
        if !found.iter().any(|(_, contract)| contract.id == example.source) {
            binder.say(0, format!("an example comes from `{}`, which is no source here", example.source), None);
        }
    }
    let mut digest = Sha256::new();
    digest.update(&pipeline.text);
    for (_, contract) in &found {
        digest.update(&contract.text);
    }
    if !binder.problems.is_empty() {
        return Err(binder.problems);
    }
    Ok(Table {
        name: pipeline.table.clone(),
        title: pipeline.title.clone(),
        description: pipeline.description.clone(),
        key,
        partition: pipeline.partition,
        event,
        occurrence: pipeline.occurrence,
        known: pipeline.known,
        columns,
        sources,
        versions,
        unit_ratio,
        examples: pipeline.examples.clone(),
        digest: digest.finalize().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}")),
    })
}

/// The name a source's field has in the table.
fn column_of<'a>(spec: &'a SourceSpec, field: &'a str) -> &'a str {
    spec.renamed.iter().find(|(_, from)| from == field).map_or(field, |(column, _)| column.value.as_str())
}

/// All columns: the fields of every source in order, in canonical units, the pipeline's word over
/// the contract's.
fn columns(pipeline: &Pipeline, found: &[(&SourceSpec, Arc<Contract>)], binder: &mut Binder<'_>) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    for (spec, contract) in found {
        for field in &contract.fields {
            let name = column_of(spec, &field.name);
            if columns.iter().any(|c| c.name == name) {
                continue;
            }
            let said = pipeline.columns.iter().find(|c| c.name.value == name);
            columns.push(column(name, field, said));
        }
        for (column, field) in &spec.renamed {
            if !contract.fields.iter().any(|f| f.name == *field) {
                let hint = nearest(field, contract.fields.iter().map(|f| f.name.as_str()));
                binder.say(column.offset, format!("{} has no field `{field}`", contract.id), hint);
            }
        }
    }
    for said in &pipeline.columns {
        if !columns.iter().any(|c| c.name == said.name.value) {
            let hint = nearest(&said.name.value, columns.iter().map(|c| c.name.as_str()));
            binder.say(said.name.offset, format!("no field fills the column `{}`", said.name.value), hint);
        }
    }
    columns
}

fn column(name: &str, field: &Field, said: Option<&ColumnSpec>) -> Column {
    let unit = said.and_then(|s| s.unit).or(field.unit.map(Unit::canonical));
    let natural = match field.wire {
        Wire::Text => ColumnType::Utf8,
        Wire::Date => ColumnType::Date,
        Wire::Integer => ColumnType::Int64,
        Wire::Flag => ColumnType::Boolean,
        Wire::Number if unit.is_some_and(Unit::counts) => ColumnType::Int64,
        Wire::Number => ColumnType::Float64,
    };
    Column {
        name: name.to_owned(),
        kind: said.and_then(|s| s.kind).unwrap_or(natural),
        unit,
        required: !field.nullable,
        description: said.and_then(|s| s.description.clone()).unwrap_or_else(|| field.description.clone()),
    }
}

fn source(spec: &SourceSpec, contract: &Arc<Contract>, columns: &[Column], binder: &mut Binder<'_>) -> TableSource {
    let mut fields = Vec::new();
    for (index, field) in contract.fields.iter().enumerate() {
        let name = column_of(spec, &field.name);
        let Some(column) = columns.iter().position(|c| c.name == name) else { continue };
        let problem = match fit(field, &columns[column]) {
            Ok(shift) => {
                fields.push(FieldPlan { column, field: index, wire: field.wire, shift });
                continue;
            }
            Err(problem) => problem,
        };
        binder.say(spec.interface.offset, format!("`{name}` from {}: {problem}", contract.id), None);
    }
    TableSource { contract: Arc::clone(contract), fields }
}

/// The decimal shift from the field to the column, or why they do not fit.
fn fit(field: &Field, column: &Column) -> Result<i8, String> {
    let fits = match field.wire {
        Wire::Text => column.kind == ColumnType::Utf8,
        Wire::Date => column.kind == ColumnType::Date,
        Wire::Flag => column.kind == ColumnType::Boolean,
        Wire::Number | Wire::Integer => matches!(column.kind, ColumnType::Int64 | ColumnType::Float64),
    };
    if !fits {
        return Err(format!("a {} column cannot hold {:?}", column.kind.name(), field.wire).to_lowercase());
    }
    match (field.unit, column.unit) {
        (None, None) => Ok(0),
        (Some(from), Some(to)) => from.shift_to(to).map_err(|e| e.to_string()),
        (Some(from), None) => Err(format!("the field is in {from}, the column has no unit")),
        (None, Some(to)) => Err(format!("the column is in {to}, the field has no unit")),
    }
}
