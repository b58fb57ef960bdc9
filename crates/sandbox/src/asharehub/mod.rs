//! The market as AShareHub re-publishes it, and as any other vendor would that speaks its wire: which endpoints there
//! are, their rows, and how those are spelled.
//!
//! Paths, fields, limits and parameters come from contracts. Most rows are Tushare's, a few of them lost and a few wrong;
//! three endpoints have rows of their own. Nothing here knows HTTP, keys or quotas. Cells are as /v1 sends them;
//! [`Surface`] turns them into those of /v2.

mod endpoint;
mod entry;
mod news;
mod realtime;
mod reprint;
mod select;
mod southbound;
mod spelling;

pub(crate) use endpoint::{Endpoint, Form, Surface, endpoints};
pub(crate) use select::Query;

use super::Rows;
use super::scene::Scene;

/// Every row of an endpoint that is there, in no order.
pub(crate) fn rows(scene: Scene<'_>, vendor: &str, name: &str) -> Option<Rows> {
    let all = endpoints(&scene.catalog.contracts);
    let endpoint = all.iter().find(|endpoint| endpoint.is(vendor, name))?;
    let fields = endpoint.fields.iter().map(|field| field.name.clone()).collect();
    Some(Rows { fields, rows: endpoint.all(scene) })
}
