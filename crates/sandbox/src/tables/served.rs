//! An interface on offer: its contract, and how its rows come about. Never which rows there are.

use super::entry::Flaws;
use super::record::{RecordRows, SnapshotRows};
use super::sessions::column::MadeColumn;
use super::sessions::item::{Item, Population};
use super::sessions::row::Row;
use super::text::Pen;
use crate::Cell;
use crate::market::Market;
use crate::market::dice::dice;
use chrono::{Datelike, NaiveDate};
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
    /// Rows that follow from the contract alone.
    Own(Vec<MadeColumn>),
}

/// An interface on offer.
pub(crate) struct Served {
    pub(crate) contract: Arc<Contract>,
    /// The columns of a reply.
    pub(crate) fields: Vec<Field>,
    pub(crate) content: Content,
    pub(crate) flaws: Flaws,
}

impl Served {
    pub(super) fn new(contract: &Arc<Contract>, content: Content, flaws: Flaws) -> Self {
        Self {
            contract: Arc::clone(contract),
            fields: contract.fields.iter().filter(|field| field.param.is_none()).cloned().collect(),
            content,
            flaws,
        }
    }

    /// The vendor's name for it.
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

    /// The row of an item on a day, and in the session of that day or before it.
    pub(super) fn row(
        &self,
        columns: &[MadeColumn],
        market: &Market,
        item: &Item<'_>,
        (session, day): (usize, NaiveDate),
    ) -> Vec<Cell> {
        let mut pen = self.pen(market, item.address, usize::try_from(day.num_days_from_ce()).unwrap_or_default());
        let row = Row::new(market, item, (session, day), &mut pen);
        columns.iter().map(|column| column.cell(&row, &mut pen)).collect()
    }
}
