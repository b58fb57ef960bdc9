//! Rows of `moneyflow`: a session's volume and turnover dealt out to four order sizes, twice.
//!
//! Volume goes out in whole lots, turnover in 万元 with two decimals, that is in units of 100 CNY
//! (vendor page `doc_id` 170). Beijing has no rows.

use super::Place;
use super::daily::{bars, key};
use super::text::{Pen, integer};
use crate::Cell;
use crate::market::Stock;
use crate::market::securities::Board;
use crate::market::walk::divide;
use rand::RngExt;

/// Columns of `moneyflow` in the vendor's order.
pub(crate) const MONEYFLOW: &[&str] = &[
    "ts_code",
    "trade_date",
    "buy_sm_vol",
    "buy_sm_amount",
    "sell_sm_vol",
    "sell_sm_amount",
    "buy_md_vol",
    "buy_md_amount",
    "sell_md_vol",
    "sell_md_amount",
    "buy_lg_vol",
    "buy_lg_amount",
    "sell_lg_vol",
    "sell_lg_amount",
    "buy_elg_vol",
    "buy_elg_amount",
    "sell_elg_vol",
    "sell_elg_amount",
    "net_mf_vol",
    "net_mf_amount",
    "trade_count",
];

/// One row where a stock of Shanghai or Shenzhen traded.
pub(crate) fn flows(stock: &Stock, session: usize) -> usize {
    if stock.security.board == Board::Beijing { 0 } else { bars(stock, session) }
}

/// Buys and sells of small, medium, large and extra large orders; either side is the whole session.
pub(crate) fn moneyflow(pen: &mut Pen, place: &Place<'_>) -> Vec<Cell> {
    let bar = place.stock.history.bar(place.session).copied().unwrap_or_default();
    let (lots, hundreds) = (divide(bar.shares, 100), divide(bar.turnover, 100));
    let weights = |pen: &mut Pen| [(); 4].map(|()| pen.rng.random_range(1..=100));
    let (buying, selling) = (weights(pen), weights(pen));
    let (buy_lots, sell_lots) = (deal(lots, buying), deal(lots, selling));
    let (mut buy_money, sell_money) = (deal(hundreds, buying), deal(hundreds, selling));
    if let Some(percent) = place.draft {
        // Booked under the wrong size before the correction; the sum is right.
        let moved = (buy_money[0] / 100 * percent.abs()).max(1);
        buy_money[0] -= moved;
        buy_money[2] += moved;
    }

    let mut row = key(place).to_vec();
    for size in 0..4 {
        row.push(integer(buy_lots[size]));
        row.push(pen.float(buy_money[size], 2));
        row.push(integer(sell_lots[size]));
        row.push(pen.float(sell_money[size], 2));
    }
    row.push(integer(net(buy_lots, sell_lots)));
    row.push(pen.float(net(buy_money, sell_money), 2));
    row.push(integer(lots / 12 + 1));
    row
}

/// `total` in four parts about as `weights`, with nothing lost.
fn deal(total: i64, weights: [i64; 4]) -> [i64; 4] {
    let sum: i64 = weights.iter().sum();
    let mut parts = weights.map(|weight| total * weight / sum);
    parts[0] += total - parts.iter().sum::<i64>();
    parts
}

/// Net inflow by a made-up formula, like the vendor's not the sum of the columns.
fn net(buys: [i64; 4], sells: [i64; 4]) -> i64 {
    let surplus = |size: usize| buys[size] - sells[size];
    (surplus(2) + surplus(3)) * 7 / 10 - surplus(0) / 8
}
