//! Rows of `stk_mins`: a session's bar cut into minutes, of which coarser bars are sums.
//!
//! The bars of a session open, close, peak and bottom where the daily one does, and their shares and CNY add up to its
//! own. Each minute trades at about the average price of the whole day, which therefore lies between its low and high.

use crate::market::dice::dice;
use crate::market::walk::Bar;
use crate::market::{Market, Stock};
use crate::tables::asked::Asked;
use crate::tables::sessions::item::Item;
use crate::tables::sessions::quotes::Quote;
use rand::RngExt;

/// The auction at 09:30 and two hours either side of noon.
const MINUTES: usize = 241;
/// Between the last bargains and the closing auction.
const QUIET: [u32; 2] = [14 * 60 + 58, 14 * 60 + 59];

/// A bar within a session. Prices and amount in fen.
#[derive(Clone, Copy)]
struct Slot {
    /// Minute of the day in which it ends.
    end: u32,
    open: i64,
    close: i64,
    high: i64,
    low: i64,
    shares: i64,
    amount: i64,
}

impl Slot {
    /// One bar of two that follow one another.
    fn and(self, later: Self) -> Self {
        Self {
            end: later.end,
            open: self.open,
            close: later.close,
            high: self.high.max(later.high),
            low: self.low.min(later.low),
            shares: self.shares + later.shares,
            amount: self.amount + later.amount,
        }
    }
}

/// The bars of a session by time, each as long as `freq` says, the auction apart. Without a `freq`, which the vendor
/// refuses, bars of an hour: that is for [`Market::rows`] of small markets.
pub(crate) fn bars<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let length = match asked.params.get("freq").map_or("60min", String::as_str) {
        "1min" => 1,
        "5min" => 5,
        "15min" => 15,
        "30min" => 30,
        "60min" => 60,
        _ => return Vec::new(),
    };
    let of_stock = |&stock: &&'a Stock| {
        let minutes = minutes(asked.market, stock, session);
        let (auction, rest) = minutes.split_at(1.min(minutes.len()));
        let joined = rest.chunks(length).filter_map(|slots| slots.iter().copied().reduce(Slot::and));
        let slots: Vec<Slot> = auction.iter().copied().chain(joined).collect();
        let item = Item::of_stock(stock, session);
        slots.into_iter().enumerate().map(move |(place, slot)| {
            let Slot { open, high, low, close, shares, amount, end } = slot;
            let bar = Bar { open, high, low, close, shares, ..item.quote.bar };
            let quote = Quote { bar, ..item.quote };
            Item { quote, part: amount, minute: end, address: item.address + place, ..item.clone() }
        })
    };
    asked.stocks.iter().flat_map(of_stock).collect()
}

/// The minutes of a session; none without trading.
fn minutes(market: &Market, stock: &Stock, session: usize) -> Vec<Slot> {
    let Some(bar) = stock.history.bar(session) else {
        return Vec::new();
    };
    let mut rng = dice(market.seed, "minutes", stock.security.number, session);
    let ends: Vec<u32> = (9 * 60 + 30..=11 * 60 + 30).chain(13 * 60 + 1..=15 * 60).collect();
    let windows = pauses(stock, session);
    let paused = |end: u32| QUIET.contains(&end) || windows.iter().any(|(from, to)| (*from..=*to).contains(&end));
    let weights: Vec<i64> = (0..MINUTES)
        .zip(&ends)
        .map(|(minute, &end)| {
            // More in the morning, most in the auctions; now and then nobody trades.
            let weight = rng.random_range(0..30) * if minute < 30 { 3 } else { 1 };
            let auction = if minute % (MINUTES - 1) == 0 { 100 } else { 0 };
            if paused(end) { 0 } else { weight + auction }
        })
        .collect();
    let shares = parts(bar.shares, &weights);
    let amounts = parts(bar.turnover * 100, &shares);
    let traded = shares.iter().filter(|shares| **shares > 0).count();
    let extremes = [bar.high, bar.low].map(|price| (rng.random_range(0..traded.max(1)), price));
    let level = bar.turnover * 100 / bar.shares;
    let rounded_up = level + i64::from(bar.turnover * 100 % bar.shares > 0);
    let noise = (bar.high - bar.low) / 12;
    let mut last = bar.open;
    let mut trade = 0;
    let mut slots = Vec::with_capacity(MINUTES);
    for ((end, shares), amount) in ends.into_iter().zip(shares).zip(amounts) {
        let open = last;
        let mut slot = Slot { end, open, close: open, high: open, low: open, shares, amount };
        if shares > 0 {
            trade += 1;
            if trade == traded {
                slot.close = bar.close;
            } else {
                let close = path(bar, extremes, (trade, traded)) + rng.random_range(-noise..=noise);
                slot.close = close.clamp(bar.low, bar.high);
            }
            slot.high = open.max(slot.close).max(rounded_up);
            slot.low = open.min(slot.close).min(level);
            for (_, price) in extremes.into_iter().filter(|(at, _)| at + 1 == trade) {
                slot.high = slot.high.max(price);
                slot.low = slot.low.min(price);
            }
        }
        last = slot.close;
        slots.push(slot);
    }
    slots
}

/// Windows without trading, in minutes of the day.
fn pauses(stock: &Stock, session: usize) -> Vec<(u32, u32)> {
    let minute = |time: &str| {
        let (hour, minute) = time.split_once(':')?;
        Some(hour.parse::<u32>().ok()? * 60 + minute.parse::<u32>().ok()?)
    };
    let notices = stock.history.notices.iter().filter(|notice| notice.session == session);
    let windows = notices.filter_map(|notice| notice.timing?.split_once('-'));
    windows.filter_map(|(from, to)| Some((minute(from)?, minute(to)?))).collect()
}

/// A whole in parts by weight, the sum of the first ones rounded down: so a part is never further from its due than
/// the average price, rounded down and up, times its shares.
fn parts(whole: i64, weights: &[i64]) -> Vec<i64> {
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

/// The price on the way from the open by both extremes to the close, after so many of all trades.
fn path(bar: &Bar, extremes: [(usize, i64); 2], (trade, trades): (usize, usize)) -> i64 {
    let whole = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let mut knots = [
        (0, bar.open),
        (whole(extremes[0].0), extremes[0].1),
        (whole(extremes[1].0), extremes[1].1),
        (whole(trades), bar.close),
    ];
    knots.sort_by_key(|(at, _)| *at);
    let at = whole(trade);
    let next = knots.iter().position(|knot| knot.0 >= at).unwrap_or(knots.len() - 1);
    let (from, to) = (knots[next.saturating_sub(1)], knots[next]);
    from.1 + (to.1 - from.1) * (at - from.0) / (to.0 - from.0).max(1)
}
