//! At what prices the holders of a stock bought it: rows of `cyq_chips`, and the figures of `cyq_perf` that follow.
//!
//! Each day's chips are drawn by themselves around its close; they know nothing of earlier days.

use super::item::{Item, Row};
use super::quotes::parts;
use crate::market::dice::dice;
use crate::market::walk::divide;
use crate::market::{Market, Stock};
use crate::tables::asked::Asked;
use crate::tables::text::Pen;
use crate::tables::value::{Line, Value, fen, line, millionths};
use rand::RngExt;

/// All chips, in hundredths of a percent.
const ALL: i64 = 10_000;
/// Price levels, at least where fen are fine enough; fewer than twice as many.
const LEVELS: i64 = 120;

/// Price levels in fen from the lowest up, and what was bought there in hundredths of a percent: none without trading.
/// All lie between 62 and 129 % of the close.
fn chips(market: &Market, stock: &Stock, session: usize) -> Vec<(i64, i64)> {
    let Some(close) = stock.history.bar(session).map(|bar| bar.close) else { return Vec::new() };
    let (lowest, highest) = (divide(close * 62, 100), divide(close * 129, 100));
    let step = ((highest - lowest) / LEVELS).max(1);
    let count = (highest - lowest) / step + 1;
    let mut rng = dice(market.seed, "chips", stock.security.number, session);
    // A broad hump and a narrow one.
    let humps = [(count / 2, 4), (count / 6, 9)].map(|(width, height)| (rng.random_range(0..count), width, height));
    let weight = |level: i64| {
        let humps = humps.iter().map(|(peak, width, height)| (width - (level - peak).abs()).max(0) * height);
        1 + humps.sum::<i64>() + rng.random_range(0..=count / 12)
    };
    let weights: Vec<i64> = (0..count).map(weight).collect();
    let levels = (0..count).map(|level| lowest + level * step).zip(parts(ALL, &weights));
    levels.filter(|(_, part)| *part > 0).collect()
}

/// The price levels of a day.
pub(super) fn levels<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let of_stock = |&stock: &&'a Stock| {
        let item = Item::of_stock(stock, session);
        let levels = chips(asked.market, stock, session).into_iter().enumerate();
        levels.map(move |(level, (price, part))| {
            item.row(level).with(line! { price: fen(price), percent: Value::Figure(part, 4) })
        })
    };
    asked.stocks.iter().flat_map(of_stock).collect()
}

/// The lowest prices at or below which so many percent of the chips are, their mean, and the part below the close.
pub(super) fn costs(row: &Row<'_>, pen: &mut Pen) -> Line<'static> {
    let chips = row.item.stock.map_or_else(Vec::new, |stock| chips(row.market, stock, row.session));
    let close = row.item.quote.bar.close;
    let cost = |percent: i64| {
        let mut sum = 0;
        let reached = |(_, part): &&(i64, i64)| {
            sum += part;
            sum >= percent * 100
        };
        chips.iter().find(reached).map(|(price, _)| fen(*price))
    };
    let mean = divide(chips.iter().map(|(price, part)| price * part).sum(), ALL);
    let below: i64 = chips.iter().filter(|(price, _)| *price < close).map(|(_, part)| part * 100).sum();
    line! {
        cost_5pct: cost(5), cost_15pct: cost(15), cost_50pct: cost(50), cost_85pct: cost(85), cost_95pct: cost(95),
        weight_avg: fen(mean), winner_rate: millionths(below), his_low: fen(close * pen.between(40, 60) / 100),
        his_high: fen(close * pen.between(130, 200) / 100),
    }
}
