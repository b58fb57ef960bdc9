//! Views, macros and functions with which other engines read the lake as our engine does. Never here: the SQL of a reading, which all
//! engines share.

mod built;
mod comment;
mod duckdb;
mod polars;
mod sessions_join;
mod spark;

pub use duckdb::duckdb;
pub use polars::polars;
pub use spark::spark;
