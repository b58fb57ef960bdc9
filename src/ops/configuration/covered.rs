//! Which tables an account opens. Never which jobs ask for them.

use serde::Serialize;

use crate::spec::Table;

/// An account that a configuration is written for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The vendor.
    pub vendor: String,
    /// Its points, where the vendor has any.
    pub points: u32,
}

/// A table that no account may request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Closed {
    /// The table.
    pub table: String,
    /// The fewest points that open it, of the vendors with an account; `None` where none of them sells it.
    pub points: Option<u32>,
}

/// Why a table cannot be requested with some accounts; `None` where it can.
pub(super) fn closed(table: &Table, accounts: &[Chosen]) -> Option<Closed> {
    let sold = table.sources.iter().filter_map(|source| {
        let account = accounts.iter().find(|account| account.vendor == source.contract.id.vendor)?;
        Some((source.contract.points, account.points))
    });
    let sold: Vec<(u32, u32)> = sold.collect();
    let is_open = sold.iter().any(|(needed, points)| needed <= points);
    let points = sold.iter().map(|(needed, _)| *needed).min();
    (!is_open).then(|| Closed { table: table.name.clone(), points })
}
