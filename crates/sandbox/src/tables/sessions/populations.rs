//! Who has rows in a session: stocks, boards, indices, funds, currency pairs, seats and deals.
//!
//! Codes and names that never change are in `known`, lists of trades in `trades`.

pub(crate) use super::constituents::indices;
pub(crate) use super::item::traded;

use super::constituents::{members, weighted};
use super::item::{Facts, Item, Population, listed, mainland, stocks};
use super::known::{BOARD_TYPES, BOARDS, FUNDS, PAIRS, SHENWAN, has_margin, margin_exchanges, ths_board};
use super::limits::{self, PriceLimit};
use super::quotes::{Quote, Series};
use super::{details, money, trades};
use crate::market::Stock;
use crate::tables::{Asked, Line, line, millionths};
use chrono::{Datelike, NaiveDate};

/// Every population, by the name used in entries.
pub(crate) static POPULATIONS: [Population; 31] = [
    of("traded", traded),
    of("mainland", mainland),
    of("flows", mainland).with(money::flows),
    of("chip_costs", traded).with(details::costs),
    of("chips", details::levels),
    of("minutes", details::bars),
    of("listed", listed),
    of("notices", notices),
    of("limits", at_limits).with(limits::seal),
    of("closed_at_limits", closed_at_limits).with(limits::seal),
    of("margin", borrowed).with(money::loans),
    of("margin_totals", exchanges).with(money::loans),
    of("connect_held", trades::held).with(trades::held_facts),
    of("connect_lists", trades::eligible),
    of("connect_days", trades::connected).with(money::through_connect),
    of("special_treatment", treated),
    of("conspicuous", trades::conspicuous).with(trades::conspicuous_facts),
    of("seats", trades::seats).with(trades::conspicuous_facts),
    of("deals", trades::deals).with(trades::deal_facts),
    of("northbound", trades::northbound).with(trades::northbound_facts),
    of("southbound", trades::southbound).with(trades::southbound_facts),
    of("dc_boards", dc_boards),
    of("dc_members", |asked, session| members(asked.market, &dc_boards(asked, session), session)),
    of("ths_boards", ths_boards),
    of("shenwan", |asked, session| Item::listed(asked.market, session, &SHENWAN, (300, 250_000, 2, false))),
    of("indices", |asked, session| indices(asked.market, session)),
    of("constituents", |asked, session| weighted(asked.market, session)),
    of("funds", funds),
    Population { on_holidays: true, ..of("pairs", pairs) },
    of("weeks", |asked, session| ending(asked, session, |day| day.iso_week().week())),
    of("months", |asked, session| ending(asked, session, |day| day.month())),
];

const fn of(name: &'static str, items: for<'a> fn(&Asked<'a>, usize) -> Vec<Item<'a>>) -> Population {
    Population { name, items, facts: |_, _| Line::new(), on_holidays: false }
}

impl Population {
    const fn with(self, facts: Facts) -> Self {
        Self { facts, ..self }
    }
}

/// Suspensions and resumptions. A stock may have several on a day.
fn notices<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let of_stock = |stock: &'a Stock| {
        let notices = stock.history.notices.iter().filter(move |notice| notice.session == session).enumerate();
        notices.map(move |(row, notice)| {
            let facts = line! { suspend_type: notice.kind, suspend_timing: notice.timing };
            Item::of_stock(stock, session).row(row).with(facts)
        })
    };
    asked.stocks.iter().copied().flat_map(of_stock).collect()
}

/// Stocks that closed at a price limit or fell back from it.
fn at_limits<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let item = |&stock: &&'a Stock| {
        let limit = limits::limit(stock, session)?;
        Some(Item::of_stock(stock, session).with(line! { limit: limit.letter() }))
    };
    asked.stocks.iter().filter_map(item).collect()
}

fn closed_at_limits<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let mut items = at_limits(asked, session);
    items.retain(|item| item.fact("limit") != PriceLimit::Broken.letter());
    items
}

