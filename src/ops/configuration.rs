//! `config init` and `config check`: writes a configuration for some accounts, and says what a configuration contains.
//! How commands read it is up to `spec`.

mod covered;
mod shipped;

use anyhow::Result;
use serde::Serialize;

use crate::spec::{Catalog, Form, Job, SpecFile, without_secrets};
use crate::world::World;
use covered::closed;
pub use covered::{Chosen, Closed};
pub use shipped::MAIN;

/// The contents of a configuration.
#[derive(Debug, Clone, Serialize)]
pub struct Checked {
    /// The lake.
    pub lake: String,
    /// The accounts.
    pub vendors: Vec<CheckedVendor>,
    /// The jobs.
    pub jobs: Vec<CheckedJob>,
    /// Who is notified of runs.
    pub notify: Option<CheckedNotify>,
}

/// The `[notify]` table of a configuration.
#[derive(Debug, Clone, Serialize)]
pub struct CheckedNotify {
    /// The occasions.
    pub on: Vec<&'static str>,
    /// The program and its arguments; empty if there is none.
    pub command: Vec<String>,
    /// The format of webhook messages; `None` without a webhook.
    pub form: Option<&'static str>,
    /// The environment variable with the webhook's address.
    pub webhook_env: String,
    /// Whether that variable, or the file named by `<webhook_env>_FILE`, has an address.
    pub has_webhook: bool,
}

/// An account in a configuration.
#[derive(Debug, Clone, Serialize)]
pub struct CheckedVendor {
    /// The vendor.
    pub vendor: String,
    /// Its points, or 0.
    pub points: u32,
    /// The address to call, if it is not the vendor's own.
    pub base_url: Option<String>,
    /// The environment variable the address comes from; `None` if the file has it.
    pub base_url_env: Option<String>,
    /// The environment variable with the token.
    pub token_env: String,
    /// Whether there is a token, in that variable or in the file named by `<token_env>_FILE`.
    pub has_token: bool,
    /// Whether the vendor refuses calls without a token.
    pub needs_token: bool,
}

/// A job in a configuration.
#[derive(Debug, Clone, Serialize)]
pub struct CheckedJob {
    /// The job.
    pub job: String,
    /// When it runs; `None` if nothing starts it.
    pub schedule: Option<String>,
    /// Its tables.
    pub tables: Vec<String>,
    /// Those that no account may fetch.
    pub closed: Vec<Closed>,
}

/// The configuration for some accounts: the shipped one, with their jobs and the tables they give access to.
///
/// # Errors
/// When the result is not a valid configuration, which would be a bug.
pub fn init(catalog: &Catalog, lake: &str, accounts: &[Chosen]) -> Result<String> {
    let text = shipped::text(catalog, lake, accounts);
    Catalog::load(&[], Some(&SpecFile { name: "jobs.toml".into(), text: text.clone() }))?;
    Ok(text)
}

/// What a world's configuration contains, and what its accounts give no access to. What comes from the environment is
/// added by the caller.
#[must_use]
pub fn check(world: &World, lake: &str) -> Checked {
    let accounts = world.jobs.accounts.iter();
    let chosen: Vec<Chosen> =
        accounts.clone().map(|(vendor, of)| Chosen { vendor: vendor.clone(), points: of.points }).collect();
    let vendors = accounts.filter_map(|(name, account)| {
        let vendor = world.catalog.vendors().find(|vendor| vendor.name == *name)?;
        Some(CheckedVendor {
            vendor: name.clone(),
            points: account.points,
            base_url: account.base_url.as_deref().map(without_secrets),
            base_url_env: None,
            token_env: account.token_variable(vendor).to_owned(),
            has_token: world.tokens.contains_key(name),
            needs_token: account.needs_token(vendor),
        })
    });
    let jobs = world.jobs.jobs.iter().map(|(name, Job { schedule, tables, .. })| {
        let of_job = tables.iter().filter_map(|table| world.catalog.table(table));
        CheckedJob {
            job: name.clone(),
            schedule: schedule.as_ref().map(|schedule| schedule.text().to_owned()),
            tables: tables.clone(),
            closed: of_job.filter_map(|table| closed(table, &chosen)).collect(),
        }
    });
    let notify = world.jobs.notify.as_ref().map(|notify| CheckedNotify {
        on: notify.on.iter().map(|event| event.name()).collect(),
        command: notify.command.clone(),
        form: notify.form.map(Form::name),
        webhook_env: notify.webhook_env.clone(),
        has_webhook: false,
    });
    Checked { lake: lake.to_owned(), vendors: vendors.collect(), jobs: jobs.collect(), notify }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(accounts: &[(&str, u32)]) -> (String, Catalog, crate::spec::Jobs) {
        let (catalog, _) = Catalog::load(&[], None).unwrap();
        let accounts: Vec<Chosen> =
            accounts.iter().map(|(vendor, points)| Chosen { vendor: (*vendor).into(), points: *points }).collect();
        let text = init(&catalog, "lake", &accounts).unwrap();
        let file = SpecFile { name: "jobs.toml".into(), text: text.clone() };
        let (catalog, jobs) = Catalog::load(&[], Some(&file)).unwrap();
        for (name, job) in &jobs.jobs {
            for table in job.tables.iter().filter_map(|table| catalog.table(table)) {
                assert_eq!(closed(table, &accounts), None, "{name}: {text}");
            }
        }
        (text, catalog, jobs)
    }

    #[test]
    fn every_account_gets_the_jobs_that_it_opens_and_no_others() {
        let names = |accounts: &[(&str, u32)]| {
            let (_, _, jobs) = written(accounts);
            assert_eq!(jobs.accounts.len(), accounts.len());
            for (vendor, points) in accounts {
                assert_eq!(jobs.accounts[*vendor].points, *points);
            }
            jobs.jobs.into_keys().collect::<Vec<_>>()
        };
        let of_tushare = ["announcements", "market", "reports", "weekly"];
        assert_eq!(names(&[("tushare", 2000)]), of_tushare);
        for (points, schedule) in [(2000, "0 10 * * 6"), (5000, "30 21 * * *")] {
            assert_eq!(written(&[("tushare", points)]).2.jobs["reports"].schedule.as_ref().unwrap().text(), schedule);
        }
        assert_eq!(names(&[("tushare", 5000)]), ["announcements", "market", "market_5000", "reports", "weekly"]);
        assert!(names(&[("tushare", 120)]).len() < of_tushare.len());
        assert!(names(&[("asharehub", 0)]).iter().all(|job| job.starts_with("asharehub")));
        assert_eq!(names(&[("alphafin", 0)]), ["alphafin"]);
        assert_eq!(names(&[("f10", 0)]), ["f10"]);
        let all = names(&[("tushare", 15000), ("asharehub", 0), ("alphafin", 0), ("f10", 0)]);
        assert!(all.len() > 10, "{all:?}");
    }

    #[test]
    fn tables_that_need_more_points_stay_as_comments() {
        let (text, _, jobs) = written(&[("tushare", 3000)]);
        assert!(jobs.jobs["market_5000"].tables.contains(&"stock_st_cn".to_owned()));
        assert!(!jobs.jobs["market_5000"].tables.contains(&"stk_factor_pro_cn".to_owned()));
        assert!(text.contains("    # \"stk_factor_pro_cn\",   # 5,000 points"), "{text}");
        assert!(text.contains("points = 3000 "), "{text}");
        assert!(text.contains("url = \"lake\""), "{text}");
    }
}
