//! What is inside a session: rows of `stk_mins`, its bar divided into minutes, which are summed for coarser bars; rows
//! of `cyq_chips`, the prices at which a stock's holders bought it; and the resulting figures of `cyq_perf`.
//!
//! The bars of a session open, close, peak and bottom where the daily bar does, and their shares and CNY add up to it.
//! Each minute trades at about the average price of the whole day, so that lies between its low and high. Each day's
//! chips are drawn independently around its close, and do not follow from earlier days.

use super::item::{Item, Row};
use super::quotes::{Quote, parts};
use crate::market::{Bar, Dice, Market, Stock, divide};
use crate::tables::{Asked, Line, Value, fen, line, millionths};

/// The auction at 09:30, and two hours either side of noon.
const MINUTES: usize = 241;
/// Between continuous trading and the closing auction.
const QUIET: [u32; 2] = [14 * 60 + 58, 14 * 60 + 59];

/// A bar within a session, and the minute of the day in which it ends. Its turnover is in fen.
type Slot = (u32, Bar);

/// The available bar lengths, in minutes and by name.
const LENGTHS: [(usize, &str); 5] = [(1, "1min"), (5, "5min"), (15, "15min"), (30, "30min"), (60, "60min")];

/// The bars of a session by time, of length `freq`, with a separate one for the auction. Without `freq`, which the
/// vendor would reject, they are hourly, for [`Market::rows`] of small markets.
pub(super) fn bars<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let freq = asked.params.get("freq").map_or("60min", String::as_str);
    let Some((length, _)) = LENGTHS.into_iter().find(|(_, name)| *name == freq) else { return Vec::new() };
    let day = asked.market.calendar.day(session);
    let of_stock = |&stock: &&'a Stock| {
        let minutes = minutes(asked.market, stock, session);
        let (auction, rest) = minutes.split_at(1.min(minutes.len()));
        let joined = |(_, first): Slot, (end, later): Slot| (end, first.and(later));
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

/// The minutes of a session; empty without trading.
fn minutes(market: &Market, stock: &Stock, session: usize) -> Vec<Slot> {
    let Some(bar) = stock.history.bar(session) else {
        return Vec::new();
    };
    let mut dice = market.dice("minutes", stock.security.number, session);
    let ends: Vec<u32> = (9 * 60 + 30..=11 * 60 + 30).chain(13 * 60 + 1..=15 * 60).collect();
    let windows = pauses(stock, session);
    let paused = |end: u32| QUIET.contains(&end) || windows.iter().any(|(from, to)| (*from..=*to).contains(&end));
    let weights: Vec<i64> = (0..MINUTES)
        .zip(&ends)
        .map(|(minute, &end)| {
            // More in the morning, most in the auctions, and now and then no trade.
            let weight = dice.roll(0..30) * if minute < 30 { 3 } else { 1 };
            let auction = if minute % (MINUTES - 1) == 0 { 100 } else { 0 };
            if paused(end) { 0 } else { weight + auction }
        })
        .collect();
    let shares = parts(bar.shares, &weights);
    let amounts = parts(bar.turnover * 100, &shares);
    let traded = shares.iter().filter(|shares| **shares > 0).count();
    let extremes = [bar.high, bar.low].map(|price| (dice.roll(0..traded.max(1)), price));
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
            let close = (open + dice.roll(-pace..=pace)).clamp(bar.low, bar.high);
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

/// Intervals without trading, in minutes of the day.
fn pauses(stock: &Stock, session: usize) -> Vec<(u32, u32)> {
    let minute = |time: &str| {
        let (hour, minute) = time.split_once(':')?;
        Some(hour.parse::<u32>().ok()? * 60 + minute.parse::<u32>().ok()?)
    };
    let notices = stock.history.notices.iter().filter(|notice| notice.session == session);
    let windows = notices.filter_map(|notice| notice.timing?.split_once('-'));
    windows.filter_map(|(from, to)| Some((minute(from)?, minute(to)?))).collect()
}

/// All chips, in hundredths of a percent.
const ALL_CHIPS: i64 = 10_000;
/// At least this many price levels if fen are fine enough, and fewer than twice as many.
const LEVELS: i64 = 120;

/// Price levels in fen in ascending order, with what was bought at each in hundredths of a percent; empty without
/// trading. All are between 62 and 129 % of the close.
fn chips(market: &Market, stock: &Stock, session: usize) -> Vec<(i64, i64)> {
    let Some(close) = stock.history.bar(session).map(|bar| bar.close) else { return Vec::new() };
    let (lowest, highest) = (divide(close * 62, 100), divide(close * 129, 100));
    let step = ((highest - lowest) / LEVELS).max(1);
    let count = (highest - lowest) / step + 1;
    let mut dice = market.dice("chips", stock.security.number, session);
    // A broad hump and a narrow one.
    let humps = [(count / 2, 4), (count / 6, 9)].map(|(width, height)| (dice.roll(0..count), width, height));
    let weight = |level: i64| {
        let humps = humps.iter().map(|(peak, width, height)| (width - (level - peak).abs()).max(0) * height);
        1 + humps.sum::<i64>() + dice.roll(0..=count / 12)
    };
    let weights: Vec<i64> = (0..count).map(weight).collect();
    let levels = (0..count).map(|level| lowest + level * step).zip(parts(ALL_CHIPS, &weights));
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

/// The lowest prices at or below which certain percentages of the chips were bought, their mean, and the share below
/// the close.
pub(super) fn costs(row: &Row<'_>, dice: &mut Dice) -> Line<'static> {
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
    let mean = divide(chips.iter().map(|(price, part)| price * part).sum(), ALL_CHIPS);
    let below: i64 = chips.iter().filter(|(price, _)| *price < close).map(|(_, part)| part * 100).sum();
    line! {
        cost_5pct: cost(5), cost_15pct: cost(15), cost_50pct: cost(50), cost_85pct: cost(85), cost_95pct: cost(95),
        weight_avg: fen(mean), winner_rate: millionths(below), his_low: fen(close * dice.roll(40..=60) / 100),
        his_high: fen(close * dice.roll(130..=200) / 100),
    }
}
