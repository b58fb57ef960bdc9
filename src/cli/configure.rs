//! `config`: writes and checks configurations. What the keys mean is decided in `spec`.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use pitlake_contract::counted;

use super::config::{self, CONFIG, LAKE};
use super::context::{Context, Format, print};
use super::language::{commented, listed, local, say};
use crate::ops::configuration::{self, Checked, CheckedNotify, Chosen};
use crate::report::Exit;
use crate::spec::{Catalog, nearest};
use crate::world::Misuse;

/// The points that Tushare requires for its daily tables.
const POINTS: u32 = 2000;

/// Write a configuration, or check one
#[derive(Debug, Args)]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Write a commented jobs.toml for your account, with the jobs and tables that it covers
    Init(InitArgs),
    /// Read the configuration and list every problem; exit 2 if there is one
    Check(CheckArgs),
}

/// Write a commented jobs.toml for your account, with the jobs and tables that it covers
///
/// Writes to --config, or to jobs.toml. An existing file is not replaced.
#[derive(Debug, Args)]
struct InitArgs {
    /// Vendor of your account; repeatable [default: those whose token is in the environment, else tushare]
    #[arg(long, value_name = "VENDOR")]
    vendor: Vec<String>,
    /// Points of your Tushare account, which decide what it may request [default: 2000]
    #[arg(long, value_name = "N")]
    points: Option<u32>,
}

/// Read the configuration and list every problem; exit 2 if there is one
#[derive(Debug, Args)]
struct CheckArgs {
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl ConfigArgs {
    pub(super) fn run(self, context: &Context) -> Result<Exit> {
        match self.command {
            ConfigCommand::Init(args) => args.run(context),
            ConfigCommand::Check(args) => args.run(context),
        }
    }
}

impl InitArgs {
    fn run(self, context: &Context) -> Result<Exit> {
        let (catalog, _) = Catalog::load(&[], None)?;
        let accounts = self.accounts(&catalog)?;
        let lake = context.global.lake.clone().unwrap_or_else(|| LAKE.to_owned());
        let text = commented(configuration::init(&catalog, &lake, &accounts)?);
        let path = context.global.config.clone().unwrap_or_else(|| PathBuf::from(CONFIG));
        let named = path.display();
        let file = std::fs::File::create_new(&path);
        let mut file = file.map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                Misuse(format!("`{named}` exists: remove it, or write another file with --config"))
            }
            _ => Misuse(format!("cannot write `{named}`: {error}")),
        })?;
        file.write_all(text.as_bytes()).with_context(|| format!("cannot write `{named}`"))?;
        let mut next = String::new();
        if !text.contains("\n[jobs.") {
            next.push_str(&local(
                "no job of the template is covered by these points: add [jobs.NAME] with the tables you need\n",
            ));
        }
        for Chosen { vendor, points } in &accounts {
            if *points == POINTS && self.points.is_none() {
                let points = counted(*points, "point");
                let assumed =
                    say!("assumed {points} for {vendor}: correct `points` if your account has a different number");
                writeln!(next, "{assumed}")?;
            }
            let of_vendor = catalog.vendors().find(|known| known.name == *vendor);
            if let Some(of_vendor) = of_vendor.filter(|known| known.needs_token && !config::has_token(known)) {
                let name = &of_vendor.token_env;
                let set = match &of_vendor.token_page {
                    Some(page) => {
                        say!("set {name}, or {name}_FILE to a file that holds the token; {vendor} shows it at {page}")
                    }
                    None => say!("set {name}, or {name}_FILE to a file that holds the token"),
                };
                writeln!(next, "{set}")?;
            }
        }
        print(&say!("wrote {named}"))?;
        print(&format!("{next}{}", local("run `pitlake doctor` to check token, permissions and limits")))?;
        Ok(Exit::Done)
    }

    /// The accounts named on the command line, or those for which there is a token.
    fn accounts(&self, catalog: &Catalog) -> Result<Vec<Chosen>> {
        let known: Vec<&str> = catalog.vendors().map(|vendor| vendor.name.as_str()).collect();
        let mut vendors = self.vendor.clone();
        if let Some(unknown) = vendors.iter().find(|vendor| !known.contains(&vendor.as_str())) {
            let hint = nearest(unknown, known.iter().copied());
            let hint = hint.unwrap_or_else(|| format!("expected one of {}", known.join(", ")));
            return Err(Misuse(format!("unknown vendor `{unknown}`; {hint}")).into());
        }
        if vendors.is_empty() {
            let with_token = catalog.vendors().filter(|vendor| config::has_token(vendor));
            vendors = with_token.map(|vendor| vendor.name.clone()).collect();
        }
        if vendors.is_empty() {
            vendors.push(configuration::MAIN.to_owned());
        }
        let of = |vendor: String| {
            let points = if vendor == configuration::MAIN { self.points.unwrap_or(POINTS) } else { 0 };
            Chosen { vendor, points }
        };
        vendors.dedup();
        if self.points.is_some() && !vendors.iter().any(|vendor| vendor == configuration::MAIN) {
            return Err(Misuse(format!("--points applies only to {} accounts", configuration::MAIN)).into());
        }
        Ok(vendors.into_iter().map(of).collect())
    }
}

