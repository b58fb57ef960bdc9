//! An interface on offer: its contract, how its rows come about, and when it shows a row of a session or corrects it.
//! Never which rows there are.
//!
//! A session appears at the hour of the contract. Where the entry says so, one in twelve is late, at 09:30 of the next
//! day; one in fifteen lacks every stock with an odd number until 23:00; and one row in two hundred shows other figures
//! until noon one to four sessions later. Without a moment, all rows are there and right.

use super::sessions::column::MadeColumn;
use super::sessions::item::{Population, Row};
use super::{Line, RecordRows, SnapshotRows};
use crate::Cell;
use crate::market::{Dice, Market, Moment, Stock, after, on};
use pitlake_contract::{Contract, Field};
use std::sync::Arc;

/// Addresses of the dice, past that of every row.
const SESSION: usize = 1 << 30;
const DRAFT: usize = 1 << 31;
/// Sessions in so many after which every draft is corrected.
const LONGEST_DRAFT: usize = 4;

/// How an interface publishes its sessions worse than its contract says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flaws {
    pub(crate) late: bool,
    pub(crate) halved: bool,
    pub(crate) drafts: bool,
}

/// How the rows of an interface come about.
#[derive(Clone, Copy)]
pub(crate) enum Content {
    /// A population has rows on every session.
    Sessions(&'static Population),
    /// Every stock has rows with days of their own.
    Records(RecordRows),
    /// The state of a day.
    Snapshot(SnapshotRows),
}

/// An interface on offer.
pub(crate) struct Served {
    pub(crate) contract: Arc<Contract>,
    /// The columns of a reply.
    pub(crate) fields: Vec<Field>,
    /// What makes their cells.
    pub(super) columns: Vec<MadeColumn>,
    pub(crate) content: Content,
    pub(crate) flaws: Flaws,
    /// Whether a call may name several codes where one is needed.
    pub(super) comma_list: bool,
}

/// Moments from which a session's rows are there.
#[derive(Clone, Copy)]
pub(crate) struct Opening {
    even: Moment,
    odd: Moment,
}

impl Opening {
    /// Whether the rows of a stock, or of anything else, are there at a moment.
    pub(crate) fn shows(self, stock: Option<&Stock>, at: Moment) -> bool {
        let odd = stock.is_some_and(|stock| stock.security.number % 2 == 1);
        at >= if odd { self.odd } else { self.even }
    }
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

    /// The dice of one row. Their address is the folder, so that interfaces of one folder say the same.
    pub(super) fn dice(&self, market: &Market, item: usize, moment: usize) -> Dice {
        market.dice(&self.contract.kind, item, moment)
    }

    /// The cells of a row: those that a line names, and others made by their columns.
    pub(super) fn cells(&self, row: &Row<'_>, mut line: Line<'_>, mut dice: Dice) -> Vec<Cell> {
        self.columns.iter().map(|column| column.cell(row, line.remove(column.name()), &mut dice)).collect()
    }

    /// When the rows of a session, or of a holiday counted on after the last one, appear.
    pub(crate) fn opening(&self, market: &Market, session: usize) -> Opening {
        let publication = &self.contract.publication;
        let day = market.calendar.day(session);
        let usual = after(day, u64::from(publication.next_day)).and_time(publication.hour);
        let roll = self.dice(market, SESSION, session).roll(0..60);
        let (even, odd) = match roll {
            0..5 if self.flaws.late => (on(after(day, 1), 9, 30), on(after(day, 1), 9, 30)),
            5..9 if self.flaws.halved => (usual, on(day, 23, 0)),
            _ => (usual, usual),
        };
        Opening { even, odd }
    }

    /// How far, in percent and never 0, the figures of a row are off at `at`; none for right ones.
    pub(crate) fn draft(&self, market: &Market, stock: &Stock, session: usize, at: Option<Moment>) -> Option<i64> {
        let at = at.filter(|_| self.flaws.drafts)?;
        let noon = |sessions| on(market.calendar.session_after(session, sessions), 12, 0);
        if at >= noon(LONGEST_DRAFT) {
            return None;
        }
        let mut dice = self.dice(market, DRAFT + stock.security.number, session);
        let (roll, sessions, percent) = (dice.roll(0..200), dice.roll(1..=LONGEST_DRAFT), dice.roll(2..=5));
        let sign = if dice.once_in(2) { 1 } else { -1 };
        (roll == 0 && at < noon(sessions)).then_some(percent * sign)
    }
}
