//! Binds pipelines to contracts. The result is a [`Table`], or all problems at once.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::pipeline::{ColumnSpec, HistorySpec, Pipeline, SourceSpec, UnitRatioSpec, VersionsSpec};
use super::table::{
    AnnouncedBy, Column, ColumnType, FieldPlan, FilledLater, History, Known, PartitionBy, Table, TableSource, Versions,
};
use super::units::UnitRatio;
use pitlake_contract::toml::At;
use pitlake_contract::{Contract, Field, FieldType, Problem, Unit, nearest};

/// Collects the problems of one pipeline.
struct Binder<'a> {
    file: &'a str,
    text: &'a str,
    problems: Vec<Problem>,
}

impl Binder<'_> {
    fn report(&mut self, offset: usize, message: String, hint: Option<String>) {
        let line = 1 + self.text[..offset.min(self.text.len())].matches('\n').count();
        self.problems.push(Problem { file: self.file.to_owned(), line, message, hint });
    }
}

/// Binds a pipeline to the contracts.
pub(super) fn bind(pipeline: &Pipeline, contracts: &[Arc<Contract>]) -> Result<Table, Vec<Problem>> {
    let mut binder = Binder { file: &pipeline.file, text: &pipeline.text, problems: Vec::new() };
    let found = found(pipeline, contracts, &mut binder);
    let columns = columns(pipeline, &found, &mut binder);
    let sources: Vec<TableSource> =
        found.iter().map(|(spec, contract)| source(spec, contract, &columns, &mut binder)).collect();
    let key = positions(&pipeline.key.value, &columns, &mut binder);
    if pipeline.key.value.is_empty() {
        binder.report(pipeline.key.offset, "the key is empty".into(), None);
    }
    let event = event(pipeline, &columns, &mut binder);
    if pipeline.partition != PartitionBy::None {
        nested(&found, &sources, event, &mut binder);
    }
    let unit_ratios = pipeline.unit_ratios.iter().filter_map(|spec| unit_ratio(spec, &columns, &mut binder)).collect();
    let versions = pipeline.versions.as_ref().map(|spec| versions(spec, &key, &columns, &mut binder));
    let filled_later = filled_later(pipeline, &columns, &mut binder);
    let recomputed = recomputed(pipeline, &columns, &mut binder);
    let history = pipeline.history.as_ref().and_then(|spec| history(spec, &columns, &mut binder));
    for example in &pipeline.examples {
        if !found.iter().any(|(_, contract)| contract.id == example.source) {
            binder.report(
                0,
                format!("the example has the source `{}`, which is not a [[source]] of this table", example.source),
                None,
            );
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
        recomputed,
        known: pipeline.known,
        columns,
        sources,
        left_out: Vec::new(),
        preferred: None,
        versions,
        history,
        unit_ratios,
        examples: pipeline.examples.clone(),
        digest: digest(pipeline, &found),
    })
}

/// The columns that are filled in later than their row, with their dates.
fn filled_later(pipeline: &Pipeline, columns: &[Column], binder: &mut Binder<'_>) -> Vec<FilledLater> {
    let mut found = Vec::new();
    for (column, by) in &pipeline.filled_later {
        let [Some(filled), Some(date)] = [column, by].map(|at| position(at, columns, binder)) else { continue };
        if columns[date].kind != ColumnType::Date {
            binder.report(by.offset, format!("`filled_later` needs date columns, and `{}` is not one", by.value), None);
        }
        if filled != date && pipeline.versions.is_none() {
            let message = format!("`{}` is filled by another column, which needs `keeps = \"versions\"`", column.value);
            binder.report(column.offset, message, None);
        }
        found.push(FilledLater { column: filled, by: date });
    }
    found
}

