//! Stocks first listed in the market's range, and one issue that was abandoned. A row appears a week before the issue
//! day and is filled in step by step. Without a listing, the listing day is "", not null.

use crate::market::{Market, Security, Stock, after, before, divide, stamp, weekday_before};
use crate::tables::{Asked, Line, Value, fen, line, whole};
use chrono::NaiveDate;
use std::cmp::Reverse;

/// What is issued: money in fen, shares in ten thousands.
struct Issue<'a> {
    security: &'a Security,
    day: NaiveDate,
    listed: Option<NaiveDate>,
    shares: i64,
    price: i64,
    /// In hundredths; 0 for a loss.
    earnings_ratio: i64,
}

/// Days from the issue to the listing.
const QUEUE: u64 = 12;
/// Days from the announcement to the issue, and from there to the lottery.
const NOTICE: u64 = 7;
const LOTS: u64 = 2;

/// The issues known on the day of a moment, newest first.
pub(super) fn issues<'a>(asked: &Asked<'a>) -> Vec<Line<'a>> {
    let market = asked.market;
    let today = asked.at.map_or(NaiveDate::MAX, |at| at.date());
    let mut issues: Vec<Issue> = market.stocks.iter().filter_map(|stock| issue(market, stock)).collect();
    issues.sort_by_key(|issue| Reverse((issue.day, issue.security.number)));
    issues.iter().filter(|issue| before(issue.day, NOTICE) <= today).map(|issue| issue.line(today)).collect()
}

/// The issue of a stock that starts trading in the range, or that never does.
fn issue<'a>(market: &Market, stock: &'a Stock) -> Option<Issue<'a>> {
    let security = &stock.security;
    let issued_before = |day| weekday_before(before(day, QUEUE));
    if security.status == "G" {
        let day = issued_before(market.calendar.end);
        return Some(Issue { security, day, listed: None, shares: 3_502, price: 2_548, earnings_ratio: 2_141 });
    }
    let listed = security.listed_on().filter(|_| security.debut)?;
    let history = &stock.history;
    let (era, first) = (history.era(security.life.start)?, history.bar(security.life.start)?);
    let value = divide(first.pre_close * era.total, 100);
    Some(Issue {
        security,
        day: issued_before(listed),
        listed: Some(listed),
        shares: era.float / 10_000,
        price: first.pre_close,
        earnings_ratio: if history.fundamentals.profit > 0 {
            divide(value * 100, history.fundamentals.profit)
        } else {
            0
        },
    })
}

impl Issue<'_> {
    fn line(&self, today: NaiveDate) -> Line<'static> {
        let listed = self.listed.filter(|listed| *listed <= today).map(stamp).unwrap_or_default();
        let priced = |units: i64| if self.day <= today { units } else { 0 };
        let drawn = after(self.day, LOTS) <= today && self.listed.is_some();
        line! {
            ts_code: self.security.code.as_str(), sub_code: format!("{}", 730_000 + self.security.number),
            name: self.security.name_while_listed(), ipo_date: self.day, issue_date: listed,
            amount: whole(self.shares * 10_000), market_amount: whole(priced(self.shares * 4_000)),
            price: fen(priced(self.price)), pe: fen(priced(self.earnings_ratio)),
            limit_amount: whole((self.shares / 25 + 5) * 100), funds: fen(priced(self.shares * 10_000 * self.price)),
            ballot: Value::Figure(if drawn { 2 } else { 0 }, 4),
        }
    }
}
