//! Rows of `limit_list_d` and `limit_list`: bars that closed at a price limit, or touched it and fell back.
//!
//! Money goes out in CNY (vendor pages `doc_id` 298 and 198). Small markets hardly ever touch a limit, so by a
//! made-up rule some bars count that did not: see [`limit`].

use super::Place;
use super::daily::key;
use super::text::{Pen, integer, text};
use crate::Cell;
use crate::market::Stock;
use crate::market::walk::{Bar, divide, limits};
use rand::RngExt;

/// Columns of `limit_list_d` in the vendor's order.
pub(crate) const LIMIT_LIST_D: &[&str] = &[
    "trade_date",
    "ts_code",
    "industry",
    "name",
    "close",
    "pct_chg",
    "amount",
    "limit_amount",
    "float_mv",
    "total_mv",
    "turnover_ratio",
    "fd_amount",
    "first_time",
    "last_time",
    "open_times",
    "up_stat",
    "limit_times",
    "limit",
    "swing",
];

/// Columns of `limit_list`, its predecessor.
pub(crate) const LIMIT_LIST: &[&str] = &[
    "trade_date",
    "ts_code",
    "name",
    "close",
    "pct_chg",
    "amp",
    "fc_ratio",
    "fl_ratio",
    "fd_amount",
    "first_time",
    "last_time",
    "open_times",
    "strth",
    "limit",
];

/// How a bar stands to its limits, as the vendor writes it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Limit {
    /// Closed at the upper limit.
    Up,
    /// Closed at the lower limit.
    Down,
    /// Was at the upper limit and closed below it.
    Broken,
}

use Limit::{Broken, Down, Up};

/// Sessions of which the made-up rule takes one.
const BLOCK: usize = 20;
/// Sessions that `up_stat` looks back on.
const LOOK_BACK: usize = 10;

/// One row where the bar is at a limit.
pub(crate) fn limited(stock: &Stock, session: usize) -> usize {
    usize::from(limit(stock, session).is_some())
}

/// The same without broken limits.
pub(crate) fn closed_at_limit(stock: &Stock, session: usize) -> usize {
    usize::from(limit(stock, session).is_some_and(|limit| limit != Broken))
}

/// What the bar of a session is. Made up: of securities 0, 16, 32 … the largest rise of every 20 sessions counts
/// as an upper limit, of 1, 17 … the largest fall as a lower one, and of 2, 18 … the longest way down from the
/// high as a broken one.
fn limit(stock: &Stock, session: usize) -> Option<Limit> {
    let security = &stock.security;
    // The first day has other limits, which are nowhere listed.
    if security.debut && session == security.life.start {
        return None;
    }
    let bar = stock.history.bar(session)?;
    let (floor, ceiling) = limits(bar.pre_close, security.board.limit());
    if bar.close >= ceiling {
        return Some(Up);
    }
    if bar.close <= floor {
        return Some(Down);
    }
    if bar.high >= ceiling {
        return Some(Broken);
    }
    let (made_up, size): (_, fn(&Bar) -> i64) = match security.number % 16 {
        0 => (Up, |bar| divide((bar.close - bar.pre_close) * 100_000, bar.pre_close.max(1))),
        1 => (Down, |bar| divide((bar.pre_close - bar.close) * 100_000, bar.pre_close.max(1))),
        2 => (Broken, |bar| divide((bar.high - bar.close) * 100_000, bar.pre_close.max(1))),
        _ => return None,
    };
    let block = session / BLOCK * BLOCK;
    let sizes = (block..block + BLOCK).filter_map(|other| Some((size(stock.history.bar(other)?), other)));
    (sizes.max()?.1 == session).then_some(made_up)
}

/// Sessions with trading before `session`, newest first, and what each was.
fn past(stock: &Stock, session: usize) -> impl Iterator<Item = Option<Limit>> {
    (stock.security.life.start..session)
        .rev()
        .filter(|&before| stock.history.bar(before).is_some())
        .map(|before| limit(stock, before))
}

/// What the wire says about a limit, drawn from one pen so that both lists have their own.
struct Seal {
    limit: Limit,
    bar: Bar,
    float: i64,
    total: i64,
    /// CNY queued at the limit.
    queued: i64,
    first: u32,
    last: u32,
    opened: i64,
}

fn seal(pen: &mut Pen, place: &Place<'_>) -> Option<Seal> {
    let limit = limit(place.stock, place.session)?;
    let bar = *place.stock.history.bar(place.session)?;
    let era = place.stock.history.era(place.session)?;
    let first = pen.rng.random_range(0..14_000);
    let opened: i64 = if limit == Broken { pen.rng.random_range(1..6) } else { pen.rng.random_range(0..4) };
    let last = if opened > 0 { pen.rng.random_range(first..14_400) } else { first };
    let queued = bar.turnover / 100 * pen.rng.random_range(2..60);
    Some(Seal { limit, bar, float: era.float, total: era.total, queued, first, last, opened })
}

