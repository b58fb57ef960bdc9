//! Margin trading of a stock, and of all stocks of an exchange together.
//!
//! A balance is that of the session before, more what was added, less what was taken away.

use super::item::Item;
use super::known::has_margin;
use crate::market::Market;
use crate::market::dice::dice;
use crate::tables::text::Pen;
use crate::tables::value::{Value, fen, whole};
use chrono::Datelike;
use rand::RngExt;

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
            let mut rng = dice(market.seed, "margin", stock.security.number * 2 + kind, moment);
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
        let moment = usize::try_from(market.calendar.day(session).num_days_from_ce()).unwrap_or_default();
        let stocks = market.stocks.iter().filter(|stock| has_margin(stock, session));
        stocks
            .filter(|stock| stock.security.board.exchange() == exchange)
            .filter_map(|stock| {
                let item = Item::of_stock(stock, session);
                let rng = dice(market.seed, "margin_detail_cn", item.address, moment);
                Self::of_stock(market, &item, session, Pen { rng }.draws())
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

    /// What a column says.
    pub(super) fn value(&self, word: &str) -> Value {
        match word {
            "rzye" => fen(self.owed),
            "rzmre" => fen(self.borrowed),
            "rzche" => fen(self.repaid),
            "rqyl" => whole(self.lent),
            "rqmcl" => whole(self.sold),
            "rqchl" => whole(self.returned),
            "rqye" => fen(self.value),
            _ => fen(self.owed + self.value),
        }
    }
}
