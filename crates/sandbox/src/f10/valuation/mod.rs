//! What valuation-detail says of a stock or an index: the multiple now and before, among all and among its peers.
//!
//! - Multiples are of the last close over yearly profit, net assets or sales, in thousandths. They follow from the
//!   same accounts as Tushare's `daily_basic`; losses make them negative, for which no statistic counts them.
//! - History has an item a week up to a year, and an item a month beyond.
//! - One stock in 23 is not covered, nor is one that is not listed. An index is the mean of all stocks.

mod answer;
mod growth;
mod part;

pub(crate) use answer::answered;
pub(crate) use part::Part;
pub(super) use part::rows;

use super::last_session;
use crate::market::moments::Moment;
use crate::market::walk::divide;
use crate::market::{Market, Stock};
use chrono::{Datelike, Months, NaiveDate};
use growth::Growth;

/// Which multiple: `valuation_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Multiple {
    Earnings = 1,
    Book = 2,
    Sales = 3,
}

/// A point of the past.
pub(crate) struct Point {
    pub(crate) day: NaiveDate,
    pub(crate) value: i64,
    /// Mean of the industry; 0 for an index.
    pub(crate) plate: i64,
}

/// Multiples of many stocks.
pub(crate) struct Crowd {
    pub(crate) total: usize,
    pub(crate) average: i64,
    pub(crate) median: i64,
    /// From, to (0 for no end) and how many, highest first.
    pub(crate) sections: Vec<(i64, i64, usize)>,
}

/// A stock among those of its industry.
pub(crate) struct Plate<'a> {
    pub(crate) code: String,
    pub(crate) name: &'static str,
    pub(crate) average: i64,
    pub(crate) ranking: usize,
    /// Members with multiple and market value in CNY.
    pub(crate) members: Vec<(&'a Stock, i64, i64)>,
}

/// What only stocks have.
pub(crate) struct Standing<'a> {
    /// Among all; the cheapest is first, losses come last.
    pub(crate) ranking: usize,
    /// Not of net assets.
    pub(crate) forward: Option<i64>,
    pub(crate) plate: Plate<'a>,
    pub(crate) growth: Option<Growth>,
}

/// An answer with content.
pub(crate) struct Valuation<'a> {
    /// The session it is of.
    pub(crate) day: NaiveDate,
    pub(crate) current: i64,
    pub(crate) average: i64,
    pub(crate) deviation: i64,
    /// Percent in hundredths.
    pub(crate) percentile: i64,
    pub(crate) items: Vec<Point>,
    pub(crate) crowd: Crowd,
    pub(crate) stock: Option<Standing<'a>>,
}

impl Multiple {
    /// By `valuation_type`.
    pub(crate) fn of_type(number: i64) -> Option<Self> {
        [Self::Earnings, Self::Book, Self::Sales].into_iter().find(|multiple| *multiple as i64 == number)
    }

    /// Ends of the sections, in whole multiples.
    fn borders(self) -> &'static [i64] {
        match self {
            Self::Earnings => &[0, 5, 10, 15, 20, 30, 50, 100],
            Self::Book => &[0, 1, 2, 3, 5, 8, 15],
            Self::Sales => &[0, 1, 2, 4, 8, 15, 30],
        }
    }

    /// A stock's multiple in a session and its market value in CNY; none unless it is listed.
    fn of(self, stock: &Stock, session: usize) -> Option<(i64, i64)> {
        let history = &stock.history;
        let era = history.era(session)?;
        let bar = history.bar(session).or_else(|| history.before(session).next())?;
        let value = divide(bar.close * era.total, 100);
        let base = match self {
            Self::Earnings => history.books.profit_ttm,
            Self::Book => history.books.net_assets,
            Self::Sales => history.books.sales_ttm,
        };
        (base != 0).then(|| (divide(value * 1000, base.abs()) * base.signum(), value))
    }
}

/// First day of an interval that ends with a day; none for an unknown `interval_type`.
fn interval(number: i64, end: NaiveDate) -> Option<NaiveDate> {
    let months = match number {
        1 => 3,
        2 => 6,
        3 => 12,
        4 => 36,
        5 => return NaiveDate::from_ymd_opt(2019, 5, 1),
        6 => 60,
        7 => 120,
        8 => 24,
        9 => 240,
        10 => 360,
        _ => return None,
    };
    end.checked_sub_months(Months::new(months))
}

