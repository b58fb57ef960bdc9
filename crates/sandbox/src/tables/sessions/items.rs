//! Who has rows in a session: stocks, boards, indices, funds, pairs of currencies, seats and deals.
//!
//! Codes and names that never change are in `known`. No cells here.

use super::Population;
use super::connect;
use super::constituents::{indices, members, weighted};
use super::known::{BOARD_TYPES, BOARDS, BRANCHES, FUNDS, HONG_KONG, INSTITUTION, PAIRS, REASONS, SHENWAN};
use super::margin::exchanges;
use super::quotes::{Quote, Series};
use crate::market::dice::{Topic, dice};
use crate::market::securities::Board;
use crate::market::{Market, Stock};
use chrono::{Datelike, NaiveDate};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::cmp::Reverse;

/// What a row is about.
pub(crate) struct Item<'a> {
    pub(crate) code: String,
    pub(crate) name: String,
    /// Address of its dice; rows that repeat another share it.
    pub(crate) address: usize,
    pub(crate) quote: Quote,
    pub(crate) stock: Option<&'a Stock>,
    /// The stock that leads a board.
    pub(crate) leader: Option<&'a Stock>,
    /// Value of the column that has documented values.
    pub(crate) tag: &'static str,
    pub(crate) reason: &'static str,
    /// A seat, and the one on the other side of a deal.
    pub(crate) seats: [&'static str; 2],
    pub(crate) rank: i64,
    /// Part of an index in ten-thousandths of a percent.
    pub(crate) weight: i64,
}

/// Rows that one stock may have in a session.
const ROWS: usize = 64;

/// The rows of a session, in no particular order.
pub(crate) fn items(market: &Market, population: Population, session: usize) -> Vec<Item<'_>> {
    let listed = || market.stocks.iter().filter(move |stock| stock.history.era(session).is_some());
    let trading = || market.stocks.iter().filter(move |stock| stock.history.bar(session).is_some());
    let mainland = |stock: &&Stock| stock.security.board != Board::Beijing;
    let item = |stock| Item::of_stock(stock, session);
    match population {
        Population::Trading => trading().map(item).collect(),
        Population::Mainland => trading().filter(mainland).map(item).collect(),
        Population::Listed => listed().map(item).collect(),
        Population::Margin => listed()
            .filter(mainland)
            .filter(|stock| stock.security.number % 3 != 1)
            .map(|stock| Item { tag: stock.security.board.exchange(), ..item(stock) })
            .collect(),
        Population::Held => listed()
            .filter(|stock| stock.security.company.connect != "N")
            .map(|stock| Item { tag: either(stock, ["SH", "SZ"]), ..item(stock) })
            .collect(),
        Population::Eligible => eligible(market, session),
        Population::Treated => listed()
            .filter(|stock| stock.security.number % 12 == 7)
            .map(|stock| {
                let name = format!("ST{}", stock.security.name_while_listed());
                Item { name, tag: "ST", reason: "风险警示板", ..item(stock) }
            })
            .collect(),
        Population::Reasons => reasons(market, session),
        Population::Seats => reasons(market, session)
            .iter()
            .enumerate()
            .flat_map(|(list, item)| seats(market, session, list, item))
            .collect(),
        Population::Deals => deals(market, session),
        Population::Northbound => northbound(market, session),
        Population::Southbound => {
            let channels = [("2", 0), ("4", 4)];
            let ten = |(tag, first)| {
                (1..=10).zip(first..).map(move |(rank, place)| southbound(market, tag, place, rank, session))
            };
            channels.into_iter().flat_map(ten).collect()
        }
        Population::DcBoards => dc_boards(market, session),
        Population::ThsBoards => {
            let series = |number: usize| Series { number: 200 + number, base: 1_200_000, scale: 3, traded: false };
            let board = |number| named(market, &format!("{}.TI", 885_001 + number), "", series(number), session);
            (0..8).map(board).collect()
        }
        Population::Shenwan => fixed(market, session, &SHENWAN, 300, (250_000, 2, false)),
        Population::Indices => indices(market, session),
        Population::Funds => fixed(market, session, &FUNDS, 500, (2_400, 3, true)),
        Population::Pairs => (PAIRS.iter().enumerate())
            .map(|(number, &(code, base))| {
                named(market, code, "", Series { number: 600 + number, base, scale: 5, traded: true }, session)
            })
            .collect(),
        Population::Weeks => ending(market, session, |day| day.iso_week().week()),
        Population::Months => ending(market, session, |day| day.month()),
        Population::Constituents => weighted(market, session),
        Population::DcMembers => members(market, &dc_boards(market, session), session),
        Population::MarginTotals => {
            exchanges(&market.calendar.stamp(session)).map(|tag| Item { tag, ..nobody(market, session) }).collect()
        }
        Population::Connect if connect::is_open(market, session) => vec![nobody(market, session)],
        Population::Connect => Vec::new(),
    }
}

impl<'a> Item<'a> {
    pub(super) fn of_stock(stock: &'a Stock, session: usize) -> Self {
        Self {
            code: stock.security.code.clone(),
            name: stock.security.name_while_listed().to_owned(),
            address: stock.security.number * ROWS,
            quote: Quote::of_stock(stock, session),
            stock: Some(stock),
            leader: None,
            tag: "",
            reason: "",
            seats: ["", ""],
            rank: 0,
            weight: 0,
        }
    }

