//! Rows of `fina_indicator` and `fina_indicator_vip`: ratios of the same books as `income`.
//!
//! The core follows from the accounts; the other columns are plausible numbers, or null as often as not.

use super::report_columns::{COLUMNS, Kind};
use super::reports::{Entry, Sheet};
use super::text::text;
use crate::Cell;
use crate::market::accounts::{Accounts, Flows, accounts};
use crate::market::calendar::stamp;
use crate::market::dice::{Topic, dice};
use crate::market::walk::divide;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// The row of one version. Corrections change the core only.
pub(crate) fn indicators(sheet: &mut Sheet, entry: &Entry<'_>) -> Vec<Cell> {
    let security = &entry.stock.security;
    let version = &entry.version;
    let accounts = accounts(entry.market.seed, security, entry.quarter, version.figures);
    let mut rng = dice(entry.market.seed, Topic::Filling, security.number, entry.quarter.moment());
    COLUMNS
        .iter()
        .enumerate()
        .map(|(place, (column, kind))| {
            // Drawn for every column, so that each has its own whatever the others hold.
            let drawn = drawn(&mut rng, *kind, accounts.year.revenue);
            let filled = (place * 7 + security.number * 3) % 20 >= 9;
            match *column {
                "ts_code" => text(&security.code),
                "ann_date" => version.announced.map_or(Cell::Null, |day| text(&stamp(day))),
                "end_date" => text(&stamp(entry.quarter.end())),
                "update_flag" => text(&version.flag.to_string()),
                "fcff" => {
                    // Spelled all the same, so that the columns after it are as in its twin.
                    let spelled = sheet.number(Some(drawn), 2);
                    if sheet.gap() { Cell::Null } else { spelled }
                }
                _ => {
                    let units = core(column, &accounts).or_else(|| filled.then_some(drawn));
                    sheet.number(units, if *kind == Kind::Money { 2 } else { 4 })
                }
            }
        })
        .collect()
}

/// A likely number, in fen or ten-thousandths.
fn drawn(rng: &mut ChaCha8Rng, kind: Kind, revenue: i64) -> i64 {
    match kind {
        Kind::Head => 0,
        Kind::PerShare => rng.random_range(-30_000..150_000),
        Kind::Money => divide(revenue, 1000) * rng.random_range(-100..900) + rng.random_range(0..1000),
        Kind::Times => rng.random_range(500..60_000),
        Kind::Days => rng.random_range(100_000..4_000_000),
        Kind::Turns => rng.random_range(1000..120_000),
        Kind::Percent => rng.random_range(-600_000..1_600_000),
    }
}

/// `part` in percent of `whole`, in ten-thousandths.
pub(crate) fn percent(part: i64, whole: i64) -> i64 {
    let whole = i128::from(whole.max(1));
    i64::try_from(i128::from(part) * 1_000_000 / whole).unwrap_or_default()
}

/// Growth in percent; none from nothing.
pub(crate) fn growth(now: i64, before: i64) -> Option<i64> {
    (before != 0).then(|| percent((now - before) * before.signum(), before.abs()))
}

/// What follows from the accounts.
fn core(column: &str, accounts: &Accounts) -> Option<i64> {
    let Accounts { year, quarter, last_year, shares, equity, last_equity, assets, .. } = accounts;
    let each = |fen: i64| divide(fen, 100) * 10_000 / shares.max(&1);
    let of_revenue = |part: fn(&Flows) -> i64| percent(part(year), year.revenue);
    Some(match column {
        "eps" | "diluted2_eps" => divide(year.parent() * 100, *shares),
        "dt_eps" => divide(year.parent() * 99, *shares),
        "q_eps" => divide(quarter.parent() * 100, *shares),
        "total_revenue_ps" | "revenue_ps" => each(year.revenue),
        "bps" => each(*equity),
        "ebit_ps" => each(year.before_tax() + year.finance),
        "extra_item" => year.outside_income - year.outside_expense,
        "profit_dedt" => year.parent() - year.outside_income + year.outside_expense,
        "gross_margin" => year.revenue - year.cost,
        "op_income" => year.operating() - year.gains,
        "ebit" => year.before_tax() + year.finance,
        "ebitda" => year.before_tax() + year.finance + year.cost / 20,
        "rd_exp" => year.research,
        "netprofit_margin" | "profit_to_gr" => of_revenue(Flows::net),
        "grossprofit_margin" => of_revenue(|flows| flows.revenue - flows.cost),
        "cogs_of_sales" => of_revenue(|flows| flows.cost),
        "gc_of_gr" => of_revenue(Flows::spent),
        "op_of_gr" => of_revenue(Flows::operating),
        "saleexp_to_gr" => of_revenue(|flows| flows.selling),
        "adminexp_of_gr" => of_revenue(|flows| flows.admin),
        "finaexp_of_gr" => of_revenue(|flows| flows.finance),
        "ebit_of_gr" => of_revenue(|flows| flows.before_tax() + flows.finance),
        "q_netprofit_margin" => percent(quarter.net(), quarter.revenue),
        "roe" => percent(year.parent(), *equity),
        "roe_waa" | "roe_avg" => percent(year.parent(), i64::midpoint(*equity, *last_equity)),
        "roa" => percent(year.before_tax() + year.finance, *assets),
        "npta" => percent(year.net(), *assets),
        "debt_to_assets" => percent(assets - equity, *assets),
        "assets_to_eqt" => percent(*assets, *equity) / 100,
        "tr_yoy" | "or_yoy" => growth(year.revenue, last_year.revenue)?,
        "op_yoy" => growth(year.operating(), last_year.operating())?,
        "netprofit_yoy" | "basic_eps_yoy" => growth(year.parent(), last_year.parent())?,
        "equity_yoy" | "eqt_yoy" => growth(*equity, *last_equity)?,
        _ => return None,
    })
}