/// The valuation of a stock, or of an index without one; none where it is not covered.
pub(crate) fn valuation<'a>(
    market: &'a Market,
    stock: Option<&'a Stock>,
    multiple: Multiple,
    interval_type: i64,
    at: Option<Moment>,
) -> Option<Valuation<'a>> {
    let now = last_session(market, at, 16, 20)?;
    let day = market.calendar.sessions[now];
    if stock.is_some_and(|stock| stock.security.number % 23 == 9) {
        return None;
    }
    let all: Vec<i64> = values(market.stocks.iter(), multiple, now);
    let value_in = |session: usize| match stock {
        Some(stock) => multiple.of(stock, session).map(|(value, _)| value),
        None => mean(&values(market.stocks.iter(), multiple, session)),
    };
    let current = value_in(now)?;
    let peers = peers(market, stock);
    let items: Vec<Point> = moments(market, interval(interval_type, day)?, now)
        .into_iter()
        .filter_map(|session| {
            let plate = mean(&values(peers.iter().copied(), multiple, session)).unwrap_or_default();
            Some(Point { day: market.calendar.sessions[session], value: value_in(session)?, plate })
        })
        .collect();
    let (average, deviation) = spread(&items);
    let below = items.iter().filter(|item| item.value <= current).count();
    let standing = stock.map(|stock| Standing {
        ranking: ranking(&all, current),
        forward: (multiple != Multiple::Book).then(|| divide(current * 9, 10)),
        plate: plate(&peers, stock, multiple, now, current),
        growth: growth::growth(market, stock, multiple, now, at),
    });
    Some(Valuation {
        day,
        current,
        average,
        deviation,
        percentile: portion(below, items.len()),
        items,
        crowd: crowd(all, multiple),
        stock: standing,
    })
}

/// Hundredths of a percent.
fn portion(part: usize, whole: usize) -> i64 {
    i64::try_from(part * 10_000 / whole.max(1)).unwrap_or_default()
}

fn values<'a>(stocks: impl Iterator<Item = &'a Stock>, multiple: Multiple, session: usize) -> Vec<i64> {
    stocks.filter_map(|stock| multiple.of(stock, session)).map(|(value, _)| value).collect()
}

/// Mean of those above 0.
fn mean(values: &[i64]) -> Option<i64> {
    let (count, sum) =
        values.iter().filter(|value| **value > 0).fold((0, 0), |(count, sum), value| (count + 1, sum + value));
    (count > 0).then(|| divide(sum, count))
}

/// The stocks of the same industry.
fn peers<'a>(market: &'a Market, stock: Option<&Stock>) -> Vec<&'a Stock> {
    let Some(stock) = stock else {
        return Vec::new();
    };
    let industry = stock.security.company.industry;
    market.stocks.iter().filter(|other| other.security.company.industry == industry).collect()
}

/// The sessions of an interval that have an item: the last of each week, or month, up to now.
fn moments(market: &Market, first: NaiveDate, now: usize) -> Vec<usize> {
    let sessions = &market.calendar.sessions[..=now];
    let weekly = first.checked_add_months(Months::new(12)).is_some_and(|year| year >= sessions[now]);
    let group = |day: NaiveDate| {
        if weekly { (day.iso_week().year(), day.iso_week().week()) } else { (day.year(), day.month()) }
    };
    let begin = sessions.partition_point(|day| *day < first);
    (begin..=now).filter(|&place| place == now || group(sessions[place]) != group(sessions[place + 1])).collect()
}

/// Mean and standard deviation.
fn spread(items: &[Point]) -> (i64, i64) {
    let count = i64::try_from(items.len()).unwrap_or(1).max(1);
    let mean = items.iter().map(|item| item.value).sum::<i64>() / count;
    let squares: i128 = items.iter().map(|item| i128::from(item.value - mean).pow(2)).sum();
    (mean, i64::try_from((squares / i128::from(count)).isqrt()).unwrap_or_default())
}

/// Place of a value when the lowest is first and losses come last.
fn ranking(all: &[i64], value: i64) -> usize {
    let before = |other: &&i64| if value > 0 { **other > 0 && **other < value } else { **other > value };
    all.iter().filter(before).count() + 1
}

fn crowd(mut all: Vec<i64>, multiple: Multiple) -> Crowd {
    let total = all.len();
    all.retain(|value| *value > 0);
    all.sort_unstable();
    let borders = multiple.borders();
    let ends = borders.iter().skip(1).copied().chain([0]);
    let mut sections: Vec<(i64, i64, usize)> = borders
        .iter()
        .zip(ends)
        .map(|(&start, end)| {
            let inside = |value: &&i64| **value >= start * 1000 && (end == 0 || **value < end * 1000);
            (start, end, all.iter().filter(inside).count())
        })
        .collect();
    sections.reverse();
    Crowd {
        total,
        average: mean(&all).unwrap_or_default(),
        median: all.get(all.len() / 2).copied().unwrap_or_default(),
        sections,
    }
}

fn plate<'a>(peers: &[&'a Stock], stock: &Stock, multiple: Multiple, now: usize, current: i64) -> Plate<'a> {
    let members: Vec<(&Stock, i64, i64)> = peers
        .iter()
        .filter_map(|peer| multiple.of(peer, now).map(|(value, market_cap)| (*peer, value, market_cap)))
        .collect();
    let values: Vec<i64> = members.iter().map(|(_, value, _)| *value).collect();
    let industry = stock.security.company.industry;
    // A number made of the name, as boards of the vendor have one.
    let number = industry.bytes().fold(0_u32, |sum, byte| (sum * 31 + u32::from(byte)) % 9000) + 1000;
    Plate {
        code: format!("SH.LIST{number}"),
        name: industry,
        average: mean(&values).unwrap_or_default(),
        ranking: ranking(&values, current),
        members,
    }
}
