//! Whether to accept a capture, and what to report about its rows, which are read by the build's own code. Where they
//! are written is up to `import`.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::Result;
use arrow::array::{Array as _, AsArray as _};
use arrow::datatypes::DataType;
use arrow::record_batch::RecordBatch;
use chrono::NaiveDate;
use pitlake_contract::counted;

use crate::bronze::Capture;
use crate::normalise::{Input, Reject, Remarks, Stop, outside, read};
use crate::ops::rejects::{SetAside, grouped};
use crate::plan::{UNIVERSE, Universe};
use crate::spec::{Catalog, Contract, Table, TableSource};
use crate::world::Misuse;

/// How many unknown columns a refusal lists.
const SOME: usize = 5;

/// The interface of an import, and the table it feeds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) contract: &'a Arc<Contract>,
    pub(super) table: &'a Table,
    pub(super) source: &'a TableSource,
}

/// What would become of a capture's rows.
#[derive(Debug)]
pub(super) struct Judgement {
    /// Number of rows that reach silver.
    pub(super) read: usize,
    pub(super) set_aside: Vec<SetAside>,
    pub(super) days: BTreeSet<NaiveDate>,
    /// Codes that are not in the universe.
    pub(super) unknown_codes: Vec<String>,
    pub(super) remarks: Remarks,
}

impl Target<'_> {
    /// The vendor's fields that make up the key; if `required`, only those that may not be empty.
    pub(super) fn key(&self, required: bool) -> Vec<&str> {
        let columns = self.table.key.iter();
        let plans = columns.filter_map(|column| self.source.fields.iter().find(|plan| plan.column == *column));
        let fields = plans.map(|plan| &self.contract.fields[plan.field]).filter(|field| !(required && field.nullable));
        fields.map(|field| field.name.as_str()).collect()
    }

    /// Reads the rows of a capture as the build will.
    ///
    /// # Errors
    /// [`Misuse`] when no row can be read, the file belongs to another interface, or prices look adjusted, unless
    /// `force` says that they are not.
    pub(super) fn judge(
        &self,
        (name, capture): (&str, &Capture),
        (catalog, universe): (&Catalog, &Universe),
        force: bool,
    ) -> Result<Judgement> {
        self.refuse_other_interface(name, capture, catalog)?;
        let Self { contract, table, source } = *self;
        let reading = read(table, Input::new(name, source), &capture.lines).map_err(|error| {
            match error.downcast_ref::<Stop>() {
                Some(stop) => Misuse(format!("cannot import {}: {stop}", contract.id)).into(),
                None => error,
            }
        })?;
        let lines: BTreeSet<usize> = reading.rejects.iter().map(|reject| reject.line).collect();
        let rejects = reading.rejects.into_iter().map(|Reject { reason, line, row, .. }| (reason, line, row));
        let set_aside = grouped(rejects);
        if reading.batch.num_rows() == 0 {
            let reason = set_aside.first().map_or_else(
                || "they lack fields that the table requires".to_owned(),
                |first| format!("row {}: {}", first.row, first.reason),
            );
            let way_out = self
                .empty_field(&set_aside)
                .map_or_else(String::new, |field| format!("; set a value for all rows with `--set {field}=VALUE`"));
            return Err(Misuse(format!(
                "`{name}`: none of its {} can be read as {}: {reason}{way_out}",
                counted(capture.rows, "row"),
                contract.id
            ))
            .into());
        }
        if let Some((outside, rows)) = outside(table, &reading.batch).filter(|(outside, rows)| outside * 2 > *rows)
            && !force
        {
            let message = format!(
                "`{name}`: the prices look adjusted: amount / volume lies outside low and high in {outside} of {rows} \
                 rows, and {} has raw prices; export them without adjustment, or import them with --force",
                contract.id
            );
            return Err(Misuse(message).into());
        }
        let read = capture.rows.saturating_sub(lines.len());
        let unknown_codes = self.unknown_codes(&reading.batch, universe);
        Ok(Judgement { read, set_aside, days: reading.days, unknown_codes, remarks: reading.remarks })
    }

    /// The field that is empty in all rows, if they are rejected for no other reason.
    fn empty_field(&self, set_aside: &[SetAside]) -> Option<&str> {
        let [SetAside { reason, .. }] = set_aside else { return None };
        let is_named = |column: usize| *reason == format!("`{}` is empty", self.table.columns[column].name);
        let plan = self.source.fields.iter().find(|plan| is_named(plan.column))?;
        Some(&self.contract.fields[plan.field].name)
    }

    /// Refuses a file that shares nothing but the key with the interface: it belongs to another one.
    fn refuse_other_interface(&self, name: &str, capture: &Capture, catalog: &Catalog) -> Result<(), Misuse> {
        let Self { contract, source, .. } = self;
        let key: Vec<Option<usize>> = self.key(false).into_iter().map(|field| contract.field(field)).collect();
        let is_figure = |field: usize| !key.contains(&Some(field));
        let common = capture.fields.iter().filter_map(|name| contract.field(name));
        let others: Vec<&str> =
            capture.fields.iter().map(String::as_str).filter(|name| contract.field(name).is_none()).collect();
        let has_figures = source.fields.iter().any(|plan| is_figure(plan.field));
        if others.is_empty() || !has_figures || common.into_iter().any(is_figure) || source.rows.is_some() {
            return Ok(());
        }
        let fits = |other: &&Arc<Contract>| {
            other.id.vendor == contract.id.vendor && capture.fields.iter().all(|name| other.field(name).is_some())
        };
        // The interface with the fewest fields among those that have all columns.
        let best = catalog.contracts().filter(fits).min_by_key(|other| (other.fields.len(), &other.id));
        let way_out = best.map_or_else(
            || "give the columns the vendor's names, or choose the interface that the file came from".to_owned(),
            |best| format!("import it with --interface {}", best.id),
        );
        let more = if others.len() > SOME { ", …" } else { "" };
        Err(Misuse(format!(
            "`{name}` has no column of {} except its key; the others are `{}`{more}: {way_out}",
            contract.id,
            others[..others.len().min(SOME)].join("`, `")
        )))
    }

    /// Codes that are not in the universe. Only for interfaces with the universe's securities: those that cover a
    /// market, and files whose other codes are in it.
    fn unknown_codes(&self, batch: &RecordBatch, universe: &Universe) -> Vec<String> {
        if universe.is_empty() || self.table.name == UNIVERSE {
            return Vec::new();
        }
        let Some(codes) = batch.column_by_name("ts_code").filter(|codes| *codes.data_type() == DataType::Utf8) else {
            return Vec::new();
        };
        let all: BTreeSet<&str> = codes.as_string::<i32>().iter().flatten().collect();
        let unknown: Vec<String> = all.iter().filter(|code| !universe.has(code)).map(ToString::to_string).collect();
        let is_of_market = self.contract.publication.covers.is_some() || unknown.len() * 2 <= all.len();
        if is_of_market { unknown } else { Vec::new() }
    }
}