    /// The same as another row about the same stock.
    fn row(&self, row: usize) -> Self {
        Self { code: self.code.clone(), name: self.name.clone(), address: self.address + row, ..*self }
    }
}

fn named<'a>(market: &Market, code: &str, name: &str, series: Series, session: usize) -> Item<'a> {
    Item {
        code: code.to_owned(),
        name: name.to_owned(),
        address: series.number,
        quote: Quote::of_series(market, series, session),
        stock: None,
        leader: None,
        tag: "",
        reason: "",
        seats: ["", ""],
        rank: 0,
        weight: 0,
    }
}

/// What a row about a whole market is about.
fn nobody<'a>(market: &Market, session: usize) -> Item<'a> {
    named(market, "", "", Series { number: 800, base: 1000, scale: 2, traded: true }, session)
}

/// Series from a list, with the same base, scale and manner.
pub(super) fn fixed<'a>(
    market: &Market,
    session: usize,
    list: &[(&str, &str)],
    first: usize,
    (base, scale, traded): (i64, u32, bool),
) -> Vec<Item<'a>> {
    let item = |(number, (code, name)): (usize, &(&str, &str))| {
        named(market, code, name, Series { number: first + number, base, scale, traded }, session)
    };
    list.iter().enumerate().map(item).collect()
}

/// By exchange: Shanghai, else Shenzhen.
fn either(stock: &Stock, values: [&'static str; 2]) -> &'static str {
    values[usize::from(stock.security.board.exchange() != "SSE")]
}

fn lists(market: &Market, population: Population, session: usize) -> ChaCha8Rng {
    dice(market.seed, Topic::Lists, population as usize, session)
}

/// Both lists of the mainland by stock, both of Hong Kong from the same names.
fn eligible(market: &Market, session: usize) -> Vec<Item<'_>> {
    let mainland = items(market, Population::Held, session).into_iter().map(|item| {
        let north = item.tag == "SH";
        let (tag, reason) = if north { ("HK_SH", "沪股通(港>沪)") } else { ("HK_SZ", "深股通(港>深)") };
        Item { tag, reason, ..item }
    });
    let south = [("SH_HK", "港股通(沪>港)"), ("SZ_HK", "港股通(深>港)")].into_iter().flat_map(|(tag, reason)| {
        (0..HONG_KONG.len()).map(move |place| {
            let item = southbound(market, tag, place, 0, session);
            Item { code: format!("{}.HK", item.code), reason, ..item }
        })
    });
    mainland.chain(south).collect()
}

fn southbound<'a>(market: &Market, tag: &'static str, place: usize, rank: i64, session: usize) -> Item<'a> {
    let (code, name) = HONG_KONG[place];
    let series = Series { number: 700 + place, base: 5_000, scale: 2, traded: true };
    let item = named(market, code, name, series, session);
    let channel = usize::from(matches!(tag, "4" | "SZ_HK"));
    Item { tag, rank, address: item.address + channel * ROWS, ..item }
}

/// Up to three stocks, each for one or two reasons.
fn reasons(market: &Market, session: usize) -> Vec<Item<'_>> {
    let trading = items(market, Population::Trading, session);
    let mut rng = lists(market, Population::Reasons, session);
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

/// Five buyers and five sellers; two or three of either are institutions, of which two may have equal figures.
fn seats<'a>(market: &Market, session: usize, list: usize, item: &Item<'a>) -> Vec<Item<'a>> {
    let mut rng = dice(market.seed, Topic::Lists, 100 + list, session);
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
fn deals(market: &Market, session: usize) -> Vec<Item<'_>> {
    let trading = items(market, Population::Trading, session);
    let mut rng = lists(market, Population::Deals, session);
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

fn northbound(market: &Market, session: usize) -> Vec<Item<'_>> {
    let mut all = items(market, Population::Mainland, session);
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

fn dc_boards(market: &Market, session: usize) -> Vec<Item<'_>> {
    let trading: Vec<&Stock> = market.stocks.iter().filter(|stock| stock.history.bar(session).is_some()).collect();
    let mut rng = lists(market, Population::DcBoards, session);
    (0..BOARDS.len())
        .zip(0..)
        .map(|(number, height)| {
            let series = Series { number: 100 + number, base: 90_000 + 7_000 * height, scale: 2, traded: false };
            let item = named(market, &format!("BK{:04}.DC", number + 1), BOARDS[number], series, session);
            let leader = (!trading.is_empty()).then(|| trading[rng.random_range(0..trading.len())]);
            Item { tag: BOARD_TYPES[number / 5], leader, ..item }
        })
        .collect()
}

/// Stocks with their bars since the period began, if the session is its last.
fn ending(market: &Market, session: usize, period: fn(NaiveDate) -> u32) -> Vec<Item<'_>> {
    let sessions = &market.calendar.sessions;
    let this = period(sessions[session]);
    if period(market.calendar.session_after(session, 1)) == this {
        return Vec::new();
    }
    // A period is shorter than any gap to its namesake of another year.
    let first = sessions[..session].iter().rposition(|day| period(*day) != this).map_or(0, |before| before + 1);
    let item = |stock| {
        let quote = Quote::of_span(stock, first..session + 1)?;
        Some(Item { quote, ..Item::of_stock(stock, session) })
    };
    market.stocks.iter().filter_map(item).collect()
}
