//! Margin trading of a stock, and of all stocks of an exchange together.
//!
//! A balance is that of the session before, more what was added, less what was taken away.

use super::items::{Item, items};
use super::{Population, draws};
use crate::market::Market;
use crate::market::dice::{Topic, dice, interface_dice};
use crate::tables::find;
use rand::RngExt;

/// Exchanges and the day from which on their margin trading is told. Nobody trades so in Beijing here: all zeros.
const EXCHANGES: [(&str, &str); 3] = [("SSE", ""), ("SZSE", ""), ("BSE", "20230213")];

/// The exchanges with a row on a day, YYYYMMDD.
pub(super) fn exchanges(day: &str) -> impl Iterator<Item = &'static str> {
    EXCHANGES.into_iter().filter(move |(_, since)| *since <= day).map(|(exchange, _)| exchange)
}

/// Loans in fen, and lent shares.
#[derive(Clone, Copy, Default)]
pub(super) struct Loans {
    owed: i64,
    borrowed: i64,
    repaid: i64,
    lent: i64,
    sold: i64,
    returned: i64,
    /// Of the lent shares at the close.
    value: i64,
}

impl Loans {
    /// Those of a stock whose row has these draws.
    pub(super) fn of_stock(market: &Market, item: &Item<'_>, session: usize, draws: [i64; 4]) -> Option<Self> {
        let stock = item.stock?;
        let era = stock.history.era(stock.security.life.start)?;
        // Hundred-thousandths of the shares at first, so that bonus shares make no jump.
        let balance = |moment: usize, kind: usize, most: i64| {
            let mut rng = dice(market.seed, Topic::Margin, stock.security.number * 2 + kind, moment);
            era.float / 100_000 * rng.random_range(most / 2..=most)
        };
        let [then, owed] = [session, session + 1].map(|moment| balance(moment, 0, 400) * 1000);
        let [lent_then, lent] = [session, session + 1].map(|moment| balance(moment, 1, 8));
        let more = |balance: i64, before: i64, draw: i64| (balance - before).max(0) + draw * 100;
        let (borrowed, sold) = (more(owed, then, draws[0]), more(lent, lent_then, draws[1]));
        Some(Self {
            owed,
            borrowed,
            repaid: then + borrowed - owed,
            lent,
            sold,
            returned: lent_then + sold - lent,
            value: lent * item.quote.bar.close,
        })
    }

    /// Those of all stocks of an exchange, as `margin_detail` has them.
    pub(super) fn of_exchange(market: &Market, exchange: &str, session: usize) -> Self {
        let place = find("margin_detail").map_or(0, super::Interface::place);
        let stocks = items(market, Population::Margin, session).into_iter().filter(|item| item.tag == exchange);
        stocks
            .filter_map(|item| {
                let draws = draws(&mut interface_dice(market.seed, place, item.address, session));
                Self::of_stock(market, &item, session, draws)
            })
            .fold(Self::default(), Self::and)
    }

    fn and(self, other: Self) -> Self {
        Self {
            owed: self.owed + other.owed,
            borrowed: self.borrowed + other.borrowed,
            repaid: self.repaid + other.repaid,
            lent: self.lent + other.lent,
            sold: self.sold + other.sold,
            returned: self.returned + other.returned,
            value: self.value + other.value,
        }
    }

    pub(super) fn figure(&self, name: &str) -> Option<i64> {
        match name {
            "rzye" => Some(self.owed),
            "rzmre" => Some(self.borrowed),
            "rzche" => Some(self.repaid),
            "rqyl" => Some(self.lent),
            "rqmcl" => Some(self.sold),
            "rqchl" => Some(self.returned),
            "rqye" => Some(self.value),
            "rzrqye" => Some(self.owed + self.value),
            _ => None,
        }
    }
}
