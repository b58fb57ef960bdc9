//! The structure of the code: which module may use which, where each dependency is used, which crate depends on which,
//! that no two files import each other, and how long a file may be.
//!
//! An unused permission fails like a missing one, so the lists below are what the code does today.

mod graph;
mod language;
mod machine;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use graph::{Crate, rust_files};

/// The modules of `src/`, lowest first, each with the lower ones it uses.
const MODULES: &[(&str, &[&str])] = &[
    ("real", &[]),
    ("clock", &["real"]),
    ("engine", &[]),
    ("interrupt", &[]),
    ("panics", &[]),
    ("parallel", &[]),
    ("memory", &["parallel"]),
    ("progress", &[]),
    ("spec", &["memory"]),
    ("store", &["real"]),
    ("wire", &["spec"]),
    ("bronze", &["panics", "real", "spec", "store"]),
    ("normalise", &["clock", "parallel", "spec"]),
    ("query", &["normalise", "panics", "spec", "store"]),
    ("report", &["bronze", "clock", "interrupt", "real", "store"]),
    ("silver", &["bronze", "normalise", "panics", "parallel", "real", "spec", "store"]),
    ("ledger", &["bronze", "clock", "normalise", "parallel", "real", "spec", "store"]),
    ("plan", &["clock", "ledger", "normalise", "report", "spec", "wire"]),
    ("world", &["clock", "engine", "interrupt", "ledger", "memory", "progress", "report", "spec", "store"]),
    (
        "build",
        &[
            "bronze",
            "engine",
            "ledger",
            "normalise",
            "parallel",
            "plan",
            "real",
            "report",
            "silver",
            "spec",
            "store",
            "world",
        ],
    ),
    (
        "fetch",
        &[
            "bronze",
            "clock",
            "ledger",
            "normalise",
            "plan",
            "progress",
            "real",
            "report",
            "spec",
            "store",
            "wire",
            "world",
        ],
    ),
    ("reference", &["build", "ledger", "normalise", "plan", "spec", "world"]),
    ("run", &["build", "fetch", "interrupt", "ledger", "plan", "reference", "report", "spec", "store", "world"]),
    (
        "ops",
        &[
            "bronze",
            "build",
            "clock",
            "fetch",
            "ledger",
            "normalise",
            "parallel",
            "plan",
            "real",
            "reference",
            "report",
            "run",
            "silver",
            "spec",
            "store",
            "world",
        ],
    ),
    ("announce", &["clock", "fetch", "report", "spec", "store"]),
    (
        "cli",
        &[
            "announce",
            "clock",
            "engine",
            "interrupt",
            "memory",
            "normalise",
            "ops",
            "panics",
            "plan",
            "progress",
            "query",
            "reference",
            "report",
            "run",
            "spec",
            "store",
            "world",
        ],
    ),
    ("main", &["cli"]),
];

/// Dependencies used in few modules. One with a single home can be replaced in an afternoon.
const HOMES: &[(&str, &[&str])] = &[
    ("reqwest", &["announce", "fetch"]),
    ("ring", &["announce"]),
    ("base64", &["announce", "fetch", "store"]),
    ("rustyline", &["cli"]),
    ("rust_xlsxwriter", &["query"]),
    ("parquet", &["bronze", "silver", "query"]),
    ("arrow_ipc", &["bronze"]),
    ("datafusion", &["query"]),
    ("clap", &["cli"]),
    ("croner", &["spec"]),
    ("clap_complete", &["cli"]),
    ("clap_mangen", &["cli"]),
    ("flate2", &["bronze", "fetch", "silver", "store"]),
    ("libc", &["memory"]),
    ("libdeflater", &["bronze"]),
    ("zstd", &["silver"]),
    ("object_store", &["store"]),
    ("rustix", &["cli", "store"]),
    ("backon", &["fetch"]),
    ("indicatif", &["progress"]),
    ("terminal_size", &["cli", "progress"]),
    ("csv", &["bronze"]),
    ("md5", &["store"]),
    ("pitlake_sandbox", &["cli"]),
];

/// The crates of the workspace, each with those it may depend on.
const CRATES: &[(&str, &[&str])] = &[
    ("crates/contract", &[]),
    ("crates/sandbox", &["pitlake-contract"]),
    (".", &["pitlake-contract", "pitlake-sandbox"]),
    ("crates/cluster", &["pitlake"]),
];

/// Folders with sources.
const SOURCES: [&str; 4] = ["src", "crates/cluster/src", "crates/contract/src", "crates/sandbox/src"];

const MAX_LINES: usize = 400;

/// Files that may be longer, such as tables and lists of cases.
const LONG: &[&str] = &[];

/// Files outside the repository, or removed from it, which must not be referred to.
const OUTSIDE: &[&str] = &["design.md", "style.md", "shared/", "reference/"];

