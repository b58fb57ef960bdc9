//! The available interfaces, each built from its contract and its entry in `market/tushare.toml`.
//!
//! The contract says which columns there are and in what unit, which are hidden, the folder, the points, the hour, the
//! cap and the allowed parameters. The entry says who has rows and which columns are special. What a market looks like
//! is written in Rust. There are three ways to have rows:
//!
//! - `Content::Sessions`: a population has rows for every session, and knows some facts about each. Every other column
//!   has a maker (`sessions::makers`), found by the name in the entry or by the column's own name, or is made up.
//! - `Content::Records`: all rows that a stock ever has, each a `Line` of named values with the time during which it
//!   exists (`reports`, `records`).
//! - `Content::Snapshot`: the state on a day, as lines in the order in which the vendor sends them (`instruments`).
//!
//! HTTP, accounts and files are not handled here.

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