/// The columns that vendors recompute, given by name or by suffix.
fn recomputed(pipeline: &Pipeline, columns: &[Column], binder: &mut Binder<'_>) -> Vec<usize> {
    let mut found = Vec::new();
    for name in &pipeline.recomputed {
        let Some(end) = name.value.strip_prefix('*') else {
            found.extend(position(name, columns, binder));
            continue;
        };
        let before = found.len();
        found.extend((0..columns.len()).filter(|column| columns[*column].name.ends_with(end)));
        if found.len() == before {
            binder.report(name.offset, format!("no column ends in `{end}`"), None);
        }
    }
    found
}

/// The sources with their contracts.
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
                binder.report(spec.interface.offset, message, hint);
            }
        }
    }
    found
}

/// The index of a column.
fn position(at: &At<String>, columns: &[Column], binder: &mut Binder<'_>) -> Option<usize> {
    let index = columns.iter().position(|c| c.name == at.value);
    if index.is_none() {
        let hint = nearest(&at.value, columns.iter().map(|c| c.name.as_str()));
        binder.report(at.offset, format!("no column `{}`", at.value), hint);
    }
    index
}

fn positions(names: &[At<String>], columns: &[Column], binder: &mut Binder<'_>) -> Vec<usize> {
    names.iter().filter_map(|at| position(at, columns, binder)).collect()
}

/// A unit check. `None` if a column is unknown or not numeric, which is reported.
fn unit_ratio(spec: &UnitRatioSpec, columns: &[Column], binder: &mut Binder<'_>) -> Option<UnitRatio> {
    let mut number = |at: &At<String>| {
        let index = position(at, columns, binder)?;
        if !matches!(columns[index].kind, ColumnType::Int64 | ColumnType::Float64) {
            binder.report(at.offset, format!("`{}` is not a number column", at.value), None);
            return None;
        }
        Some(index)
    };
    match spec {
        UnitRatioSpec::Price { amount, volume, price } => {
            let (amount, volume) = (number(amount), number(volume));
            let price = price.as_ref().map(&mut number);
            Some(UnitRatio::Price {
                amount: amount?,
                volume: volume?,
                price: price.map_or(Some(None), |price| price.map(Some))?,
            })
        }
        UnitRatioSpec::Sums([sum, equals]) => {
            let mut numbers = |names: &[At<String>]| names.iter().map(&mut number).collect::<Option<Vec<usize>>>();
            let (sum, equals) = (numbers(sum), numbers(equals));
            Some(UnitRatio::Sums([sum?, equals?]))
        }
    }
}