#[test]
fn modules_use_only_what_lies_below_them() {
    for (place, (module, below)) in MODULES.iter().enumerate() {
        let lower: Vec<&str> = MODULES[..place].iter().map(|(name, _)| *name).collect();
        let upper: Vec<&&str> = below.iter().filter(|used| !lower.contains(*used)).collect();
        assert!(upper.is_empty(), "{module} may use {upper:?}, which do not lie below it");
    }
    let lake = Crate::read("src");
    let mut unused: BTreeSet<(&str, &str)> =
        MODULES.iter().flat_map(|(module, below)| below.iter().map(|used| (*module, *used))).collect();
    let mut wrong = BTreeSet::new();
    for file in lake.files().filter(|file| file.top() != "lib") {
        let Some((module, below)) = MODULES.iter().find(|(name, _)| *name == file.top()) else {
            wrong.insert(format!("{}: MODULES lacks `{}`", file.name(), file.top()));
            continue;
        };
        for path in file.uses() {
            let Some(path) = Crate::absolute(file, &path) else { continue };
            let Some((used, _)) = MODULES.iter().find(|(name, _)| path.first().is_some_and(|first| first == name))
            else {
                continue;
            };
            unused.remove(&(*module, *used));
            if used != module && !below.contains(used) {
                wrong.insert(format!("{}: {module} uses {used}", file.name()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(unused.is_empty(), "remove the unused permits from MODULES: {unused:?}");
}

#[test]
fn every_dependency_has_its_home() {
    let lake = Crate::read("src");
    let mut unused: BTreeSet<(&str, &str)> =
        HOMES.iter().flat_map(|(dependency, homes)| homes.iter().map(|home| (*dependency, *home))).collect();
    let mut wrong = BTreeSet::new();
    for file in lake.files() {
        for path in file.uses() {
            let name = path.iter().find(|name| !name.is_empty());
            let Some((dependency, homes)) = HOMES.iter().find(|home| name.is_some_and(|name| home.0 == name)) else {
                continue;
            };
            unused.remove(&(*dependency, file.top()));
            if !homes.contains(&file.top()) {
                wrong.insert(format!("{}: {} uses {dependency}", file.name(), file.top()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(unused.is_empty(), "remove the unused permits from HOMES: {unused:?}");
}

#[test]
fn the_sandbox_knows_contracts_and_nothing_of_the_lake() {
    for (folder, allowed) in CRATES {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join("Cargo.toml");
        let mut section = String::new();
        let mut found = BTreeSet::new();
        for line in fs::read_to_string(&manifest).unwrap().lines() {
            if let Some(name) = line.strip_prefix('[') {
                section = name.trim_end_matches(']').to_owned();
            }
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            let is_dependency = section.ends_with("dependencies") && !section.starts_with("workspace");
            if is_dependency && name.starts_with("pitlake") {
                found.insert(name.to_owned());
            }
            assert!(!section.contains("dependencies."), "{folder}: write dependencies as one line each");
        }
        let allowed: BTreeSet<String> = allowed.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(found, allowed, "{folder} depends on");
    }
}

#[test]
fn no_two_files_import_each_other() {
    let tangles: BTreeMap<_, _> = SOURCES.iter().flat_map(|folder| Crate::read(folder).tangles()).collect();
    let why: Vec<&String> = tangles.values().collect();
    assert!(why.is_empty(), "these files import each other: {why:#?}");
}

#[test]
fn files_are_short() {
    let mut long = BTreeSet::new();
    for file in SOURCES.iter().flat_map(|folder| rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))) {
        if fs::read_to_string(&file).unwrap().lines().count() > MAX_LINES {
            long.insert(file.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().display().to_string());
        }
    }
    let known: BTreeSet<String> = LONG.iter().map(|name| (*name).to_owned()).collect();
    let new: Vec<_> = long.difference(&known).collect();
    assert!(new.is_empty(), "longer than {MAX_LINES} lines: {new:#?}");
    let shortened: Vec<_> = known.difference(&long).collect();
    assert!(shortened.is_empty(), "remove from LONG what is short: {shortened:#?}");
}

#[test]
fn every_module_says_what_lives_in_it() {
    for file in SOURCES.iter().flat_map(|folder| rust_files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))) {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("//!"), "{} opens without a `//!` that says what lives in it", file.display());
    }
}

#[test]
fn code_refers_to_nothing_outside_the_repository() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = SOURCES.iter().copied().chain(["benches"]);
    let mut found = BTreeMap::new();
    for path in folders.flat_map(|folder| rust_files(&root.join(folder))) {
        for (number, line) in (1..).zip(fs::read_to_string(&path).unwrap().lines()) {
            // Only comments refer to files; code contains vendors' paths.
            let comment = line.find("//").map_or("", |at| &line[at..]);
            if OUTSIDE.iter().any(|name| comment.contains(name)) {
                found.insert(path.strip_prefix(root).unwrap().display().to_string(), number);
            }
        }
    }
    assert!(found.is_empty(), "file and line: {found:#?}");
}
