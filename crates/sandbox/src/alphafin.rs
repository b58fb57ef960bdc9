//! The market's income statements as AlphaFin serves them: yearly, quarterly (cumulative from the beginning of the
//! year), and over the last twelve months. Beijing is not covered.
//!
//! The figures are those of Tushare's `income`: the row of a report announced last replaces all before it.

use crate::Cell;
use crate::market::{Board, Market, Moment, Quarter, Stock, stamp};
use crate::nested::Flat;
use crate::tables::{Params, Scene, fixed, in_millionths};
use chrono::NaiveDate;
use pitlake_contract::Contract;
use pitlake_contract::spelling::code;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Figures of a statement: Tushare's name for each, AlphaFin's name, and the one it uses for banks.
#[rustfmt::skip]
const FIGURES: [(&str, &str, &str); 23] = [
    ("revenue", "revenue", ""), ("operating_cost", "oper_cost", ""), ("selling_expenses", "sell_exp", ""),
    ("admin_expenses", "admin_exp", ""), ("rd_expenses", "rd_exp", ""), ("financial_expenses", "fin_exp", ""),
    ("interest_expenses", "fin_exp_int_exp", "int_exp"), ("interest_income", "fin_exp_int_inc", "int_income"),
    ("investment_income", "invest_income", ""), ("operating_profit", "operate_profit", ""),
    ("non_operating_income", "non_oper_income", ""), ("non_operating_expenses", "non_oper_exp", ""),
    ("profit_before_tax", "total_profit", ""), ("income_tax", "income_tax", ""), ("net_profit", "n_income", ""),
    ("net_profit_parent", "n_income_attr_p", ""), ("net_profit_minority", "minority_gain", ""),
    ("basic_eps", "basic_eps", ""), ("diluted_eps", "diluted_eps", ""), ("comprehensive_income", "t_compr_income", ""),
    ("comprehensive_income_parent", "compr_inc_attr_p", ""),
    ("comprehensive_income_minority", "compr_inc_attr_m_s", ""), ("ebitda", "ebitda", ""),
];

const REVENUE: usize = 0;
const COST: usize = 1;
const OPERATING: usize = 9;
const NET: usize = 14;

/// The values of [`FIGURES`] in millionths of a CNY.
type Figures = [Option<i128>; FIGURES.len()];

/// A statement as sent.
pub(crate) type Statement = Map<String, Value>;

/// The values allowed for a parameter by the contract.
pub(crate) fn choices<'a>(contract: &'a Contract, param: &str) -> &'a [String] {
    let values = contract.ask.each.iter().find(|(name, _)| name == param);
    values.and_then(|(_, values)| values.own()).unwrap_or_default()
}

/// The stock for a symbol: `600519`, `sh.600519` or `600519.SH`. Those in Beijing are not covered.
pub(crate) fn find<'a>(market: &'a Market, symbol: &str) -> Option<&'a Stock> {
    let stock = &market.stocks[market.find(&code::suffixed(symbol)?)?];
    (stock.security.board != Board::Beijing).then_some(stock)
}

/// A stock's statements at a moment, for a `period` and a `report_type` (`books`), by the end of their quarter, newest
/// first.
pub(crate) fn statements(scene: Scene<'_>, stock: &Stock, period: &str, books: &str) -> Vec<(NaiveDate, Statement)> {
    let reports = latest(scene, stock, if books == "parent" { "6" } else { "1,4" });
    let figures = |quarter: Quarter| match period {
        "ttm" => trailing(&reports, quarter),
        "annual" if quarter.of_year() < 4 => None,
        _ => reports.get(&quarter.0).copied(),
    };
    let shown = reports.keys().rev().map(|quarter| Quarter(*quarter));
    shown
        .filter_map(|quarter| {
            let year_before = figures(Quarter(quarter.0 - 4)).filter(|_| period != "quarterly");
            let mut statement = written(&figures(quarter)?, year_before.as_ref());
            statement.insert("report_date".to_owned(), json!(quarter.end().to_string()));
            statement.insert("report_name".to_owned(), json!(report_name(quarter, period)));
            Some((quarter.end(), statement))
        })
        .collect()
}

fn report_name(quarter: Quarter, period: &str) -> String {
    let label = match (period, quarter.of_year()) {
        ("ttm", _) => "TTM",
        (_, 1) => "第一季度报",
        (_, 2) => "半年报",
        (_, 3) => "第三季度报",
        _ => "年报",
    };
    format!("{}年{label}", quarter.year())
}

