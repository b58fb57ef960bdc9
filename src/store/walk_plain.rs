//! Lists every file below a local folder with `std` alone, for systems without `openat`. What a path means is not
//! decided here.

use std::io::ErrorKind;
use std::path::Path as FsPath;
use std::{fs, io};

use object_store::path::Path;
use object_store::{Error, ListResult, ObjectMeta, Result};

use super::entry::Entry;
use super::is_unfinished;
use super::passed_over::{self, PassedOver};
use super::remembered::Place;

/// Maximum depth of folders. Deeper means links that form a cycle.
const DEEPEST: usize = 32;

/// Every file below `prefix` in `root`, sorted by path; none if it does not exist. Nothing is remembered.
pub(super) fn walk(root: &FsPath, prefix: &Path, _: Place, passed_over: &PassedOver) -> Result<Vec<Entry>> {
    let found = look(root, (prefix, true), passed_over)?.objects;
    let mut found: Vec<Entry> = found.into_iter().map(Entry::from).collect();
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// The files and folders directly in `prefix` in `root`; none if it does not exist.
pub(super) fn level(root: &FsPath, prefix: &Path, passed_over: &PassedOver) -> Result<ListResult> {
    look(root, (prefix, false), passed_over)
}

fn look(root: &FsPath, (prefix, is_deep): (&Path, bool), passed_over: &PassedOver) -> Result<ListResult> {
    let mut found = ListResult { common_prefixes: Vec::new(), objects: Vec::new() };
    let folder = root.join(prefix.as_ref());
    if folder.is_dir() {
        let looked = below((&folder, prefix.as_ref()), (0, is_deep), passed_over, &mut found);
        looked.map_err(|error| Error::Generic { store: "StagedFolder", source: error.into() })?;
    }
    Ok(found)
}

fn below(
    (folder, path): (&FsPath, &str),
    (depth, is_deep): (usize, bool),
    passed_over: &PassedOver,
    found: &mut ListResult,
) -> io::Result<()> {
    if depth > DEEPEST {
        passed_over.add(path, passed_over::LEADS_BACK);
        return Ok(());
    }
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        let shown = name.to_string_lossy();
        let path = if path.is_empty() { shown.into_owned() } else { format!("{path}/{shown}") };
        match passed_over::part(&name) {
            Ok(_) => {}
            Err(_) if passed_over::is_nothing(&name) => continue,
            Err(reason) => {
                passed_over.add(&path, reason);
                continue;
            }
        }
        // Either it was deleted meanwhile, or it is a dangling link.
        let meta = match fs::metadata(entry.path()) {
            Ok(meta) => meta,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => {
                passed_over.add(&path, &passed_over::unreadable(error));
                continue;
            }
        };
        if meta.is_dir() && is_deep {
            if let Err(error) = below((&entry.path(), &path), (depth + 1, is_deep), passed_over, found) {
                passed_over.add(&path, &passed_over::unreadable(error));
            }
        } else if meta.is_dir() {
            found.common_prefixes.push(Path::parse(&path).map_err(io::Error::other)?);
        } else if meta.is_file() && !is_unfinished(&path) {
            found.objects.push(ObjectMeta {
                location: Path::parse(&path).map_err(io::Error::other)?,
                last_modified: meta.modified()?.into(),
                size: meta.len(),
                e_tag: None,
                version: None,
            });
        }
    }
    Ok(())
}
