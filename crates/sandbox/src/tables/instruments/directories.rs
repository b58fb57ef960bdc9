//! Securities and the calendar as known on a day, boards with their current members, and lists that never change:
//! indices and currencies.

use crate::market::{Market, Moment, Stock};
use crate::tables::sessions::known::{INDICES, PAIRS, SHENWAN, ths_board};
use crate::tables::{Asked, Line, Value, line, whole};
use chrono::NaiveDate;

/// Exchanges with a calendar. Beijing's is not offered.
const EXCHANGES: [&str; 7] = ["SSE", "SZSE", "CFFEX", "SHFE", "CZCE", "DCE", "INE"];

/// All securities known on the day of a moment, of any status, by code.
pub(super) fn stocks<'a>(asked: &Asked<'a>) -> Vec<Line<'a>> {
    let today = asked.at.map_or(NaiveDate::MAX, |at| at.date());
    let known = |stock: &&Stock| stock.security.listed_on().is_none_or(|listed| listed <= today);
    asked.market.stocks.iter().filter(known).map(|stock| stock_line(stock, today)).collect()
}

/// A security that is not delisted yet is listed under its own name.
fn stock_line(stock: &Stock, today: NaiveDate) -> Line<'static> {
    let security = &stock.security;
    let alive = security.delisted_on().is_some_and(|delisted| delisted > today);
    let company = &security.company;
    line! {
        ts_code: security.code.as_str(), symbol: security.code.split('.').next(),
        name: if alive { security.name_while_listed() } else { &company.name },
        area: company.area, industry: company.industry, fullname: company.full_name.as_str(),
        enname: company.english_name.as_str(), cnspell: company.initials.as_str(), market: security.board.market(),
        exchange: security.board.exchange(), curr_type: "CNY", list_date: security.listed.as_deref(),
        list_status: if alive { "L" } else { security.status }, is_hs: company.connect,
        delist_date: security.delisted.as_deref().filter(|_| !alive), act_name: company.owner.map(|(name, _)| name),
        act_ent_type: company.owner.map(|(_, kind)| kind),
    }
}

/// Every exchange's days, newest first. The first session has no previous one.
pub(super) fn calendar<'a>(asked: &Asked<'a>) -> Vec<Line<'a>> {
    let days = &asked.market.calendar.days;
    let line = |exchange: &'static str, place: usize| {
        let previous = days[place].previous_open.map(|index| days[index].stamp.as_str());
        line! {
            exchange: exchange, cal_date: days[place].stamp.as_str(), is_open: whole(days[place].open.into()),
            pretrade_date: previous,
        }
    };
    EXCHANGES.iter().flat_map(|exchange| (0..days.len()).rev().map(move |place| line(exchange, place))).collect()
}

/// Indices without bars: code, name, market. Three are twins of others, under their publisher's codes.
#[rustfmt::skip]
const OTHERS: [(&str, &str, &str); 6] = [
    ("000300.CSI", "沪深300", "CSI"), ("000905.CSI", "中证500", "CSI"), ("000852.CSI", "中证1000", "CSI"),
    ("990001.MI", "虚构中国", "MSCI"), ("990002.CIC", "虚构央企", "CICC"), ("990003.OTH", "虚构综合", "OTH"),
];
/// The discontinued one.
const ENDED: &str = "990002.CIC";

/// All indices on all markets.
pub(super) fn indices<'a>(_: &Asked<'a>) -> Vec<Line<'a>> {
    let exchange = |code: &str| if code.ends_with("SH") { "SSE" } else { "SZSE" };
    let traded = INDICES.iter().map(|&(code, name)| (code, name, exchange(code)));
    let industries = SHENWAN.iter().map(|&(code, name)| (code, name, "SW"));
    traded.chain(industries).chain(OTHERS).map(index).collect()
}

fn index((code, name, market): (&str, &str, &str)) -> Line<'static> {
    line! {
        ts_code: code, name: name, fullname: format!("{name}指数"), market: market,
        index_type: (market != "SW").then_some("股票指数"), base_date: "20041231", base_point: whole(1000),
        list_date: "20050408", desc: (market == "CSI").then_some("由自由流通市值较大的\"虚构\"证券组成"),
        exp_date: (code == ENDED).then_some("20211213"),
    }
}

