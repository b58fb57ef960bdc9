//! Bars behind the rows: those of stocks, as they were or summed up, and made-up ones for everything else.
//!
//! A made-up series needs no history: each close is drawn independently around a base.

use crate::market::{Bar, Market, Stock, divide};
use std::ops::Range;

/// A bar with prices in units of `10^-scale`.
#[derive(Clone, Copy)]
pub(crate) struct Quote {
    pub(crate) bar: Bar,
    pub(crate) scale: u32,
}

/// The properties of a made-up series.
#[derive(Clone, Copy)]
pub(crate) struct Series {
    pub(crate) number: usize,
    /// The approximate price, in units of `10^-scale`.
    pub(crate) base: i64,
    pub(crate) scale: u32,
    /// Whether volume counts the thing itself; otherwise shares inside it, at about 12 CNY.
    pub(crate) traded: bool,
}

impl Quote {
    /// A stock's bar; flat and without volume if it is suspended.
    pub(crate) fn of_stock(stock: &Stock, session: usize) -> Self {
        let last = || stock.history.before(session).next().map_or(1000, |bar| bar.close);
        let bar = stock.history.bar(session).copied().unwrap_or_else(|| flat(last()));
        Self { bar, scale: 2 }
    }

    /// A stock's bars in some sessions combined; `None` if it did not trade.
    pub(crate) fn of_span(stock: &Stock, sessions: Range<usize>) -> Option<Self> {
        let bars = sessions.filter_map(|session| stock.history.bar(session).copied());
        Some(Self { bar: bars.reduce(Bar::and)?, scale: 2 })
    }

    /// The bar of a made-up series.
    pub(crate) fn of_series(market: &Market, series: Series, session: usize) -> Self {
        let Series { number, base, scale, traded } = series;
        let close_before = |moment: usize| {
            let per_myriad = market.dice("series", number, moment).roll(-300..=300);
            base + divide(base * per_myriad, 10_000)
        };
        let (pre_close, close) = (close_before(session), close_before(session + 1));
        let mut dice = market.dice("series bar", number, session);
        let open = pre_close + (close - pre_close) * dice.roll(0..=100) / 100;
        let spread = (base / 200).max(1);
        let high = open.max(close) + dice.roll(0..=spread);
        let low = open.min(close) - dice.roll(0..=spread);
        let shares: i64 = dice.roll(1_000_000..800_000_000);
        let turnover = if traded {
            divide(i64::midpoint(low, high) * shares, 10_i64.pow(scale))
        } else {
            shares / 100 * dice.roll(900..1500)
        };
        Self { bar: Bar { open, high, low, close, pre_close, shares, turnover }, scale }
    }

    /// The change of the close, in millionths.
    pub(crate) fn change(&self) -> i64 {
        divide((self.bar.close - self.bar.pre_close) * 1_000_000, self.bar.pre_close.max(1))
    }
}

fn flat(price: i64) -> Bar {
    Bar { open: price, high: price, low: price, close: price, pre_close: price, shares: 0, turnover: 0 }
}

/// Splits an integer by weights, rounding cumulative sums down. So a part is never further from its exact share than
/// the average price, rounded down and up, times its shares.
pub(super) fn parts(whole: i64, weights: &[i64]) -> Vec<i64> {
    let all = i128::from(weights.iter().sum::<i64>().max(1));
    let (mut sum, mut given) = (0, 0);
    let part = |weight: &i64| {
        sum += i128::from(*weight);
        let due = i64::try_from(i128::from(whole) * sum / all).unwrap_or(whole);
        let part = due - given;
        given = due;
        part
    };
    weights.iter().map(part).collect()
}
