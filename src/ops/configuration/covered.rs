//! Which tables an account gives access to. Which jobs want them is not considered.

use serde::Serialize;

use crate::spec::Table;

/// An account to write a configuration for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The vendor.
    pub vendor: String,
    /// Its points, if the vendor has any.
    pub points: u32,
}

/// A table that no account may fetch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Closed {
    /// The table.
    pub table: String,
    /// The fewest points that give access, among vendors with an account. `None` if none of them sells it.
    pub points: Option<u32>,
}

/// Why a table cannot be fetched with these accounts; `None` if it can.
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
