//! valuation-detail for a stock, or for an index as the mean of all stocks: the multiple at the last close and earlier,
//! and its place among all stocks and among its peers.
//!
//! Multiples are in thousandths. Negative ones, for losses, are left out of statistics. One stock in 23 is not covered.

mod multiple;

pub(crate) use multiple::Multiple;

use super::subject::{epoch, midnight, number, symbol};
use crate::market::{Market, Stock, divide, on};
use crate::tables::Scene;
use chrono::{Datelike, Months, NaiveDate, TimeDelta};
use multiple::{growth, times};
use serde_json::{Value, json};

/// The months for each `interval_type` from 1 on; 0 stands for May 2019.
const INTERVALS: [u32; 10] = [3, 6, 12, 36, 0, 60, 120, 24, 240, 360];

/// The first day of an interval ending on a day; `None` for an unknown `interval_type`.
fn interval(number: i64, end: NaiveDate) -> Option<NaiveDate> {
    match *INTERVALS.get(usize::try_from(number).ok()?.checked_sub(1)?)? {
        0 => NaiveDate::from_ymd_opt(2019, 5, 1),
        months => end.checked_sub_months(Months::new(months)),
    }
}

/// The whole `data` object for a stock, or for an index if there is none. Zeros and empty lists if it is not covered.
pub(crate) fn valuation(scene: Scene<'_>, stock: Option<&Stock>, multiple: Multiple, interval_type: i64) -> Value {
    covered(scene, stock, multiple, interval_type).unwrap_or_else(|| {
        json!({
            "valuation_type": multiple as i64,
            "last_update_time": 0,
            "last_update_time_str": "",
            "trend": {
                "current_value": 0, "average_value": 0, "avg_minus_1_stddev": 0, "avg_plus_1_stddev": 0,
                "valuation_percentile": 0, "historical_items": [],
            },
            "market_distribution": {"sections": [], "total": 0},
            "plate_distribution": {},
        })
    })
}

fn covered(scene: Scene<'_>, stock: Option<&Stock>, multiple: Multiple, interval_type: i64) -> Option<Value> {
    let Scene { market, at, .. } = scene;
    // When the multiples of a session appear.
    let known = |day: &NaiveDate| at.is_none_or(|at| on(*day, 16, 20) <= at);
    let now = market.calendar.sessions.partition_point(known).checked_sub(1)?;
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
    let past: Vec<(usize, i64)> = moments(market, interval(interval_type, day)?, now)
        .into_iter()
        .filter_map(|session| Some((session, value_in(session)?)))
        .collect();
    let (average, deviation) = spread(&past);
    let below = past.iter().filter(|(_, value)| *value <= current).count();
    let items = past.iter().map(|&(session, value)| {
        let day = market.calendar.sessions[session];
        // The mean of the industry, 0 for an index.
        let plate = mean(&values(peers.iter().copied(), multiple, session)).unwrap_or_default();
        json!({"value": times(value), "plate_value": times(plate), "time": midnight(day), "time_str": day.to_string()})
    });
    let updated = on(day, 16, 18) + TimeDelta::seconds(6);
    let mut data = json!({
        "valuation_type": multiple as i64,
        "last_update_time": epoch(updated),
        "last_update_time_str": updated.format("%Y-%m-%d %H:%M:%S").to_string(),
        "trend": {
            "current_value": times(current),
            "average_value": times(average),
            "avg_minus_1_stddev": times(average - deviation),
            "avg_plus_1_stddev": times(average + deviation),
            "valuation_percentile": number(portion(below, past.len()), 2),
            "historical_items": items.collect::<Value>(),
        },
        "market_distribution": {"sections": sections(&all, multiple), "total": all.len()},
    });
    let Some(stock) = stock else {
        return Some(data);
    };
    if multiple != Multiple::Book {
        data["trend"]["forward_value"] = times(divide(current * 9, 10));
    }
    let crowd = &mut data["market_distribution"];
    crowd["ranking"] = json!(ranking(&all, current));
    crowd["average_value"] = times(mean(&all).unwrap_or_default());
    crowd["median_value"] = times(median(&all));
    data["plate_distribution"] = plate(&peers, stock, multiple, now, current);
    if let Some(growth) = growth(scene, stock, multiple, now) {
        data["profit_growth_rate"] = growth;
    }
    Some(data)
}

