//! AlphaFin's wire: a single endpoint, an envelope with `code`, and limits per minute.
//!
//! Every other refusal has its own HTTP status, the rest come with HTTP 200. The contents of statements are in
//! `crate::alphafin`.

use super::get::GetWire;
use super::shared::{Call, Denial, Rate, Shared};
use crate::Settings;
use crate::alphafin::{Statement, answer, choices, find, statements};
use crate::market::Stock;
use crate::tables::{Params, Scene};
use axum::http::StatusCode;
use chrono::NaiveDate;
use pitlake_contract::Contract;
use serde_json::{Value, json};

/// The number of reports by default, and at most.
const LIMIT: usize = 5;
const MOST: usize = 20;

pub(super) struct Alphafin<'a>(Option<&'a Contract>);

/// The code of a refusal, `None` for parameters without one, and its text.
type Complaint = (Option<&'static str>, String);

impl<'a> Alphafin<'a> {
    pub(super) fn new(shared: &'a Shared, call: &Call<'a>) -> Self {
        Self(shared.contract(call).map(|(contract, _)| contract))
    }
}

impl GetWire for Alphafin<'_> {
    fn interface(&self) -> Option<&str> {
        Some(&self.0?.id.name)
    }

    fn rate(&self, settings: &Settings) -> Rate {
        Rate { calls: if settings.rpm > 0 { 100 } else { 0 }, seconds: 60 }
    }

    fn denied(&self, denial: &Denial) -> (StatusCode, String) {
        let (status, text) = match denial {
            Denial::Unknown => (StatusCode::NOT_FOUND, "Not Found"),
            Denial::TooOften(..) => (StatusCode::TOO_MANY_REQUESTS, "Rate limit exceeded"),
            _ => (StatusCode::UNAUTHORIZED, "Invalid API key"),
        };
        (status, envelope(&json!(status.as_u16()), text, &Value::Null))
    }

    fn answered(&self, shared: &Shared, params: &Params, number: u64) -> (StatusCode, String) {
        let data = self.0.map_or(Ok(Value::Null), |contract| data(shared.scene(), contract, params));
        match data {
            Ok(data) => (StatusCode::OK, envelope(&json!(200), "success", &data)),
            Err((None, text)) => (StatusCode::BAD_REQUEST, envelope(&json!(400), &text, &Value::Null)),
            Err((Some(code), text)) if number.is_multiple_of(2) => {
                (StatusCode::OK, envelope(&json!(code), &text, &Value::Null))
            }
            Err((Some(code), text)) => {
                let missing = matches!(code, "invalid_symbol" | "no_data");
                let status = if missing { StatusCode::NOT_FOUND } else { StatusCode::BAD_REQUEST };
                (status, json!({"error": {"code": code, "message": text}}).to_string())
            }
        }
    }

    fn token_param(&self) -> &'static str {
        "api_key"
    }

    fn media_type(&self) -> &'static str {
        "application/json; charset=utf-8"
    }
}

fn envelope(code: &Value, message: &str, data: &Value) -> String {
    json!({"code": code, "message": message, "data": data}).to_string()
}

/// An object for one symbol, a list for several. One unknown symbol fails the whole call.
fn data(scene: Scene<'_>, contract: &Contract, params: &Params) -> Result<Value, Complaint> {
    let refused = |code, text: &str| (Some(code), text.to_owned());
    let sent = |name: &str| params.get(name).map(String::as_str);
    let list = |name: &str| sent(name).map(|list| list.split(',').map(str::trim).collect::<Vec<_>>());
    let choice = |name: &str, default: &'static str, code| {
        let value = sent(name).unwrap_or(default);
        let known = choices(contract, name).iter().any(|other| other == value);
        if known { Ok(value.to_owned()) } else { Err(refused(code, &format!("invalid {name}"))) }
    };
    let day = |name: &str| {
        let read = |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d");
        sent(name).map(read).transpose().map_err(|_| (None, format!("{name} must be YYYY-MM-DD")))
    };
    let symbols = list("symbol").unwrap_or_default();
    if symbols.len() > contract.ask.together {
        return Err(refused("too_many_symbols", &format!("at most {} symbols", contract.ask.together)));
    }
    let period = choice("period", "annual", "invalid_period")?;
    let books = choice("report_type", "consolidated", "invalid_report_type")?;
    let (begin, end) = (day("begin_date")?.unwrap_or(NaiveDate::MIN), day("end_date")?);
    let end = end.unwrap_or_else(|| scene.at.map_or(NaiveDate::MAX, |at| at.date()));
    let limit = sent("limit").map_or(Some(LIMIT), |text| text.parse().ok().filter(|limit| (1..=MOST).contains(limit)));
    let limit = limit.ok_or_else(|| (None, format!("limit must be between 1 and {MOST}")))?;
    let fields = list("fields");

    let mut stocks: Vec<&Stock> = Vec::new();
    for symbol in &symbols {
        let stock = find(scene.market, symbol);
        let stock = stock.ok_or_else(|| refused("invalid_symbol", &format!("invalid symbol: {symbol}")))?;
        if stocks.iter().all(|other| other.security.number != stock.security.number) {
            stocks.push(stock);
        }
    }
    if stocks.is_empty() {
        return Err(refused("invalid_symbol", "symbol is required"));
    }
    let of_stock = |stock: &&Stock| {
        let shown = statements(scene, stock, &period, &books).into_iter();
        let shown = shown.filter(|(day, _)| (begin..=end).contains(day)).take(limit);
        let narrowed = shown.map(|(_, mut statement)| {
            statement.retain(|name, _| fields.as_ref().is_none_or(|fields| fields.contains(&name.as_str())));
            statement
        });
        let shown: Vec<Statement> = narrowed.collect();
        (!shown.is_empty()).then(|| answer(stock, scene.at, &shown))
    };
    let mut found: Vec<Value> = stocks.iter().filter_map(of_stock).collect();
    match (found.len(), symbols.len()) {
        (0, _) => Err(refused("no_data", "no data")),
        (_, 1) => Ok(found.remove(0)),
        _ => Ok(Value::Array(found)),
    }
}
