//! When we ask, and with which account (`jobs.toml`). Secrets are never in it: only the name of the
//! environment variable that holds one.

use std::collections::{BTreeMap, BTreeSet};

use super::table;
use pitlake_contract::contract::version;
use pitlake_contract::toml::{Source, Table};
use pitlake_contract::{Problem, nearest};

/// Vendors a lake can be fed from.
pub const VENDORS: [&str; 4] = ["tushare", "asharehub", "alphafin", "f10"];

/// Sessions after which a trading day is settled, unless a job says otherwise (`design.md` 6).
pub const LOOKBACK: u32 = 5;

/// An account with one vendor.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// Where the vendor listens; the vendor's own place where it is not given.
    pub base_url: Option<String>,
    /// The environment variable that holds the token.
    pub token_env: Option<String>,
    /// Points of the account.
    pub points: u32,
    /// Replaces what the contracts say.
    pub requests_per_minute: Option<u32>,
    /// A day's quota over all interfaces.
    pub requests_per_day: Option<u32>,
    /// Calls on their way at the same time.
    pub max_in_flight: Option<u32>,
    /// Headers sent with every call.
    pub headers: Vec<(String, String)>,
    /// Other path templates.
    pub paths: Vec<(String, String)>,
}

impl Account {
    /// The environment variable that holds the token of an account with `vendor`.
    #[must_use]
    pub fn token_variable(&self, vendor: &str) -> String {
        let usual = match vendor {
            "tushare" => "TUSHARE_TOKEN".to_owned(),
            "asharehub" | "alphafin" => format!("{}_API_KEY", vendor.to_uppercase()),
            other => format!("{}_TOKEN", other.to_uppercase()),
        };
        self.token_env.clone().unwrap_or(usual)
    }
}

/// Tables that are brought up to date together.
#[derive(Debug, Clone)]
pub struct Job {
    /// Five-field cron, Shanghai.
    pub schedule: Option<String>,
    /// Its tables.
    pub tables: Vec<String>,
    /// Sessions looked at again.
    pub lookback: u32,
    /// For interfaces asked by security: these only.
    pub symbols: Vec<String>,
    /// For statements: the vendor's report types; `1` (consolidated, latest) where none is named.
    pub report_types: Vec<String>,
}

/// `jobs.toml` as a whole; empty where there is no file.
#[derive(Debug, Clone, Default)]
pub struct Jobs {
    /// The lake's folder or URL.
    pub lake_url: Option<String>,
    /// Accounts by vendor; a vendor that is not here is not asked.
    pub accounts: BTreeMap<String, Account>,
    /// Jobs by name.
    pub jobs: BTreeMap<String, Job>,
    /// Order of preference among vendors, by table.
    pub preferences: BTreeMap<String, Vec<String>>,
}

impl Jobs {
    /// Sessions until a day of `table` is settled: the longest lookback of the jobs that hold it.
    #[must_use]
    pub fn lookback(&self, table: &str) -> u32 {
        self.of(table).map(|job| job.lookback).max().unwrap_or(LOOKBACK)
    }

    /// The securities that jobs want of `table`; `None` for all, which one job is enough to want.
    #[must_use]
    pub fn symbols(&self, table: &str) -> Option<BTreeSet<String>> {
        if self.of(table).next().is_none() || self.of(table).any(|job| job.symbols.is_empty()) {
            return None;
        }
        Some(self.of(table).flat_map(|job| job.symbols.clone()).collect())
    }

    /// The report types that jobs want of `table`, in order; empty where none names any.
    #[must_use]
    pub fn report_types(&self, table: &str) -> Vec<String> {
        let mut types: Vec<String> = self.of(table).flat_map(|job| job.report_types.clone()).collect();
        types.sort_by_key(|text| (text.len(), text.clone()));
        types.dedup();
        types
    }

    fn of<'a>(&'a self, table: &'a str) -> impl Iterator<Item = &'a Job> {
        self.jobs.values().filter(move |job| job.tables.iter().any(|t| t == table))
    }
}

