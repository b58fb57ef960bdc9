//! Lists of a session about trading: conspicuous stocks and their seats, block trades, and Stock Connect.

use super::item::{Item, ROWS, Row, mainland, stocks, traded};
use super::known::{BRANCHES, HONG_KONG, INSTITUTION, REASONS};
use super::money::{is_open, still_split};
use super::quotes::Series;
use crate::market::{Dice, Market, Stock, divide};
use crate::tables::{Asked, Line, Value, fen, line, millionths, whole};
use std::cmp::Reverse;

/// Bought and sold in fen: at most 10 % each of the session's turnover.
fn sides(row: &Row<'_>, dice: &mut Dice) -> [i64; 2] {
    [(); 2].map(|()| row.item.quote.bar.turnover / 100 * dice.roll(1..=1000))
}

/// Facts about conspicuous stocks and their seats.
pub(super) fn conspicuous_facts(row: &Row<'_>, dice: &mut Dice) -> Line<'static> {
    let [bought, sold] = sides(row, dice);
    let rate = |part: i64| millionths(divide(part * 10_000, row.item.quote.bar.turnover.max(1)));
    let (both, net) = (bought + sold, bought - sold);
    line! {
        buy: fen(bought), l_buy: fen(bought), buy_rate: rate(bought), sell: fen(sold), l_sell: fen(sold),
        sell_rate: rate(sold), l_amount: fen(both), amount_rate: rate(both), net_amount: fen(net), net_buy: fen(net),
        net_rate: rate(net),
    }
}

/// Northbound, from Hong Kong; what remains on each side is no longer published.
pub(super) fn northbound_facts(row: &Row<'_>, dice: &mut Dice) -> Line<'static> {
    let [bought, sold] = sides(row, dice);
    let split = |amount: i64| still_split(row.day).then(|| fen(amount));
    line! { amount: fen(bought + sold), buy: split(bought), sell: split(sold), net_amount: split(bought - sold) }
}

/// Southbound, to Hong Kong: the columns of the other channel are empty.
pub(super) fn southbound_facts(row: &Row<'_>, dice: &mut Dice) -> Line<'static> {
    let [bought, sold] = sides(row, dice);
    let own = |channel: &str, amount: i64| (row.item.fact("market_type") == channel).then(|| fen(amount));
    let (both, net) = (bought + sold, bought - sold);
    line! {
        amount: fen(both), net_amount: fen(net), sh_amount: own("2", both), sh_net_amount: own("2", net),
        sh_buy: own("2", bought), sh_sell: own("2", sold), sz_amount: own("4", both), sz_net_amount: own("4", net),
        sz_buy: own("4", bought), sz_sell: own("4", sold),
    }
}

/// Held through Stock Connect, under Hong Kong's number for the stock. The ratio is truncated, not rounded.
pub(super) fn held_facts(row: &Row<'_>, dice: &mut Dice) -> Line<'static> {
    let Some((stock, era)) = row.item.stock.and_then(|stock| Some((stock, stock.history.era(row.session)?))) else {
        return Line::new();
    };
    let first = if row.item.fact("exchange") == "SH" { 90_000 } else { 70_000 };
    let shares = era.float / 10_000 * dice.roll(1..=1000);
    line! {
        code: (first + stock.security.number).to_string(), vol: whole(shares),
        ratio: Value::Figure(shares * 10_000 / era.float.max(1), 4),
    }
}

/// A block trade near the market price.
pub(super) fn deal_facts(row: &Row<'_>, dice: &mut Dice) -> Line<'static> {
    let price = divide(row.item.quote.bar.close * dice.roll(900..=1000), 1000);
    let shares = dice.roll(1..=1000) * 10_000 + dice.roll(1..=1000) * 100;
    line! { price: fen(price), vol: whole(shares), amount: fen(price * shares) }
}

/// About half of the stocks in Stock Connect.
pub(super) fn held<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let in_connect = |stock: &Stock| stock.history.era(session).is_some() && stock.security.company.connect != "N";
    let facts = |item: &Item<'a>| line! { exchange: either(item, ["SH", "SZ"]) };
    stocks(asked, session, in_connect).into_iter().map(|item| item.clone().with(facts(&item))).collect()
}

/// A single row, if Hong Kong is open as well.
pub(super) fn connected<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    if is_open(asked.market, session) { vec![Item::of_market(asked.market, session)] } else { Vec::new() }
}

/// One of two values by exchange: Shanghai, else Shenzhen.
fn either(item: &Item<'_>, values: [&'static str; 2]) -> &'static str {
    values[usize::from(!item.code.ends_with("SH"))]
}

/// All stocks that trade, whichever are requested.
fn all_traded<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    traded(&Asked::everything(asked.market), session)
}

