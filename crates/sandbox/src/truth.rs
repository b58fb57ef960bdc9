//! All rows of an interface at once, for tests to compare a lake with.

use crate::market::{Market, shanghai};
use crate::nested::Flat;
use crate::tables::{Catalog, Scene};
use crate::{Cell, Rows, alphafin, asharehub, f10};
use chrono::{DateTime, Utc};
use pitlake_contract::{InterfaceId, WireFormat};

/// All existing rows of a list in an interface's nested answers.
type NestedRows = fn(Scene<'_>, &Flat<'_>) -> Vec<Vec<Cell>>;

impl Market {
    /// All rows in an interface's history with all columns, including hidden ones. Minute bars are hourly. `None` for
    /// an unknown interface.
    ///
    /// Tushare's interfaces have their bare names, others names such as `asharehub/market_daily`, with cells as on /v1.
    /// Nested answers have the rows of a list, `f10/valuation_detail/trend.historical_items`, and what is outside of
    /// lists, `f10/valuation_detail`. Their fields are named by path, and valuations are those over a year.
    #[must_use]
    pub fn rows(&self, interface: &str) -> Option<Rows> {
        self.rows_at(interface, None)
    }

    /// Like [`Market::rows`], but what the vendor shows at a moment, or the final truth without one.
    #[must_use]
    pub fn rows_at(&self, interface: &str, at: Option<DateTime<Utc>>) -> Option<Rows> {
        let catalog = Catalog::with(&self.own);
        let scene = Scene { market: self, catalog: &catalog, at: at.map(shanghai) };
        let (vendor, name) = interface.split_once('/').unwrap_or(("tushare", interface));
        let nested = |rows: NestedRows| {
            let (name, list) = name.split_once('/').map_or((name, None), |(name, list)| (name, Some(list)));
            let flat =
                Flat::new(catalog.contracts.get(&InterfaceId { vendor: vendor.into(), name: name.into() })?, list)?;
            Some(Rows { fields: flat.fields(), rows: rows(scene, &flat) })
        };
        match catalog.contracts.vendor(vendor)?.wire {
            WireFormat::Alphafin => nested(alphafin::rows),
            WireFormat::F10 => nested(f10::rows),
            WireFormat::Rest => asharehub::rows(scene, vendor, name),
            WireFormat::Tushare => {
                let interface = catalog.find(interface)?;
                Some(Rows { fields: interface.names(), rows: interface.all(self, scene.at) })
            }
        }
    }
}
