//! From what the files say to what the program knows: a [`Table`], or every problem at once.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::pipeline::{ColumnSpec, ColumnType, Known, PartitionBy, Pipeline, SourceSpec, VersionsSpec};
use super::table::{AnnouncedBy, Column, FieldPlan, Table, TableSource, UnitRatio, Versions};
use pitlake_contract::Unit;
use pitlake_contract::toml::At;
use pitlake_contract::{Contract, Field, Wire};
use pitlake_contract::{Problem, nearest};

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
    let found = found(pipeline, contracts, &mut binder);
    let columns = columns(pipeline, &found, &mut binder);
    let sources: Vec<TableSource> =
        found.iter().map(|(spec, contract)| source(spec, contract, &columns, &mut binder)).collect();
    let key = positions(&pipeline.key.value, &columns, &mut binder);
    if pipeline.key.value.is_empty() {
        binder.say(pipeline.key.offset, "the key is empty".into(), None);
    }
    let event = event(pipeline, &columns, &mut binder);
    if pipeline.partition != PartitionBy::None {
        nested(&found, &sources, event, &mut binder);
    }
    let unit_ratio = pipeline.unit_ratio.as_ref().and_then(|spec| {
        let amount = position(&spec.amount, &columns, &mut binder);
        let volume = position(&spec.volume, &columns, &mut binder);
        let price = position(&spec.price, &columns, &mut binder);
        Some(UnitRatio { amount: amount?, volume: volume?, price: price? })
    });
    let versions = pipeline.versions.as_ref().map(|spec| versions(spec, &key, &columns, &mut binder));
    let filled_later = positions(&pipeline.filled_later, &columns, &mut binder);
    if filled_later.iter().any(|column| columns[*column].kind != ColumnType::Date) {
        binder.say(0, "`filled_later` wants date columns".into(), None);
    }
    for example in &pipeline.examples {
        if !found.iter().any(|(_, contract)| contract.id == example.source) {
            binder.say(0, format!("an example comes from `{}`, which is no source here", example.source), None);
        }
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
        distinct: pipeline.distinct,
        filled_later,
        known: pipeline.known,
        columns,
        sources,
        left_out: Vec::new(),
        preferred: None,
        versions,
        unit_ratio,
        examples: pipeline.examples.clone(),
        digest: digest(pipeline, &found),
    })
}

/// The contracts of the sources.
fn found<'p>(
    pipeline: &'p Pipeline,
    contracts: &[Arc<Contract>],
    binder: &mut Binder<'_>,
) -> Vec<(&'p SourceSpec, Arc<Contract>)> {
    let mut found = Vec::new();
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
    found
}

/// The place of a column.
fn position(at: &At<String>, columns: &[Column], binder: &mut Binder<'_>) -> Option<usize> {
    let index = columns.iter().position(|c| c.name == at.value);
    if index.is_none() {
        let hint = nearest(&at.value, columns.iter().map(|c| c.name.as_str()));
        binder.say(at.offset, format!("no column `{}`", at.value), hint);
    }
    index
}

fn positions(names: &[At<String>], columns: &[Column], binder: &mut Binder<'_>) -> Vec<usize> {
    names.iter().filter_map(|at| position(at, columns, binder)).collect()
}

/// The event day, which partitions and some ways to be known hang on.
fn event(pipeline: &Pipeline, columns: &[Column], binder: &mut Binder<'_>) -> Option<usize> {
    let event = pipeline.event.as_ref().and_then(|at| {
        let index = position(at, columns, binder)?;
        if !is_dated(&columns[index]) {
            binder.say(at.offset, format!("the event `{}` is no date", at.value), None);
        }
        Some(index)
    });
    let known_by_event = matches!(pipeline.known, Known::Event | Known::NextSession);
    if event.is_none() && (pipeline.partition != PartitionBy::None || known_by_event) {
        binder.say(0, "a partition or `known` by the event wants an `event`".into(), None);
    }
    event
}

fn versions(spec: &VersionsSpec, key: &[usize], columns: &[Column], binder: &mut Binder<'_>) -> Versions {
    let announced = positions(&spec.announced, columns, binder);
    let not_before = spec.not_before.as_ref().and_then(|at| position(at, columns, binder));
    let flag = spec.flag.as_ref().and_then(|at| position(at, columns, binder));
    let labels = positions(&spec.labels, columns, binder);
    let mut when = Vec::new();
    for (value, dates) in &spec.announced_when {
        when.push((value.clone(), positions(dates, columns, binder)));
    }
    let by = spec.announced_by.as_ref().and_then(|at| position(at, columns, binder));
    let dates: Vec<usize> = when.iter().flat_map(|(_, dates)| dates).chain(&announced).copied().collect();
    if dates.iter().chain(&not_before).any(|column| !is_dated(&columns[*column])) {
        binder.say(spec.offset, "`announced` and `not_before` want date columns".into(), None);
    }
    if spec.announced_by.is_some() == when.is_empty() || (by.is_some() && !announced.is_empty()) {
        let message = "`announced_by` and `announced_when` go together, and stand instead of `announced`";
        binder.say(spec.offset, message.into(), None);
    }
    // Dates that announce under some value of a column only are figures under the others.
    let told: Vec<usize> = [key, &announced, &labels].into_iter().flatten().chain(&flag).copied().collect();
    let figures = (0..columns.len()).filter(|column| !told.contains(column)).collect();
    Versions {
        announced,
        announced_by: by.map(|column| AnnouncedBy { column, dates: when }),
        not_before,
        flag,
        figures,
    }
}

