//! Rows of sessions: one for each item of a population. A cell is a fact of the item, a figure of a maker, or made up.

mod chips;
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
mod minutes;
pub(crate) mod populations;
pub(crate) mod quotes;
mod trades;
