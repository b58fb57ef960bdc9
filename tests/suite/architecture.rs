//! Which module may use which, and which dependency lives where. The picture is in `src/lib.rs`; this
//! keeps it true.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A module, and the ones it may use.
const MAY_USE: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("progress", &[]),
    ("store", &[]),
    ("spec", &[]),
    ("vendor", &["spec"]),
    ("plan", &["spec", "vendor", "clock"]),
    ("normalise", &["spec", "vendor", "clock"]),
    ("fetch", &["spec", "vendor", "plan", "clock", "progress"]),
    ("bronze", &["spec", "normalise", "store", "clock"]),
    ("silver", &["spec", "normalise", "store", "clock"]),
    ("query", &["spec", "normalise", "store"]),
    (
        "run",
        &["fetch", "bronze", "silver", "query", "plan", "vendor", "normalise", "spec", "store", "clock", "progress"],
    ),
    ("cli", &["run", "query", "normalise", "spec", "store", "clock", "progress"]),
    ("main", &["cli"]),
];

/// A dependency with one home can be replaced in an afternoon.
const HOMES: &[(&str, &[&str])] = &[
    ("reqwest", &["fetch"]),
    ("parquet", &["silver", "query"]),
    ("datafusion", &["query"]),
    ("clap", &["cli"]),
    ("flate2", &["bronze", "silver"]),
    ("object_store", &["store", "query"]),
    ("indicatif", &["progress"]),
    ("csv", &["bronze"]),
];

fn sources() -> Vec<(String, PathBuf)> {
    fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, files);
            } else if path.extension().is_some_and(|e| e == "rs") {
                files.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    let module = |path: &PathBuf| {
        let first = path.strip_prefix(&root).unwrap().components().next().unwrap();
        first.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()
    };
    files.into_iter().map(|path| (module(&path), path)).collect()
}

/// Lines of code, comments and tests left out.
fn code(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let body = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    body.lines().filter(|line| !line.trim_start().starts_with("//")).map(str::to_owned).collect()
}

fn words_after<'a>(line: &'a str, before: &str) -> Vec<&'a str> {
    line.match_indices(before)
        .map(|(at, _)| {
            let rest = &line[at + before.len()..];
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            &rest[..end]
        })
        .collect()
}

#[test]
fn modules_use_only_what_lies_below() {
    let mut wrong = BTreeSet::new();
    let modules: BTreeSet<&str> = MAY_USE.iter().map(|(module, _)| *module).collect();
    for (module, path) in sources() {
        if module == "lib" {
            continue;
        }
        let allowed = MAY_USE.iter().find(|(name, _)| *name == module);
        let allowed = allowed.unwrap_or_else(|| panic!("{module} has no place in the picture")).1;
        for line in code(&path) {
            for used in words_after(&line, "crate::").into_iter().chain(words_after(&line, "pitlake::")) {
                if modules.contains(used) && used != module && !allowed.contains(&used) {
                    wrong.insert(format!("{}: {module} uses {used}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_dependency_has_its_home() {
    let mut wrong = BTreeSet::new();
    for (module, path) in sources() {
        for line in code(&path) {
            for (dependency, homes) in HOMES {
                let path_use = format!("{dependency}::");
                let used = line
                    .match_indices(&path_use)
                    .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':'));
                if used && !homes.contains(&module.as_str()) {
                    wrong.insert(format!("{}: {module} uses {dependency}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_module_says_what_lives_in_it() {
    for (_, path) in sources() {
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("//!"), "{} opens without saying what lives there", path.display());
    }
}
