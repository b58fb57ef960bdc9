//! Bars that closed at a price limit, or touched it and fell back, and what was queued there.
//!
//! Small markets hardly ever touch a limit, so by a made-up rule some bars count that did not: see [`limit`].

use crate::market::dice::dice;
use crate::market::walk::{Bar, divide, limits};
use crate::market::{Market, Stock};
use crate::tables::text::Pen;
use crate::tables::value::{Value, millionths, whole};
use rand::RngExt;

/// How a bar stands to its limits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PriceLimit {
    /// Closed at the upper limit.
    Up,
    /// Closed at the lower limit.
    Down,
    /// Was at the upper limit and closed below it.
    Broken,
}

use PriceLimit::{Broken, Down, Up};

impl PriceLimit {
    /// As the vendor writes it.
    pub(super) fn letter(self) -> &'static str {
        match self {
            Up => "U",
            Down => "D",
            Broken => "Z",
        }
    }
}

/// Sessions of which the made-up rule takes one.
const BLOCK: usize = 20;
/// Sessions that `up_stat` looks back on.
const LOOK_BACK: usize = 10;

/// What the bar of a session is. Made up: of securities 0, 16, 32 … the largest rise of every 20 sessions counts
/// as an upper limit, of 1, 17 … the largest fall as a lower one, and of 2, 18 … the longest way down from the
/// high as a broken one.
pub(super) fn limit(stock: &Stock, session: usize) -> Option<PriceLimit> {
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
fn past(stock: &Stock, session: usize) -> impl Iterator<Item = Option<PriceLimit>> {
    (stock.security.life.start..session)
        .rev()
        .filter(|&before| stock.history.bar(before).is_some())
        .map(|before| limit(stock, before))
}

/// What is known of a limit.
pub(super) struct Seal {
    limit: PriceLimit,
    session: usize,
    bar: Bar,
    float: i64,
    /// CNY queued at the limit.
    queued: i64,
    /// Seconds of trading at which it was first and last reached.
    times: [u32; 2],
    opened: i64,
}

impl Seal {
    pub(super) fn of(market: &Market, stock: &Stock, session: usize) -> Option<Self> {
        let (limit, bar) = (limit(stock, session)?, *stock.history.bar(session)?);
        let mut rng = dice(market.seed, "limits", stock.security.number, session);
        let first = rng.random_range(0..14_000);
        let opened: i64 = if limit == Broken { rng.random_range(1..6) } else { rng.random_range(0..4) };
        let last = if opened > 0 { rng.random_range(first..14_400) } else { first };
        let queued = bar.turnover / 100 * rng.random_range(2..60);
        let float = stock.history.era(session)?.float;
        Some(Self { limit, session, bar, float, queued, times: [first, last], opened })
    }
}

/// HHMMSS of a second of trading, counted from the opening auction at 09:25; half the mornings have lost their zero.
fn time(pen: &mut Pen, second: u32) -> Value {
    // Two hours from 09:30 and two from 13:00; before 300 it is the auction.
    let of_day = match second {
        0..300 => 9 * 3600 + 25 * 60,
        300..7500 => 9 * 3600 + 25 * 60 + second,
        _ => 13 * 3600 + second - 7500,
    };
    let digits = format!("{:02}{:02}{:02}", of_day / 3600, of_day / 60 % 60, of_day % 60);
    let short = digits.strip_prefix('0').filter(|_| pen.once_in(2));
    short.unwrap_or(&digits).into()
}

/// The name on the day, at times with a blank or a full-width letter inside.
fn name(stock: &Stock) -> String {
    let name = stock.security.name_while_listed();
    match stock.security.number % 7 {
        2 => {
            let middle = name.char_indices().nth(1).map_or(0, |(at, _)| at);
            let (front, back) = name.split_at(middle);
            format!("{front} {back}")
        }
        1 => format!("{name}Ａ"),
        _ => name.to_owned(),
    }
}

/// `N/T`: upper limits within the last sessions, this one included, over the sessions since the first of them.
fn up_stat(stock: &Stock, session: usize, limit: PriceLimit) -> String {
    let days: Vec<usize> = std::iter::once(Some(limit))
        .chain(past(stock, session))
        .take(LOOK_BACK)
        .enumerate()
        .filter_map(|(ago, limit)| (limit == Some(Up)).then_some(ago))
        .collect();
    format!("{}/{}", days.len(), days.last().map_or(0, |ago| ago + 1))
}

/// Sessions in a row at this limit; a broken one has none.
fn limit_times(stock: &Stock, session: usize, limit: PriceLimit) -> Option<i64> {
    let earlier = past(stock, session).take_while(|past| *past == Some(limit)).count();
    (limit != Broken).then(|| i64::try_from(earlier + 1).unwrap_or(i64::MAX))
}

impl Seal {
    /// A column in words.
    pub(super) fn words(&self, stock: &Stock, word: &str, pen: &mut Pen) -> Value {
        match word {
            "limit_name" => name(stock).into(),
            "first_time" if self.limit == Down => Value::Null,
            "first_time" => time(pen, self.times[0]),
            "last_time" => time(pen, self.times[1]),
            _ => up_stat(stock, self.session, self.limit).into(),
        }
    }

    /// An amount, a count, or a ratio that is made up.
    pub(super) fn figure(&self, stock: &Stock, word: &str) -> Value {
        let Self { limit, bar, float, queued, opened, .. } = *self;
        let shares = divide(queued * 100, bar.close.max(1));
        let ratio = |part: i64, of: i64| Value::Figure(divide(part * 10_000, of.max(1)), 4);
        match word {
            "fd_amount" => (limit != Broken).then(|| whole(queued)).into(),
            "limit_amount" => (limit == Down).then(|| whole(bar.turnover / 7)).into(),
            "open_times" => whole(opened),
            "limit_times" => limit_times(stock, self.session, limit).map(whole).into(),
            "fc_ratio" => ratio(queued, bar.turnover),
            "fl_ratio" => ratio(shares, float),
            _ => millionths(divide((bar.close - bar.pre_close).abs() * 3_000_000, bar.pre_close.max(1))),
        }
    }
}
