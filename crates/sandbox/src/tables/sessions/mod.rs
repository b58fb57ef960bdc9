//! Rows of sessions: one for each item of a population. A cell is a fact about the item, a maker's figure, or made up.

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
