//! What a reply is made from: a market, the interfaces on offer, and the moment to stand at.

use crate::market::Market;
use crate::market::moments::Moment;
use crate::tables::catalog::Catalog;

#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) market: &'a Market,
    pub(crate) catalog: &'a Catalog,
    /// None for long after everything.
    pub(crate) at: Option<Moment>,
}
