//! Money flows in a session: turnover split by four order sizes, margin trading per stock and per exchange, and trading
//! through Stock Connect (`moneyflow_hsgt` both ways, `ggt_daily` to Hong Kong).
//!
//! A loan balance is that of the previous session, plus what was added, minus what was repaid.

use super::item::Row;
use super::known::has_margin;
use super::quotes::parts;
use crate::market::{Dice, Market, Stock, divide};
use crate::tables::{Line, fen, line, whole};
use chrono::{Datelike, NaiveDate};

/// Columns of lots and of hundreds of CNY per side, in ascending order size.
const COLUMNS: [[[&str; 4]; 2]; 2] = [
    [
        ["buy_sm_vol", "buy_md_vol", "buy_lg_vol", "buy_elg_vol"],
        ["sell_sm_vol", "sell_md_vol", "sell_lg_vol", "sell_elg_vol"],
    ],
    [
        ["buy_sm_amount", "buy_md_amount", "buy_lg_amount", "buy_elg_amount"],
        ["sell_sm_amount", "sell_md_amount", "sell_lg_amount", "sell_elg_amount"],
    ],
];

/// Each side is the whole session.
pub(super) fn flows(row: &Row<'_>, dice: &mut Dice) -> Line<'static> {
    let bar = row.item.quote.bar;
    let weights = [(); 2].map(|()| [(); 4].map(|()| dice.roll(1..=100)));
    let totals = [divide(bar.shares, 100), divide(bar.turnover, 100)];
    let mut dealt = totals.map(|total| weights.map(|weights| parts(total, &weights)));
    if let Some(percent) = row.item.draft {
        // Booked under the wrong size before the correction; the sum is right.
        let bought = &mut dealt[1][0];
        let moved = (bought[0] / 100 * percent.abs()).max(1);
        bought[0] -= moved;
        bought[2] += moved;
    }
    // The net inflow by a made-up formula; like the vendor's, it is not the sum of the columns.
    let net = |sides: &[Vec<i64>; 2]| {
        let surplus = |size: usize| sides[0][size] - sides[1][size];
        whole(((surplus(2) + surplus(3)) * 7 / 10 - surplus(0) / 8) * 100)
    };
    let [lots, money] = &dealt;
    let sums = [("net_mf_vol", net(lots)), ("net_mf_amount", net(money)), ("trade_count", whole(totals[0] / 12 + 1))];
    let columns = COLUMNS.as_flattened().as_flattened().iter().copied();
    let values = dealt.as_flattened().iter().flatten().map(|part| whole(part * 100));
    columns.zip(values).chain(sums).collect()
}

/// Owed, borrowed and repaid in fen; lent, sold and returned shares; the value of lent shares at the close.
type Loans = [i64; 7];

fn of_stock(market: &Market, stock: &Stock, session: usize) -> Option<Loans> {
    let era = stock.history.era(stock.security.life.start)?;
    let draw = |kind: usize, moment: usize| market.dice("margin", stock.security.number * 4 + kind, moment);
    // In hundred-thousandths of the shares first, so that bonus shares cause no jump.
    let balance =
        |moment: usize, kind: usize, most: i64| era.float / 100_000 * draw(kind, moment).roll(most / 2..=most);
    let [then, owed] = [session, session + 1].map(|moment| balance(moment, 0, 400) * 1000);
    let [lent_then, lent] = [session, session + 1].map(|moment| balance(moment, 1, 8));
    let mut dice = draw(2, session);
    let mut more = |balance: i64, before: i64| (balance - before).max(0) + dice.roll(1..=1000) * 100;
    let (borrowed, sold) = (more(owed, then), more(lent, lent_then));
    let close = stock.history.price(Some(session))?;
    Some([owed, borrowed, then + borrowed - owed, lent, sold, lent_then + sold - lent, lent * close])
}

/// Loans of a stock, or of all stocks on an exchange.
pub(super) fn loans(row: &Row<'_>, _: &mut Dice) -> Line<'static> {
    let of = |stock: &Stock| of_stock(row.market, stock, row.session).unwrap_or_default();
    let [owed, borrowed, repaid, lent, sold, returned, value] = match row.item.stock {
        Some(stock) => of(stock),
        None => (row.market.stocks.iter())
            .filter(|stock| stock.security.board.exchange() == row.item.fact("exchange_id"))
            .filter(|stock| has_margin(stock, row.session))
            .fold(Loans::default(), |sum, stock| {
                let more = of(stock);
                std::array::from_fn(|part| sum[part] + more[part])
            }),
    };
    line! {
        rzye: fen(owed), rzmre: fen(borrowed), rzche: fen(repaid), rqyl: whole(lent), rqmcl: whole(sold),
        rqchl: whole(returned), rqye: fen(value), rzrqye: fen(owed + value),
    }
}

/// Days (month, day) on which Hong Kong is closed whether or not Shanghai is.
const HONG_KONG_CLOSED: [(u32, u32); 3] = [(7, 1), (12, 25), (12, 26)];
/// Fen in the smallest amount.
const GRAIN: i64 = 1_000_000;

/// Whether both markets are open.
pub(super) fn is_open(market: &Market, session: usize) -> bool {
    let day = market.calendar.day(session);
    !HONG_KONG_CLOSED.contains(&(day.month(), day.day()))
}

/// Whether a day has northbound net flows, with buys and sells separate: until 19 August 2024.
pub(super) fn still_split(day: NaiveDate) -> bool {
    (day.year(), day.ordinal()) < (2024, 232)
}

/// Both directions, by channel and in total.
pub(super) fn through_connect(row: &Row<'_>, _: &mut Dice) -> Line<'static> {
    let mut dice = row.market.dice("connect", 0, row.session);
    let mut amounts = |low: i64, high: i64| [(); 2].map(|()| dice.roll(low..=high) * GRAIN);
    let (north, bought, sold) = (amounts(-800_000, 900_000), amounts(300_000, 2_400_000), amounts(300_000, 2_400_000));
    let [all_north, all_bought, all_sold] = [north, bought, sold].map(|[shanghai, shenzhen]| shanghai + shenzhen);
    let split = |amount: i64| still_split(row.day).then(|| fen(amount));
    // At 30,000 to 50,000 CNY each, in hundreds.
    let mut deals = |amount: i64| whole(amount / dice.roll(3_000_000..5_000_000) / 100 * 100);
    line! {
        hgt: split(north[0]), sgt: split(north[1]), north_money: split(all_north), ggt_ss: fen(bought[0] - sold[0]),
        ggt_sz: fen(bought[1] - sold[1]), south_money: fen(all_bought - all_sold), buy_amount: fen(all_bought),
        sell_amount: fen(all_sold), buy_volume: deals(all_bought), sell_volume: deals(all_sold),
    }
}
