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
    /// Of a nested reply, the list whose elements are the rows.
    pub rows: Option<String>,
    /// Columns without which a row is none, and dropped.
    pub needs: Vec<usize>,
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
    /// Where it hangs on a column which dates those are: the column, and the dates by its value. Other
    /// values are unannounced.
    pub announced_by: Option<(usize, Vec<(String, Vec<usize>)>)>,
    /// The period's end: an earlier date announces nothing.
    pub not_before: Option<usize>,
    /// The vendor's mark of a correction: `1` beside a `0`.
    pub flag: Option<usize>,
    /// What makes two versions differ: neither key nor date, flag or label. The dates of `announced_by` are among
    /// it: each is a figure of the rows that it does not announce.
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
    /// Columns that are filled in later than their row: nothing before the date they hold.
    pub filled_later: Vec<usize>,
    /// From when a row may be used.
    pub known: Known,
    /// Columns filled from vendors; the program adds `vendor` at the end.
    pub columns: Vec<Column>,
    /// Sources, first choice first.
    pub sources: Vec<TableSource>,
    /// Sources of vendors that `jobs.toml` leaves out: nothing in the table is theirs.
    pub left_out: Vec<TableSource>,
    /// The order of vendors that `jobs.toml` wants, where it is another than the pipeline's.
    pub preferred: Option<Vec<String>>,
    /// How versions are told apart, where every one is kept; else the newest row of a key is.
    pub versions: Option<Versions>,
    /// The check on units, where the table allows one.
    pub unit_ratio: Option<UnitRatio>,
    /// Rows and what they must become.
    pub examples: Vec<Example>,
    /// Digest of the pipeline and its contracts as written.
    pub digest: String,
}

impl TableSource {
    /// Whether it has a field for that column.
    #[must_use]
    pub fn fills(&self, column: usize) -> bool {
        self.fields.iter().any(|plan| plan.column == column)
    }
}

impl Table {
    /// The source of that interface, one that is left out included.
    #[must_use]
    pub fn source(&self, id: &InterfaceId) -> Option<&TableSource> {
        self.sources.iter().chain(&self.left_out).find(|source| source.contract.id == *id)
    }

    /// The vendors that feed it, first choice first.
    #[must_use]
    pub fn vendors(&self) -> Vec<&str> {
        let mut vendors: Vec<&str> = Vec::new();
        for source in &self.sources {
            let vendor = source.contract.id.vendor.as_str();
            if !vendors.contains(&vendor) {
                vendors.push(vendor);
            }
        }
        vendors
    }

    /// The part of the key that every source fills: what vendors can be compared by.
    #[must_use]
    pub fn common_key(&self) -> Vec<usize> {
        let common = |column: &usize| self.sources.iter().all(|source| source.fills(*column));
        self.key.iter().copied().filter(common).collect()
    }

    /// The table as these vendors alone would feed it, in that order; `None` where one of them does not.
    #[must_use]
    pub fn fed_by(&self, vendors: &[&str]) -> Option<Self> {
        let mut table = self.clone();
        table.sources.append(&mut table.left_out);
        let all = table.vendors();
        let is_fed = vendors.iter().all(|vendor| all.contains(vendor));
        table.prefer(&vendors.iter().map(|vendor| (*vendor).to_owned()).collect::<Vec<_>>());
        is_fed.then_some(table)
    }

    /// Takes another order of vendors; one that is not named does not feed the table.
    pub(super) fn prefer(&mut self, order: &[String]) {
        let usual: Vec<String> = self.vendors().into_iter().map(str::to_owned).collect();
        let place = |source: &TableSource| order.iter().position(|vendor| *vendor == source.contract.id.vendor);
        let sources = std::mem::take(&mut self.sources).into_iter();
        (self.sources, self.left_out) = sources.partition(|source| place(source).is_some());
        self.sources.sort_by_key(place);
        let now: Vec<String> = self.vendors().into_iter().map(str::to_owned).collect();
        self.preferred = (now != usual).then_some(now);
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
    let sources: Vec<TableSource> =
        found.iter().map(|(spec, contract)| source(spec, contract, &columns, &mut binder)).collect();
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
        if !is_dated(&columns[index]) {
            binder.say(at.offset, format!("the event `{}` is no date", at.value), None);
        }
        Some(index)
    });
    let known_by_event = matches!(pipeline.known, Known::Event | Known::NextSession);
    if event.is_none() && (pipeline.partition != PartitionBy::None || known_by_event) {
        binder.say(0, "a partition or `known` by the event wants an `event`".into(), None);
    }
    if pipeline.partition != PartitionBy::None {
        nested(&found, &sources, event, &mut binder);
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
        let when: Vec<(String, Vec<usize>)> =
            spec.announced_when.iter().map(|(value, dates)| (value.clone(), of(dates))).collect();
        let by = spec.announced_by.iter().find_map(|at| of(std::slice::from_ref(at)).pop());
        let dates: Vec<usize> = when.iter().flat_map(|(_, dates)| dates).chain(&announced).copied().collect();
        if dates.iter().chain(&not_before).any(|column| !is_dated(&columns[*column])) {
            binder.say(spec.offset, "`announced` and `not_before` want date columns".into(), None);
        }
        if spec.announced_by.is_some() == when.is_empty() || (by.is_some() && !announced.is_empty()) {
            let message = "`announced_by` and `announced_when` go together, and stand instead of `announced`";
            binder.say(spec.offset, message.into(), None);
        }
        // Dates that announce under some value of a column only are figures under the others.
        let told = [&key, &announced, &labels].into_iter().flatten().chain(&flag);
        let told: Vec<usize> = told.copied().collect();
        let figures = (0..columns.len()).filter(|column| !told.contains(column)).collect();
        Versions { announced, announced_by: by.map(|by| (by, when)), not_before, flag, figures }
    });
    let filled_later: Vec<usize> = pipeline.filled_later.iter().filter_map(|at| position(at, &mut binder)).collect();
    if filled_later.iter().any(|column| columns[*column].kind != ColumnType::Date) {
        binder.say(0, "`filled_later` wants date columns".into(), None);
    }
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
        filled_later,
        known: pipeline.known,
        columns,
        sources,
        left_out: Vec::new(),
        preferred: None,
        versions,
        unit_ratio,
        examples: pipeline.examples.clone(),
        digest: digest.finalize().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}")),
    })
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
    let mut needs = Vec::new();
    for at in &spec.needs {
        match columns.iter().position(|column| column.name == at.value) {
            Some(column) => needs.push(column),
            None => {
                let hint = nearest(&at.value, columns.iter().map(|column| column.name.as_str()));
                binder.say(at.offset, format!("no column `{}`", at.value), hint);
            }
        }
    }
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
