//! Rows of sessions: one for each item of a population. A cell is a fact of the item, a figure of a maker, or made up.

pub(crate) mod column;
mod constituents;
mod details;
pub(crate) mod item;
pub(crate) mod known;
mod limits;
mod makers;
mod money;
pub(crate) mod populations;
pub(crate) mod quotes;
mod trades;
