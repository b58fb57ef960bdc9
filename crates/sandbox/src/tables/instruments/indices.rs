//! `index_basic`: the indices that have bars, the Shenwan industries, and some that are only known by name. Nothing here
//! changes from day to day.

use crate::tables::asked::Asked;
use crate::tables::sessions::known::{INDICES, SHENWAN};
use crate::tables::value::{Line, fen, line};

/// Indices without bars: code, name, market. Three are twins of others under codes of their publisher.
const OTHERS: [(&str, &str, &str); 6] = [
    ("000300.CSI", "沪深300", "CSI"),
    ("000905.CSI", "中证500", "CSI"),
    ("000852.CSI", "中证1000", "CSI"),
    ("990001.MI", "虚构中国", "MSCI"),
    ("990002.CIC", "虚构央企", "CICC"),
    ("990003.OTH", "虚构综合", "OTH"),
];
/// The one that is no more.
const ENDED: &str = "990002.CIC";

/// All indices of all markets.
pub(super) fn indices<'a>(_: &Asked<'a>) -> Vec<Line<'a>> {
    let exchange = |code: &str| if code.ends_with("SH") { "SSE" } else { "SZSE" };
    let traded = INDICES.iter().map(|&(code, name)| (code, name, exchange(code)));
    let industries = SHENWAN.iter().map(|&(code, name)| (code, name, "SW"));
    traded.chain(industries).chain(OTHERS).map(index).collect()
}

fn index((code, name, market): (&str, &str, &str)) -> Line<'static> {
    let (publisher, category) = match (market, code.starts_with("000001")) {
        ("SW", _) => ("申万研究", "一级行业指数"),
        ("CSI", _) | ("SSE", false) => ("中证公司", "规模指数"),
        ("SSE", true) => ("上交所", "综合指数"),
        ("SZSE", _) => ("深交所", "规模指数"),
        _ => ("虚构指数公司", "主题指数"),
    };
    let (based, point, listed) = match market {
        "SW" => ("19991230", 100_000, "20030101"),
        "SSE" if category == "综合指数" => ("19901219", 10_000, "19910715"),
        _ => ("20041231", 100_000, "20050408"),
    };
    line! {
        ts_code: code, name: name, fullname: format!("{name}指数"), market: market, publisher: publisher,
        index_type: (market != "SW").then_some("股票指数"), category: category, base_date: based,
        base_point: fen(point), list_date: listed,
        weight_rule: if category == "综合指数" { "总股本加权" } else { "自由流通市值加权" },
        desc: (market == "CSI").then_some("由自由流通市值较大的\"虚构\"证券组成"),
        exp_date: (code == ENDED).then_some("20211213"),
    }
}
