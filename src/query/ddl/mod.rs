//! Views, macros and functions with which other engines read the lake as ours does. The SQL of readings is shared by
//! all engines and not written here.

mod built;
mod comment;
mod duckdb;
mod polars;
mod sessions_join;
mod spark;

pub use duckdb::duckdb;
pub use polars::polars;
pub use spark::spark;
