//! Rows of `stk_mins`: a session's bar cut into minutes, of which coarser bars are sums.
//!
//! The bars of a session open, close, peak and bottom where the daily one does, and their shares and CNY add up to its
//! own. Each minute trades at about the average price of the whole day, which therefore lies between its low and high.

use super::item::Item;
use super::quotes::{Quote, parts};
use crate::market::dice::dice;
use crate::market::walk::Bar;
use crate::market::{Market, Stock};
use crate::tables::asked::Asked;
use crate::tables::value::{fen, line};
use rand::RngExt;

/// The auction at 09:30 and two hours either side of noon.
const MINUTES: usize = 241;
/// Between the last bargains and the closing auction.
const QUIET: [u32; 2] = [14 * 60 + 58, 14 * 60 + 59];

/// A bar within a session, and the minute of the day in which it ends. Its turnover is in fen.
type Slot = (u32, Bar);

/// One bar of two that follow one another.
fn joined((_, first): Slot, (end, later): Slot) -> Slot {
    let (high, low) = (first.high.max(later.high), first.low.min(later.low));
    let (shares, turnover) = (first.shares + later.shares, first.turnover + later.turnover);
    (end, Bar { high, low, close: later.close, shares, turnover, ..first })
}

/// The bars of a session by time, each as long as `freq` says, the auction apart. Without a `freq`, which the vendor
/// refuses, bars of an hour: that is for [`Market::rows`] of small markets.
pub(super) fn bars<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let length = match asked.params.get("freq").map_or("60min", String::as_str) {
        "1min" => 1,
        "5min" => 5,
        "15min" => 15,
        "30min" => 30,
        "60min" => 60,
        _ => return Vec::new(),
    };
    let day = asked.market.calendar.day(session);
    let of_stock = |&stock: &&'a Stock| {
        let minutes = minutes(asked.market, stock, session);
        let (auction, rest) = minutes.split_at(1.min(minutes.len()));
        let longer = rest.chunks(length).filter_map(|slots| slots.iter().copied().reduce(joined));
        let slots: Vec<Slot> = auction.iter().copied().chain(longer).collect();
        let item = Item::of_stock(stock, session);
        slots.into_iter().enumerate().map(move |(place, (end, bar))| {
            let time = format!("{day} {:02}:{:02}:00", end / 60, end % 60);
            let quote = Quote { bar, ..item.quote };
            Item { quote, ..item.row(place) }.with(line! { trade_time: time, amount: fen(bar.turnover) })
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
    let pace = (bar.high - bar.low) / 6;
    let (mut last, mut trade) = (bar.open, 0);
    let mut slots = Vec::with_capacity(MINUTES);
    for ((end, shares), turnover) in ends.into_iter().zip(shares).zip(amounts) {
        let open = last;
        let mut slot = Bar { open, close: open, high: open, low: open, shares, turnover, ..*bar };
        if shares > 0 {
            trade += 1;
            let close = (open + rng.random_range(-pace..=pace)).clamp(bar.low, bar.high);
            slot.close = if trade == traded { bar.close } else { close };
            let met = extremes.iter().filter(|(at, _)| at + 1 == trade).map(|(_, price)| *price);
            let prices = [open, slot.close].into_iter().chain(met);
            slot.high = prices.clone().chain([rounded_up]).fold(open, i64::max);
            slot.low = prices.chain([level]).fold(open, i64::min);
        }
        last = slot.close;
        slots.push((end, slot));
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