/// The figures announced last for each report, among Tushare's `types`, by quarter.
fn latest(scene: Scene<'_>, stock: &Stock, types: &str) -> BTreeMap<i32, Figures> {
    let Some(income) = scene.catalog.find("income") else {
        return BTreeMap::new();
    };
    let params = [("ts_code", stock.security.code.as_str()), ("report_type", types)];
    let params: Params = params.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let mut ranked: BTreeMap<i32, (String, Figures)> = BTreeMap::new();
    for row in income.select(scene.market, scene.at, &params, (0, usize::MAX)) {
        let cell = |name: &str| income.column(name).and_then(|column| row[column].text());
        let Some(quarter) = cell("end_date").and_then(Quarter::ending) else {
            continue;
        };
        let announced = cell("f_ann_date").or(cell("ann_date")).unwrap_or_default();
        let rank = format!("{announced:8} {}", cell("update_flag").unwrap_or_default());
        let figures = FIGURES.map(|(_, name, of_banks)| cell(name).or(cell(of_banks)).and_then(in_millionths));
        let best = ranked.entry(quarter.0).or_insert_with(|| (rank.clone(), figures));
        if best.0 < rank {
            *best = (rank, figures);
        }
    }
    ranked.into_iter().map(|(quarter, (_, figures))| (quarter, figures)).collect()
}

/// Twelve months to the end of a quarter: this year so far, plus last year, minus last year up to the same quarter.
fn trailing(reports: &BTreeMap<i32, Figures>, quarter: Quarter) -> Option<Figures> {
    let now = reports.get(&quarter.0)?;
    if quarter.of_year() == 4 {
        return Some(*now);
    }
    let whole = reports.get(&(quarter.0 - quarter.of_year()))?;
    let part = reports.get(&(quarter.0 - 4))?;
    Some(std::array::from_fn(|figure| Some(now[figure]? + whole[figure]? - part[figure]?)))
}

/// The figures and those derived from them: the gross profit and five percentages.
fn written(figures: &Figures, year_before: Option<&Figures>) -> Statement {
    let number = |value: Option<i128>, form: fn(i128) -> String| {
        value.map_or(Value::Null, |value| Cell::Number(form(value)).json())
    };
    let revenue = figures[REVENUE];
    let gross = figures[COST].and_then(|cost| Some(revenue? - cost));
    let growth = |figure: usize| {
        let (now, before) = (figures[figure]?, year_before?[figure]?);
        percent(Some((now - before) * before.signum()), Some(before.abs()))
    };
    let own = FIGURES
        .iter()
        .zip(figures)
        .map(|(&(name, ..), value)| (name, number(*value, if name.ends_with("_eps") { share } else { cents })));
    let derived = [
        ("gross_profit", gross),
        ("gross_margin", percent(gross, revenue)),
        ("operating_margin", percent(figures[OPERATING], revenue)),
        ("net_margin", percent(figures[NET], revenue)),
        ("annual_growth_revenue", growth(REVENUE)),
        ("annual_growth_profit", growth(NET)),
    ];
    let derived = derived.into_iter().map(|(name, value)| (name, number(value, cents)));
    own.chain(derived).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// In millionths of a percent.
fn percent(part: Option<i128>, whole: Option<i128>) -> Option<i128> {
    let whole = whole.filter(|whole| *whole > 0)?;
    Some(part? * 100_000_000 / whole)
}

fn cents(millionths: i128) -> String {
    fixed((millionths + millionths.signum() * 5000) / 10_000, 2, 2)
}

/// With at most four decimal places.
fn share(millionths: i128) -> String {
    fixed(millionths / 100, 4, 1)
}

pub(crate) fn answer(stock: &Stock, at: Option<Moment>, statements: &[Statement]) -> Value {
    let symbol = stock.security.code.split('.').next();
    json!({"symbol": symbol, "name": company(stock, at), "income_statements": statements})
}

pub(crate) fn rows(scene: Scene<'_>, flat: &Flat<'_>) -> Vec<Vec<Cell>> {
    let mut rows = Vec::new();
    for stock in scene.market.stocks.iter().filter(|stock| stock.security.board != Board::Beijing) {
        for period in choices(flat.contract, "period") {
            for report_type in choices(flat.contract, "report_type") {
                let statements = statements(scene, stock, period, report_type).into_iter();
                let statements: Vec<_> = statements.map(|(_, statement)| statement).collect();
                let answer = answer(stock, scene.at, &statements);
                rows.extend(flat.rows(&[("period", period), ("report_type", report_type)], &answer));
            }
        }
    }
    rows
}

/// The company's name at a moment.
fn company(stock: &Stock, at: Option<Moment>) -> &str {
    let gone =
        stock.security.delisted.as_deref().is_some_and(|day| at.is_none_or(|at| day <= stamp(at.date()).as_str()));
    if gone { &stock.security.company.name } else { stock.security.name_while_listed() }
}
