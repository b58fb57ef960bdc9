//! What is inside a session: price levels of a stock's chips and minute bars.
//!
//! A market holds millions of such rows, so they are made for the stocks and days of a request only, and all of them
//! only for small markets.

pub(crate) mod chips;
pub(crate) mod minutes;
