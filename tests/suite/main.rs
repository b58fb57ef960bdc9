//! Tests of the whole program: the binary against the sandbox, its rules against a second implementation, and the
//! structure of the code. They are a single binary, because each binary would link the whole program.
//!
//! Where a new test belongs:
//!
//! - one function or type: in `mod tests` of its own file in `src/` or `crates/`, not here
//! - the values of a table or an interface: `width`, which covers all of them; only units in `reference.tsv` need to be
//!   added
//! - what a command prints, and its exit codes: `cli`; what it logs: `logs`; what prevents all tables from getting
//!   data: `causes`
//! - what it prints in Chinese: `language`
//! - wrong clocks: `clock`
//! - writing or checking a configuration: `config`
//! - what later answers superseded, and the history of snapshots: `companions`
//! - vendors that truncate, fail or lie: `awkward`; quotas and refusals: `quotas`; killed runs: `crash`, signals:
//!   `signals`, scheduled jobs: `schedule`
//! - reports about what silver lacks, whatever bronze holds: `explained`
//! - a vendor that lies in a quarter of its replies, evening by evening: `lies`
//! - arbitrary bytes wherever bytes come from outside: `fuzz`, with targets and corpus in `fuzz/`
//! - a security that is never there, with four attempts per evening: `lacking`
//! - memory used by fetching: `memory`
//! - secrets: `secrets`
//! - consecutive nights, with a moving vendor's clock: `nights`, `evenings`; news and quotes: `feeds`
//! - a lake with a broken file, or that cannot be written: `broken`
//! - damaged bytes: `verify`; rows that break a promise: `check`; rejected rows that are accepted later: `rejects`
//! - versions of reports: `reports`, with the brute-force `reader`
//! - several vendors in one table: `vendors` (bronze written by hand), `two_vendors` (both served by the sandbox);
//!   `diff`
//! - days that tables of jobs should have by now: `late`
//! - the page of `status --html`: `page`, and in a browser `tests/interop/page.py`
//! - a backfill in units: `units`; repeated runs, holes, refetches: `reruns`; captures from elsewhere: `imports`
//! - an input that was once lost or misread: `regressions`
//! - shipped files of `schemas/` or `pipelines/`: `specs`, `fields`; files beside jobs.toml: `own`
//! - who may import whom, dependencies, sizes of files: `architecture`
//! - remembered listings: `remembered`
//! - announcing runs: `announced`
//! - links, commands, names and numbers in the README and docs: `documents`

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
