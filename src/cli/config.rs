//! Options, environment, `jobs.toml` and the files beside it, combined into a [`World`]. Options override the
//! environment, the environment overrides the file, and the file overrides defaults.
//!
//! The keys of the file are read in `spec`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::{env, fs};

use anyhow::Result;

use super::context::Context;
use crate::ops::configuration;
use crate::spec::{Catalog, Jobs, Lake, SpecFile, Table, Vendor, is_url, nearest, without_secrets};
use crate::store::{Access, Speaks, Store, StoreSettings};
use crate::world::{Limits, Misuse, Token, World};

/// The default configuration file.
pub(super) const CONFIG: &str = "jobs.toml";

/// The default lake.
pub(super) const LAKE: &str = "data";

/// Loads the catalogue and the jobs.
pub(super) fn catalog(context: &Context) -> Result<(Catalog, Jobs)> {
    let (own, jobs) = files(context.global.config.as_deref())?;
    Ok(Catalog::load(&own, jobs.as_ref())?)
}

/// The catalogue alone, including the `schemas/` and `pipelines/` beside a configuration file.
///
/// # Errors
/// When a file cannot be read or has problems.
pub fn catalog_beside(config: Option<&Path>) -> Result<Catalog> {
    let (own, _) = files(config)?;
    Ok(Catalog::load(&own, None)?.0)
}

/// The files below `schemas/` and `pipelines/` beside the configuration, and the configuration itself.
pub(super) fn files(named: Option<&Path>) -> Result<(Vec<SpecFile>, Option<SpecFile>)> {
    let path = named.unwrap_or(Path::new(CONFIG));
    let jobs = match fs::read_to_string(path) {
        Ok(text) => Some(SpecFile { name: path.display().to_string(), text }),
        // Without --config, the file is optional.
        Err(error) if named.is_some() || error.kind() != std::io::ErrorKind::NotFound => {
            return Err(Misuse(format!("cannot read the configuration `{}`: {error}", path.display())).into());
        }
        Err(_) => None,
    };
    let mut own = Vec::new();
    if jobs.is_some() {
        let beside = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        for folder in ["schemas", "pipelines"] {
            collect(&beside.join(folder), folder, &mut own)?;
        }
    }
    Ok((own, jobs))
}

/// Collects every TOML file below a folder, with its path relative to that folder.
fn collect(folder: &Path, name: &str, files: &mut Vec<SpecFile>) -> Result<()> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        if path.is_dir() {
            collect(&path, &name, files)?;
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            let text = fs::read_to_string(&path)
                .map_err(|error| Misuse(format!("cannot read `{}`: {error}", path.display())))?;
            files.push(SpecFile { name, text });
        }
    }
    Ok(())
}

/// Opens a lake. An unsupported kind of lake is a usage error; a folder that cannot be opened is a failure.
pub(super) fn open(url: &str, jobs: &Jobs) -> Result<Store> {
    let Lake { endpoint, region, path_style, kind, .. } = jobs.lake.clone();
    let kind = kind.and_then(Speaks::named);
    let settings = StoreSettings { endpoint, region, path_style, kind };
    let opened = Store::reach(url, &Access { settings, variables: cloud_variables() });
    if url.contains("://") { opened.map_err(|error| Misuse(format!("{error:#}")).into()) } else { opened }
}

/// Builds the world of a command.
pub(super) fn world(context: &Context) -> Result<World> {
    let (catalog, mut jobs) = catalog(context)?;
    let store = open(&lake(context, &jobs), &jobs)?;
    context.opened(&store);
    for vendor in catalog.vendors() {
        let name = vendor.variable("BASE_URL");
        if let Some(url) = variable(&name) {
            if !is_url(&url) {
                let url = without_secrets(&url);
                return Err(Misuse(format!("invalid address `{url}` in {name}: expected https://HOST")).into());
            }
            jobs.accounts.entry(vendor.name.clone()).or_default().base_url = Some(url);
        }
    }
    let tokens = tokens(&catalog, &jobs)?;
    Ok(World {
        catalog,
        jobs,
        tokens,
        store,
        clock: context.clock,
        progress: context.progress.clone(),
        interrupt: context.interrupt.clone(),
        limits: Limits::default(),
        engine: context.cluster.engine.clone(),
    })
}

