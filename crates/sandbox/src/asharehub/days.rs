//! Rows generated for an endpoint, day by day.
//!
//! `news/flash`: three feeds that report the same made-up news, each with its own wording and time. Companies named are
//! those of the market. Two items of a feed may have the same second. `flows/southbound-holdings`: what the mainland
//! holds of Hong Kong stocks, by channel. Codes have no suffix.

use super::spelling;
use crate::Cell;
use crate::market::{Market, Moment, after, moment_of, on};
use crate::tables::sessions::known::HONG_KONG;
use crate::tables::{integer, optional_text, text};
use chrono::{NaiveDate, TimeDelta};

/// The feeds, and how each begins an item.
const FEEDS: [(&str, &str); 3] = [("cls", "【虚构快讯】"), ("jin10", "虚构数据："), ("sina", "【虚构消息】")];

const EVENTS: [&str; 8] = [
    "拟回购股份，用于员工持股计划",
    "预计上半年净利润同比增长",
    "收到监管问询函",
    "签订重大合同",
    "控股股东减持计划实施完毕",
    "董事会审议通过定期报告",
    "获得一项发明专利",
    "因筹划重大事项停牌",
];

const TAGS: [Option<&str>; 4] = [Some("A股,公告"), Some("公司"), None, Some("A股")];

/// A day's news published by a moment, oldest first.
pub(super) fn news(market: &Market, at: Option<Moment>, day: NaiveDate) -> Vec<Vec<Cell>> {
    FEEDS.iter().enumerate().flat_map(|(feed, _)| of_feed(market, at, day, feed)).collect()
}

fn of_feed(market: &Market, at: Option<Moment>, day: NaiveDate, feed: usize) -> Vec<Vec<Cell>> {
    let mut dice = market.dice("news", feed, moment_of(day));
    let count = dice.roll(5..=12);
    let mut second = 6 * 3600;
    let mut rows = Vec::new();
    for number in 0..count {
        // One item in six has the same second as the one before.
        if number == 0 || !dice.once_in(6) {
            second += i64::from(dice.roll(1..5000_u32));
        }
        let stock = dice.one_of(&market.stocks);
        let event = *dice.one_of(&EVENTS);
        let (tags, rank) = (*dice.one_of(&TAGS), dice.roll(0..4));
        let (source, opening) = FEEDS[feed];
        let published = on(day, 0, 0) + TimeDelta::seconds(second);
        if at.is_some_and(|at| published > at) {
            break;
        }
        rows.push(vec![
            text(source),
            Cell::Text(published.format("%Y-%m-%dT%H:%M:%S").to_string()),
            Cell::Text(format!("{opening}{}{event}（第{}条）", stock.security.name_while_listed(), number + 1)),
            optional_text(tags),
            if rank == 3 { Cell::Null } else { integer((rank == 0).into()) },
            Cell::Text(format!("https://news.example/{source}/{}/{}", day.format("%Y%m%d"), number + 1)),
        ]);
    }
    rows
}

/// The holdings of a day, if it is a session. They appear at nine the next morning.
pub(super) fn southbound(market: &Market, at: Option<Moment>, day: NaiveDate) -> Vec<Vec<Cell>> {
    let is_session = market.calendar.sessions.binary_search(&day).is_ok();
    if !is_session || at.is_some_and(|at| at < on(after(day, 1), 9, 0)) {
        return Vec::new();
    }
    let moment = moment_of(day);
    ["SH", "SZ"]
        .iter()
        .enumerate()
        .flat_map(|(channel, exchange)| {
            HONG_KONG.iter().enumerate().map(move |(place, (code, name))| {
                let number = channel * HONG_KONG.len() + place;
                let held: i64 = market.dice("southbound", number, 0).roll(5_000_000..900_000_000);
                let change: i64 = market.dice("southbound", number, moment).roll(-50..=50);
                let shares = held + held / 10_000 * change;
                // As a share of about ten thousand million shares, in percent with two decimals.
                let ratio = i128::from(shares / 1_000_000) * 10_000;
                vec![
                    Cell::Text(day.to_string()),
                    text(code),
                    text(name),
                    integer(shares),
                    Cell::Text(spelling::decimal(ratio)),
                    text(exchange),
                ]
            })
        })
        .collect()
}
