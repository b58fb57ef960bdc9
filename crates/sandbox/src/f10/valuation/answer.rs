//! The answer as the gateway nests it: parts that a security does not have are left out.

use super::part::{period, times, updated};
use super::{Standing, Valuation};
use crate::Cell;
use crate::f10::{epoch, midnight, symbol};
use crate::tables::text::decimal;
use serde_json::{Value, json};

/// The whole of `data`; zeros and empty lists for a security that is not covered.
pub(crate) fn answered(kind: i64, valuation: Option<&Valuation<'_>>) -> Value {
    let Some(answer) = valuation else {
        return json!({
            "valuation_type": kind,
            "last_update_time": 0,
            "last_update_time_str": "",
            "trend": {
                "current_value": 0, "average_value": 0, "avg_minus_1_stddev": 0, "avg_plus_1_stddev": 0,
                "valuation_percentile": 0, "historical_items": [],
            },
            "market_distribution": {"sections": [], "total": 0},
            "plate_distribution": {},
        });
    };
    let update = updated(answer.day);
    let items: Value = answer
        .items
        .iter()
        .map(|item| {
            json!({
                "value": number(item.value), "plate_value": number(item.plate),
                "time": midnight(item.day), "time_str": item.day.to_string(),
            })
        })
        .collect();
    let sections: Value = answer
        .crowd
        .sections
        .iter()
        .map(|(start, end, count)| json!({"start": start, "end": end, "number": count}))
        .collect();
    let mut data = json!({
        "valuation_type": kind,
        "last_update_time": epoch(update),
        "last_update_time_str": update.format("%Y-%m-%d %H:%M:%S").to_string(),
        "trend": {
            "current_value": number(answer.current),
            "average_value": number(answer.average),
            "avg_minus_1_stddev": number(answer.average - answer.deviation),
            "avg_plus_1_stddev": number(answer.average + answer.deviation),
            "valuation_percentile": Cell::Number(decimal(answer.percentile, 2)).json(),
            "historical_items": items,
        },
        "market_distribution": {"sections": sections, "total": answer.crowd.total},
    });
    if let Some(stock) = &answer.stock {
        add(&mut data, answer, stock);
    }
    data
}

/// What only stocks have.
fn add(data: &mut Value, answer: &Valuation<'_>, stock: &Standing<'_>) {
    if let Some(forward) = stock.forward {
        data["trend"]["forward_value"] = number(forward);
    }
    let crowd = &mut data["market_distribution"];
    crowd["ranking"] = json!(stock.ranking);
    crowd["average_value"] = number(answer.crowd.average);
    crowd["median_value"] = number(answer.crowd.median);
    let plate = &stock.plate;
    let members: Value = plate
        .members
        .iter()
        .map(|(peer, value, market_cap)| {
            json!({
                "symbol": symbol(peer), "name": peer.security.name_while_listed(),
                "value": number(*value), "market_cap": market_cap,
            })
        })
        .collect();
    data["plate_distribution"] = json!({
        "plate": plate.code,
        "plate_name": plate.name,
        "plate_average_value": number(plate.average),
        "plate_ranking": plate.ranking,
        "plate_stock_item_count": plate.members.len(),
        "stock_items": members,
    });
    let Some((growth, last)) = stock.growth.as_ref().and_then(|growth| Some((growth, growth.steps.last()?))) else {
        return;
    };
    let steps: Value = growth
        .steps
        .iter()
        .map(|step| {
            json!({
                "financial_year": step.year,
                "financial_quarter": step.quarter,
                "period_str": period(step.year, step.quarter),
                "report_date": midnight(step.day),
                "report_date_str": step.day.to_string(),
                "market_cap_multiple": number(step.market_cap),
                "finance_data_multiple": number(step.figure),
            })
        })
        .collect();
    data["profit_growth_rate"] = json!({
        "financial_ttm_multiple": number(last.figure),
        "market_cap_multiple": number(last.market_cap),
        "year_count": growth.years,
        "conclusion_detailed": growth.conclusion,
        "profit_data": steps,
    });
}

fn number(thousandths: i64) -> Value {
    times(thousandths).json()
}
