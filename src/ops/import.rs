//! Captures people already have, into bronze: digits untouched, held apart from answers of our own.

use anyhow::{Context as _, Result};

use crate::bronze::{self, Capture, NewFile, Span};
use crate::normalise::event_field;
use crate::spec::{DateRange, InterfaceId, nearest};
use crate::world::{Misuse, World};

/// What became of one file.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Imported {
    /// The file as named.
    pub file: String,
    /// Rows.
    pub rows: usize,
    /// First and last event day, where rows have one.
    pub days: Option<DateRange>,
    /// The bronze file; one that was there before if the same rows were imported already.
    pub bronze: String,
    /// The same rows were imported before.
    pub known: bool,
    /// Columns that the contract does not know; they are kept.
    pub unknown: Vec<String>,
}

/// Imports captures of an interface. All are read before the first is written.
///
/// # Errors
/// [`Misuse`] when a file does not fit the interface; nothing was written then.
pub async fn import(world: &World, interface: &str, files: &[std::path::PathBuf]) -> Result<Vec<Imported>> {
    let known: Vec<String> = world.catalog.contracts().map(|c| c.id.to_string()).collect();
    let found = InterfaceId::parse(interface).and_then(|id| world.catalog.contract(&id).zip(world.catalog.fed_by(&id)));
    let (contract, table) = found.ok_or_else(|| {
        let hint = nearest(interface, known.iter().map(String::as_str));
        let hint = hint.unwrap_or_else(|| "expected VENDOR/INTERFACE, for example tushare/daily".to_owned());
        Misuse(format!("unknown interface `{interface}`; {hint}"))
    })?;
    let source = table.source(&contract.id).context("a table has its source")?;
    if let Some(field) = contract.fields.iter().find(|field| field.param.is_some() && !field.nullable) {
        let message = format!(
            "cannot import {}: its replies lack `{}`, a parameter of the request; run `backfill {}` instead",
            contract.id, field.name, table.name
        );
        return Err(Misuse(message).into());
    }
    let key: Vec<&str> = table
        .key
        .iter()
        .filter_map(|column| source.fields.iter().find(|plan| plan.column == *column))
        .map(|plan| &contract.fields[plan.field])
        .filter(|field| !field.nullable)
        .map(|field| field.name.as_str())
        .collect();
    let event = event_field(table, source).map(|field| field.name.as_str());
    let mut captures = Vec::new();
    for file in files {
        let name = file.display().to_string();
        let body = tokio::fs::read(file).await.map_err(|e| Misuse(format!("cannot read `{name}`: {e}")))?;
        let capture = Capture::read(&name, &body, contract, &key, event).map_err(|e| Misuse(e.to_string()))?;
        captures.push((name, capture));
    }
    world.store.clear_staging()?;
    let mut before = Vec::new();
    for file in bronze::list(&world.store, contract).await?.into_iter().filter(|file| file.span) {
        match bronze::provenance(&world.store, &file).await {
            Ok(Some(provenance)) => before.push((provenance.digest, file.path)),
            Ok(None) => {}
            Err(error) => tracing::warn!("{error:#}: remove the file and run `backfill` to fetch its slice again"),
        }
    }
    let mut imported = Vec::new();
    for (name, capture) in captures {
        let digest = bronze::digest(&capture.lines);
        let days = DateRange::around(capture.days.iter().copied());
        let unknown = capture.fields.iter().filter(|field| contract.field(field).is_none()).cloned().collect();
        let rows = capture.rows;
        let known = before.iter().find(|(imported, _)| *imported == digest).map(|(_, path)| path.clone());
        let (bronze, known) = match known {
            Some(path) => (path, true),
            None => {
                let path = write(world, contract, &name, capture, days).await?;
                before.push((digest, path.clone()));
                (path, false)
            }
        };
        imported.push(Imported { file: name, rows, days, bronze, known, unknown });
    }
    Ok(imported)
}

async fn write(
    world: &World,
    contract: &crate::spec::Contract,
    name: &str,
    capture: Capture,
    days: Option<DateRange>,
) -> Result<String> {
    // A table without events: the import is of today, and still a part rather than a slice.
    let today = capture.days.is_empty().then(|| world.clock.today());
    let span = Span::months(capture.days.into_iter().chain(today));
    let answer = NewFile {
        slice: std::path::Path::new(name).file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned()),
        day: world.clock.today(),
        params: Vec::new(),
        rows_of: Vec::new(),
        pages: 1,
        lines: capture.lines,
        event_days: days,
        span: Some(span),
        found: None,
        mark: None,
    };
    Ok(bronze::write(&world.store, contract, answer, world.clock.now(), None).await?.path)
}
