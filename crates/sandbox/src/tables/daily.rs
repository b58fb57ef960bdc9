//! Rows of `daily`, `adj_factor` and `suspend_d`.
//!
//! Prices go out in CNY, volume in lots of 100 shares, turnover in thousand CNY (vendor page `doc_id` 27).

use super::Place;
use super::text::{Pen, noisy_change, optional_text, text};
use crate::Cell;
use crate::market::Stock;
use crate::market::securities::Board;
use crate::market::walk::{Bar, divide};

/// Columns of `daily` in the vendor's order.
pub(crate) const DAILY: &[&str] = &[
    "ts_code",
    "trade_date",
    "open",
    "high",
    "low",
    "close",
    "pre_close",
    "change",
    "pct_chg",
    "vol",
    "amount",
    "ah_vol",
    "ah_amount",
];

/// Columns of `adj_factor` (vendor page `doc_id` 28).
pub(crate) const ADJ_FACTOR: &[&str] = &["ts_code", "trade_date", "adj_factor"];

/// Columns of `suspend_d` (vendor page `doc_id` 214).
pub(crate) const SUSPEND_D: &[&str] = &["ts_code", "trade_date", "suspend_timing", "suspend_type"];

/// First day of after-hours fixed-price trading on all boards (one vendor page).
const AFTER_HOURS_SINCE: &str = "20260706";

/// One row where the stock traded.
pub(crate) fn bars(stock: &Stock, session: usize) -> usize {
    usize::from(stock.history.bar(session).is_some())
}

/// One row where the stock was listed, suspended or not.
pub(crate) fn listed(stock: &Stock, session: usize) -> usize {
    usize::from(stock.history.era(session).is_some())
}

/// One row for each notice: a stock may have several on a day.
pub(crate) fn notices(stock: &Stock, session: usize) -> usize {
    stock.history.notices.iter().filter(|notice| notice.session == session).count()
}

/// The two cells every daily table begins with.
pub(crate) fn key(place: &Place<'_>) -> [Cell; 2] {
    [text(&place.stock.security.code), text(&place.market.calendar.stamps[place.session])]
}

/// The bar as the vendor has it: before a correction its volume and turnover are off by the same few percent.
fn bar(place: &Place<'_>) -> Bar {
    let bar = place.stock.history.bar(place.session).copied().unwrap_or_default();
    let Some(percent) = place.draft else {
        return bar;
    };
    // Whole lots stay whole lots: their turnover may leave no other choice.
    let grain = if bar.shares % 100 == 0 { 100 } else { 1 };
    let change = divide(bar.shares * percent, 100) / grain * grain;
    let shares = bar.shares + if change == 0 { grain } else { change };
    let turnover = divide(bar.turnover * (100 + percent), 100);
    Bar { shares, turnover: turnover.min(bar.high * shares / 100).max((bar.low * shares + 99) / 100), ..bar }
}

/// A bar. After-hours columns are made up: 0.2 % of the volume, at the close.
pub(crate) fn daily(pen: &mut Pen, place: &Place<'_>) -> Vec<Cell> {
    let bar = bar(place);
    let mut row = key(place).to_vec();
    row.extend([bar.open, bar.high, bar.low, bar.close].map(|price| pen.float(price, 2)));
    // The real history has such rows in Beijing, and bars without an amount.
    if place.stock.security.board == Board::Beijing && (place.session + place.stock.security.number) % 97 == 11 {
        row.extend([Cell::Null, Cell::Null, Cell::Null]);
    } else {
        row.push(pen.float(bar.pre_close, 2));
        row.push(change(pen, &bar));
        row.push(pen.float(divide((bar.close - bar.pre_close) * 1_000_000, bar.pre_close.max(1)), 4));
    }
    row.push(pen.float(bar.shares, 2));
    let known = !pen.once_in(1000);
    row.push(pen.optional(known.then_some(bar.turnover), 3));
    let after_hours = place.market.calendar.stamps[place.session].as_str() >= AFTER_HOURS_SINCE;
    row.push(pen.optional(after_hours.then_some(bar.shares / 500), 2));
    row.push(pen.optional(after_hours.then_some(divide(bar.shares / 500 * bar.close, 100)), 3));
    row
}

/// Close less reference price, sometimes as binary floats leave it.
fn change(pen: &mut Pen, bar: &Bar) -> Cell {
    let change = bar.close - bar.pre_close;
    if change == 0 && pen.once_in(8) {
        return Cell::Number("-0.0".to_owned());
    }
    match noisy_change(bar.close, bar.pre_close) {
        Some(noisy) if pen.once_in(20) => Cell::Number(noisy),
        _ => pen.float(change, 2),
    }
}

/// The cumulative backward factor, with as many of its six decimals as it has.
pub(crate) fn adj_factor(pen: &mut Pen, place: &Place<'_>) -> Vec<Cell> {
    let factor = place.stock.history.era(place.session).map(|era| era.factor);
    // Hundreds keep the number of decimals.
    let factor = factor.map(|factor| factor + place.draft.map_or(0, |percent| factor / 10_000 * percent / 100 * 100));
    let mut row = key(place).to_vec();
    row.push(pen.optional(factor, 6));
    row
}

/// One notice; nothing in it is a number.
pub(crate) fn suspend_d(_: &mut Pen, place: &Place<'_>) -> Vec<Cell> {
    let mut notices = place.stock.history.notices.iter().filter(|notice| notice.session == place.session);
    let notice = notices.nth(place.ordinal);
    let mut row = key(place).to_vec();
    row.push(optional_text(notice.and_then(|notice| notice.timing)));
    row.push(optional_text(notice.map(|notice| notice.kind)));
    row
}