fn borrowed<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let stocks = asked.stocks.iter().filter(|stock| has_margin(stock, session));
    let facts = |stock: &Stock| line! { exchange: stock.security.board.exchange() };
    stocks.map(|stock| Item::of_stock(stock, session).with(facts(stock))).collect()
}

/// The exchanges, each once.
fn exchanges<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let day = asked.market.calendar.stamp(session);
    margin_exchanges(&day)
        .map(|name| Item::of_market(asked.market, session).with(line! { exchange_id: name }))
        .collect()
}

/// Stocks under special treatment.
fn treated<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let is_treated = |stock: &Stock| stock.history.era(session).is_some() && stock.security.number % 12 == 7;
    let treated = |item: Item<'a>| {
        let name = format!("ST{}", item.name).into();
        Item { name, ..item }.with(line! { type: "ST", type_name: "风险警示板" })
    };
    stocks(asked, session, is_treated).into_iter().map(treated).collect()
}

/// Eastmoney boards and their leading stocks.
fn dc_boards<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let market = asked.market;
    let trading: Vec<&Stock> = market.stocks.iter().filter(|stock| stock.history.bar(session).is_some()).collect();
    let mut dice = market.dice("dc_boards", 0, session);
    (0..BOARDS.len())
        .zip(0..)
        .map(|(number, height)| {
            let series = Series { number: 100 + number, base: 90_000 + 7_000 * height, scale: 2, traded: false };
            let item = Item::of_series(market, format!("BK{:04}.DC", number + 1), BOARDS[number], series, session);
            let kind = BOARD_TYPES[number / 5];
            let leader = (!trading.is_empty()).then(|| *dice.one_of(&trading));
            let quote = leader.map(|leader| Quote::of_stock(leader, session));
            item.with(line! {
                idx_type: kind, leading_pct: quote.map(|quote| millionths(quote.change())),
                leading: leader.map(|leader| leader.security.name_while_listed()),
                leading_code: leader.map(|leader| leader.security.code.as_str()),
                level: (number < 5).then_some("二级"),
            })
        })
        .collect()
}

fn ths_boards<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let series = |number: usize| Series { number: 200 + number, base: 1_200_000, scale: 3, traded: false };
    (0..8).map(|number| Item::of_series(asked.market, ths_board(number), "", series(number), session)).collect()
}

fn funds<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let factor = |item: &Item<'_>| [1_000_000, 1_037_500, 1_250_000, 500_000][item.address % 4];
    let funds = Item::listed(asked.market, session, &FUNDS, (500, 2_400, 3, true)).into_iter();
    funds.map(|fund| fund.clone().with(line! { adj_factor: millionths(factor(&fund)) })).collect()
}

fn pairs<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let series = |number: usize, base: i64| Series { number: 600 + number, base, scale: 5, traded: true };
    let pair = |(number, &(code, base)): (usize, &(&'static str, i64))| {
        Item::of_series(asked.market, code, "", series(number, base), session).with(line! { exchange: "FXCM" })
    };
    PAIRS.iter().enumerate().map(pair).collect()
}

/// Stocks with their bars since the period began, if the session is its last.
fn ending<'a>(asked: &Asked<'a>, session: usize, period: fn(NaiveDate) -> u32) -> Vec<Item<'a>> {
    let market = asked.market;
    let sessions = &market.calendar.sessions;
    let this = period(sessions[session]);
    if period(market.calendar.session_after(session, 1)) == this {
        return Vec::new();
    }
    // A period is shorter than the gap to the same one in another year.
    let first = sessions[..session].iter().rposition(|day| period(*day) != this).map_or(0, |before| before + 1);
    let item = |&stock: &&'a Stock| {
        let quote = Quote::of_span(stock, first..session + 1)?;
        Some(Item { quote, ..Item::of_stock(stock, session) })
    };
    asked.stocks.iter().filter_map(item).collect()
}
