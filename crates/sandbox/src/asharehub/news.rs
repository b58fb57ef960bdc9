//! Rows of `news/flash`: three feeds that report the same made-up days, each in its own words and time.
//!
//! Companies named are those of the market. Two items of a feed may share a second.

use crate::Cell;
use crate::market::Market;
use crate::market::calendar::moment_of;
use crate::market::dice::dice;
use crate::market::moments::{Moment, on};
use crate::tables::text::{integer, optional_text, text};
use chrono::{NaiveDate, TimeDelta};
use rand::RngExt;

/// The feeds and how each begins an item.
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

/// The items of a day that are out at a moment, oldest first.
pub(super) fn rows(market: &Market, at: Option<Moment>, day: NaiveDate) -> Vec<Vec<Cell>> {
    FEEDS.iter().enumerate().flat_map(|(feed, _)| of_feed(market, at, day, feed)).collect()
}

fn of_feed(market: &Market, at: Option<Moment>, day: NaiveDate, feed: usize) -> Vec<Vec<Cell>> {
    let mut rng = dice(market.seed, "news", feed, moment_of(day));
    let count = rng.random_range(5..=12);
    let mut second = 6 * 3600;
    let mut rows = Vec::new();
    for number in 0..count {
        // One item in six comes with the one before.
        if number == 0 || rng.random_range(0..6) > 0 {
            second += i64::from(rng.random_range(1..5000_u32));
        }
        let stock = &market.stocks[rng.random_range(0..market.stocks.len())];
        let event = EVENTS[rng.random_range(0..EVENTS.len())];
        let (tags, rank) = (TAGS[rng.random_range(0..TAGS.len())], rng.random_range(0..4));
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
