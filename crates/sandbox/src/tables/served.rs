//! An interface on offer: its contract, and how its rows come about. Never which rows there are.

use super::entry::Flaws;
use super::record::{RecordRows, SnapshotRows};
use super::sessions::column::MadeColumn;
use super::sessions::item::{Population, Row};
use super::text::Pen;
use super::value::Line;
use crate::Cell;
use crate::market::Market;
use crate::market::dice::dice;
use pitlake_contract::{Contract, Field};
use std::sync::Arc;

/// How the rows of an interface come about.
pub(crate) enum Content {
    /// A population has rows on every session.
    Sessions(&'static Population, Vec<MadeColumn>),
    /// Every stock has rows with days of their own.
    Records(RecordRows, Vec<MadeColumn>),
    /// The state of a day.
    Snapshot(SnapshotRows, Vec<MadeColumn>),
}

/// An interface on offer.
pub(crate) struct Served {
    pub(crate) contract: Arc<Contract>,
    /// The columns of a reply.
    pub(crate) fields: Vec<Field>,
    pub(crate) content: Content,
    pub(crate) flaws: Flaws,
    /// Whether a call may name several codes where one is needed.
    pub(super) comma_list: bool,
}

impl Served {
    /// The vendor's name for it.
    #[cfg(test)]
    pub(crate) fn name(&self) -> &str {
        &self.contract.id.name
    }

    /// The names of all columns, in the vendor's order.
    pub(crate) fn names(&self) -> Vec<String> {
        self.fields.iter().map(|field| field.name.clone()).collect()
    }

    /// Position of a column.
    pub(crate) fn column(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// What spells one row. Its address is the folder, so that interfaces of one folder say the same.
    pub(super) fn pen(&self, market: &Market, item: usize, moment: usize) -> Pen {
        Pen { rng: dice(market.seed, &self.contract.kind, item, moment) }
    }

    /// The cells of a row: those that a line names, and others made by their columns.
    pub(super) fn cells(columns: &[MadeColumn], row: &Row<'_>, mut line: Line<'_>, mut pen: Pen) -> Vec<Cell> {
        columns.iter().map(|column| column.cell(row, line.remove(column.name()), &mut pen)).collect()
    }
}