/// The lake named on the command line, in the environment or in the file.
pub(super) fn lake(context: &Context, jobs: &Jobs) -> String {
    context.global.lake.clone().or_else(|| jobs.lake.url.clone()).unwrap_or_else(|| LAKE.to_owned())
}

/// Whether the environment has a token for a vendor, or names a file with one.
pub(super) fn has_token(vendor: &Vendor) -> bool {
    variable(&vendor.token_env).or_else(|| variable(&format!("{}_FILE", vendor.token_env))).is_some()
}

/// Like [`world`], but the lake must exist, so that a mistyped name is not taken for an empty lake.
pub(super) fn existing(context: &Context) -> Result<World> {
    let world = world(context)?;
    if let Some(folder) = world.store.missing() {
        let message = format!(
            "no lake at `{}`: pass its folder with --lake, or create it with `pitlake backfill`",
            folder.display()
        );
        return Err(Misuse(message).into());
    }
    Ok(world)
}

/// The token of each account, from a variable or from the file named by `<variable>_FILE`.
fn tokens(catalog: &Catalog, jobs: &Jobs) -> Result<BTreeMap<String, Token>> {
    let mut tokens = BTreeMap::new();
    for vendor in catalog.vendors() {
        let Some(account) = jobs.accounts.get(&vendor.name) else { continue };
        let name = account.token_variable(vendor);
        if let Some((secret, found_in)) = secret(name)? {
            tokens.insert(vendor.name.clone(), Token { secret: secret.into(), found_in });
        }
    }
    Ok(tokens)
}

/// The value of a variable, or the contents of the file named by `<name>_FILE`, and where it was found. The variable
/// takes precedence.
pub(super) fn secret(name: &str) -> Result<Option<(String, String)>> {
    let (text, found_in) = match (variable(name), variable(&format!("{name}_FILE"))) {
        (Some(text), _) => (text, name.to_owned()),
        (None, Some(file)) => {
            let read = fs::read_to_string(&file);
            let failed = |error| Misuse(format!("cannot read the token file `{file}` of {name}_FILE: {error}"));
            (read.map_err(failed)?, format!("the file `{file}` of {name}_FILE"))
        }
        (None, None) => return Ok(None),
    };
    let text = text.trim();
    Ok((!text.is_empty()).then(|| (text.to_owned(), found_in)))
}

#[allow(clippy::disallowed_methods)]
pub(super) fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Environment variables for object stores, under the names their vendors use.
fn cloud_variables() -> Vec<(String, String)> {
    let is_named = |name: &str| ["AWS_", "GOOGLE_", "AZURE_"].iter().any(|prefix| name.starts_with(prefix));
    let texts = env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    texts.filter(|(name, value)| is_named(name) && !value.is_empty()).collect()
}

/// The named jobs, or the only job.
pub(super) fn chosen_jobs(world: &World, names: &[String]) -> Result<Vec<String>> {
    let known: Vec<&str> = world.jobs.jobs.keys().map(String::as_str).collect();
    match known[..] {
        _ if !names.is_empty() => Ok(names.to_vec()),
        [] | [_] => Ok(known.into_iter().map(str::to_owned).collect()),
        [first, ..] => {
            let message = format!(
                "more than one job is configured ({}): name one or more, for example `pitlake run {first}`",
                known.join(", ")
            );
            Err(Misuse(message).into())
        }
    }
}

