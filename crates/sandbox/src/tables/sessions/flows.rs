//! A session's volume and turnover dealt out to four order sizes, twice: what was bought and what was sold.

use super::item::Item;
use crate::market::Market;
use crate::market::dice::dice;
use crate::market::walk::divide;
use crate::tables::value::{Value, whole};
use rand::RngExt;

const SIZES: [&str; 4] = ["sm", "md", "lg", "elg"];

/// Lots and hundreds of CNY by side and size; either side is the whole session.
pub(super) struct Flows {
    lots: [[i64; 4]; 2],
    money: [[i64; 4]; 2],
}

impl Flows {
    pub(super) fn of(market: &Market, item: &Item<'_>, session: usize) -> Self {
        let mut rng = dice(market.seed, "flows", item.address, session);
        let bar = item.quote.bar;
        let weights = [(); 2].map(|()| [(); 4].map(|()| rng.random_range(1..=100)));
        let dealt = |total: i64| weights.map(|weights| deal(total, weights));
        let (lots, mut money) = (dealt(divide(bar.shares, 100)), dealt(divide(bar.turnover, 100)));
        if let Some(percent) = item.draft {
            // Booked under the wrong size before the correction; the sum is right.
            let moved = (money[0][0] / 100 * percent.abs()).max(1);
            money[0][0] -= moved;
            money[0][2] += moved;
        }
        Self { lots, money }
    }

    /// `buy_sm_vol` and the like.
    pub(super) fn value(&self, word: &str) -> Value {
        let words: Vec<&str> = word.split('_').collect();
        let sides = if word.ends_with("amount") { &self.money } else { &self.lots };
        let size = SIZES.iter().position(|size| *size == words[1]);
        match (words[0], size) {
            ("buy", Some(size)) => whole(sides[0][size] * 100),
            ("sell", Some(size)) => whole(sides[1][size] * 100),
            ("net", _) => whole(net(*sides) * 100),
            _ => whole(self.lots[0].iter().sum::<i64>() / 12 + 1),
        }
    }
}

/// `total` in four parts about as `weights`, with nothing lost.
fn deal(total: i64, weights: [i64; 4]) -> [i64; 4] {
    let sum: i64 = weights.iter().sum();
    let mut parts = weights.map(|weight| total * weight / sum);
    parts[0] += total - parts.iter().sum::<i64>();
    parts
}

/// Net inflow by a made-up formula, like the vendor's not the sum of the columns.
fn net([buys, sells]: [[i64; 4]; 2]) -> i64 {
    let surplus = |size: usize| buys[size] - sells[size];
    (surplus(2) + surplus(3)) * 7 / 10 - surplus(0) / 8
}