/// The event column, which partitions and some values of `known` require.
fn event(pipeline: &Pipeline, columns: &[Column], binder: &mut Binder<'_>) -> Option<usize> {
    let event = pipeline.event.as_ref().and_then(|at| {
        let index = position(at, columns, binder)?;
        if !is_dated(&columns[index]) {
            binder.report(at.offset, format!("the event `{}` is not a date column", at.value), None);
        }
        Some(index)
    });
    let known_by_event = matches!(pipeline.known, Known::Event | Known::NextSession);
    if event.is_none() && (pipeline.partition != PartitionBy::None || known_by_event) {
        binder.report(0, "missing key `event`: `partition` or `known` needs one".into(), None);
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
    let earliest = spec.earliest.as_ref().and_then(|at| position(at, columns, binder));
    if dates.iter().chain(&not_before).chain(&earliest).any(|column| !is_dated(&columns[*column])) {
        binder.report(spec.offset, "`announced`, `not_before` and `earliest` need date columns".into(), None);
    }
    if spec.announced_by.is_some() == when.is_empty() || (by.is_some() && !announced.is_empty()) {
        let message = "`announced_by` and `announced_when` go together and replace `announced`";
        binder.report(spec.offset, message.into(), None);
    }
    // Dates that announce for one value of a column are figures for its other values.
    let known: Vec<usize> = [key, &announced, &labels].into_iter().flatten().chain(&flag).copied().collect();
    let figures = (0..columns.len()).filter(|column| !known.contains(column)).collect();
    Versions {
        announced,
        announced_by: by.map(|column| AnnouncedBy { column, dates: when }),
        not_before,
        earliest,
        occurrence_per_announcement: spec.occurrence_per_announcement,
        flag,
        figures,
    }
}

fn history(spec: &HistorySpec, columns: &[Column], binder: &mut Binder<'_>) -> Option<History> {
    let from = position(&spec.from, columns, binder);
    let until = spec.until.as_ref().map(|at| position(at, columns, binder));
    let constant = positions(&spec.constant, columns, binder);
    if from.into_iter().chain(until.flatten()).any(|column| columns[column].kind != ColumnType::Date) {
        binder.report(spec.offset, "`from` and `until` need date columns".into(), None);
    }
    let mut values = |values: &[(At<String>, String)]| {
        let mut bound = Vec::with_capacity(values.len());
        for (at, value) in values {
            let Some(column) = position(at, columns, binder) else { continue };
            if columns[column].kind != ColumnType::Utf8 {
                binder.report(at.offset, format!("`{}` is not a text column", at.value), None);
            }
            bound.push((column, value.clone()));
        }
        bound
    };
    let (before, after) = (values(&spec.before), values(&spec.after));
    Some(History { from: from?, until: until.flatten(), constant, before, after })
}

/// Digest of the pipeline and its contracts, as text.
fn digest(pipeline: &Pipeline, found: &[(&SourceSpec, Arc<Contract>)]) -> String {
    let mut digest = Sha256::new();
    digest.update(&pipeline.text);
    for (_, contract) in found {
        digest.update(&contract.text);
    }
    digest.finalize().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

/// Reports a nested source of a partitioned table: its bronze files are placed by the days of their lines, which must
/// be at the top level.
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
            let hint = "write `partition = \"none\"`, or an event at the top of the reply";
            binder.report(offset, "a nested reply cannot feed a table with partitions".into(), Some(hint.into()));
        }
    }
}

/// Whether a column holds dates or times.
fn is_dated(column: &Column) -> bool {
    matches!(column.kind, ColumnType::Date | ColumnType::Timestamp)
}

/// The column that a field fills: the name below the rows of a nested reply, unless the pipeline renames it. `None` for
/// a field of another list in the reply, or one that the pipeline leaves out.
fn column_of(spec: &SourceSpec, contract: &Contract, field: &Field) -> Option<String> {
    if !spec.only.is_empty() && !spec.only.iter().any(|at| at.value == field.name) {
        return None;
    }
    let rows = spec.rows.as_ref().map_or("", |at| at.value.as_str());
    // A list's fields exist only on the rows of that list.
    let list = contract.lists().filter(|list| below(list, &field.name).is_some()).max_by_key(|list| list.len());
    if list.is_some_and(|list| list != rows && below(list, rows).is_none()) {
        return None;
    }
    let renamed = spec.renamed.iter().find(|(_, from)| *from == field.name).map(|(column, _)| column.value.clone());
    Some(renamed.unwrap_or_else(|| below(rows, &field.name).unwrap_or(&field.name).replace('.', "_")))
}

/// The part of a path below another path.
fn below<'a>(outer: &str, path: &'a str) -> Option<&'a str> {
    path.strip_prefix(outer)?.strip_prefix('.')
}