impl CheckArgs {
    fn run(self, context: &Context) -> Result<Exit> {
        let world = config::world(context)?;
        let lake = config::lake(context, &world.jobs);
        let mut checked = configuration::check(&world, &lake);
        for vendor in world.catalog.vendors() {
            let name = vendor.variable("BASE_URL");
            if let Some(of_vendor) = checked.vendors.iter_mut().find(|checked| checked.vendor == vendor.name) {
                of_vendor.base_url_env = config::variable(&name).map(|_| name);
            }
        }
        if let Some(notify) = &mut checked.notify {
            notify.has_webhook = config::secret(&notify.webhook_env)?.is_some();
        }
        let path = context.global.config.clone().unwrap_or_else(|| PathBuf::from(CONFIG));
        print(&match self.format {
            Format::Json => serde_json::to_string_pretty(&checked)?,
            Format::Text if path.is_file() => text(&checked),
            Format::Text => {
                let none =
                    say!("no `{}` here, so the defaults apply; `pitlake config init` writes one", path.display());
                format!("{none}\n{}", text(&checked))
            }
        })?;
        Ok(Exit::Done)
    }
}

fn text(checked: &Checked) -> String {
    let mut lines = vec![say!("lake: {}", checked.lake)];
    for vendor in &checked.vendors {
        let points = Some(vendor.points).filter(|points| *points > 0).map(|points| local(&counted(points, "point")));
        let token = match (vendor.has_token, vendor.needs_token) {
            (true, _) => say!("token from {}", vendor.token_env),
            (false, true) => say!("no token: set {0}, or {0}_FILE", vendor.token_env),
            (false, false) => local("no token, and none needed"),
        };
        let address = vendor.base_url.as_ref().map(|url| match &vendor.base_url_env {
            Some(name) => say!("address {url} from {name}"),
            None => say!("address {url}"),
        });
        let parts: Vec<String> = points.into_iter().chain([token]).chain(address).collect();
        lines.push(say!("vendor {}, {}", vendor.vendor, listed(&parts)));
    }
    if checked.vendors.is_empty() {
        lines.push(local("no vendors: add [vendors.NAME] to jobs.toml, or write a new one with `pitlake config init`"));
    }
    for job in &checked.jobs {
        let schedule = job.schedule.as_ref().map_or_else(|| local("no schedule"), |cron| format!("`{cron}`"));
        lines.push(say!("job {}: {schedule}, {}", job.job, counted(job.tables.len(), "table")));
        for closed in &job.closed {
            lines.push(match closed.points {
                Some(points) => {
                    say!("  {} needs {}: running the job exits with 5", closed.table, counted(points, "point"))
                }
                None => say!("  no configured vendor provides {}: running the job exits with 2", closed.table),
            });
        }
    }
    lines.extend(checked.notify.iter().flat_map(notified));
    lines.join("\n")
}

/// Who is told about runs, and what prevents a webhook.
fn notified(notify: &CheckedNotify) -> Vec<String> {
    let on = notify.on.join(", ");
    let mut lines = Vec::new();
    if !notify.command.is_empty() {
        lines.push(say!("notify by `{}` on {on}", notify.command.join(" ")));
    }
    if let Some(form) = notify.form {
        let name = &notify.webhook_env;
        lines.push(if notify.has_webhook {
            say!("notify by the {form} webhook of {name} on {on}")
        } else {
            say!("no address for the {form} webhook: set {name}, or {name}_FILE")
        });
    }
    lines
}