/// Of the pipeline and its contracts as written.
fn digest(pipeline: &Pipeline, found: &[(&SourceSpec, Arc<Contract>)]) -> String {
    let mut digest = Sha256::new();
    digest.update(&pipeline.text);
    for (_, contract) in found {
        digest.update(&contract.text);
    }
    digest.finalize().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// Bronze is placed by the days of its lines: one that lies deeper in a reply places nothing.
fn nested(
    found: &[(&SourceSpec, Arc<Contract>)],
    sources: &[TableSource],
    event: Option<usize>,
    binder: &mut Binder<'_>,
) {
    for ((spec, contract), source) in found.iter().zip(sources) {
        let plan = source.fields.iter().find(|plan| Some(plan.column) == event);
        let is_deep = |plan: &FieldPlan| contract.fields[plan.field].name.contains('.');
        if plan.map_or(source.rows.is_some(), is_deep) {
            let offset = spec.rows.as_ref().map_or(spec.interface.offset, |at| at.offset);
            let hint = "write `partition = \"none\"`, or name an event at the top of the reply";
            binder.say(offset, "a nested reply feeds tables without partitions".into(), Some(hint.into()));
        }
    }
}

/// Whether a column tells a day.
fn is_dated(column: &Column) -> bool {
    matches!(column.kind, ColumnType::Date | ColumnType::Timestamp)
}

/// The column that a source's field fills: its name below the rows of a nested reply, unless the pipeline
/// has another one; `None` for what belongs to other lists of the reply, and what the pipeline leaves out.
fn column_of(spec: &SourceSpec, contract: &Contract, field: &Field) -> Option<String> {
    if !spec.only.is_empty() && !spec.only.iter().any(|at| at.value == field.name) {
        return None;
    }
    let rows = spec.rows.as_ref().map_or("", |at| at.value.as_str());
    // What lies in a list is at hand only for the rows of that list.
    let list = contract.lists().filter(|list| below(list, &field.name).is_some()).max_by_key(|list| list.len());
    if list.is_some_and(|list| list != rows && below(list, rows).is_none()) {
        return None;
    }
    let renamed = spec.renamed.iter().find(|(_, from)| *from == field.name).map(|(column, _)| column.value.clone());
    Some(renamed.unwrap_or_else(|| below(rows, &field.name).unwrap_or(&field.name).replace('.', "_")))
}

/// The rest of a path below another.
fn below<'a>(outer: &str, path: &'a str) -> Option<&'a str> {
    path.strip_prefix(outer)?.strip_prefix('.')
}

/// All columns: the fields of every source in order, in canonical units, the pipeline's word over
/// the contract's.
fn columns(pipeline: &Pipeline, found: &[(&SourceSpec, Arc<Contract>)], binder: &mut Binder<'_>) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    for (spec, contract) in found {
        for field in &contract.fields {
            let Some(name) = column_of(spec, contract, field) else { continue };
            if columns.iter().any(|c| c.name == name) {
                continue;
            }
            let said = pipeline.columns.iter().find(|c| c.name.value == name);
            columns.push(column(&name, field, said));
        }
        if let Some(rows) = &spec.rows
            && !contract.lists().any(|list| list == rows.value)
        {
            let hint = nearest(&rows.value, contract.lists());
            binder.say(rows.offset, format!("{} has no list `{}`", contract.id, rows.value), hint);
        }
        let named = spec.renamed.iter().map(|(column, field)| (column.offset, field));
        for (offset, field) in named.chain(spec.only.iter().map(|at| (at.offset, &at.value))) {
            if !contract.fields.iter().any(|f| f.name == *field) {
                let hint = nearest(field, contract.fields.iter().map(|f| f.name.as_str()));
                binder.say(offset, format!("{} has no field `{field}`", contract.id), hint);
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
        Wire::Text | Wire::Symbol => ColumnType::Utf8,
        Wire::Time | Wire::Epoch => ColumnType::Timestamp,
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
        let Some(name) = column_of(spec, contract, field) else { continue };
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
    let needs = positions(&spec.needs, columns, binder);
    let rows = spec.rows.as_ref().map(|at| at.value.clone());
    TableSource { contract: Arc::clone(contract), fields, rows, needs }
}

/// The decimal shift from the field to the column, or why they do not fit.
fn fit(field: &Field, column: &Column) -> Result<i8, String> {
    let fits = match field.wire {
        Wire::Text | Wire::Symbol => column.kind == ColumnType::Utf8,
        Wire::Time | Wire::Epoch => column.kind == ColumnType::Timestamp,
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