/// Both mainland lists by stock, and both Hong Kong lists with the same names.
pub(super) fn eligible<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
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

/// Ten from Hong Kong per channel. Ranks are floats with gaps, as captured.
pub(super) fn southbound<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let mut dice = asked.market.dice("southbound", 0, session);
    let channels = ["2", "4"].into_iter().enumerate();
    let ten = |(channel, name)| {
        let places = (1..=10).zip(channel * 4..).map(|(rank, place)| {
            let rank = (!dice.once_in(20)).then(|| Value::Digits(format!("{rank}.0")));
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
pub(super) fn conspicuous<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let trading = all_traded(asked, session);
    let mut dice = asked.market.dice("top_list", 0, session);
    if trading.is_empty() {
        return Vec::new();
    }
    let (first, stocks) = (dice.roll(0..trading.len()), dice.roll(1..=3).min(trading.len()));
    let listed = |stock: usize| {
        let (reason, reasons) = (dice.roll(0..REASONS.len()), 1 + usize::from(dice.once_in(4)));
        let item = &trading[(first + stock) % trading.len()];
        let row = |more: usize| item.row(more).with(line! { reason: REASONS[(reason + more) % REASONS.len()] });
        (0..reasons).map(row).collect::<Vec<_>>()
    };
    (0..stocks).flat_map(listed).collect()
}

/// Ten seats for each stock and reason.
pub(super) fn seats<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let lists = conspicuous(asked, session).into_iter().enumerate();
    lists.flat_map(|(list, item)| ten_seats(asked.market, session, list, &item)).collect()
}

/// Five buyers and five sellers. Two or three of each are institutions, of which two may have equal figures.
fn ten_seats<'a>(market: &Market, session: usize, list: usize, item: &Item<'a>) -> Vec<Item<'a>> {
    let mut dice = market.dice("lists", list, session);
    let mut seats = Vec::new();
    for (side, tag) in ["0", "1"].into_iter().enumerate() {
        let (institutions, twins, branch) = (dice.roll(2..=3), dice.once_in(4), dice.roll(0..BRANCHES.len()));
        for seat in 0..5 {
            // The second institution repeats the first.
            let played = if seat == 1 && twins { 0 } else { seat };
            let name = if seat < institutions { INSTITUTION } else { BRANCHES[(branch + seat) % BRANCHES.len()] };
            seats.push(item.row(2 + side * 5 + played).with(line! { side: tag, exalter: name }));
        }
    }
    seats
}

/// Up to six deals, some of them duplicated.
pub(super) fn deals<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
    let trading = all_traded(asked, session);
    let mut dice = asked.market.dice("block_trade", 0, session);
    let mut deals = Vec::new();
    if trading.is_empty() {
        return deals;
    }
    for deal in 0..dice.roll(1..=6) {
        let item = dice.one_of(&trading);
        let mut seat = || BRANCHES.get(dice.roll(0..=BRANCHES.len())).copied().unwrap_or(INSTITUTION);
        let row = item.row(deal).with(line! { buyer: seat(), seller: seat() });
        deals.extend(std::iter::repeat_n(row, 1 + usize::from(dice.once_in(6))));
    }
    deals
}

/// The ten most traded stocks on each mainland exchange.
pub(super) fn northbound<'a>(asked: &Asked<'a>, session: usize) -> Vec<Item<'a>> {
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