/// The tables of the named jobs, or of all jobs.
pub(super) fn jobs(world: &World, names: &[String]) -> Result<Vec<Arc<Table>>> {
    let World { catalog, jobs, .. } = world;
    if jobs.jobs.is_empty() {
        let message =
            "no jobs configured: write a jobs.toml with `pitlake config init`, or name another file with --config";
        return Err(Misuse(message.into()).into());
    }
    let names: Vec<&str> =
        if names.is_empty() { jobs.jobs.keys().map(String::as_str).collect() } else { texts(names).collect() };
    resolved(&names, |name| {
        let job = jobs.jobs.get(name);
        job.map(|job| job.tables.iter().filter_map(|table| catalog.table(table).cloned()).collect()).ok_or_else(|| {
            let hint = nearest(name, jobs.jobs.keys().map(String::as_str));
            let hint = match fed_by(catalog, name).as_slice() {
                [] => hint.unwrap_or_else(|| "see [jobs] in jobs.toml".to_owned()),
                [table, ..] => format!("for the table `{}` use `pitlake backfill` or `pitlake fetch`", table.name),
            };
            format!("unknown job `{name}`; {hint}")
        })
    })
}

/// The named tables, or all. A vendor's name for an interface stands for the tables that it feeds.
pub(super) fn tables(catalog: &Catalog, names: &[String]) -> Result<Vec<Arc<Table>>> {
    if names.is_empty() {
        return Ok(catalog.tables().cloned().collect());
    }
    let names: Vec<&str> = texts(names).collect();
    resolved(&names, |name| {
        let tables = fed_by(catalog, name);
        if !tables.is_empty() {
            return Ok(tables);
        }
        let hint = nearest(name, catalog.tables().map(|table| table.name.as_str()));
        Err(format!("unknown table `{name}`; {}", hint.unwrap_or_else(|| "run `pitlake tables` for a list".to_owned())))
    })
}

/// The named tables and those of the named jobs, or all tables. If a name is ambiguous, tables take precedence over
/// jobs, and jobs over interfaces.
pub(super) fn tables_or_jobs(world: &World, names: &[String]) -> Result<Vec<Arc<Table>>> {
    let World { catalog, jobs, .. } = world;
    if names.is_empty() {
        return Ok(catalog.tables().cloned().collect());
    }
    let names: Vec<&str> = texts(names).collect();
    resolved(&names, |name| {
        if let (None, Some(job)) = (catalog.table(name), jobs.jobs.get(name)) {
            return Ok(job.tables.iter().filter_map(|table| catalog.table(table).cloned()).collect());
        }
        let tables = fed_by(catalog, name);
        if !tables.is_empty() {
            return Ok(tables);
        }
        let known = jobs.jobs.keys().map(String::as_str).chain(catalog.tables().map(|table| table.name.as_str()));
        let hint = nearest(name, known).unwrap_or_else(|| "run `pitlake tables` for a list".to_owned());
        Err(format!("unknown table or job `{name}`; {hint}"))
    })
}

fn texts(names: &[String]) -> impl Iterator<Item = &str> {
    names.iter().map(String::as_str)
}

/// What the names stand for, each table once.
fn resolved(names: &[&str], of: impl Fn(&str) -> Result<Vec<Arc<Table>>, String>) -> Result<Vec<Arc<Table>>> {
    let mut tables: Vec<Arc<Table>> = Vec::new();
    for name in names {
        for table in of(name).map_err(Misuse)? {
            if !tables.iter().any(|known| known.name == table.name) {
                tables.push(table);
            }
        }
    }
    Ok(tables)
}

/// The table with a name, or the tables fed by an interface: `daily`, or `asharehub/market_daily`. If several vendors
/// have the interface, Tushare's is used.
fn fed_by(catalog: &Catalog, name: &str) -> Vec<Arc<Table>> {
    if let Some(table) = catalog.table(name) {
        return vec![Arc::clone(table)];
    }
    let ids = catalog.contracts().map(|contract| &contract.id);
    let mut ids: Vec<_> = ids.filter(|id| id.name == name || id.to_string() == name).collect();
    if ids.iter().any(|id| id.vendor == configuration::MAIN) {
        ids.retain(|id| id.vendor == configuration::MAIN);
    }
    catalog.tables().filter(|table| ids.iter().any(|id| table.source(id).is_some())).cloned().collect()
}
