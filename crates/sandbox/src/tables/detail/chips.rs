//! At what prices the holders of a stock bought it: rows of `cyq_chips`, and the figures of `cyq_perf` that follow.
//!
//! Each day's chips are drawn by themselves around its close; they know nothing of earlier days.

use super::parts;
use crate::market::dice::dice;
use crate::market::walk::{Bar, divide};
use crate::market::{Market, Stock};
use crate::tables::asked::Asked;
use crate::tables::sessions::item::Item;
use crate::tables::sessions::quotes::Quote;
use rand::RngExt;

/// All chips, in hundredths of a percent.
const ALL: i64 = 10_000;
/// Price levels, at least where fen are fine enough; fewer than twice as many.
const LEVELS: i64 = 120;

/// Price levels in fen from the lowest up, and what was bought there in hundredths of a percent.
pub(crate) struct Chips {
    levels: Vec<(i64, i64)>,
    close: i64,
}

impl Chips {
    /// The chips of a session with trading. All lie between 62 and 129 % of the close, within the `his_low` and
    /// `his_high` of `cyq_perf`.
    pub(crate) fn of(market: &Market, stock: &Stock, session: usize) -> Option<Self> {
        let close = stock.history.bar(session)?.close;
        let (lowest, highest) = (divide(close * 62, 100), divide(close * 129, 100));
        let step = ((highest - lowest) / LEVELS).max(1);
        let count = (highest - lowest) / step + 1;
        let mut rng = dice(market.seed, "chips", stock.security.number, session);
        // A broad hump and a narrow one.
        let humps = [(count / 2, 4), (count / 6, 9)].map(|(width, height)| (rng.random_range(0..count), width, height));
        let weights: Vec<i64> = (0..count)
            .map(|level| {
                let humps = humps.iter().map(|(peak, width, height)| (width - (level - peak).abs()).max(0) * height);
                1 + humps.sum::<i64>() + rng.random_range(0..=count / 12)
            })
            .collect();
        let parts = parts(ALL, &weights).into_iter().enumerate();
        let level = |place: usize| lowest + i64::try_from(place).unwrap_or_default() * step;
        let levels = parts.map(|(place, part)| (level(place), part)).filter(|(_, part)| *part > 0).collect();
        Some(Self { levels, close })
    }

    /// The lowest price at or below which so many percent of the chips are.
    fn cost(&self, percent: i64) -> Option<i64> {
        let mut sum = 0;
        let reached = |(_, part): &&(i64, i64)| {
            sum += part;
            sum >= percent * 100
        };
        self.levels.iter().find(reached).map(|(price, _)| *price)
    }

    /// A column of `cyq_perf`: a price in fen, or a rate in ten-thousandths of a percent.
    pub(crate) fn figure(&self, name: &str) -> Option<i64> {
        match name {
            "weight_avg" => Some(divide(self.levels.iter().map(|(price, percent)| price * percent).sum(), ALL)),
            "winner_rate" => {
                let in_profit = self.levels.iter().filter(|(price, _)| *price < self.close);
                Some(in_profit.map(|(_, percent)| percent * 100).sum())
            }
            _ => self.cost(name.strip_prefix("cost_")?.strip_suffix("pct")?.parse().ok()?),
        }
    }
}

/// The price levels of a day.
pub(crate) fn levels<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let of_stock = |&stock: &&'a Stock| {
        let chips = Chips::of(asked.market, stock, session).map_or_else(Vec::new, |chips| chips.levels);
        let item = Item::of_stock(stock, session);
        chips.into_iter().enumerate().map(move |(level, (price, part))| {
            let bar = Bar { close: price, ..item.quote.bar };
            Item { quote: Quote { bar, ..item.quote }, part, address: item.address + level, ..item.clone() }
        })
    };
    asked.stocks.iter().flat_map(of_stock).collect()
}
