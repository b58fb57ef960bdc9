//! Paths of the lake that cannot be read as what they should be: each is named once, and the work goes on without it. Never
//! how a path is found.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::sync::{Arc, Mutex, PoisonError};

/// Most paths that are named one by one.
const NAMED: usize = 50;

/// The icon of a folder, as macOS leaves it.
const ICON: &str = "Icon\r";

// Why a path is passed over, and what to do.
pub(super) const NO_UTF8: &str = "its name is not valid UTF-8; rename or remove it";
pub(super) const CONTROL: &str = "its name has a line break or another control character; rename or remove it";
pub(super) const NO_FOLDER: &str = "it is a file, and a folder should be there; move it away";
pub(super) const NO_FILE: &str = "it is neither a file nor a folder; remove it";
pub(super) const LEADS_BACK: &str = "it is a link that leads back to a folder above it; remove the link";
pub(super) const LEADS_NOWHERE: &str = "it is a link to nothing; remove it, or bring back what it leads to";
pub(super) const DEEP: &str = "it lies too many folders deep; move it away";

/// What was passed over so far. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct PassedOver(Arc<Mutex<BTreeMap<String, String>>>);

impl PassedOver {
    /// Names a path that is passed over, with the reason and the way out, unless it was named before.
    pub(super) fn add(&self, path: &str, reason: &str) {
        // A line of the log is a line, whatever a name holds.
        let shown = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
        let path: String = path.chars().map(shown).collect();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.contains_key(&path) {
            return;
        }
        match all.len() {
            NAMED => tracing::error!("more paths are passed over than these {NAMED}; the report of a run has all"),
            number if number < NAMED => tracing::error!("`{path}` is passed over: {reason}"),
            _ => {}
        }
        all.insert(path, reason.to_owned());
    }

    /// All of them, by path, with the reasons.
    pub(super) fn all(&self) -> BTreeMap<String, String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Whether a name means nothing to anybody, and is nothing to tell of.
pub(super) fn is_nothing(name: &OsStr) -> bool {
    name == ICON
}

/// A name as a part of a path.
///
/// # Errors
/// Why no path of a lake has it.
pub(super) fn part(name: &OsStr) -> Result<&str, &'static str> {
    let name = name.to_str().ok_or(NO_UTF8)?;
    if name.chars().any(|c| c.is_ascii_control()) { Err(CONTROL) } else { Ok(name) }
}

/// Why what the system does not give is passed over.
pub(super) fn unreadable(error: impl std::fmt::Display) -> String {
    format!("it cannot be read ({error}); see to its permissions and its disk, or remove it")
}
