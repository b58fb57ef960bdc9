//! Codes and names that are the same in every market: boards, indices, funds, pairs, seats, reasons.
//!
//! Codes look real, names are made up. Rows are in `populations`.

use crate::market::{Board, Stock};

/// Kinds of Eastmoney boards, five of each.
pub(super) const BOARD_TYPES: [&str; 3] = ["行业板块", "概念板块", "地域板块"];
#[rustfmt::skip]
pub(super) const BOARDS: [&str; 15] = [
    "虚构软件", "虚构钢铁", "虚构医药", "虚构银行", "虚构电力", "未来概念", "深海概念", "月球概念", "云雾概念",
    "竹子概念", "东海板块", "西山板块", "南湖板块", "北原板块", "中川板块",
];
#[rustfmt::skip]
pub(crate) const SHENWAN: [(&str, &str); 6] = [
    ("801010.SI", "农林牧渔"), ("801030.SI", "基础化工"), ("801080.SI", "电子"), ("801120.SI", "食品饮料"),
    ("801150.SI", "医药生物"), ("801780.SI", "银行"),
];
#[rustfmt::skip]
pub(crate) const INDICES: [(&str, &str); 8] = [
    ("000001.SH", "上证指数"), ("000300.SH", "沪深300"), ("000905.SH", "中证500"), ("399001.SZ", "深证成指"),
    ("399005.SZ", "中小100"), ("399006.SZ", "创业板指"), ("399016.SZ", "深证创新"), ("399300.SZ", "沪深300"),
];
#[rustfmt::skip]
pub(super) const FUNDS: [(&str, &str); 8] = [
    ("159915.SZ", "虚构创业板"), ("159919.SZ", "虚构三百"), ("159949.SZ", "虚构五十"), ("510050.SH", "虚构上证五十"),
    ("510300.SH", "虚构沪深三百"), ("510500.SH", "虚构中证五百"), ("512880.SH", "虚构证券"),
    ("588000.SH", "虚构科创"),
];
/// Currency pairs and their approximate rates, in hundred-thousandths.
#[rustfmt::skip]
pub(crate) const PAIRS: [(&str, i64); 7] = [
    ("USDCNH.FXCM", 700_000), ("EURUSD.FXCM", 108_000), ("GBPUSD.FXCM", 125_000), ("USDJPY.FXCM", 13_500_000),
    ("AUDUSD.FXCM", 67_000), ("USDCHF.FXCM", 91_000), ("NZDUSD.FXCM", 61_000),
];
#[rustfmt::skip]
pub(crate) const HONG_KONG: [(&str, &str); 14] = [
    ("00001", "虚构长河"), ("00005", "虚构海银"), ("00027", "虚构银河"), ("00175", "虚构汽车"), ("00388", "虚构交易"),
    ("00700", "虚构通讯"), ("00883", "虚构海油"), ("00939", "虚构建行"), ("00941", "虚构移动"), ("01024", "虚构快影"),
    ("01211", "虚构电车"), ("01810", "虚构手机"), ("02318", "虚构平安"), ("03690", "虚构外卖"),
];
#[rustfmt::skip]
pub(super) const REASONS: [&str; 5] = [
    "日涨幅偏离值达到7%的前5只证券", "日跌幅偏离值达到7%的前5只证券", "日振幅值达到15%的前5只证券",
    "日换手率达到20%的前5只证券", "连续三个交易日内，涨幅偏离值累计达到20%的证券",
];
/// The vendor's name for any institution.
pub(super) const INSTITUTION: &str = "机构专用";
#[rustfmt::skip]
pub(super) const BRANCHES: [&str; 10] = [
    "虚构证券股份有限公司上海东风路证券营业部", "虚构证券股份有限公司深圳南山路证券营业部",
    "虚构证券股份有限公司杭州西湖路证券营业部", "无名证券有限责任公司北京长安路证券营业部",
    "无名证券有限责任公司广州珠江路证券营业部", "无名证券有限责任公司成都锦江路证券营业部",
    "远山证券股份有限公司武汉长江路证券营业部", "远山证券股份有限公司南京中山路证券营业部",
    "远山证券股份有限公司总部", "沪股通专用",
];

/// The code of a Tonghuashun board.
pub(crate) fn ths_board(number: usize) -> String {
    format!("{}.TI", 885_001 + number)
}

/// Exchanges, and the day from which their margin trading is published. Nobody trades on margin in Beijing here: all
/// zeros.
const MARGIN_EXCHANGES: [(&str, &str); 3] = [("SSE", ""), ("SZSE", ""), ("BSE", "20230213")];

/// The exchanges with a row on a day, YYYYMMDD.
pub(super) fn margin_exchanges(day: &str) -> impl Iterator<Item = &'static str> {
    MARGIN_EXCHANGES.into_iter().filter(move |(_, since)| *since <= day).map(|(exchange, _)| exchange)
}

/// Whether a stock may be bought on margin in a session: two thirds of those listed in Shanghai and Shenzhen.
pub(super) fn has_margin(stock: &Stock, session: usize) -> bool {
    let security = &stock.security;
    security.board != Board::Beijing && security.number % 3 != 1 && stock.history.era(session).is_some()
}