/// Boards of Tonghuashun: names, exchanges and types. Those for A shares have bars; the others have no members here.
#[rustfmt::skip]
const BOARDS: [(&str, &str, &str); 10] = [
    ("虚构储能", "A", "N"), ("虚构芯片", "A", "N"), ("虚构农业", "A", "I"), ("虚构传媒", "A", "I"), ("虚构江南", "A", "R"),
    ("虚构红利", "A", "S"), ("虚构题材", "A", "TH"), ("虚构全指", "A", "BB"), ("虚构港股", "HK", "I"), ("虚构美股", "US", "I"),
];

/// Stocks of a board that are listed on the day of a moment.
fn members(market: &Market, at: Option<Moment>, board: usize) -> impl Iterator<Item = &Stock> {
    let today = at.map_or(NaiveDate::MAX, |at| at.date());
    market.stocks.iter().filter(move |stock| {
        let security = &stock.security;
        let here = (security.number * 5 + board * 3) % 8 < 3 && BOARDS[board].1 == "A";
        let listed = security.status != "P" && security.listed_on().is_some_and(|listed| listed <= today);
        here && listed && security.delisted_on().is_none_or(|delisted| delisted > today)
    })
}

/// All boards, with the member counts of `ths_member`.
pub(super) fn boards<'a>(asked: &Asked<'a>) -> Vec<Line<'a>> {
    let (market, at) = (asked.market, asked.at);
    let board = |(board, &(name, exchange, kind)): (usize, &(&str, &str, &str))| {
        let members = i64::try_from(members(market, at, board).count()).unwrap_or(i64::MAX);
        let count = (exchange == "A").then_some(whole(members));
        line! { ts_code: ths_board(board), name: name, count: count, exchange: exchange, list_date: "20120801", type: kind }
    };
    BOARDS.iter().enumerate().map(board).collect()
}

/// Members of all boards; the announcement columns stay empty.
pub(super) fn board_members<'a>(asked: &Asked<'a>) -> Vec<Line<'a>> {
    let (market, at) = (asked.market, asked.at);
    let member = |board: usize, stock: &Stock| {
        line! {
            ts_code: ths_board(board), con_code: stock.security.code.as_str(), con_name: stock.security.name_while_listed(),
            weight: Value::Null, in_date: Value::Null, out_date: Value::Null, is_new: "Y",
        }
    };
    (0..BOARDS.len()).flat_map(|board| members(market, at, board).map(move |stock| member(board, stock))).collect()
}

/// One contract of every class other than currency pairs.
#[rustfmt::skip]
const CONTRACTS: [(&str, &str, &str); 6] = [
    ("AUS200.FXCM", "澳大利亚标普200指数", "INDEX"), ("USOIL.FXCM", "美国原油", "COMMODITY"), ("XAUUSD.FXCM", "黄金", "METAL"),
    ("BUND.FXCM", "德国国债", "BUND"), ("BTCUSD.FXCM", "比特币", "CRYPTO"), ("USDOLLAR.FXCM", "道琼斯FXCM美元指数", "FX_BASKET"),
];

/// All contracts of the only dealer.
pub(super) fn contracts<'a>(_: &Asked<'a>) -> Vec<Line<'a>> {
    let pairs = PAIRS.iter().map(|&(code, rate)| {
        // A rate above ten is quoted in hundredths.
        contract(code, &format!("{}/{}", &code[..3], &code[3..6]), "FX", if rate > 1_000_000 { 100 } else { 1 })
    });
    pairs.chain(CONTRACTS.iter().map(|&(code, name, class)| contract(code, name, class, 10_000))).collect()
}

/// A contract, with its pip in ten-thousandths.
fn contract(code: &str, name: &str, class: &str, pip: i64) -> Line<'static> {
    line! { ts_code: code, name: name, classify: class, exchange: "FXCM", min_unit: whole(1), pip: Value::Figure(pip, 4) }
}
