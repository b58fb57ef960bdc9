//! Rows of `fina_indicator`: ratios from the same books as `income`, and plausible random numbers, half of them null.

use super::report::Report;
use crate::market::{Accounts, Dice, Flows, divide};
use crate::tables::{Asked, Line, Value, fen, millionths};
use pitlake_contract::{Field, Unit};

/// The figures of a version. Corrections change only the core.
pub(super) fn line<'a>(asked: &Asked<'a>, report: &Report<'_>) -> Line<'a> {
    let (number, accounts) = (report.stock.security.number, report.accounts(asked.market));
    let mut dice = asked.market.dice("filling", number, report.quarter.moment());
    let numbers = asked.fields.iter().enumerate().filter_map(|(place, field)| Some((place, field, field.unit?)));
    let cell = |(place, field, unit): (usize, &'a Field, Unit)| {
        // Drawn for every column, so that a column does not depend on the others.
        let drawn = drawn(&mut dice, unit, accounts.year.revenue);
        let filled = field.name == "fcff" || (place * 7 + number * 3) % 20 >= 9;
        let value = |units| match unit {
            Unit::Cny => fen(units),
            Unit::Percent => millionths(units),
            _ => Value::Figure(units, 4),
        };
        let units = core(&field.name, &accounts).or_else(|| filled.then_some(drawn));
        (field.name.as_str(), units.map(value).into())
    };
    numbers.map(cell).collect()
}

/// A plausible number, in fen or ten-thousandths.
fn drawn(dice: &mut Dice, unit: Unit, revenue: i64) -> i64 {
    match unit {
        Unit::CnyPerShare => dice.roll(-30_000..150_000),
        Unit::Cny => divide(revenue, 1000) * dice.roll(-100..900) + dice.roll(0..1000),
        Unit::Day => dice.roll(100_000..4_000_000),
        Unit::Percent => dice.roll(-600_000..1_600_000),
        _ => dice.roll(500..60_000),
    }
}

/// `part` as a percentage of `whole`, in ten-thousandths.
pub(crate) fn percent(part: i64, whole: i64) -> i64 {
    let whole = i128::from(whole.max(1));
    i64::try_from(i128::from(part) * 1_000_000 / whole).unwrap_or_default()
}

/// Growth in percent; `None` if there was nothing before.
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
        "extra_item" => year.outside_income - year.outside_expense,
        "profit_dedt" => year.parent() - year.outside_income + year.outside_expense,
        "gross_margin" => year.revenue - year.cost,
        "ebit" => year.before_tax() + year.finance,
        "ebitda" => year.before_tax() + year.finance + year.cost / 20,
        "rd_exp" => year.research,
        "netprofit_margin" | "profit_to_gr" => of_revenue(Flows::net),
        "grossprofit_margin" => of_revenue(|flows| flows.revenue - flows.cost),
        "op_of_gr" => of_revenue(Flows::operating),
        "q_netprofit_margin" => percent(quarter.net(), quarter.revenue),
        "roe" => percent(year.parent(), *equity),
        "roe_waa" | "roe_avg" => percent(year.parent(), i64::midpoint(*equity, *last_equity)),
        "roa" => percent(year.before_tax() + year.finance, *assets),
        "debt_to_assets" => percent(assets - equity, *assets),
        "assets_to_eqt" => percent(*assets, *equity) / 100,
        "tr_yoy" | "or_yoy" => growth(year.revenue, last_year.revenue)?,
        "op_yoy" => growth(year.operating(), last_year.operating())?,
        "netprofit_yoy" | "basic_eps_yoy" => growth(year.parent(), last_year.parent())?,
        "equity_yoy" | "eqt_yoy" => growth(*equity, *last_equity)?,
        _ => return None,
    })
}
