//! Paths of the lake that cannot be read as what they should be. Each is reported once, and the work goes on without
//! it. How such paths are found is not in this module.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::sync::{Arc, Mutex, PoisonError};

/// How many paths are reported one by one.
const NAMED: usize = 50;

/// The folder icon that macOS leaves behind.
const ICON: &str = "Icon\r";

// Why a path is passed over, and what to do about it.
pub(super) const NO_UTF8: &str = "its name is not valid UTF-8; rename or remove it";
pub(super) const CONTROL: &str = "its name has a line break or another control character; rename or remove it";
pub(super) const NO_FOLDER: &str = "it is a file where a folder should be; move it away";
pub(super) const NO_FILE: &str = "it is neither a file nor a folder; remove it";
pub(super) const LEADS_BACK: &str = "it is a link that leads back to a folder above it; remove the link";
pub(super) const LEADS_NOWHERE: &str = "it is a broken link; remove it, or restore its target";
pub(super) const DEEP: &str = "it is nested too deeply; move it away";

/// The paths passed over so far. Clones share them.
#[derive(Debug, Clone, Default)]
pub(super) struct PassedOver(Arc<Mutex<BTreeMap<String, String>>>);

impl PassedOver {
    /// Records a path with the reason and what to do, and reports it if it is new.
    pub(super) fn add(&self, path: &str, reason: &str) {
        // Keep the log to one line, whatever the name contains.
        let shown = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
        let path: String = path.chars().map(shown).collect();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.contains_key(&path) {
            return;
        }
        match all.len() {
            NAMED => tracing::error!("more than {NAMED} paths are skipped; the report of a run lists them all"),
            number if number < NAMED => tracing::error!("skipped `{path}`: {reason}"),
            _ => {}
        }
        all.insert(path, reason.to_owned());
    }

    /// All of them by path, with the reasons.
    pub(super) fn all(&self) -> BTreeMap<String, String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Whether a name is junk that need not be reported.
pub(super) fn is_nothing(name: &OsStr) -> bool {
    name == ICON
}

/// A name as a segment of a path.
///
/// # Errors
/// Why no path of a lake can contain it.
pub(super) fn part(name: &OsStr) -> Result<&str, &'static str> {
    let name = name.to_str().ok_or(NO_UTF8)?;
    if name.chars().any(|c| c.is_ascii_control()) { Err(CONTROL) } else { Ok(name) }
}

/// The reason to report for a path the system cannot read.
pub(super) fn unreadable(error: impl std::fmt::Display) -> String {
    format!("it cannot be read ({error}); check its permissions and the disk, or remove it")
}
