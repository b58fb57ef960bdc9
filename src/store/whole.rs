//! Writes a local file outside the lake so that it appears whole or not at all. Files of the lake go through
//! [`super::Store`] instead.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

/// Writes a file next to `path`, then moves it there. A device or pipe is written in place.
///
/// # Errors
/// When it cannot be written.
pub fn whole(path: &Path, write: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let failed = || format!("cannot write `{}`", path.display());
    if fs::metadata(path).is_ok_and(|at| !at.is_file() && !at.is_dir()) {
        return write(path).with_context(failed);
    }
    let name = path
        .file_name()
        .with_context(|| format!("invalid output `{}`: expected the path of a file", path.display()))?;
    let staged = path.with_file_name(format!(".{}.{}", name.to_string_lossy(), std::process::id()));
    let written = write(&staged).and_then(|()| Ok(fs::rename(&staged, path)?));
    written.inspect_err(|_| drop(fs::remove_file(&staged))).with_context(failed)
}
