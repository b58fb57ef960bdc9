//! Imports captures that people already have into bronze, with digits unchanged and separate from our own answers. What
//! a value means is decided in `normalise`, not here.

mod file;
mod imported;
mod judgement;
mod preview;

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use chrono::NaiveDate;

use crate::bronze::{self, Capture, CaptureRules, NewFile, Provenance, Span};
use crate::ledger::Ledgers;
use crate::normalise::event_field;
use crate::plan::Universe;
use crate::reference;
use crate::spec::{Contract, DateRange, InterfaceId, nearest};
use crate::world::{Misuse, World};
use file::JudgedFile;
pub use imported::{ImportRequest, Imported};
use judgement::Target;
pub use preview::{PreviewRow, PreviewValue};

/// Bytes of captured lines kept in memory between judging and writing. Files beyond that are read twice.
const KEPT: usize = 256 << 20;

/// Imports captures for an interface. All files are read and judged before the first is written.
///
/// # Errors
/// [`Misuse`] when a file does not fit the interface or none of its rows can be read. Nothing was written then.
pub async fn import(world: &World, request: &ImportRequest) -> Result<Vec<Imported>> {
    let id = InterfaceId::parse(&request.interface);
    let found = id.and_then(|id| world.catalog.contract(&id).zip(world.catalog.fed_by(&id)));
    let (contract, table) = found.ok_or_else(|| {
        let known: Vec<String> = world.catalog.contracts().map(|c| c.id.to_string()).collect();
        let mut named = known.iter().filter(|id| id.split('/').nth(1) == Some(&request.interface));
        let named = named.next().map(|id| format!("did you mean `{id}`?"));
        let hint = named.or_else(|| nearest(&request.interface, known.iter().map(String::as_str)));
        let hint = hint.unwrap_or_else(|| "expected VENDOR/INTERFACE, for example tushare/daily".to_owned());
        Misuse(format!("unknown interface `{}`; {hint}", request.interface))
    })?;
    let source = table.source(&contract.id).context("the table has no such source")?;
    let target = Target { contract, table, source };
    check_fields(contract, request)?;
    let today = world.clock.today();
    if let Some(day) = request.captured_on.filter(|day| *day > today) {
        return Err(Misuse(format!("--captured-on {day} is after today, {today}")).into());
    }
    let key = target.key(true);
    let event = event_field(table, source).map(|field| field.name.as_str());
    let rules = CaptureRules { contract, key: &key, event, map: &request.map, set: &request.set };
    let universe = reference::universe(world, &Ledgers::new(&world.store)).await.unwrap_or_else(|error| {
        tracing::warn!("cannot read the list of securities, so unknown codes go unnoticed: {error:#}");
        Universe::default()
    });
    let files = file::files(&request.files)?;
    let (mut judged, mut refused, mut kept) = (Vec::new(), Vec::new(), 0);
    let bar = world.progress.steps("import", "files", files.len());
    for path in &files {
        match JudgedFile::read(target, (path, rules), (&world.catalog, &universe), request).await {
            Ok(mut file) => {
                kept += file.capture.as_ref().map_or(0, |capture| capture.lines.len());
                if kept > KEPT {
                    file.capture = None;
                }
                judged.push(file);
            }
            Err(error) => refused.push(error.downcast::<Misuse>()?.0),
        }
        bar.advance();
    }
    if let Some(misuse) = file::refusal(&refused, files.len()) {
        return Err(misuse.into());
    }
    if !request.dry_run {
        world.store.clear_staging()?;
    }
    let mut earlier = Earlier::of(world, contract).await?;
    let mut imported = Vec::new();
    for mut file in judged {
        let range = DateRange::around(file.judgement.days.iter().copied());
        // For a table without events the import counts for today, and is still a part rather than a slice.
        let today = (file.judgement.days.is_empty() && file.days.is_empty()).then(|| world.clock.today());
        let days = file.judgement.days.iter().chain(&file.days).copied().chain(today);
        let span = Some(Span::months(days));
        let import = Import { digest: file.digest.clone(), captured_on: request.captured_on, span };
        let known = earlier.same(&import).map(str::to_owned);
        let (bronze, is_known) = match known {
            None if request.dry_run => (None, false),
            None => {
                let capture = file.take(rules).await?;
                let new = new_file(world, (file.file_name(), capture), (range, &import));
                let new = NewFile { ordinal: earlier.ordinal, ..new };
                let written = bronze::write(&world.store, contract, new, world.clock.now(), None).await?;
                earlier.ordinal = written.ordinal + 1;
                earlier.add(import, written.path.clone());
                (Some(written.path), false)
            }
            known => (known, true),
        };
        imported.push(file.imported(bronze, is_known));
    }
    Ok(imported)
}

