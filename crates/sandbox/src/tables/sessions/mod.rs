//! Rows of sessions: one for each item of a population, cell by cell from the makers of their columns.
//!
//! Who has a row is in `populations`, `constituents` and `known`; what a cell says in `makers`, and behind it the bars
//! in `quotes`, loans in `margin`, order sizes in `flows`, price limits in `limits`, the Connect in `connect`. What
//! follows from nothing is in `made_up`. No HTTP and no files.

pub(crate) mod column;
mod connect;
mod constituents;
mod flows;
pub(crate) mod item;
pub(crate) mod known;
mod limits;
mod made_up;
mod makers;
mod margin;
pub(crate) mod populations;
pub(crate) mod quotes;
pub(crate) mod row;
