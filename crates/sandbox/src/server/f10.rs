//! F10's side of the wire: two endpoints below two generations of paths, an envelope with `ret_code`, calls counted
//! by the second.
//!
//! A token may be left out; one that is sent must be right. What the answers hold is in `sandbox::f10`.

use super::faults::Fault;
use super::query;
use super::shared::{Call, Shared, wall_seconds};
use crate::f10::valuation::{Multiple, valuation};
use crate::f10::{self, Subject, earnings};
use crate::scene::Scene;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Markets whose securities have valuations.
const MARKETS: [&str; 9] = ["HK", "US", "SH", "SZ", "BJ", "SG", "JP", "AU", "CA"];
/// Longest symbol.
const LENGTH: usize = 32;

/// Why there is no `data`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Failure {
    Parameter(&'static str),
    Symbol,
    Unsupported,
    NoData,
    Internal,
}

impl Failure {
    fn write(self) -> (StatusCode, String) {
        let (status, code, name, text) = match self {
            Self::Parameter(text) => (StatusCode::BAD_REQUEST, -3, "invalid_parameter", text),
            Self::Symbol => (StatusCode::NOT_FOUND, -7, "invalid_symbol", "unknown symbol"),
            Self::Unsupported => (StatusCode::OK, -8, "unsupported", "market not supported"),
            Self::NoData => (StatusCode::OK, -10, "no_data", "no data"),
            Self::Internal => (StatusCode::OK, -6, "internal_error", "internal error"),
        };
        let error = json!({"code": name, "message": text});
        (status, json!({"ret_code": code, "ret_msg": text, "error": error}).to_string())
    }
}

/// Answers a GET.
pub(super) fn answer(shared: &Shared, call: &Call<'_>) -> Response {
    let path: Vec<String> = call.path.split('/').skip(1).map(query::decoded).collect();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let (name, symbol) = match path[..] {
        ["v1", "quote", symbol, "f10", "earnings-price-history"]
        | ["api", "v1.0", "quote", symbol, "financials", "earnings-price-history"] => {
            ("earnings_price_history", symbol)
        }
        ["v1", "quote", symbol, "f10", "valuation-detail"]
        | ["api", "v1.0", "quote", symbol, "valuation", "detail"] => ("valuation_detail", symbol),
        _ => ("unknown", ""),
    };
    let (_, fault) = shared.count(&format!("f10/{name}"), &call.uri.to_string(), false);
    if name == "unknown" {
        return (StatusCode::NOT_FOUND, "404 page not found").into_response();
    }
    if call.has_token() == Some(false) {
        return reply(StatusCode::UNAUTHORIZED, json!({"code": 401_001, "message": "invalid token"}).to_string());
    }
    let left = match shared.book().pace.pass(wall_seconds()) {
        Ok(left) => left,
        Err(wait) => return too_many(wait),
    };
    let scene = shared.scene();
    let data = match name {
        "earnings_price_history" => earnings_of(scene, symbol),
        _ => valuation_of(scene, symbol, &query::parameters(call.uri.query())),
    };
    let (status, body) = match data {
        Ok(data) => (StatusCode::OK, json!({"ret_code": 0, "ret_msg": "success", "data": data}).to_string()),
        Err(failure) => failure.write(),
    };
    match fault {
        Some(Fault::TooMany) => too_many(1),
        Some(Fault::EmptyBody) => {
            let (status, body) = Failure::Internal.write();
            reply(status, body)
        }
        Some(fault) => fault.respond(body),
        None => ([("x-ratelimit-remaining", left.to_string())], reply(status, body)).into_response(),
    }
}

fn reply(status: StatusCode, body: String) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

/// The gateway's own refusal, which has no `ret_code`.
fn too_many(wait: u64) -> Response {
    let body = json!({"code": 429_001, "message": "too many requests"}).to_string();
    ([(header::RETRY_AFTER, wait.to_string())], reply(StatusCode::TOO_MANY_REQUESTS, body)).into_response()
}

/// The market of a symbol, if that is one.
fn market_of(symbol: &str) -> Result<&str, Failure> {
    let (market, code) = symbol.split_once('.').unwrap_or_default();
    let upper =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    if symbol.len() <= LENGTH && upper(market) && upper(code) {
        Ok(market)
    } else {
        Err(Failure::Parameter("malformed symbol"))
    }
}

fn earnings_of(scene: Scene<'_>, symbol: &str) -> Result<Value, Failure> {
    market_of(symbol)?;
    if !earnings::covers(symbol) {
        return Err(Failure::Unsupported);
    }
    let Subject::Stock(stock) = f10::find(scene.market, symbol).ok_or(Failure::Symbol)? else {
        return Err(Failure::NoData);
    };
    let records = earnings::records(scene.market, stock, scene.at);
    if records.is_empty() {
        return Err(Failure::NoData);
    }
    Ok(json!({"records": records}))
}

fn valuation_of(scene: Scene<'_>, symbol: &str, params: &BTreeMap<String, String>) -> Result<Value, Failure> {
    let market = market_of(symbol)?;
    let number = |name: &str, default: i64| match params.get(name) {
        Some(text) => text.parse().map_err(|_| Failure::Parameter("not a number")),
        None => Ok(default),
    };
    let (kind, interval) = (number("valuation_type", 1)?, number("interval_type", 3)?);
    let multiple = Multiple::of_type(kind).ok_or(Failure::Parameter("valuation_type out of range"))?;
    if !(1..=10).contains(&interval) {
        return Err(Failure::Parameter("interval_type out of range"));
    }
    if !MARKETS.contains(&market) {
        return Err(Failure::Symbol);
    }
    let stock = match f10::find(scene.market, symbol).ok_or(Failure::Symbol)? {
        Subject::Stock(stock) => Some(stock),
        Subject::Index => None,
    };
    Ok(valuation(scene.market, stock, multiple, interval, scene.at))
}