impl Seal {
    /// HHMMSS of a second of trading, counted from the opening auction at 09:25; half the mornings have lost
    /// their zero.
    fn time(pen: &mut Pen, second: u32) -> Cell {
        // Two hours from 09:30 and two from 13:00; before 300 it is the auction.
        let of_day = match second {
            0..300 => 9 * 3600 + 25 * 60,
            300..7500 => 9 * 3600 + 25 * 60 + second,
            _ => 13 * 3600 + second - 7500,
        };
        let digits = format!("{:02}{:02}{:02}", of_day / 3600, of_day / 60 % 60, of_day % 60);
        let short = digits.strip_prefix('0').filter(|_| pen.once_in(2));
        text(short.unwrap_or(&digits))
    }

    fn letter(&self) -> Cell {
        text(match self.limit {
            Up => "U",
            Down => "D",
            Broken => "Z",
        })
    }

    /// Percent with four decimals.
    fn change(&self) -> i64 {
        divide((self.bar.close - self.bar.pre_close) * 1_000_000, self.bar.pre_close.max(1))
    }

    fn swing(&self) -> i64 {
        divide((self.bar.high - self.bar.low) * 1_000_000, self.bar.pre_close.max(1))
    }
}

/// The name on the day, at times with a blank or a full-width letter inside.
fn name(stock: &Stock) -> Cell {
    let name = stock.security.name_while_listed();
    match stock.security.number % 7 {
        2 => {
            let middle = name.char_indices().nth(1).map_or(0, |(at, _)| at);
            let (front, back) = name.split_at(middle);
            text(&format!("{front} {back}"))
        }
        1 => text(&format!("{name}Ａ")),
        _ => text(name),
    }
}

/// A row of `limit_list_d`.
pub(crate) fn limit_list_d(pen: &mut Pen, place: &Place<'_>) -> Vec<Cell> {
    let Some(seal) = seal(pen, place) else {
        return vec![Cell::Null; LIMIT_LIST_D.len()];
    };
    let [code, day] = key(place);
    let down = seal.limit == Down;
    vec![
        day,
        code,
        text(place.stock.security.company.industry),
        name(place.stock),
        pen.float(seal.bar.close, 2),
        pen.float(seal.change(), 4),
        pen.float(seal.bar.turnover, 0),
        pen.optional(down.then_some(seal.bar.turnover / 7), 0),
        pen.float(seal.bar.close * seal.float, 2),
        pen.float(seal.bar.close * seal.total, 2),
        pen.float(divide(seal.bar.shares * 1_000_000, seal.float.max(1)), 4),
        pen.optional((seal.limit != Broken).then_some(seal.queued), 0),
        if down { Cell::Null } else { Seal::time(pen, seal.first) },
        Seal::time(pen, seal.last),
        integer(seal.opened),
        text(&up_stat(place, seal.limit)),
        limit_times(place, seal.limit).map_or(Cell::Null, integer),
        seal.letter(),
        pen.float(seal.swing(), 4),
    ]
}

/// `N/T`: upper limits within the last sessions, this one included, over the sessions since the first of them.
fn up_stat(place: &Place<'_>, limit: Limit) -> String {
    let days: Vec<usize> = std::iter::once(Some(limit))
        .chain(past(place.stock, place.session))
        .take(LOOK_BACK)
        .enumerate()
        .filter_map(|(ago, limit)| (limit == Some(Up)).then_some(ago))
        .collect();
    format!("{}/{}", days.len(), days.last().map_or(0, |ago| ago + 1))
}

/// Sessions in a row at this limit; a broken one has none.
fn limit_times(place: &Place<'_>, limit: Limit) -> Option<i64> {
    let earlier = past(place.stock, place.session).take_while(|past| *past == Some(limit)).count();
    (limit != Broken).then(|| i64::try_from(earlier + 1).unwrap_or(i64::MAX))
}

/// A row of `limit_list`; its ratios and its score are made up.
pub(crate) fn limit_list(pen: &mut Pen, place: &Place<'_>) -> Vec<Cell> {
    let Some(seal) = seal(pen, place) else {
        return vec![Cell::Null; LIMIT_LIST.len()];
    };
    let [code, day] = key(place);
    let queued_shares = divide(seal.queued * 100, seal.bar.close.max(1));
    vec![
        day,
        code,
        name(place.stock),
        pen.float(seal.bar.close, 2),
        pen.float(seal.change(), 4),
        pen.float(seal.swing(), 4),
        pen.float(divide(seal.queued * 10_000, seal.bar.turnover.max(1)), 4),
        pen.float(divide(queued_shares * 10_000, seal.float.max(1)), 4),
        pen.float(seal.queued, 0),
        Seal::time(pen, seal.first),
        Seal::time(pen, seal.last),
        integer(seal.opened),
        pen.float(seal.change().abs() * 3, 4),
        seal.letter(),
    ]
}
