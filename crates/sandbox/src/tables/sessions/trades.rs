//! What was bought and sold, as lists of a session have it. Who is on them is in `populations`.

use super::connect::still_split;
use super::item::Row;
use crate::market::walk::divide;
use crate::tables::text::Pen;
use crate::tables::value::{Line, Value, fen, line, millionths, whole};

/// Bought and sold in fen: parts of the session's turnover of at most 10 % each.
fn sides(row: &Row<'_>, pen: &mut Pen) -> [i64; 2] {
    [(); 2].map(|()| row.item.quote.bar.turnover / 100 * pen.between(1, 1000))
}

/// Of conspicuous stocks and their seats.
pub(super) fn conspicuous(row: &Row<'_>, pen: &mut Pen) -> Line<'static> {
    let [bought, sold] = sides(row, pen);
    let rate = |part: i64| millionths(divide(part * 10_000, row.item.quote.bar.turnover.max(1)));
    let (both, net) = (bought + sold, bought - sold);
    line! {
        buy: fen(bought), l_buy: fen(bought), buy_rate: rate(bought), sell: fen(sold), l_sell: fen(sold),
        sell_rate: rate(sold), l_amount: fen(both), amount_rate: rate(both), net_amount: fen(net), net_buy: fen(net),
        net_rate: rate(net),
    }
}

/// Through the Connect from Hong Kong; what is left of either side is no longer published.
pub(super) fn northbound(row: &Row<'_>, pen: &mut Pen) -> Line<'static> {
    let [bought, sold] = sides(row, pen);
    let split = |amount: i64| still_split(row.day).then(|| fen(amount));
    line! { amount: fen(bought + sold), buy: split(bought), sell: split(sold), net_amount: split(bought - sold) }
}

/// Through the Connect to Hong Kong: the columns of the other channel are empty.
pub(super) fn southbound(row: &Row<'_>, pen: &mut Pen) -> Line<'static> {
    let [bought, sold] = sides(row, pen);
    let own = |channel: &str, amount: i64| (row.item.fact("market_type") == channel).then(|| fen(amount));
    let (both, net) = (bought + sold, bought - sold);
    line! {
        amount: fen(both), net_amount: fen(net), sh_amount: own("2", both), sh_net_amount: own("2", net),
        sh_buy: own("2", bought), sh_sell: own("2", sold), sz_amount: own("4", both), sz_net_amount: own("4", net),
        sz_buy: own("4", bought), sz_sell: own("4", sold),
    }
}

/// Held through the Connect, under the number that Hong Kong gives to the stock; the ratio is cut, not rounded.
pub(super) fn held(row: &Row<'_>, pen: &mut Pen) -> Line<'static> {
    let Some((stock, era)) = row.item.stock.and_then(|stock| Some((stock, stock.history.era(row.session)?))) else {
        return Line::new();
    };
    let first = if row.item.fact("exchange") == "SH" { 90_000 } else { 70_000 };
    let shares = era.float / 10_000 * pen.between(1, 1000);
    line! {
        code: (first + stock.security.number).to_string(), vol: whole(shares),
        ratio: Value::Figure(shares * 10_000 / era.float.max(1), 4),
    }
}

/// A deal outside the market, near its price.
pub(super) fn deal(row: &Row<'_>, pen: &mut Pen) -> Line<'static> {
    let price = divide(row.item.quote.bar.close * pen.between(900, 1000), 1000);
    let shares = pen.between(1, 1000) * 10_000 + pen.between(1, 1000) * 100;
    line! { price: fen(price), vol: whole(shares), amount: fen(price * shares) }
}
