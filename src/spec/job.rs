//! `jobs.toml`: the jobs, and everything else in the file except accounts, which are read in `account`.

use std::collections::{BTreeMap, BTreeSet};

use super::account::{self, Account};
use super::fetching::{self, Fetching};
use super::lake::{self, Lake};
use super::notify::{self, Notify};
use super::schedule::Schedule;
use super::table::Table;
use pitlake_contract::spelling::symbol;
use pitlake_contract::toml::{At, TomlFile, TomlTable};
use pitlake_contract::{Problem, Values, nearest};

/// After this many sessions a trading day is settled, unless a job says otherwise (`docs/configuration.md`).
pub const LOOKBACK: u32 = 5;

/// Tables that are updated together.
#[derive(Debug, Clone)]
pub struct Job {
    /// When it runs.
    pub schedule: Option<Schedule>,
    /// Its tables.
    pub tables: Vec<String>,
    /// The number of recent sessions to request again.
    pub lookback: u32,
    /// The securities to request from interfaces that go by security; all if empty.
    pub symbols: Vec<String>,
    /// The vendor's report types of statements; `1` (consolidated, latest) if empty.
    pub report_types: Vec<String>,
}

/// All of `jobs.toml`; empty if there is no file.
#[derive(Debug, Clone, Default)]
pub struct Jobs {
    /// The lake.
    pub lake: Lake,
    /// Accounts by vendor. Vendors without one are never called.
    pub accounts: BTreeMap<String, Account>,
    /// Jobs by name.
    pub jobs: BTreeMap<String, Job>,
    /// Preferred vendors by table, first choice first.
    pub preferences: BTreeMap<String, Vec<String>>,
    /// The limits of fetching.
    pub fetching: Fetching,
    /// Who is told about runs.
    pub notify: Option<Notify>,
}

impl Jobs {
    /// The number of sessions until a day of `table` is settled: the longest lookback of its jobs.
    #[must_use]
    pub fn lookback(&self, table: &str) -> u32 {
        self.of(table).map(|job| job.lookback).max().unwrap_or(LOOKBACK)
    }

    /// The securities that the jobs of `table` request. `None` for all, if any job requests all.
    #[must_use]
    pub fn symbols(&self, table: &str) -> Option<BTreeSet<String>> {
        if self.of(table).next().is_none() || self.of(table).any(|job| job.symbols.is_empty()) {
            return None;
        }
        Some(self.of(table).flat_map(|job| job.symbols.clone()).collect())
    }

    /// The report types that the jobs of `table` request, in order; empty if none names any.
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

/// The names that may occur in `jobs.toml`.
pub(super) struct Names<'a> {
    /// All vendors.
    pub(super) vendors: &'a [&'a str],
    /// All tables.
    pub(super) tables: &'a [&'a str],
    /// The tables that were bound without problems.
    pub(super) bound: &'a BTreeMap<String, Table>,
}

/// Reads `jobs.toml`.
pub(super) fn read(file: &str, text: &str, names: &Names<'_>) -> Result<Jobs, Vec<Problem>> {
    TomlFile::new(file, text).parse(|root| {
        root.version();
        let lake = root.table("lake").map(|table| lake::read(&table)).unwrap_or_default();
        let mut accounts = BTreeMap::new();
        for (vendor, table) in root.named_tables("vendors") {
            known("vendor", &vendor, names.vendors, root);
            accounts.insert(vendor.value, account::read(&table));
        }
        let mut jobs = BTreeMap::new();
        for (job, table) in root.named_tables("jobs") {
            jobs.insert(job.value, read_job(&table, names));
        }
        let mut preferences = BTreeMap::new();
        for (name, table) in root.named_tables("tables") {
            known("table", &name, names.tables, root);
            preferences.extend(preferred(&name.value, &table, names).map(|order| (name.value, order)));
        }
        let fetching = root.table("fetch").map(|table| fetching::read(&table)).unwrap_or_default();
        let notify = root.table("notify").map(|table| notify::read(&table));
        Some(Jobs { lake, accounts, jobs, preferences, fetching, notify })
    })
}

/// Reads the vendors of `[tables.NAME]`.
fn preferred(name: &str, table: &TomlTable<'_>, names: &Names<'_>) -> Option<Vec<String>> {
    let vendors = table.texts("vendors");
    table.close();
    let vendors = vendors?;
    for vendor in &vendors.value {
        known("vendor", vendor, names.vendors, table);
    }
    let order: Vec<String> = vendors.value.into_iter().map(|vendor| vendor.value).collect();
    if let Some(feeds) = names.bound.get(name).map(Table::vendors)
        && !feeds.iter().any(|vendor| order.iter().any(|other| other == vendor))
    {
        let hint = format!("its vendors are {}", feeds.join(", "));
        table.problem(vendors.offset, format!("none of these vendors feeds `{name}`"), Some(hint));
    }
    Some(order)
}

