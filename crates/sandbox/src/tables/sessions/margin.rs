//! Margin trading of a stock, and of all stocks of an exchange together.
//!
//! A balance is that of the session before, more what was added, less what was taken away.

use super::item::Row;
use super::known::has_margin;
use crate::market::dice::dice;
use crate::market::{Market, Stock};
use crate::tables::text::Pen;
use crate::tables::value::{Line, fen, line, whole};
use rand::RngExt;

/// Owed, borrowed and repaid in fen; lent, sold and returned shares; the value of the lent ones at the close.
type Loans = [i64; 7];

fn of_stock(market: &Market, stock: &Stock, session: usize) -> Option<Loans> {
    let era = stock.history.era(stock.security.life.start)?;
    let dice = |kind: usize, moment: usize| dice(market.seed, "margin", stock.security.number * 4 + kind, moment);
    // Hundred-thousandths of the shares at first, so that bonus shares make no jump.
    let balance =
        |moment: usize, kind: usize, most: i64| era.float / 100_000 * dice(kind, moment).random_range(most / 2..=most);
    let [then, owed] = [session, session + 1].map(|moment| balance(moment, 0, 400) * 1000);
    let [lent_then, lent] = [session, session + 1].map(|moment| balance(moment, 1, 8));
    let mut rng = dice(2, session);
    let mut more = |balance: i64, before: i64| (balance - before).max(0) + rng.random_range(1..=1000) * 100;
    let (borrowed, sold) = (more(owed, then), more(lent, lent_then));
    let close = stock.history.price(Some(session))?;
    Some([owed, borrowed, then + borrowed - owed, lent, sold, lent_then + sold - lent, lent * close])
}

/// Loans of a stock, or of all stocks of an exchange.
pub(super) fn loans(row: &Row<'_>, _: &mut Pen) -> Line<'static> {
    let of = |stock: &Stock| of_stock(row.market, stock, row.session).unwrap_or_default();
    let [owed, borrowed, repaid, lent, sold, returned, value] = match row.item.stock {
        Some(stock) => of(stock),
        None => (row.market.stocks.iter())
            .filter(|stock| stock.security.board.exchange() == row.item.fact("exchange_id"))
            .filter(|stock| has_margin(stock, row.session))
            .fold(Loans::default(), |sum, stock| {
                let more = of(stock);
                std::array::from_fn(|part| sum[part] + more[part])
            }),
    };
    line! {
        rzye: fen(owed), rzmre: fen(borrowed), rzche: fen(repaid), rqyl: whole(lent), rqmcl: whole(sold),
        rqchl: whole(returned), rqye: fen(value), rzrqye: fen(owed + value),
    }
}
