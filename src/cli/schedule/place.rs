//! What another scheduler needs to run pitlake here: the binary, the folder, the token files, and which jobs to run
//! when. The format is in `forms`.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::cli::config;
use crate::cli::context::Context;
use crate::plan::scheduled;
use crate::spec::{Fields, Schedule};
use crate::world::{Misuse, World};

/// Where to look for programs, besides the folder of the binary.
const SEARCHED: &str = "/usr/local/bin:/usr/bin:/bin";

/// Where and how pitlake runs.
#[derive(Debug)]
pub(super) struct Place {
    /// The binary.
    pub(super) program: PathBuf,
    /// The folder to run it in.
    pub(super) folder: PathBuf,
    /// Where to look for programs.
    pub(super) search: String,
    /// Options placed before the jobs.
    pub(super) options: Vec<String>,
    /// Variables with the paths of token files.
    pub(super) tokens: Vec<(String, String)>,
    /// Variables with vendors' URLs, if they are set in the environment.
    pub(super) addresses: Vec<(String, String)>,
    /// The user's home folder.
    pub(super) home: Option<PathBuf>,
    /// The jobs named on the command line.
    pub(super) named: Vec<String>,
    /// What runs when.
    pub(super) runs: Vec<ScheduledRun>,
}

/// Jobs that run together.
#[derive(Debug)]
pub(super) struct ScheduledRun {
    pub(super) schedule: Schedule,
    pub(super) fields: Fields,
    pub(super) jobs: Vec<String>,
}

impl Place {
    /// This machine, and the jobs of the configuration.
    pub(super) fn of(context: &Context, world: &World, names: &[String]) -> Result<Self> {
        let program = env::current_exe().context("cannot find the path of this binary")?;
        let folder = env::current_dir().context("cannot find the current folder")?;
        let mut options = Vec::new();
        if let Some(file) = &context.global.config {
            options.extend(["--config".to_owned(), folder.join(file).display().to_string()]);
        }
        if let Some(lake) = &context.global.lake {
            options.extend(["--lake".to_owned(), folder.join(lake).display().to_string()]);
        }
        let home = config::variable("HOME").map(PathBuf::from);
        let mut tokens = Vec::new();
        let mut addresses = Vec::new();
        for vendor in world.catalog.vendors() {
            let Some(account) = world.jobs.accounts.get(&vendor.name).filter(|account| account.needs_token(vendor))
            else {
                continue;
            };
            let address = vendor.variable("BASE_URL");
            // A URL that may contain a secret is not written into another program's file.
            let set = config::variable(&address).filter(|url| !url.contains(['@', '?']));
            addresses.extend(set.map(|url| (address, url)));
            let name = format!("{}_FILE", account.token_variable(vendor));
            let usual = || {
                let home = home.clone().unwrap_or_else(|| PathBuf::from("/home/YOU"));
                home.join(".config/pitlake").join(format!("{}.token", vendor.name))
            };
            let file = config::variable(&name).map_or_else(usual, |file| folder.join(file));
            tokens.push((name, file.display().to_string()));
        }
        let beside = program.parent().map(|folder| folder.display().to_string());
        let search = beside.filter(|folder| !SEARCHED.split(':').any(|other| other == folder));
        let search = search.map_or_else(|| SEARCHED.to_owned(), |folder| format!("{folder}:{SEARCHED}"));
        let runs = runs(world, names)?;
        Ok(Self { program, folder, search, options, tokens, addresses, home, named: names.to_vec(), runs })
    }

    /// The variables that a run needs.
    pub(super) fn variables(&self) -> impl Iterator<Item = &(String, String)> {
        self.tokens.iter().chain(&self.addresses)
    }

    /// What to do about missing token files, a line each.
    pub(super) fn missing(&self) -> Vec<String> {
        let missing = self.tokens.iter().filter(|(_, file)| !Path::new(file).is_file());
        missing.map(|(name, file)| format!("write the token to `{file}` ({name}), and `chmod 600` it")).collect()
    }

    /// A pitlake command, as words.
    pub(super) fn command(&self, program: &str, verb: &str, jobs: &[String]) -> Vec<String> {
        let words = [program.to_owned(), verb.to_owned()].into_iter();
        words.chain(jobs.iter().cloned()).chain(self.options.iter().cloned()).collect()
    }

    /// A name for the lake's folder, to be used in other programs' files.
    pub(super) fn name(&self) -> String {
        let name = self.folder.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' }).collect()
    }
}

/// The jobs that have a schedule and a vendor, by schedule.
fn runs(world: &World, names: &[String]) -> Result<Vec<ScheduledRun>> {
    let mut runs: Vec<ScheduledRun> = Vec::new();
    for (name, _, schedule) in scheduled(&world.catalog, &world.jobs, names) {
        if let Some(run) = runs.iter_mut().find(|run| run.schedule.text() == schedule.text()) {
            run.jobs.push(name.clone());
            continue;
        }
        let fields = schedule.fields().ok_or_else(|| {
            let text = schedule.text();
            Misuse(format!(
                "the schedule `{text}` of `{name}` uses L, W or #, which only `pitlake schedule` itself supports"
            ))
        })?;
        runs.push(ScheduledRun { schedule: schedule.clone(), fields, jobs: vec![name.clone()] });
    }
    Ok(runs)
}