/// All columns: the fields of each source in order, in canonical units unless the pipeline says otherwise.
fn columns(pipeline: &Pipeline, found: &[(&SourceSpec, Arc<Contract>)], binder: &mut Binder<'_>) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    for (spec, contract) in found {
        for field in &contract.fields {
            let Some(name) = column_of(spec, contract, field) else { continue };
            if columns.iter().any(|c| c.name == name) {
                continue;
            }
            let spec = pipeline.columns.iter().find(|c| c.name.value == name);
            columns.push(column(&name, field, spec));
        }
        if let Some(rows) = &spec.rows
            && !contract.lists().any(|list| list == rows.value)
        {
            let hint = nearest(&rows.value, contract.lists());
            binder.report(rows.offset, format!("`{}` has no list `{}`", contract.id, rows.value), hint);
        }
        let named = spec.renamed.iter().map(|(column, field)| (column.offset, field));
        for (offset, field) in named.chain(spec.only.iter().map(|at| (at.offset, &at.value))) {
            if !contract.fields.iter().any(|f| f.name == *field) {
                let hint = nearest(field, contract.fields.iter().map(|f| f.name.as_str()));
                binder.report(offset, format!("`{}` has no field `{field}`", contract.id), hint);
            }
        }
    }
    for spec in &pipeline.columns {
        if !columns.iter().any(|c| c.name == spec.name.value) {
            let hint = nearest(&spec.name.value, columns.iter().map(|c| c.name.as_str()));
            binder.report(spec.name.offset, format!("no field fills the column `{}`", spec.name.value), hint);
        }
    }
    columns
}

fn column(name: &str, field: &Field, spec: Option<&ColumnSpec>) -> Column {
    let unit = spec.and_then(|s| s.unit).or(field.unit.map(Unit::canonical));
    let natural = match field.kind {
        FieldType::Text | FieldType::Symbol => ColumnType::Utf8,
        FieldType::Time | FieldType::Epoch => ColumnType::Timestamp,
        FieldType::Date => ColumnType::Date,
        FieldType::Integer => ColumnType::Int64,
        FieldType::Flag => ColumnType::Boolean,
        FieldType::Number if unit.is_some_and(Unit::counts) => ColumnType::Int64,
        FieldType::Number => ColumnType::Float64,
    };
    Column {
        name: name.to_owned(),
        kind: spec.and_then(|s| s.kind).unwrap_or(natural),
        unit,
        required: !field.nullable,
        description: spec.and_then(|s| s.description.clone()).unwrap_or_else(|| field.description.clone()),
    }
}

fn source(spec: &SourceSpec, contract: &Arc<Contract>, columns: &[Column], binder: &mut Binder<'_>) -> TableSource {
    let mut fields = Vec::new();
    for (index, field) in contract.fields.iter().enumerate() {
        let Some(name) = column_of(spec, contract, field) else { continue };
        let Some(column) = columns.iter().position(|c| c.name == name) else { continue };
        let problem = match fit(field, &columns[column]) {
            Ok(shift) => {
                fields.push(FieldPlan { column, field: index, kind: field.kind, shift });
                continue;
            }
            Err(problem) => problem,
        };
        binder.report(spec.interface.offset, format!("`{name}` from `{}`: {problem}", contract.id), None);
    }
    let needs = positions(&spec.needs, columns, binder);
    let rows = spec.rows.as_ref().map(|at| at.value.clone());
    TableSource { contract: Arc::clone(contract), fields, rows, needs }
}

/// The decimal shift from the field to the column, or why they do not match.
fn fit(field: &Field, column: &Column) -> Result<i8, String> {
    let fits = match field.kind {
        FieldType::Text | FieldType::Symbol => column.kind == ColumnType::Utf8,
        FieldType::Time | FieldType::Epoch => column.kind == ColumnType::Timestamp,
        FieldType::Date => column.kind == ColumnType::Date,
        FieldType::Flag => column.kind == ColumnType::Boolean,
        FieldType::Number | FieldType::Integer => matches!(column.kind, ColumnType::Int64 | ColumnType::Float64),
    };
    if !fits {
        return Err(format!("a {} column cannot hold {:?}", column.kind.name(), field.kind).to_lowercase());
    }
    match (field.unit, column.unit) {
        (None, None) => Ok(0),
        (Some(from), Some(to)) => from.shift_to(to).map_err(|e| e.to_string()),
        (Some(from), None) => Err(format!("the field is in `{from}`, the column has no unit")),
        (None, Some(to)) => Err(format!("the column is in `{to}`, the field has no unit")),
    }
}