fn read_job(table: &TomlTable<'_>, names: &Names<'_>) -> Job {
    let schedule = table.text("schedule").and_then(|at| {
        let read = Schedule::parse(&at.value);
        read.map_err(|why| {
            let hint = Some("write five fields, minute hour day month weekday: \"30 18 * * 1-5\"".into());
            table.problem(at.offset, format!("invalid schedule `{}`: {why}", at.value), hint);
        })
        .ok()
    });
    let listed = table.need("tables", table.texts("tables"));
    if let Some(at) = listed.as_ref().filter(|at| at.value.is_empty()) {
        table.problem(at.offset, "`tables` is empty", Some("name the tables of the job, or remove it".into()));
    }
    let listed = listed.map(|at| at.value).unwrap_or_default();
    for name in &listed {
        known("table", name, names.tables, table);
    }
    let tables: Vec<String> = listed.into_iter().map(|at| at.value).collect();
    let job = Job {
        schedule,
        lookback: table.number("lookback").map_or(LOOKBACK, |at| at.value),
        symbols: symbols(table, &tables, names),
        tables,
        report_types: table.strings("report_types").unwrap_or_default(),
    };
    table.close();
    job
}

/// Reads `symbols`. A user-defined vendor may have codes of its own; its contract lists some.
fn symbols(table: &TomlTable<'_>, tables: &[String], names: &Names<'_>) -> Vec<String> {
    let symbols = table.texts("symbols").map(|at| at.value).unwrap_or_default();
    let sources = tables.iter().filter_map(|name| names.bound.get(name)).flat_map(|table| &table.sources);
    let each = sources.flat_map(|source| &source.contract.ask.each);
    let mut listed = each.filter_map(|(_, values)| match values {
        Values::Symbols(values) => Some(values),
        _ => None,
    });
    let is_own = listed.any(|values| values.iter().any(|value| symbol::check(value).is_err()));
    for name in symbols.iter().filter(|_| !is_own) {
        if let Err(meant) = symbol::check(&name.value) {
            let message =
                format!("invalid security `{}`: expected its code and market, such as `600519.SH`", name.value);
            table.problem(name.offset, message, meant.map(|meant| format!("did you mean `{meant}`?")));
        }
    }
    symbols.into_iter().map(|at| at.value).collect()
}

