//! Where code depends on the machine: real time, waits, threads. A run may only do so through `src/real`, otherwise
//! whole runs cannot be simulated.

use std::collections::BTreeSet;

use super::graph::{Crate, File};

/// Paths that depend on the machine, by prefix.
const MACHINE: &[&[&str]] = &[
    &["chrono", "Utc", "now"],
    &["chrono", "Local", "now"],
    &["rayon"],
    &["std", "thread", "Builder"],
    &["std", "thread", "park_timeout"],
    &["std", "thread", "scope"],
    &["std", "thread", "sleep"],
    &["std", "thread", "spawn"],
    &["std", "time", "Instant", "now"],
    &["std", "time", "SystemTime", "now"],
    &["tokio", "task", "block_in_place"],
    &["tokio", "task", "spawn_blocking"],
    &["tokio", "time"],
];

/// The folder that may, and the files that simulated runs do not reach or need not simulate, with the reason.
const REAL: &str = "src/real/";
const ELSEWHERE: &[(&str, &str)] = &[
    ("src/announce/command.rs", "a command of the user's, after the run"),
    ("src/build/fill.rs", "threads of work that is apart already, and ends before it does"),
    ("src/cli/announced.rs", "after the run"),
    ("src/cli/query/prompt.rs", "a person at a terminal"),
    ("src/cli/schedule/install.rs", "the zone of this machine"),
    ("src/cli/schedule/mod.rs", "between runs"),
    ("src/cli/signals.rs", "signals of the process"),
    ("src/ops/check.rs", "`check` alone"),
    ("src/ops/verify/files.rs", "`verify` alone"),
    ("src/parallel.rs", "threads of one piece of work, which end before it does"),
    ("src/progress/meter.rs", "what is shown of the time to go"),
    ("src/progress/mod.rs", "what is shown, on a thread of its own"),
    ("src/store/lease/given_back.rs", "the end of the process"),
    ("src/store/mod.rs", "files of a local folder: a simulated lake lies in memory"),
    ("src/store/probe.rs", "`doctor` alone"),
    ("src/store/staged.rs", "files of a local folder"),
    ("src/store/staging.rs", "files of a local folder"),
];

/// How a file depends on the machine.
fn left(file: &File) -> BTreeSet<String> {
    let begins = |path: &[String]| {
        MACHINE.iter().any(|with| path.len() >= with.len() && path.iter().zip(*with).all(|(name, with)| name == with))
    };
    file.uses().filter(|path| begins(path)).map(|path| path.join("::")).collect()
}

#[test]
fn a_run_leaves_its_course_to_the_machine_in_one_room() {
    let lake = Crate::read("src");
    let mut unused: BTreeSet<&str> = ELSEWHERE.iter().map(|(file, _)| *file).collect();
    let mut wrong = BTreeSet::new();
    let mut is_seen = false;
    for file in lake.files() {
        let (name, left) = (file.name(), left(file));
        if name.starts_with(REAL) {
            is_seen |= !left.is_empty();
        } else if !left.is_empty() && !unused.remove(name.as_str()) {
            wrong.insert(format!("{name}: {left:?}"));
        }
    }
    assert!(wrong.is_empty(), "a simulation cannot play this: use `real::apart`, `real::sleep` … instead: {wrong:#?}");
    assert!(unused.is_empty(), "remove from ELSEWHERE what leaves nothing to the machine: {unused:?}");
    assert!(is_seen, "nothing is found where it must be");
}
