//! Tests of the whole program: the binary against the sandbox, its rules against a second implementation,
//! and the shape of the code. They are one binary, because each binary would link the whole program.
//!
//! Where a new test belongs:
//!
//! - one function or type: `mod tests` in its own file under `src/` or `crates/`, not here
//! - the values of a table or an interface: `width`, which covers all of them; nothing to add but units in `reference.tsv`
//! - what a command prints, its exit codes: `cli`; what it logs: `logs`; what keeps all tables from their data: `causes`
//! - what it prints in Chinese: `language`
//! - a clock that lies: `clock`
//! - a configuration that is written or checked: `config`
//! - what later answers superseded, and the history of snapshots: `companions`
//! - a vendor that cuts, fails or lies: `awkward`; quotas and refusals: `quotas`; a killed run: `crash`, a signal: `signals`, jobs at their time: `schedule`
//! - whatever bronze holds: what silver lacks is named: `explained`
//! - a vendor that lies about a quarter of its replies, evening by evening: `lies`
//! - any bytes where bytes come from others: `fuzz`, with targets and corpus in `fuzz/`
//! - a security that never comes, four attempts an evening: `lacking`
//! - what fetching takes of memory: `memory`
//! - what nobody may read: `secrets`
//! - nights in a row, a vendor's clock that moves: `nights`, `evenings`; news and quotes: `feeds`
//! - a lake of which a file is broken, or that cannot be written: `broken`
//! - damaged bytes: `verify`; rows that break a promise: `check`; rejected rows that come back: `rejects`
//! - versions of reports: `reports`, with the brute-force `reader`
//! - several vendors in one table: `vendors` (bronze written by hand), `two_vendors` (both on the wire); `diff`
//! - days that tables of jobs should have by now: `late`
//! - the page of `status --html`: `page`, and in a browser `tests/interop/page.py`
//! - a backfill in units: `units`; repeated runs, holes, refetches: `reruns`; captures from elsewhere: `imports`
//! - an input that was once lost or misread: `regressions`
//! - a shipped file of `schemas/` or `pipelines/`: `specs`, `fields`; files beside jobs.toml: `own`
//! - who may import whom, dependencies, sizes of files: `architecture`
//! - what is remembered of a listing: `remembered`
//! - who is told of a run: `announced`
//! - links, commands, names and numbers in README and docs: `documents`

mod dice;
mod documented;
mod proxy;
mod reader;
mod support;

mod announced;
mod architecture;
mod awkward;
mod broken;
mod causes;
mod check;
mod cli;
mod clock;
mod companions;
mod config;
mod crash;
mod diff;
mod documents;
mod drift;
mod evenings;
mod explained;
mod feeds;
mod fields;
mod fuzz;
mod imports;
mod lacking;
mod language;
mod late;
mod lies;
mod logs;
#[cfg(target_os = "linux")]
mod memory;
mod nights;
mod own;
mod page;
mod quotas;
mod regressions;
mod rejects;
#[cfg(target_os = "linux")]
mod remembered;
mod reports;
mod reruns;
mod schedule;
mod secrets;
mod signals;
mod specs;
mod two_vendors;
mod units;
mod vendors;
mod verify;
mod width;
