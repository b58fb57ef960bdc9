//! Who has rows in a session: stocks, boards, indices, funds, pairs of currencies, seats and deals.
//!
//! Codes and names that never change are in `known`; facts that take some work are in the neighbours.

use super::constituents::{members, weighted};
use super::item::{Facts, Item, Population, ROWS};
use super::known::{
    BOARD_TYPES, BOARDS, BRANCHES, FUNDS, HONG_KONG, INSTITUTION, PAIRS, REASONS, SHENWAN, has_margin, margin_exchanges,
};
use super::limits::{self, PriceLimit};
use super::quotes::{Quote, Series};
use super::{chips, connect, flows, margin, minutes, trades};
use crate::market::dice::dice;
use crate::market::securities::Board;
use crate::market::{Market, Stock};
use crate::tables::asked::Asked;
use crate::tables::value::{Line, Value, line, millionths, whole};
use chrono::{Datelike, NaiveDate};
use rand::RngExt;
use std::cmp::Reverse;

pub(crate) use super::constituents::indices;

/// Every population, by the name that entries give it.
pub(crate) static POPULATIONS: [Population; 31] = [
    of("traded", traded),
    of("mainland", mainland),
    of("flows", mainland).with(flows::flows),
    of("chip_costs", traded).with(chips::costs),
    of("chips", chips::levels),
    of("minutes", minutes::bars),
    of("listed", listed),
    of("notices", notices),
    of("limits", at_limits).with(limits::seal),
    of("closed_at_limits", closed_at_limits).with(limits::seal),
    of("margin", borrowed).with(margin::loans),
    of("margin_totals", exchanges).with(margin::loans),
    of("connect_held", held).with(trades::held),
    of("connect_lists", eligible),
    of("connect_days", connected).with(connect::money),
    of("special_treatment", treated),
    of("conspicuous", conspicuous).with(trades::conspicuous),
    of("seats", seats).with(trades::conspicuous),
    of("deals", deals).with(trades::deal),
    of("northbound", northbound).with(trades::northbound),
    of("southbound", southbound).with(trades::southbound),
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

/// Stocks that are asked for and of which something holds in a session.
fn stocks<'a>(asked: &Asked<'a>, session: usize, holds: impl Fn(&'a Stock) -> bool) -> Vec<Item<'a>> {
    let stocks = asked.stocks.iter().copied().filter(|&stock| holds(stock));
    stocks.map(|stock| Item::of_stock(stock, session)).collect()
}

/// Stocks that trade.
pub(crate) fn traded<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    stocks(asked, session, |stock| stock.history.bar(session).is_some())
}

fn mainland<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    stocks(asked, session, |stock| stock.security.board != Board::Beijing && stock.history.bar(session).is_some())
}

/// Stocks that are listed, suspended or not.
fn listed<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    stocks(asked, session, |stock| stock.history.era(session).is_some())
}

/// Suspensions and resumptions: a stock may have several on a day.
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
    margin_exchanges(&day).map(|name| Item::nobody(asked.market, session).with(line! { exchange_id: name })).collect()
}

/// Stocks of the Connect, about half.
fn held<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let in_connect = |stock: &Stock| stock.history.era(session).is_some() && stock.security.company.connect != "N";
    let facts = |item: &Item<'a>| line! { exchange: either(item, ["SH", "SZ"]) };
    stocks(asked, session, in_connect).into_iter().map(|item| item.clone().with(facts(&item))).collect()
}

/// One row where Hong Kong is open, too.
fn connected<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    if connect::is_open(asked.market, session) { vec![Item::nobody(asked.market, session)] } else { Vec::new() }
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

/// By exchange: Shanghai, else Shenzhen.
fn either(item: &Item<'_>, values: [&'static str; 2]) -> &'static str {
    values[usize::from(!item.code.ends_with("SH"))]
}

/// All stocks that trade, whoever is asked for.
fn all_traded<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    traded(&Asked::everything(asked.market), session)
}

/// Both lists of the mainland by stock, both of Hong Kong from the same names.
fn eligible<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let mainland = held(asked, session).into_iter().map(|item| {
        let (list, name) = (either(&item, ["HK_SH", "HK_SZ"]), either(&item, ["沪股通(港>沪)", "深股通(港>深)"]));
        item.with(line! { type: list, type_name: name })
    });
    let south = [("SH_HK", "港股通(沪>港)"), ("SZ_HK", "港股通(深>港)")].into_iter().enumerate();
    let south = south.flat_map(|(channel, (list, name))| {
        (0..HONG_KONG.len()).map(move |place| {
            let item = of_hong_kong(asked.market, channel, place, session);
            Item { code: format!("{}.HK", item.code).into(), ..item }.with(line! { type: list, type_name: name })
        })
    });
    mainland.chain(south).collect()
}

/// Ten of Hong Kong by either channel; ranks come in floats and with gaps, as captured.
fn southbound<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let mut rng = dice(asked.market.seed, "southbound", 0, session);
    let channels = ["2", "4"].into_iter().enumerate();
    let ten = |(channel, name)| {
        let places = (1..=10).zip(channel * 4..).map(|(rank, place)| {
            let rank = (rng.random_range(0..20) > 0).then(|| Value::Digits(format!("{rank}.0")));
            of_hong_kong(asked.market, channel, place, session).with(line! { market_type: name, rank: rank })
        });
        places.collect::<Vec<_>>()
    };
    channels.flat_map(ten).collect()
}

