//! Rows of `daily_basic`: rates and market values that follow from bars, shares and accounts.
//!
//! Shares go out in 万股 and values in 万元, ten thousand of each (vendor page `doc_id` 32).

use super::Place;
use super::daily::key;
use super::text::{Pen, integer};
use crate::Cell;
use crate::market::walk::{Bar, divide, limits};
use chrono::{Datelike, Days, NaiveDate};

/// Columns of `daily_basic` in the vendor's order.
pub(crate) const DAILY_BASIC: &[&str] = &[
    "ts_code",
    "trade_date",
    "close",
    "turnover_rate",
    "turnover_rate_f",
    "volume_ratio",
    "pe",
    "pe_ttm",
    "pb",
    "ps",
    "ps_ttm",
    "dv_ratio",
    "dv_ttm",
    "total_share",
    "float_share",
    "free_share",
    "total_mv",
    "circ_mv",
    "limit_status",
];

/// Rates in percent or times with four decimals (`volume_ratio` two), from the session's bar.
pub(crate) fn daily_basic(pen: &mut Pen, place: &Place<'_>) -> Vec<Cell> {
    let history = &place.stock.history;
    let (Some(bar), Some(era)) = (history.bar(place.session), history.era(place.session)) else {
        return vec![Cell::Null; DAILY_BASIC.len()];
    };
    let books = history.books;
    let value = divide(bar.close * era.total, 100);
    // In ten-thousandths; a loss has no price-earnings ratio.
    let times = |amount: i64| (amount > 0).then(|| divide(value * 10_000, amount));
    let percent = |shares: i64| divide(bar.shares * 1_000_000, shares.max(1));
    // Before a correction one of two columns is off.
    let off = |units: i64, here: bool| match place.draft.filter(|_| here) {
        Some(percent) => units + divide(units * percent, 100) + percent.signum(),
        None => units,
    };
    let pe_is_off = books.profit > 0 && place.session.is_multiple_of(2);

    let mut row = key(place).to_vec();
    row.push(pen.float(bar.close, 2));
    row.push(pen.float(off(percent(era.float), !pe_is_off), 4));
    row.push(pen.float(percent(era.free), 4));
    row.push(pen.optional(volume_ratio(place, bar), 2));
    row.push(pen.optional(times(books.profit).map(|pe| off(pe, pe_is_off)), 4));
    for amount in [books.profit_ttm, books.net_assets, books.sales, books.sales_ttm] {
        row.push(pen.optional(times(amount), 4));
    }
    for days in [last_year(place), trailing_year(place)] {
        row.push(pen.optional(dividend_yield(place, bar, days), 4));
    }
    for shares in [era.total, era.float, era.free] {
        row.push(pen.float(shares, 4));
    }
    // Values in whole CNY are four decimals of 万元.
    row.push(pen.float(value, 4));
    row.push(pen.float(divide(bar.close * era.float, 100), 4));
    row.push(integer(limit_status(place, bar)));
    row
}

/// Shares against the mean of the five sessions before, in hundredths.
fn volume_ratio(place: &Place<'_>, bar: &Bar) -> Option<i64> {
    let (count, sum) = place
        .stock
        .history
        .before(place.session)
        .take(5)
        .fold((0, 0), |(count, sum), bar| (count + 1, sum + bar.shares));
    (count > 0).then(|| divide(bar.shares * 100 * count, sum))
}

type Span = (NaiveDate, NaiveDate);

/// The calendar year before the row's.
fn last_year(place: &Place<'_>) -> Option<Span> {
    let year = place.market.calendar.sessions[place.session].year() - 1;
    Some((NaiveDate::from_ymd_opt(year, 1, 1)?, NaiveDate::from_ymd_opt(year, 12, 31)?))
}

fn trailing_year(place: &Place<'_>) -> Option<Span> {
    let day = place.market.calendar.sessions[place.session];
    Some((day.checked_sub_days(Days::new(364))?, day))
}

/// Cash with an ex day in the span against the close, percent in ten-thousandths; none without cash.
fn dividend_yield(place: &Place<'_>, bar: &Bar, span: Option<Span>) -> Option<i64> {
    let (from, to) = span?;
    let sessions = &place.market.calendar.sessions;
    let paid = place.stock.history.dividends.iter().filter(|(session, _)| (from..=to).contains(&sessions[*session]));
    let cash: i64 = paid.map(|(_, cash)| cash).sum();
    (cash > 0).then(|| divide(cash * 100_000, bar.close.max(1)))
}

/// Made up, as the vendor does not say what the column means: 1 closed at the upper limit, -1 at the lower.
fn limit_status(place: &Place<'_>, bar: &Bar) -> i64 {
    let (floor, ceiling) = limits(bar.pre_close, place.stock.security.board.limit());
    i64::from(bar.close >= ceiling) - i64::from(bar.close <= floor)
}
