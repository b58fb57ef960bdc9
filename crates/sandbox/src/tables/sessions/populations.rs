//! Who has rows in a session: stocks, boards, indices, funds, pairs of currencies, seats and deals.
//!
//! Codes and names that never change are in `known`. No cells here.

use super::connect;
use super::constituents::{members, weighted};
use super::item::{Item, Population, ROWS, fixed};
use super::known::{
    BOARD_TYPES, BOARDS, BRANCHES, FUNDS, HONG_KONG, INSTITUTION, PAIRS, REASONS, SHENWAN, has_margin, margin_exchanges,
};
use super::limits::{self, PriceLimit};
use super::quotes::{Quote, Series};
use crate::market::dice::dice;
use crate::market::securities::Board;
use crate::market::{Market, Stock};
use crate::tables::asked::Asked;
use crate::tables::detail::{chips, minutes};
use chrono::{Datelike, NaiveDate};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::cmp::Reverse;

pub(crate) use super::constituents::indices;

/// Every population, by the name that entries give it.
pub(crate) static POPULATIONS: [Population; 29] = [
    of("traded", traded),
    of("traded_mainland", mainland),
    of("listed", listed),
    of("notices", notices),
    of("limits", at_limits),
    of("closed_at_limits", closed_at_limits),
    of("margin", margin),
    of("margin_totals", margin_totals),
    of("connect_held", held),
    of("connect_lists", eligible),
    of("connect_days", connected),
    of("special_treatment", treated),
    of("conspicuous", conspicuous),
    of("seats", seats),
    of("deals", deals),
    of("northbound", northbound),
    of("southbound", southbound),
    of("dc_boards", dc_boards),
    of("dc_members", |asked, session| members(asked.market, &dc_boards(asked, session), session)),
    of("ths_boards", ths_boards),
    of("shenwan", |asked, session| fixed(asked.market, session, &SHENWAN, 300, (250_000, 2, false))),
    of("indices", |asked, session| indices(asked.market, session)),
    of("constituents", |asked, session| weighted(asked.market, session)),
    of("funds", |asked, session| fixed(asked.market, session, &FUNDS, 500, (2_400, 3, true))),
    Population { name: "pairs", items: pairs, on_holidays: true },
    of("weeks", |asked, session| ending(asked, session, |day| day.iso_week().week())),
    of("months", |asked, session| ending(asked, session, |day| day.month())),
    of("chips", chips::levels),
    of("minutes", minutes::bars),
];

const fn of(name: &'static str, items: for<'a> fn(&Asked<'a>, usize) -> Vec<Item<'a>>) -> Population {
    Population { name, items, on_holidays: false }
}

/// Stocks that are asked for and of which something holds in a session.
fn stocks<'a>(asked: &Asked<'a>, session: usize, holds: impl Fn(&'a Stock) -> bool) -> Vec<Item<'a>> {
    let stocks = asked.stocks.iter().copied().filter(|&stock| holds(stock));
    stocks.map(|stock| Item::of_stock(stock, session)).collect()
}

/// The same with a tag.
fn tagged<'a>(items: Vec<Item<'a>>, tag: impl Fn(&'a Stock) -> &'static str) -> Vec<Item<'a>> {
    items.into_iter().map(|item| Item { tag: item.stock.map_or("", &tag), ..item }).collect()
}

fn is_mainland(stock: &Stock) -> bool {
    stock.security.board != Board::Beijing
}

/// Stocks that trade.
pub(crate) fn traded<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    stocks(asked, session, |stock| stock.history.bar(session).is_some())
}

fn mainland<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    stocks(asked, session, |stock| is_mainland(stock) && stock.history.bar(session).is_some())
}

/// Stocks that are listed, suspended or not.
fn listed<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    stocks(asked, session, |stock| stock.history.era(session).is_some())
}

