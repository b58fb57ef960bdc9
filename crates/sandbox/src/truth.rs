//! All rows of an interface at once: what a test holds a lake against.

use crate::market::{Market, shanghai};
use crate::nested::Flat;
use crate::tables::{Catalog, Scene};
use crate::{Cell, Rows, alphafin, asharehub, f10};
use chrono::{DateTime, Utc};
use pitlake_contract::{InterfaceId, WireFormat};

/// Every row of a list of an interface's nested answers that is there.
type NestedRows = fn(Scene<'_>, &Flat<'_>) -> Vec<Vec<Cell>>;

impl Market {
    /// Every row of an interface's whole history with all columns, hidden ones included; minute bars are those of one
    /// hour. None for an unknown interface.
    ///
    /// Tushare's interfaces go by their bare names, others by `asharehub/market_daily` and the like, with cells as sent on
    /// /v1. Nested answers have the rows of a list, `f10/valuation_detail/trend.historical_items`, and what is outside of
    /// lists, `f10/valuation_detail`; fields go by their paths, and valuations are those over a year.
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
