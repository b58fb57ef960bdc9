//! F10's wire: two endpoints under two generations of paths, an envelope with `ret_code`, and limits per second.
//!
//! The token is optional, but must be right if sent. The contents of answers are in `crate::f10`.

use super::faults::Fault;
use super::get::GetWire;
use super::shared::{Call, Denial, Rate, Shared, filled};
use crate::Settings;
use crate::f10::valuation::{Multiple, valuation};
use crate::f10::{self, Subject, earnings};
use crate::tables::{Params, Scene};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

const LENGTH: usize = 32;
const EARNINGS: &str = "earnings_price_history";
/// Interfaces and their paths in the other generation.
const PATHS: [(&str, &str); 2] = [
    (EARNINGS, "/api/v1.0/quote/{symbol}/financials/earnings-price-history"),
    ("valuation_detail", "/api/v1.0/quote/{symbol}/valuation/detail"),
];

pub(super) struct F10<'a>(Option<(&'a str, &'a str)>);

/// The name and text of a failure.
type Failed = (&'static str, &'static str);

const UNKNOWN: Failed = ("invalid_symbol", "unknown symbol");
const NO_DATA: Failed = ("no_data", "no data");

impl<'a> F10<'a> {
    pub(super) fn new(shared: &'a Shared, call: &Call<'a>) -> Self {
        let other = || PATHS.iter().find_map(|(name, path)| Some((*name, filled(path, call.path)?)));
        let own = shared.contract(call).map(|(contract, symbol)| (contract.id.name.as_str(), symbol));
        Self(own.or_else(other))
    }
}

impl GetWire for F10<'_> {
    fn interface(&self) -> Option<&str> {
        Some(self.0?.0)
    }

    fn rate(&self, settings: &Settings) -> Rate {
        Rate { calls: if settings.rpm > 0 { 10 } else { 0 }, seconds: 1 }
    }

    /// The gateway's own refusals, which have no `ret_code`.
    fn denied(&self, denial: &Denial) -> (StatusCode, String) {
        let (status, code, text) = match denial {
            Denial::Unknown => return (StatusCode::NOT_FOUND, "404 page not found".to_owned()),
            Denial::TooOften(..) => (StatusCode::TOO_MANY_REQUESTS, 429_001, "too many requests"),
            _ => (StatusCode::UNAUTHORIZED, 401_001, "invalid token"),
        };
        (status, json!({"code": code, "message": text}).to_string())
    }

    fn answered(&self, shared: &Shared, params: &Params, _number: u64) -> (StatusCode, String) {
        let (interface, symbol) = self.0.unwrap_or_default();
        let data = match interface {
            EARNINGS => earnings_of(shared.scene(), symbol),
            _ => valuation_of(shared.scene(), symbol, params),
        };
        data.map_or_else(failure, |data| {
            (StatusCode::OK, json!({"ret_code": 0, "ret_msg": "success", "data": data}).to_string())
        })
    }

    fn remaining(&self) -> Option<&'static str> {
        Some("x-ratelimit-remaining")
    }

    fn spoiled(&self, fault: Fault, body: String) -> Response {
        match fault {
            Fault::TooMany => self.too_often(1),
            Fault::EmptyBody => self.reply(failure(("internal_error", "internal error"))),
            _ => fault.respond(body),
        }
    }
}

fn failure((name, text): Failed) -> (StatusCode, String) {
    let (status, code) = match name {
        "invalid_parameter" => (StatusCode::BAD_REQUEST, -3),
        "invalid_symbol" => (StatusCode::NOT_FOUND, -7),
        "unsupported" => (StatusCode::OK, -8),
        "no_data" => (StatusCode::OK, -10),
        _ => (StatusCode::OK, -6),
    };
    let error = json!({"code": name, "message": text});
    (status, json!({"ret_code": code, "ret_msg": text, "error": error}).to_string())
}

fn check(symbol: &str) -> Result<(), Failed> {
    let upper =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    let is_whole = symbol.split_once('.').is_some_and(|(market, code)| upper(market) && upper(code));
    if is_whole && symbol.len() <= LENGTH { Ok(()) } else { Err(("invalid_parameter", "malformed symbol")) }
}

fn earnings_of(scene: Scene<'_>, symbol: &str) -> Result<Value, Failed> {
    check(symbol)?;
    if !earnings::covers(symbol) {
        return Err(("unsupported", "market not supported"));
    }
    let records = match f10::find(scene.market, symbol).ok_or(UNKNOWN)? {
        Subject::Stock(stock) => earnings::records(scene.market, stock, scene.at),
        Subject::Index => Vec::new(),
    };
    if records.is_empty() { Err(NO_DATA) } else { Ok(json!({"records": records})) }
}

fn valuation_of(scene: Scene<'_>, symbol: &str, params: &Params) -> Result<Value, Failed> {
    check(symbol)?;
    let number = |name: &str, default: i64| {
        let text = params.get(name).map_or(Ok(default), |text| text.parse());
        text.map_err(|_| ("invalid_parameter", "not a number"))
    };
    let (kind, interval) = (number("valuation_type", 1)?, number("interval_type", 3)?);
    let multiple = Multiple::of_type(kind).ok_or(("invalid_parameter", "valuation_type out of range"))?;
    if !(1..=10).contains(&interval) {
        return Err(("invalid_parameter", "interval_type out of range"));
    }
    let stock = match f10::find(scene.market, symbol).ok_or(UNKNOWN)? {
        Subject::Stock(stock) => Some(stock),
        Subject::Index => None,
    };
    Ok(valuation(scene, stock, multiple, interval))
}
