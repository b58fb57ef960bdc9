//! pitlake: Tushare-style interfaces into bronze (what the vendor sent, word for word) and silver (what it means, in
//! Parquet).
//!
//! The walk of one row: `jobs.toml` -> [`plan`] which slices -> [`fetch`] whole answers -> [`bronze`] -> [`normalise`]
//! units, days, keys -> [`build`] one put a partition into [`silver`] -> [`query`]. [`run`] joins the steps and is the place
//! to begin reading; [`cli`] parses and prints, [`ops`] holds the other verbs, [`ledger`] tells what bronze holds. Modules
//! use what lies below them and never their neighbours: `docs/architecture.md` draws the picture, and
//! `tests/suite/architecture.rs` keeps it true.

pub mod announce;
pub mod bronze;
pub mod build;
pub mod cli;
pub mod clock;
pub mod engine;
pub mod fetch;
pub mod interrupt;
pub mod ledger;
pub mod memory;
pub mod normalise;
pub mod ops;
pub mod panics;
pub mod parallel;
pub mod plan;
pub mod progress;
pub mod query;
pub mod real;
pub mod reference;
pub mod report;
pub mod run;
pub mod silver;
pub mod spec;
pub mod store;
pub mod wire;
pub mod world;
