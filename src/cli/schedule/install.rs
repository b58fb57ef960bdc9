//! Installs the jobs into the user's systemd units or crontab, and removes them. Their format is in `forms`.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use super::forms::{cron, lines, mark, systemd};
use super::place::Place;
use crate::cli::config;
use crate::clock::SHANGHAI;
use crate::world::Misuse;

const NOWHERE: &str = "neither systemd user units nor a crontab is available here: run `pitlake schedule` in the \
                       foreground, in a container or a terminal, or give the output of `--print` to another scheduler";

/// Installs the jobs, replacing those installed earlier. Returns what was done and how to undo it.
pub(super) fn install(place: &Place) -> Result<String> {
    if has_systemd() {
        return install_units(place);
    }
    let Some(before) = crontab()? else { return Err(Misuse(NOWHERE.into()).into()) };
    if !knows_zones() && *chrono::Local::now().offset() != SHANGHAI {
        let message = "this cron does not support CRON_TZ, and the machine's time zone is not Shanghai's: run `pitlake \
                       schedule` itself, or set the time zone of the machine";
        return Err(Misuse(message.into()).into());
    }
    let block = format!("{}{}{}", begin(place), cron(place)?, end(place));
    set_crontab(&format!("{}{block}", without(&before, place)))?;
    let shown = "`crontab -l` shows them; `pitlake schedule --uninstall` in this folder removes them";
    Ok(format!("added to your crontab:\n\n{block}\n{}{shown}", lines(place.missing())))
}

/// Removes what was installed for this folder.
pub(super) fn uninstall(place: &Place) -> Result<String> {
    let mut removed = Vec::new();
    if has_systemd() {
        removed = remove_units(place, &[])?;
    }
    if let Some(before) = crontab()? {
        let after = without(&before, place);
        if after != before {
            set_crontab(&after)?;
            removed.push("the lines in your crontab".to_owned());
        }
    }
    if removed.is_empty() {
        return Ok("nothing was installed for this folder".to_owned());
    }
    Ok(format!("removed {}", removed.join(", ")))
}

fn install_units(place: &Place) -> Result<String> {
    let folder = units_folder(place)?;
    let units = systemd(place)?;
    let names: Vec<&str> = units.iter().map(|unit| unit.name.as_str()).collect();
    remove_units(place, &names)?;
    fs::create_dir_all(&folder).with_context(|| format!("cannot create `{}`", folder.display()))?;
    for unit in &units {
        let path = folder.join(&unit.name);
        fs::write(&path, &unit.text).with_context(|| format!("cannot write `{}`", path.display()))?;
    }
    let timers: Vec<&str> = names.into_iter().filter(|name| is_timer(name)).collect();
    systemctl(&["daemon-reload"])?;
    systemctl(&[&["enable", "--now"], &timers[..]].concat())?;
    let timer = timers.first().map_or("", |name| name.trim_end_matches(".timer"));
    let shown = format!("`systemctl --user list-timers` shows them, and `journalctl --user -u {timer}` their log");
    Ok(format!(
        "added to `{}` and started: {}\n{}{shown}\n\
         they run while you are logged in; `loginctl enable-linger` lets them run always\n\
         `pitlake schedule --uninstall` in this folder removes them",
        folder.display(),
        timers.join(", "),
        lines(place.missing()),
    ))
}

/// Removes the units of this folder, except those to keep. Returns their names.
fn remove_units(place: &Place, kept: &[&str]) -> Result<Vec<String>> {
    let folder = units_folder(place)?;
    let mut removed = Vec::new();
    for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_ours = fs::read_to_string(entry.path()).is_ok_and(|text| text.starts_with(&mark(place)));
        if !is_ours || kept.contains(&name.as_str()) {
            continue;
        }
        if is_timer(&name) {
            systemctl(&["disable", "--now", &name])?;
        }
        fs::remove_file(entry.path()).with_context(|| format!("cannot remove `{}`", entry.path().display()))?;
        removed.push(name);
    }
    if !removed.is_empty() {
        systemctl(&["daemon-reload"])?;
    }
    removed.sort();
    Ok(removed)
}

fn is_timer(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "timer")
}

fn units_folder(place: &Place) -> Result<PathBuf> {
    let config = config::variable("XDG_CONFIG_HOME").map(PathBuf::from);
    let config = config.or_else(|| place.home.as_ref().map(|home| home.join(".config")));
    Ok(config.context("HOME is not set, so there is no folder for systemd units")?.join("systemd/user"))
}

fn has_systemd() -> bool {
    let mut asked = Command::new("systemctl");
    let asked = asked.args(["--user", "show-environment"]).stdin(Stdio::null()).output();
    asked.is_ok_and(|output| output.status.success())
}

fn systemctl(words: &[&str]) -> Result<()> {
    let output = Command::new("systemctl").arg("--user").args(words).output().context("cannot run `systemctl`")?;
    if !output.status.success() {
        bail!("`systemctl --user {}` failed: {}", words.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

/// The user's crontab, empty if there is none. `None` if the system has no cron.
fn crontab() -> Result<Option<String>> {
    let output = match Command::new("crontab").arg("-l").stdin(Stdio::null()).output() {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).context("cannot run `crontab`"),
    };
    let stderr = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() && !stderr.to_lowercase().contains("no crontab") {
        bail!("`crontab -l` failed: {}", stderr.trim());
    }
    Ok(Some(String::from_utf8(output.stdout).context("your crontab is not UTF-8")?))
}

fn set_crontab(text: &str) -> Result<()> {
    let child = Command::new("crontab").arg("-").stdin(Stdio::piped()).spawn();
    let mut child = child.context("cannot run `crontab`")?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(text.as_bytes()).context("cannot write to `crontab`")?;
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("`crontab -` failed: your crontab is unchanged");
    }
    Ok(())
}

/// Whether this cron is cronie, which supports `CRON_TZ`.
fn knows_zones() -> bool {
    let told = Command::new("crontab").arg("-V").stdin(Stdio::null()).output();
    told.is_ok_and(|output| [output.stdout, output.stderr].concat().windows(6).any(|part| part == b"cronie"))
}

fn begin(place: &Place) -> String {
    format!("# begin of `pitlake schedule` for {}\n", place.folder.display())
}

fn end(place: &Place) -> String {
    format!("# end of `pitlake schedule` for {}\n", place.folder.display())
}

/// A crontab without the lines for this folder.
fn without(text: &str, place: &Place) -> String {
    let (begin, end) = (begin(place), end(place));
    let mut out = text.to_owned();
    while let Some(from) = out.find(&begin) {
        let to = out[from..].find(&end).map_or(out.len(), |at| from + at + end.len());
        out.replace_range(from..to, "");
    }
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
    out
}