fn portion(part: usize, whole: usize) -> i64 {
    i64::try_from(part * 10_000 / whole.max(1)).unwrap_or_default()
}

fn values<'a>(stocks: impl Iterator<Item = &'a Stock>, multiple: Multiple, session: usize) -> Vec<i64> {
    stocks.filter_map(|stock| multiple.of(stock, session)).map(|(value, _)| value).collect()
}

/// The mean of values above 0.
fn mean(values: &[i64]) -> Option<i64> {
    let (count, sum) =
        values.iter().filter(|value| **value > 0).fold((0, 0), |(count, sum), value| (count + 1, sum + value));
    (count > 0).then(|| divide(sum, count))
}

fn peers<'a>(market: &'a Market, stock: Option<&Stock>) -> Vec<&'a Stock> {
    let Some(stock) = stock else {
        return Vec::new();
    };
    let industry = stock.security.company.industry;
    market.stocks.iter().filter(|other| other.security.company.industry == industry).collect()
}

/// The sessions of an interval that have an item: the last of each week or month, until now.
fn moments(market: &Market, first: NaiveDate, now: usize) -> Vec<usize> {
    let sessions = &market.calendar.sessions[..=now];
    let weekly = first.checked_add_months(Months::new(12)).is_some_and(|year| year >= sessions[now]);
    let group = |day: NaiveDate| {
        if weekly { (day.iso_week().year(), day.iso_week().week()) } else { (day.year(), day.month()) }
    };
    let begin = sessions.partition_point(|day| *day < first);
    (begin..=now).filter(|&place| place == now || group(sessions[place]) != group(sessions[place + 1])).collect()
}

fn spread(past: &[(usize, i64)]) -> (i64, i64) {
    let count = i64::try_from(past.len()).unwrap_or(1).max(1);
    let mean = past.iter().map(|(_, value)| value).sum::<i64>() / count;
    let squares: i128 = past.iter().map(|(_, value)| i128::from(value - mean).pow(2)).sum();
    (mean, i64::try_from((squares / i128::from(count)).isqrt()).unwrap_or_default())
}

/// The rank of a value, lowest first, with losses last.
fn ranking(all: &[i64], value: i64) -> usize {
    let before = |other: &&i64| if value > 0 { **other > 0 && **other < value } else { **other > value };
    all.iter().filter(before).count() + 1
}

fn median(all: &[i64]) -> i64 {
    let mut gains: Vec<i64> = all.iter().copied().filter(|value| *value > 0).collect();
    gains.sort_unstable();
    gains.get(gains.len() / 2).copied().unwrap_or_default()
}

/// The number of stocks between each pair of borders, highest first; 0 marks an open end.
fn sections(all: &[i64], multiple: Multiple) -> Value {
    let borders = multiple.borders();
    let ends = borders.iter().skip(1).copied().chain([0]);
    let sections = borders.iter().zip(ends).map(|(&start, end)| {
        let inside = |value: &&i64| **value > 0 && **value >= start * 1000 && (end == 0 || **value < end * 1000);
        json!({"start": start, "end": end, "number": all.iter().filter(inside).count()})
    });
    sections.collect::<Vec<_>>().into_iter().rev().collect()
}

/// A stock's place in its industry.
fn plate(peers: &[&Stock], stock: &Stock, multiple: Multiple, now: usize, current: i64) -> Value {
    let members: Vec<(&Stock, i64, i64)> = peers
        .iter()
        .filter_map(|peer| multiple.of(peer, now).map(|(value, market_cap)| (*peer, value, market_cap)))
        .collect();
    let values: Vec<i64> = members.iter().map(|(_, value, _)| *value).collect();
    let industry = stock.security.company.industry;
    // A number derived from the name, because the vendor's boards have one.
    let number = industry.bytes().fold(0_u32, |sum, byte| (sum * 31 + u32::from(byte)) % 9000) + 1000;
    let items = members.iter().map(|(peer, value, market_cap)| {
        let name = peer.security.name_while_listed();
        json!({"symbol": symbol(peer), "name": name, "value": times(*value), "market_cap": market_cap})
    });
    json!({
        "plate": format!("SH.LIST{number}"),
        "plate_name": industry,
        "plate_average_value": times(mean(&values).unwrap_or_default()),
        "plate_ranking": ranking(&values, current),
        "plate_stock_item_count": members.len(),
        "stock_items": items.collect::<Value>(),
    })
}