fn of_hong_kong<'a>(market: &Market, channel: usize, place: usize, session: usize) -> Item<'a> {
    let (code, name) = HONG_KONG[place];
    let series = Series { number: 700 + place, base: 5_000, scale: 2, traded: true };
    Item::of_series(market, code, name, series, session).row(channel * ROWS)
}

/// Up to three stocks, each for one or two reasons.
fn conspicuous<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let trading = all_traded(asked, session);
    let mut rng = dice(asked.market.seed, "top_list", 0, session);
    if trading.is_empty() {
        return Vec::new();
    }
    let (first, stocks) = (rng.random_range(0..trading.len()), rng.random_range(1..=3).min(trading.len()));
    let listed = |stock: usize| {
        let (reason, reasons) = (rng.random_range(0..REASONS.len()), 1 + usize::from(rng.random_range(0..4) == 0));
        let item = &trading[(first + stock) % trading.len()];
        let row = |more: usize| item.row(more).with(line! { reason: REASONS[(reason + more) % REASONS.len()] });
        (0..reasons).map(row).collect::<Vec<_>>()
    };
    (0..stocks).flat_map(listed).collect()
}

/// Ten seats for each stock and reason.
fn seats<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let lists = conspicuous(asked, session).into_iter().enumerate();
    lists.flat_map(|(list, item)| ten_seats(asked.market, session, list, &item)).collect()
}

/// Five buyers and five sellers; two or three of either are institutions, of which two may have equal figures.
fn ten_seats<'a>(market: &Market, session: usize, list: usize, item: &Item<'a>) -> Vec<Item<'a>> {
    let mut rng = dice(market.seed, "lists", list, session);
    let mut seats = Vec::new();
    for (side, tag) in ["0", "1"].into_iter().enumerate() {
        let (institutions, twins, branch) =
            (rng.random_range(2..=3), rng.random_range(0..4) == 0, rng.random_range(0..BRANCHES.len()));
        for seat in 0..5 {
            // The second institution plays the first once more.
            let played = if seat == 1 && twins { 0 } else { seat };
            let name = if seat < institutions { INSTITUTION } else { BRANCHES[(branch + seat) % BRANCHES.len()] };
            seats.push(item.row(2 + side * 5 + played).with(line! { side: tag, exalter: name }));
        }
    }
    seats
}

/// Up to six deals, some of them twice the same.
fn deals<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let trading = all_traded(asked, session);
    let mut rng = dice(asked.market.seed, "block_trade", 0, session);
    let mut deals = Vec::new();
    if trading.is_empty() {
        return deals;
    }
    for deal in 0..rng.random_range(1..=6) {
        let item = &trading[rng.random_range(0..trading.len())];
        let mut seat = || BRANCHES.get(rng.random_range(0..=BRANCHES.len())).copied().unwrap_or(INSTITUTION);
        let row = item.row(deal).with(line! { buyer: seat(), seller: seat() });
        deals.extend(std::iter::repeat_n(row, 1 + usize::from(rng.random_range(0..6) == 0)));
    }
    deals
}

/// The ten most traded of either mainland exchange.
fn northbound<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let mut all = mainland(&Asked::everything(asked.market), session);
    all.sort_by_key(|item| Reverse(item.quote.bar.turnover));
    let mut ranks = [0; 2];
    let ranked = all.into_iter().filter_map(|item| {
        let side = either(&item, ["1", "3"]);
        let rank = &mut ranks[usize::from(side == "3")];
        *rank += 1;
        (*rank <= 10).then(|| item.with(line! { market_type: side, rank: whole(*rank) }))
    });
    ranked.collect()
}

/// Boards of Eastmoney and the stocks that lead them.
fn dc_boards<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let market = asked.market;
    let trading: Vec<&Stock> = market.stocks.iter().filter(|stock| stock.history.bar(session).is_some()).collect();
    let mut rng = dice(market.seed, "dc_boards", 0, session);
    (0..BOARDS.len())
        .zip(0..)
        .map(|(number, height)| {
            let series = Series { number: 100 + number, base: 90_000 + 7_000 * height, scale: 2, traded: false };
            let item = Item::of_series(market, format!("BK{:04}.DC", number + 1), BOARDS[number], series, session);
            let kind = BOARD_TYPES[number / 5];
            let leader = (!trading.is_empty()).then(|| trading[rng.random_range(0..trading.len())]);
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
    let code = |number: usize| format!("{}.TI", 885_001 + number);
    (0..8).map(|number| Item::of_series(asked.market, code(number), "", series(number), session)).collect()
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
    // A period is shorter than any gap to its namesake of another year.
    let first = sessions[..session].iter().rposition(|day| period(*day) != this).map_or(0, |before| before + 1);
    let item = |&stock: &&'a Stock| {
        let quote = Quote::of_span(stock, first..session + 1)?;
        Some(Item { quote, ..Item::of_stock(stock, session) })
    };
    asked.stocks.iter().filter_map(item).collect()
}
