//! pitlake: fetches Tushare-style interfaces into bronze (what the vendor sent, verbatim) and normalises them into
//! silver (what it means, as Parquet).
//!
//! A row's path: [`plan`] decides from `jobs.toml` which slices to fetch -> [`fetch`] collects whole answers into
//! [`bronze`] -> [`normalise`] handles units, days and keys -> [`build`] writes each partition into [`silver`] with one
//! put -> [`query`] reads it. [`run`] joins the steps; start reading there. [`cli`] parses and prints, [`ops`] holds
//! the other commands, and [`ledger`] knows what bronze holds. Modules use only modules below them:
//! `docs/architecture.md` has the picture, and `tests/suite/architecture` enforces it.

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
