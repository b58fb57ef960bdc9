//! Every file below a local folder, where the system has no folders to open: each path from the root, as `std` has it.
//! Never here: what a path means.

use std::io::ErrorKind;
use std::path::Path as FsPath;
use std::{fs, io};

use object_store::path::Path;
use object_store::{Error, ObjectMeta, Result};

use super::is_unfinished;

/// Folders within folders; more are links that lead back.
const DEEPEST: usize = 32;

/// Every file below `prefix` in `root`, sorted by path; none where it does not exist.
pub(super) fn walk(root: &FsPath, prefix: &Path) -> Result<Vec<ObjectMeta>> {
    let mut found = Vec::new();
    let folder = root.join(prefix.as_ref());
    if folder.is_dir() {
        below(&folder, prefix.as_ref(), 0, &mut found)?;
    }
    found.sort_by(|a, b| a.location.cmp(&b.location));
    Ok(found)
}

fn below(folder: &FsPath, path: &str, depth: usize, found: &mut Vec<ObjectMeta>) -> Result<()> {
    let failed = |path: &str, error: io::Error| Error::Generic {
        store: "StagedFolder",
        source: format!("cannot list `{path}`: {error}").into(),
    };
    if depth > DEEPEST {
        return Err(failed(path, io::Error::other("too many folders within folders")));
    }
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(path, error)),
    };
    for entry in entries {
        let entry = entry.map_err(|error| failed(path, error))?;
        let name = entry.file_name();
        let name = name.to_str().ok_or_else(|| failed(path, io::Error::other("a name is not UTF-8")))?;
        let path = if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
        // What is gone by now was deleted meanwhile, or is a link to nothing.
        let meta = match fs::metadata(entry.path()) {
            Ok(meta) => meta,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(&path, error)),
        };
        if meta.is_dir() {
            below(&entry.path(), &path, depth + 1, found)?;
        } else if meta.is_file() && !is_unfinished(&path) {
            found.push(ObjectMeta {
                location: Path::parse(&path)?,
                last_modified: meta.modified().map_err(|error| failed(&path, error))?.into(),
                size: meta.len(),
                e_tag: None,
                version: None,
            });
        }
    }
    Ok(())
}