/// Suspensions and resumptions: a stock may have several on a day.
fn notices<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let of_stock = |stock: &'a Stock| {
        let notices = stock.history.notices.iter().filter(move |notice| notice.session == session).enumerate();
        notices.map(move |(row, notice)| Item {
            tag: notice.kind,
            reason: notice.timing.unwrap_or_default(),
            ..Item::of_stock(stock, session).row(row)
        })
    };
    asked.stocks.iter().copied().flat_map(of_stock).collect()
}

/// Stocks that closed at a price limit or fell back from it.
fn at_limits<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let items = asked.stocks.iter().copied().filter_map(|stock| {
        let limit = limits::limit(stock, session)?;
        Some(Item { tag: limit.letter(), ..Item::of_stock(stock, session) })
    });
    items.collect()
}

fn closed_at_limits<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let mut items = at_limits(asked, session);
    items.retain(|item| item.tag != PriceLimit::Broken.letter());
    items
}

fn margin<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    tagged(stocks(asked, session, |stock| has_margin(stock, session)), |stock| stock.security.board.exchange())
}

/// The exchanges, each once.
fn margin_totals<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let day = asked.market.calendar.stamp(session);
    margin_exchanges(&day).map(|tag| Item { tag, ..Item::nobody(asked.market, session) }).collect()
}

/// Stocks of the Connect, about half.
fn held<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let in_connect = |stock: &Stock| stock.history.era(session).is_some() && stock.security.company.connect != "N";
    tagged(stocks(asked, session, in_connect), |stock| either(stock, ["SH", "SZ"]))
}

/// One row where Hong Kong is open, too.
fn connected<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    if connect::is_open(asked.market, session) { vec![Item::nobody(asked.market, session)] } else { Vec::new() }
}

/// Stocks under special treatment.
fn treated<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let is_treated = |stock: &Stock| stock.history.era(session).is_some() && stock.security.number % 12 == 7;
    let treated =
        |item: Item<'a>| Item { name: format!("ST{}", item.name).into(), tag: "ST", reason: "风险警示板", ..item };
    stocks(asked, session, is_treated).into_iter().map(treated).collect()
}

/// By exchange: Shanghai, else Shenzhen.
fn either(stock: &Stock, values: [&'static str; 2]) -> &'static str {
    values[usize::from(stock.security.board.exchange() != "SSE")]
}

/// The dice of a list of the day.
fn lists(market: &Market, list: &str, session: usize) -> ChaCha8Rng {
    dice(market.seed, list, 0, session)
}

/// All stocks that trade, whoever is asked for.
fn all_traded<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    traded(&Asked::everything(asked.market), session)
}

/// Both lists of the mainland by stock, both of Hong Kong from the same names.
fn eligible<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let mainland = held(asked, session).into_iter().map(|item| {
        let north = item.tag == "SH";
        let (tag, reason) = if north { ("HK_SH", "沪股通(港>沪)") } else { ("HK_SZ", "深股通(港>深)") };
        Item { tag, reason, ..item }
    });
    let south = [("SH_HK", "港股通(沪>港)"), ("SZ_HK", "港股通(深>港)")].into_iter().flat_map(|(tag, reason)| {
        (0..HONG_KONG.len()).map(move |place| {
            let item = of_hong_kong(asked.market, tag, place, 0, session);
            Item { code: format!("{}.HK", item.code).into(), reason, ..item }
        })
    });
    mainland.chain(south).collect()
}

/// Ten of Hong Kong by either channel.
fn southbound<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let channels = [("2", 0), ("4", 4)];
    let ten = |(tag, first)| {
        (1..=10).zip(first..).map(move |(rank, place)| of_hong_kong(asked.market, tag, place, rank, session))
    };
    channels.into_iter().flat_map(ten).collect()
}

