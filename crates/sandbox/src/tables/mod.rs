//! The interfaces on offer, each made from its contract and its entry in `market/tushare.toml`.
//!
//! The contract says which columns there are and in what unit, which are hidden, the folder, the points, the hour, the
//! cap and what a call may ask. The entry names who has rows and the columns that are special. What a market looks like
//! is Rust: there are three ways to have rows.
//!
//! - `Content::Sessions`: a population has rows on every session, and knows some facts of each; every other column has
//!   a maker (`sessions::makers`), found by the name in the entry or by the column's own name, or is made up.
//! - `Content::Records`: all rows that a stock ever has, each a `Line` of named values with the time in which it
//!   is there (`reports`, `records`).
//! - `Content::Snapshot`: the state of a day, as lines in the order the vendor sends them (`instruments`).
//!
//! Nothing here knows HTTP, accounts or files.

mod catalog;
mod instruments;
mod records;
mod reports;
mod rows;
mod select;
pub(crate) mod served;
pub(crate) mod sessions;
mod text;
mod value;

pub(crate) use catalog::{Catalog, Scene, read_entries};
pub(crate) use rows::{Asked, Params, Record, RecordRows, SnapshotRows};
pub(crate) use text::{PLACES, decimal, fixed, float, in_millionths, integer, noisy_change, optional_text, text};
pub(crate) use value::{Line, Value, fen, line, millionths, whole};
