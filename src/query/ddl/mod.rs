//! Views and macros with which other engines read the lake as our engine does. Never here: the SQL of a reading, which all
//! engines share.

mod built;
mod comment;
mod duckdb;
mod sessions_join;
mod spark;

pub use duckdb::duckdb;
pub use spark::spark;