fn of_hong_kong<'a>(market: &Market, tag: &'static str, place: usize, rank: i64, session: usize) -> Item<'a> {
    let (code, name) = HONG_KONG[place];
    let series = Series { number: 700 + place, base: 5_000, scale: 2, traded: true };
    let item = Item::of_series(market, code, name, series, session);
    let channel = usize::from(matches!(tag, "4" | "SZ_HK"));
    Item { tag, rank, address: item.address + channel * ROWS, ..item }
}

/// Up to three stocks, each for one or two reasons.
fn conspicuous<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let trading = all_traded(asked, session);
    let mut rng = lists(asked.market, "top_list", session);
    if trading.is_empty() {
        return Vec::new();
    }
    let (first, stocks) = (rng.random_range(0..trading.len()), rng.random_range(1..=3).min(trading.len()));
    (0..stocks)
        .flat_map(|stock| {
            let item = &trading[(first + stock) % trading.len()];
            let (reason, reasons) = (rng.random_range(0..REASONS.len()), 1 + usize::from(rng.random_range(0..4) == 0));
            (0..reasons)
                .map(|more| Item { reason: REASONS[(reason + more) % REASONS.len()], ..item.row(more) })
                .collect::<Vec<_>>()
        })
        .collect()
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
            let row = item.row(2 + side * 5 + played);
            seats.push(Item { tag, seats: [name, ""], ..row });
        }
    }
    seats
}

/// Up to six deals, some of them twice the same.
fn deals<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let trading = all_traded(asked, session);
    let mut rng = lists(asked.market, "block_trade", session);
    let mut deals = Vec::new();
    if trading.is_empty() {
        return deals;
    }
    for deal in 0..rng.random_range(1..=6) {
        let item = &trading[rng.random_range(0..trading.len())];
        let seats = [(); 2].map(|()| {
            let seat = rng.random_range(0..=BRANCHES.len());
            BRANCHES.get(seat).copied().unwrap_or(INSTITUTION)
        });
        let times = 1 + usize::from(rng.random_range(0..6) == 0);
        deals.extend((0..times).map(|_| Item { seats, ..item.row(deal) }));
    }
    deals
}

/// The ten most traded of either mainland exchange.
fn northbound<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let mut all = mainland(&Asked::everything(asked.market), session);
    all.sort_by_key(|item| Reverse(item.quote.bar.turnover));
    let mut ranks = [0; 2];
    let ranked = all.into_iter().map(|item| {
        let tag = item.stock.map_or("1", |stock| either(stock, ["1", "3"]));
        let rank = &mut ranks[usize::from(tag == "3")];
        *rank += 1;
        Item { tag, rank: *rank, ..item }
    });
    ranked.filter(|item| item.rank <= 10).collect()
}

fn dc_boards<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let market = asked.market;
    let trading: Vec<&Stock> = market.stocks.iter().filter(|stock| stock.history.bar(session).is_some()).collect();
    let mut rng = lists(market, "dc_boards", session);
    (0..BOARDS.len())
        .zip(0..)
        .map(|(number, height)| {
            let series = Series { number: 100 + number, base: 90_000 + 7_000 * height, scale: 2, traded: false };
            let item = Item::of_series(market, format!("BK{:04}.DC", number + 1), BOARDS[number], series, session);
            let leader = (!trading.is_empty()).then(|| trading[rng.random_range(0..trading.len())]);
            Item { tag: BOARD_TYPES[number / 5], leader, ..item }
        })
        .collect()
}

fn ths_boards<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let series = |number: usize| Series { number: 200 + number, base: 1_200_000, scale: 3, traded: false };
    let code = |number: usize| format!("{}.TI", 885_001 + number);
    (0..8).map(|number| Item::of_series(asked.market, code(number), "", series(number), session)).collect()
}

fn pairs<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let series = |number: usize, base: i64| Series { number: 600 + number, base, scale: 5, traded: true };
    let pair = |(number, &(code, base)): (usize, &(&'static str, i64))| {
        Item::of_series(asked.market, code, "", series(number, base), session)
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
