//! What a reply is made from: a market, the interfaces on offer, and the moment to stand at.

use crate::market::Market;
use crate::market::moments::Moment;
use crate::tables::catalog::Catalog;
use crate::tables::served::Served;
use pitlake_contract::{Contract, InterfaceId};

/// A market as vendors show it at a moment.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub(crate) market: &'a Market,
    pub(crate) catalog: &'a Catalog,
    /// None for long after everything.
    pub(crate) at: Option<Moment>,
}

impl<'a> Scene<'a> {
    /// The interface of that name, one of Tushare's where no vendor is named.
    pub(crate) fn interface(&self, name: &str) -> Option<&'a Served> {
        self.catalog.find(name)
    }

    /// What a vendor says of one of its interfaces.
    pub(crate) fn contract(&self, vendor: &str, name: &str) -> Option<&'a Contract> {
        let id = InterfaceId { vendor: vendor.to_owned(), name: name.to_owned() };
        self.catalog.contracts.get(&id).map(AsRef::as_ref)
    }
}
