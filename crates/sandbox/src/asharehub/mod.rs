//! The market as republished by AShareHub, or another vendor with its wire format: endpoints, their rows, and how these
//! are spelled. Paths, fields, limits and parameters come from contracts.
//!
//! Cells are as on /v1; [`Surface`] converts them to /v2. HTTP, keys and quotas are in `server`.

mod days;
mod endpoint;
mod realtime;
mod reprint;
mod select;
mod spelling;

pub(crate) use endpoint::{Endpoint, Surface, endpoints};
pub(crate) use select::Query;

use crate::Rows;
use crate::tables::Scene;
use pitlake_contract::InterfaceId;

/// All existing rows of an endpoint.
pub(crate) fn rows(scene: Scene<'_>, vendor: &str, name: &str) -> Option<Rows> {
    let all = endpoints(&scene.catalog.contracts);
    let id = InterfaceId { vendor: vendor.to_owned(), name: name.to_owned() };
    let endpoint = all.iter().find(|endpoint| endpoint.contract.id == id)?;
    let fields = endpoint.fields.iter().map(|field| field.name.clone()).collect();
    Some(Rows { fields, rows: endpoint.select(scene, &Query { take: usize::MAX, ..Query::default() }) })
}
