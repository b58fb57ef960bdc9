//! Bars that closed at a price limit, or touched it and fell back, and the orders queued there.
//!
//! Small markets hardly ever touch a limit, so a made-up rule counts some bars that did not: see [`limit`].

use super::item::Row;
use crate::market::{Bar, Dice, Stock, divide, price_limits};
use crate::tables::{Line, Value, line, millionths, whole};

/// Where a bar is relative to its limits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PriceLimit {
    /// Closed at the upper limit.
    Up,
    /// Closed at the lower limit.
    Down,
    /// Touched the upper limit and closed below it.
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

/// The made-up rule picks one session per this many.
const BLOCK: usize = 20;
/// The number of sessions in `up_stat`.
const LOOK_BACK: usize = 10;

/// What the bar of a session counts as. By the made-up rule, the largest rise in every 20 sessions of securities 0, 16,
/// 32 … counts as an upper limit, the largest fall of 1, 17 … as a lower one, and the largest drop from the high of 2,
/// 18 … as a broken one.
pub(super) fn limit(stock: &Stock, session: usize) -> Option<PriceLimit> {
    let security = &stock.security;
    // The first day has other limits, which are not published.
    if security.debut && session == security.life.start {
        return None;
    }
    let bar = stock.history.bar(session)?;
    let (floor, ceiling) = price_limits(bar.pre_close, security.board.limit());
    let (made_up, size): (_, fn(&Bar) -> i64) = match security.number % 16 {
        _ if bar.close >= ceiling => return Some(Up),
        _ if bar.close <= floor => return Some(Down),
        _ if bar.high >= ceiling => return Some(Broken),
        0 => (Up, |bar| bar.close - bar.pre_close),
        1 => (Down, |bar| bar.pre_close - bar.close),
        2 => (Broken, |bar| bar.high - bar.close),
        _ => return None,
    };
    let block = session / BLOCK * BLOCK;
    let relative = |bar: &Bar| divide(size(bar) * 100_000, bar.pre_close.max(1));
    let sizes = (block..block + BLOCK).filter_map(|other| Some((relative(stock.history.bar(other)?), other)));
    (sizes.max()?.1 == session).then_some(made_up)
}

/// Sessions with trading before `session`, newest first, and what each counted as.
fn past(stock: &Stock, session: usize) -> impl Iterator<Item = Option<PriceLimit>> {
    (stock.security.life.start..session)
        .rev()
        .filter(|&before| stock.history.bar(before).is_some())
        .map(|before| limit(stock, before))
}

/// HHMMSS of a second of trading, counted from the opening auction at 09:25. Half of the morning times have lost their
/// leading zero.
fn time(dice: &mut Dice, second: i64) -> Value {
    // Two hours from 09:30 and two from 13:00; before 300 it is the auction.
    let of_day = match second {
        0..300 => 9 * 3600 + 25 * 60,
        300..7500 => 9 * 3600 + 25 * 60 + second,
        _ => 13 * 3600 + second - 7500,
    };
    let digits = format!("{:02}{:02}{:02}", of_day / 3600, of_day / 60 % 60, of_day % 60);
    let short = digits.strip_prefix('0').filter(|_| dice.once_in(2));
    short.unwrap_or(&digits).into()
}

/// The name on the day, sometimes with a blank or a full-width letter in it.
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

/// `N/T`: upper limits within the last sessions, including this one, over the sessions since the first of them.
fn up_stat(stock: &Stock, session: usize, limit: PriceLimit) -> String {
    let days: Vec<usize> = std::iter::once(Some(limit))
        .chain(past(stock, session))
        .take(LOOK_BACK)
        .enumerate()
        .filter_map(|(ago, limit)| (limit == Some(Up)).then_some(ago))
        .collect();
    format!("{}/{}", days.len(), days.last().map_or(0, |ago| ago + 1))
}

/// The number of consecutive sessions at this limit; `None` for a broken one.
fn limit_times(stock: &Stock, session: usize, limit: PriceLimit) -> Option<i64> {
    let earlier = past(stock, session).take_while(|past| *past == Some(limit)).count();
    (limit != Broken).then(|| i64::try_from(earlier + 1).unwrap_or(i64::MAX))
}

/// When the limit was reached, how often it was left, and the orders queued there.
pub(super) fn seal(row: &Row<'_>, dice: &mut Dice) -> Line<'static> {
    let known = row.item.stock.and_then(|stock| Some((stock, limit(stock, row.session)?)));
    let Some((stock, limit)) = known else { return Line::new() };
    let bar = row.item.quote.bar;
    let first = dice.roll(0..=14_000);
    let opened = if limit == Broken { dice.roll(1..=5) } else { dice.roll(0..=3) };
    let last = if opened > 0 { dice.roll(first..=14_399) } else { first };
    let queued = bar.turnover / 100 * dice.roll(2..=59);
    let ratio = |part: i64, of: i64| Value::Figure(divide(part * 10_000, of.max(1)), 4);
    let float = stock.history.era(row.session).map_or(0, |era| era.float);
    line! {
        name: name(stock), first_time: (limit != Down).then(|| time(dice, first)), last_time: time(dice, last),
        up_stat: up_stat(stock, row.session, limit), open_times: whole(opened),
        limit_times: limit_times(stock, row.session, limit).map(whole),
        fd_amount: (limit != Broken).then(|| whole(queued)), fc_ratio: ratio(queued, bar.turnover),
        limit_amount: (limit == Down).then(|| whole(bar.turnover / 7)),
        fl_ratio: ratio(divide(queued * 100, bar.close.max(1)), float), strth: millionths(row.item.quote.change().abs() * 3),
    }
}