/// Reads `jobs.toml`; `tables` are the names it may use, `bound` those of them that hold.
pub(super) fn read(
    name: &str,
    text: &str,
    tables: &[&str],
    bound: &BTreeMap<String, table::Table>,
) -> Result<Jobs, Vec<Problem>> {
    Source::new(name, text).parse(|root| {
        version(root);
        let lake_url = root.table("lake").and_then(|lake| {
            let url = lake.text("url").map(|at| at.value);
            lake.close();
            url
        });
        let mut accounts = BTreeMap::new();
        for (vendor, table) in root.named_tables("vendors") {
            if !VENDORS.contains(&vendor.value.as_str()) {
                let hint = nearest(&vendor.value, VENDORS);
                root.problem(vendor.offset, format!("unknown vendor `{}`", vendor.value), hint);
            }
            accounts.insert(vendor.value, account(&table));
        }
        let mut jobs = BTreeMap::new();
        for (job, table) in root.named_tables("jobs") {
            jobs.insert(job.value, read_job(&table, tables));
        }
        let mut preferences = BTreeMap::new();
        for (table, body) in root.named_tables("tables") {
            known_table(root, &table.value, table.offset, tables);
            let mut order = Vec::new();
            let Some(named) = body.texts("vendors") else {
                body.close();
                continue;
            };
            for vendor in named.value {
                if !VENDORS.contains(&vendor.value.as_str()) {
                    let hint = nearest(&vendor.value, VENDORS);
                    body.problem(vendor.offset, format!("unknown vendor `{}`", vendor.value), hint);
                }
                order.push(vendor.value);
            }
            if let Some(feeds) = bound.get(&table.value).map(table::Table::vendors)
                && !feeds.iter().any(|vendor| order.iter().any(|named| named == vendor))
            {
                let message = format!("none of these vendors feeds `{}`", table.value);
                body.problem(named.offset, message, Some(format!("it is fed by {}", feeds.join(", "))));
            }
            body.close();
            preferences.insert(table.value, order);
        }
        Some(Jobs { lake_url, accounts, jobs, preferences })
    })
}

fn account(table: &Table<'_>) -> Account {
    let single = |pairs: Vec<(pitlake_contract::toml::At<String>, Vec<String>)>| {
        pairs.into_iter().map(|(name, values)| (name.value, values.concat())).collect()
    };
    let account = Account {
        base_url: table.text("base_url").map(|at| at.value),
        token_env: table.text("token_env").map(|at| at.value),
        points: table.number("points").map_or(0, |at| at.value),
        requests_per_minute: table.number("requests_per_minute").map(|at| at.value),
        requests_per_day: table.number("requests_per_day").map(|at| at.value),
        max_in_flight: table.number("max_in_flight").map(|at| at.value),
        headers: single(table.entries("headers")),
        paths: single(table.entries("paths")),
    };
    table.close();
    account
}

fn read_job(table: &Table<'_>, tables: &[&str]) -> Job {
    let schedule = table.text("schedule");
    if let Some(at) = &schedule
        && at.value.split_whitespace().count() != 5
    {
        let hint = Some("five fields: minute hour day month weekday, as in \"30 18 * * 1-5\"".into());
        table.problem(at.offset, format!("`{}` is no schedule", at.value), hint);
    }
    let names = table.need("tables", table.texts("tables")).map(|at| at.value).unwrap_or_default();
    for at in &names {
        known_table(table, &at.value, at.offset, tables);
    }
    let job = Job {
        schedule: schedule.map(|at| at.value),
        tables: names.into_iter().map(|at| at.value).collect(),
        lookback: table.number("lookback").map_or(LOOKBACK, |at| at.value),
        symbols: table.strings("symbols").unwrap_or_default(),
        report_types: table.strings("report_types").unwrap_or_default(),
    };
    table.close();
    job
}

fn known_table(table: &Table<'_>, name: &str, offset: usize, tables: &[&str]) {
    if !tables.contains(&name) {
        table.problem(offset, format!("unknown table `{name}`"), nearest(name, tables.iter().copied()));
    }
}
