//! pitlake: Tushare-style interfaces into bronze (what the vendor said, word for word) and silver
//! (what it means, in Parquet).
//!
//! The walk of one row: `jobs.toml` -> [`plan`] which slices -> [`fetch`] whole answers -> [`bronze`]
//! -> [`normalise`] units, days, keys -> [`silver`] one put a partition -> [`query`]. [`run`] joins
//! the steps and is the place to begin reading; [`cli`] parses and prints. Modules use what lies below
//! them and never their neighbours: `tests/suite/architecture.rs` keeps it so.

pub mod bronze;
pub mod cli;
pub mod clock;
pub mod fetch;
pub mod normalise;
pub mod plan;
pub mod progress;
pub mod query;
pub mod run;
pub mod silver;
pub mod spec;
pub mod store;
pub mod vendor;
