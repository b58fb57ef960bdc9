//! Rows of `market/realtime`: the current quotes at a moment, for all stocks that trade and for the indices.
//!
//! During a session, the bar is in progress. Before and after it, the last complete session is shown, as of 15:00.

use crate::Cell;
use crate::market::{Bar, Market, Moment, divide, on};
use crate::tables::sessions::populations;
use crate::tables::{Asked, fixed, text};
use chrono::{TimeDelta, Timelike};

/// Seconds of trading in a session, half of them before noon.
const LENGTH: i64 = 4 * 3600;

/// The quotes at a moment, by default on the market's last day. Empty before the first session.
pub(super) fn rows(market: &Market, at: Option<Moment>) -> Vec<Vec<Cell>> {
    let Some((session, traded, time)) = standing(market, at) else {
        return Vec::new();
    };
    let asked = Asked::everything(market);
    let stocks = populations::traded(&asked, session).into_iter();
    stocks
        .chain(populations::indices(market, session))
        .map(|item| {
            let bar = so_far(&item.quote.bar, traded);
            let change = divide((bar.close - bar.pre_close) * 1_000_000, bar.pre_close.max(1));
            let prices = [bar.close, bar.open, bar.high, bar.low, bar.pre_close];
            let prices = prices.map(|units| decimal(units, item.quote.scale)).into_iter();
            let names = [&item.code, &item.name].map(|name| text(name)).into_iter();
            let others = [decimal(change, 4), decimal(bar.shares, 0), decimal(bar.turnover, 0), text(&time)];
            names.chain(prices).chain(others).collect()
        })
        .collect()
}

fn decimal(units: i64, scale: u32) -> Cell {
    Cell::Text(fixed(units, scale, 4))
}

/// The session shown, how many seconds of it have been traded, and the time shown.
fn standing(market: &Market, at: Option<Moment>) -> Option<(usize, i64, String)> {
    let sessions = &market.calendar.sessions;
    let today = at.map_or(market.calendar.end, |at| at.date());
    let begun = sessions.partition_point(|day| *day <= today);
    let last = begun.checked_sub(1)?;
    let seconds = match at {
        Some(at) if sessions[last] == today => i64::from(at.time().num_seconds_from_midnight()),
        _ => 24 * 3600,
    };
    let (open, noon, afternoon) = (9 * 3600 + 1800, 11 * 3600 + 1800, 13 * 3600);
    let (session, traded) = match seconds {
        _ if seconds < open => (last.checked_sub(1)?, LENGTH),
        _ if seconds < noon => (last, seconds - open),
        _ if seconds < afternoon => (last, LENGTH / 2),
        _ => (last, (LENGTH / 2 + seconds - afternoon).min(LENGTH)),
    };
    let shown = if traded <= LENGTH / 2 { open + traded } else { afternoon + traded - LENGTH / 2 };
    let time = on(sessions[session], 0, 0) + TimeDelta::seconds(shown);
    Some((session, traded, time.format("%Y-%m-%dT%H:%M:%S").to_string()))
}

/// The bar after this many seconds of trading. It moves from the open to one extreme, then the other, then the close.
fn so_far(bar: &Bar, traded: i64) -> Bar {
    let (first, second) = if bar.close < bar.open { (bar.high, bar.low) } else { (bar.low, bar.high) };
    let path = [bar.open, first, second, bar.close];
    let leg = LENGTH / 3;
    let (done, rest) = (traded / leg, traded % leg);
    let passed = usize::try_from(done).unwrap_or_default();
    let next = path[(passed + 1).min(3)];
    let close = path[passed] + divide((next - path[passed]) * rest, leg);
    let seen = || path[..=passed].iter().copied().chain([close]);
    let (high, low) = (seen().max().unwrap_or(close), seen().min().unwrap_or(close));
    Bar {
        high,
        low,
        close,
        shares: divide(bar.shares * traded, LENGTH),
        turnover: divide(bar.turnover * traded, LENGTH),
        ..*bar
    }
}