/// Reports a name that is unknown.
fn known(kind: &str, name: &At<String>, names: &[&str], table: &TomlTable<'_>) {
    if !names.contains(&name.value.as_str()) {
        let hint = nearest(&name.value, names.iter().copied());
        table.problem(name.offset, format!("unknown {kind} `{}`", name.value), hint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pitlake_contract::{Contracts, SpecFile};

    fn read(text: &str) -> Result<Jobs, Vec<String>> {
        let names = Names { vendors: &["tushare", "gateway"], tables: &["adj_factor"], bound: &BTreeMap::new() };
        super::read("jobs.toml", &format!("version = 1\n{text}"), &names)
            .map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn every_unknown_name_is_reported_with_its_line() {
        let text =
            "[vendors.tushar]\n[jobs.night]\ntables = [\"adj_facto\"]\n[tables.adj_factor]\nvendors = [\"gatway\"]\n";
        assert_eq!(
            read(text).unwrap_err(),
            [
                "jobs.toml:2: unknown vendor `tushar`\n  hint: did you mean `tushare`?",
                "jobs.toml:4: unknown table `adj_facto`\n  hint: did you mean `adj_factor`?",
                "jobs.toml:6: unknown vendor `gatway`\n  hint: did you mean `gateway`?",
            ]
        );
    }

    #[test]
    fn numbers_and_addresses_are_checked_with_their_line() {
        let of = |line: &str| read(&format!("[vendors.tushare]\n{line}\n")).unwrap_err().concat();
        for (line, expected) in [
            (
                "points = -1",
                "jobs.toml:3: invalid `vendors.tushare.points`: expected a non-negative whole number, found -1",
            ),
            (
                "requests_per_minute = 0",
                "jobs.toml:3: `requests_per_minute` is 0, which allows no call\n  hint: remove",
            ),
            ("max_in_flight = 0", "jobs.toml:3: `max_in_flight` is 0, which allows no call"),
            (
                "base_url = \"api.tushare.pro\"",
                "jobs.toml:3: invalid `base_url` `api.tushare.pro`: expected https://HOST\n  hint: did you mean \
                 `https://api.tushare.pro`?",
            ),
            ("base_url = \"ftp://a\"", "jobs.toml:3: invalid `base_url` `ftp://a`: expected https://HOST"),
            ("base_url = \"https://\"", "jobs.toml:3: invalid `base_url` `https://`: expected https://HOST"),
        ] {
            let problem = of(line);
            assert!(problem.starts_with(expected), "{problem}");
        }
        for url in ["https://api.tushare.pro", "http://127.0.0.1:8000/dataapi", "http://[::1]:80"] {
            assert!(read(&format!("[vendors.tushare]\nbase_url = \"{url}\"\n")).is_ok(), "{url}");
        }
    }

    #[test]
    fn the_lake_says_how_its_store_is_reached() {
        let text = "[lake]\nurl = \"s3://a/b\"\nendpoint = \"http://127.0.0.1:9000\"\nregion = \"r\"\npath_style = false\n\
                    kind = \"oss\"\n";
        let lake = read(text).unwrap().lake;
        assert_eq!((lake.url.as_deref(), lake.endpoint.as_deref()), (Some("s3://a/b"), Some("http://127.0.0.1:9000")));
        assert_eq!((lake.region.as_deref(), lake.path_style, lake.kind), (Some("r"), Some(false), Some("oss")));
        let of = |line: &str| read(&format!("[lake]\n{line}\n")).unwrap_err().concat();
        assert_eq!(
            of("endpoint = \"minio:9000\""),
            "jobs.toml:3: invalid `endpoint` `minio:9000`: expected https://HOST\n  hint: did you mean `https://minio:9000`?"
        );
        let pasted = of("endpoint = \"https://me:secret@host\"");
        assert!(pasted.contains("`https://host`") && !pasted.contains("secret"), "{pasted}");
        assert!(of("kind = \"osss\"").contains("did you mean `oss`?"));
    }

    #[test]
    fn the_memory_of_replies_is_a_size() {
        let fetching = read("[fetch]\nreply_memory = \"128MiB\"\n").unwrap().fetching;
        assert_eq!(fetching.reply_memory, Some(128 << 20));
        assert_eq!(read("").unwrap().fetching, Fetching::default());
        for text in ["1023KiB", "64", "much"] {
            assert_eq!(
                read(&format!("[fetch]\nreply_memory = \"{text}\"\n")).unwrap_err(),
                [format!(
                    "jobs.toml:3: invalid `reply_memory` `{text}`: expected a size of at least 1MiB\n  hint: the default is \
                     64MiB"
                )]
            );
        }
    }

    #[test]
    fn securities_are_checked_with_their_line() {
        let text = "[jobs.night]\ntables = [\"adj_factor\"]\nsymbols = [\n\"600519.SH\",\n\"600519.SS\",\n\"平安\"]\n";
        let expected = "expected its code and market, such as `600519.SH`";
        assert_eq!(
            read(text).unwrap_err(),
            [
                format!("jobs.toml:6: invalid security `600519.SS`: {expected}\n  hint: did you mean `600519.SH`?"),
                format!("jobs.toml:7: invalid security `平安`: {expected}"),
            ]
        );
        let empty = read("[jobs.night]\ntables = []\n").unwrap_err();
        assert_eq!(empty, ["jobs.toml:3: `tables` is empty\n  hint: name the tables of the job, or remove it"]);
    }

    #[test]
    fn an_account_overrides_its_vendor() {
        let text = "version = 1\nvendor = \"gateway\"\nwire = \"rest\"\nhome = \"http://a\"\ntoken_in = \"bearer\"\n\
                    needs_token = false\n";
        let file = SpecFile { name: "schemas/gateway.toml".into(), text: text.into() };
        let (contracts, problems) = Contracts::load(&[file]);
        assert!(problems.is_empty(), "{problems:?}");
        let vendor = contracts.vendor("gateway").unwrap();
        let usual = Account::default();
        assert_eq!((usual.base_url(vendor), usual.token_variable(vendor)), (Some("http://a"), "GATEWAY_TOKEN"));
        assert!(!usual.needs_token(vendor));
        let jobs = read("[vendors.gateway]\nbase_url = \"http://b\"\ntoken_env = \"MINE\"\n").unwrap();
        let own = &jobs.accounts["gateway"];
        assert_eq!((own.base_url(vendor), own.token_variable(vendor)), (Some("http://b"), "MINE"));
        assert!(own.needs_token(vendor), "a variable that jobs.toml names must be set");
    }
}
