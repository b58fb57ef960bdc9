//! Records of earnings-price-history: each report of a stock, once for every session from 15 before it to 14 after it.
//!
//! The path is anchored at `pub_trading_day`: the session that a publication after the close follows, or that a
//! publication before the open precedes. The next report appears 15 sessions before its day, without times and without
//! anything after it.

use super::subject::{epoch, first_shown, midnight, number};
use crate::market::{Bar, Market, Moment, Quarter, Stock, on, weekday_before};
use chrono::NaiveDate;
use serde_json::{Value, json};

/// The number of sessions before and after a report.
const BEFORE: usize = 15;
const AFTER: usize = 14;

struct Event {
    quarter: Quarter,
    published: Moment,
    before_open: bool,
    out: bool,
}

/// Whether the endpoint covers the symbol's market.
pub(crate) fn covers(symbol: &str) -> bool {
    ["HK.", "US.", "SH.", "SZ."].iter().any(|market| symbol.starts_with(market))
}

/// A stock's records at a moment: newest report first, its sessions in order.
pub(crate) fn records(market: &Market, stock: &Stock, at: Option<Moment>) -> Vec<Value> {
    let events = stock.reports.clone().map(Quarter).filter_map(|quarter| event(market, stock, quarter, at));
    let events: Vec<Event> = events.collect();
    // A late report may come after the one that follows it, so the next is the one after the last.
    let next = events.iter().rposition(|event| event.out).map_or(0, |last| last + 1);
    let shown = events.iter().enumerate().rev().filter(|(place, event)| event.out || *place == next);
    let reports = shown.map(|(_, event)| of_event(market, stock, event, at)).filter(|records| !records.is_empty());
    let with_flag = |(place, mut report): (usize, Vec<Value>)| {
        for record in &mut report {
            record["is_current"] = json!(place == 0);
        }
        report
    };
    reports.enumerate().flat_map(with_flag).collect()
}

fn event(market: &Market, stock: &Stock, quarter: Quarter, at: Option<Moment>) -> Option<Event> {
    let day = first_shown(market, stock, quarter)?.date();
    let number = stock.security.number + quarter.moment();
    let before_open = number.is_multiple_of(4);
    let minutes = u32::try_from(number * 7 % 180).unwrap_or_default();
    let published = if before_open { on(day, 7, 45) } else { on(day, 18 + minutes / 60, minutes % 60) };
    Some(Event { quarter, published, before_open, out: at.is_none_or(|at| published <= at) })
}

/// Index of the first session on or after a day, possibly beyond the market's last.
fn session_from(market: &Market, day: NaiveDate) -> usize {
    let inside = market.calendar.sessions.partition_point(|session| *session < day);
    (inside..inside + 400).find(|&place| market.calendar.session_after(0, place) >= day).unwrap_or(inside)
}

fn of_event(market: &Market, stock: &Stock, event: &Event, at: Option<Moment>) -> Vec<Value> {
    let day = event.published.date();
    if day < market.calendar.start || market.calendar.sessions.is_empty() {
        return vec![record(event, weekday_before(day), None, None, None)];
    }
    let first = session_from(market, day);
    let date = |session: usize| market.calendar.session_after(0, session);
    let before = usize::from(date(first) != day);
    let anchor = if event.before_open { first } else { first.saturating_sub(before) };
    let trading = if event.before_open { anchor } else { anchor + 1 };
    let known =
        |session: usize| session < market.calendar.sessions.len() && at.is_none_or(|at| on(date(session), 15, 0) <= at);
    let bar = stock.history.bar(trading).filter(|_| known(trading) && event.out);
    let range = anchor.saturating_sub(BEFORE)..=anchor + AFTER;
    let path: Vec<Value> = range
        .filter(|&session| known(session) && stock.history.era(session).is_some())
        .map(|session| {
            let close = stock.history.bar(session).map_or(0, |bar| bar.close);
            let delta = i64::try_from(session).unwrap_or_default() - i64::try_from(anchor).unwrap_or_default();
            record(event, date(anchor), event.out.then(|| date(trading)), bar, Some((delta, close)))
        })
        .collect();
    match (path.is_empty(), event.out) {
        (true, true) => vec![record(event, date(anchor), Some(date(trading)), bar, None)],
        _ => path, // a report that is still far off has nothing to show
    }
}

/// A record as sent. Without a step, it has no path: sessions from the report, and the close then.
fn record(
    event: &Event,
    pub_day: NaiveDate,
    trading_day: Option<NaiveDate>,
    bar: Option<&Bar>,
    step: Option<(i64, i64)>,
) -> Value {
    let (year, of_year) = (event.quarter.year(), event.quarter.of_year());
    // First quarter, half-year, nine months, year: all from the beginning of the year.
    let (kind, label) = match of_year {
        1 => (1, "Q1"),
        2 => (5, "H1"),
        3 => (6, "9M"),
        _ => (7, "FY"),
    };
    let price = |of: fn(&Bar) -> i64| yuan(bar.map_or(0, of));
    let mut record = json!({
        "fiscal_year": year,
        "financial_type": kind,
        "period_text": format!("{year}/{label}"),
        "pub_trading_day": midnight(pub_day) * 1000,
        "pub_trading_day_str": pub_day.to_string(),
        "pub_time": if event.out { epoch(event.published) } else { 0 },
        "pub_time_str": if event.out { event.published.format("%Y-%m-%d %H:%M:%S").to_string() } else { String::new() },
        "pub_type": match (event.out, event.before_open) { (false, _) => 0, (true, true) => 1, (true, false) => 2 },
        "predict_vola_ratio_newest": 0.0,
        "predict_vola_ratio_highest": 0.0,
        "predict_vola_val_newest": 0.0,
        "predict_vola_val_highest": 0.0,
        "option_iv_crush": null,
        "option_strike_date_iv_crush": null,
        "trading_day": trading_day.map_or(0, |day| midnight(day) * 1000),
        "trading_day_str": trading_day.map_or_else(String::new, |day| day.to_string()),
        "open_price": price(|bar| bar.open),
        "close_price": price(|bar| bar.close),
        "highest_price": price(|bar| bar.high),
        "lowest_price": price(|bar| bar.low),
        "last_close_price": price(|bar| bar.pre_close),
        "volume": bar.map_or(0, |bar| bar.shares),
    });
    if let Some((delta, close)) = step {
        record["schedule_delta"] = json!(delta);
        record["schedule_close_price"] = yuan(close);
    }
    record
}

fn yuan(fen: i64) -> Value {
    number(fen, 2)
}