/// Checks that fields named by the user exist in the contract.
fn check_fields(contract: &Contract, request: &ImportRequest) -> Result<(), Misuse> {
    let named = request.set.iter().map(|(field, _)| ("--set", field));
    let named = named.chain(request.map.iter().map(|(_, field)| ("--map", field)));
    for (option, field) in named {
        if contract.field(field).is_none() {
            let hint = nearest(field, contract.fields.iter().map(|field| field.name.as_str()));
            let hint = hint.map_or_else(String::new, |hint| format!("; {hint}"));
            return Err(Misuse(format!("{option}: {} has no field `{field}`{hint}", contract.id)));
        }
    }
    Ok(())
}

/// What makes two imports the same.
#[derive(Debug, PartialEq, Eq)]
struct Import {
    digest: String,
    captured_on: Option<NaiveDate>,
    /// The months of its rows.
    span: Option<Span>,
}

impl Import {
    fn months(&self) -> impl Iterator<Item = NaiveDate> {
        self.span.iter().flat_map(Span::first_days)
    }
}

/// The imports of an interface that exist already.
#[derive(Debug)]
struct Earlier {
    /// Oldest first, with their paths.
    imports: Vec<(Import, String)>,
    /// Index of the newest import of each month.
    newest: BTreeMap<NaiveDate, usize>,
    /// The first free number among files with the current timestamp.
    ordinal: u32,
}

impl Earlier {
    async fn of(world: &World, contract: &Contract) -> Result<Self> {
        let now = world.clock.now().timestamp_millis();
        let mut files = bronze::list(&world.store, contract).await?;
        let of_now = files.iter().filter(|file| file.fetched_at.is_some_and(|at| at.timestamp_millis() == now));
        let ordinal = of_now.map(|file| file.ordinal + 1).max().unwrap_or(0);
        files.retain(|file| file.span);
        let headers = bronze::provenances(&world.store, &files).await;
        let mut earlier = Self { imports: Vec::new(), newest: BTreeMap::new(), ordinal };
        for (file, header) in files.into_iter().zip(headers) {
            match header {
                Ok(Some(provenance)) if provenance.is_import() => {
                    let Provenance { digest, captured_on, span, .. } = provenance;
                    earlier.add(Import { digest, captured_on, span }, file.path);
                }
                Ok(_) => {}
                Err(error) => {
                    let table = world.catalog.fed_by(&contract.id).map_or(&contract.id.name, |table| &table.name);
                    world.store.pass_over(&file.path, &bronze::no_proof(&error, table, &file.path));
                }
            }
        }
        Ok(earlier)
    }

    /// Adds a newer import.
    fn add(&mut self, import: Import, path: String) {
        self.newest.extend(import.months().map(|month| (month, self.imports.len())));
        self.imports.push((import, path));
    }

    /// The path of the same import, unless a later one for some of its months supersedes it: importing it again then
    /// says that it is the right one.
    fn same(&self, import: &Import) -> Option<&str> {
        let newest = import.months().filter_map(|month| self.newest.get(&month)).max()?;
        let (newest, path) = &self.imports[*newest];
        (newest.digest == import.digest && newest.captured_on == import.captured_on).then_some(path)
    }
}

fn new_file(
    world: &World,
    (slice, capture): (String, Capture),
    (event_days, import): (Option<DateRange>, &Import),
) -> NewFile {
    NewFile {
        slice,
        day: world.clock.today(),
        params: Vec::new(),
        rows_of: Vec::new(),
        pages: 1,
        lines: capture.lines,
        event_days,
        span: import.span.clone(),
        found: None,
        mark: None,
        captured_on: import.captured_on,
        ordinal: 0,
    }
}
