//! All rows of an interface at once: what a test holds a lake against.

use crate::market::Market;
use crate::market::moments::shanghai;
use crate::scene::Scene;
use crate::tables::catalog::Catalog;
use crate::{Rows, alphafin, asharehub, f10};
use chrono::{DateTime, Utc};
use pitlake_contract::WireFormat;

impl Market {
    /// Every row of an interface's whole history with all columns, hidden ones included, sorted by
    /// their cells in the vendor's order of columns. Minute bars are those of an hour, and like chips for small markets
    /// only: there are too many. None for an unknown interface.
    ///
    /// Tushare's interfaces go by their bare names, those of other vendors by `asharehub/market_daily` and the like
    /// with cells as sent on /v1. Of nested answers there are the rows of a list,
    /// `f10/valuation_detail/trend.historical_items`, or what is outside of lists, `f10/valuation_detail`; fields go by
    /// their paths, and valuations are those over a year.
    #[must_use]
    pub fn rows(&self, interface: &str) -> Option<Rows> {
        self.rows_at(interface, None)
    }

    /// As [`Market::rows`], but what the vendor shows at a moment; the final truth without one.
    #[must_use]
    pub fn rows_at(&self, interface: &str, at: Option<DateTime<Utc>>) -> Option<Rows> {
        let catalog = Catalog::with(&self.own);
        let scene = Scene { market: self, catalog: &catalog, at: at.map(shanghai) };
        let (vendor, name) = interface.split_once('/').unwrap_or(("tushare", interface));
        match catalog.contracts.vendor(vendor)?.wire {
            WireFormat::Alphafin => alphafin::rows(scene, name),
            WireFormat::F10 => f10::rows(scene, name),
            WireFormat::Rest => asharehub::rows(scene, vendor, name),
            WireFormat::Tushare => {
                let interface = scene.interface(interface)?;
                Some(Rows { fields: interface.names(), rows: interface.all(self, scene.at) })
            }
        }
    }
}
