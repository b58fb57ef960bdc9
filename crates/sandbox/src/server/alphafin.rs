//! AlphaFin's side of the wire: one endpoint, an envelope with `code`, calls counted by the minute.
//!
//! Refusals come with a status of their own every other time, else inside HTTP 200. What statements hold is in
//! `sandbox::alphafin`.

use super::faults::Fault;
use super::query;
use super::shared::{Call, Shared, wall_seconds};
use crate::TOKEN;
use crate::alphafin::{self, Books, Period, find, statements};
use crate::market::Stock;
use crate::market::moments::Moment;
use crate::scene::Scene;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::NaiveDate;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Most symbols of a call.
const SYMBOLS: usize = 10;
/// Reports for callers who do not say how many, and most of them.
const LIMIT: usize = 5;
const MOST: usize = 20;

/// Why there is no `data`.
#[derive(Clone, Debug, PartialEq, Eq)]
enum NoStatement {
    /// One of the vendor's codes, its text and its status.
    Named(&'static str, String, StatusCode),
    /// A parameter that no code is for.
    Parameter(String),
}

impl NoStatement {
    fn named(code: &'static str, text: &str) -> Self {
        let missing = matches!(code, "invalid_symbol" | "no_data");
        Self::Named(code, text.to_owned(), if missing { StatusCode::NOT_FOUND } else { StatusCode::BAD_REQUEST })
    }

    /// The reply, with the vendor's envelope in HTTP 200 or with an error's.
    fn write(self, inside: bool) -> (StatusCode, Value) {
        match self {
            Self::Named(code, text, _) if inside => {
                (StatusCode::OK, json!({"code": code, "message": text, "data": null}))
            }
            Self::Named(code, text, status) => (status, json!({"error": {"code": code, "message": text}})),
            Self::Parameter(text) => (StatusCode::BAD_REQUEST, json!({"code": 400, "message": text, "data": null})),
        }
    }
}

/// Answers a GET.
pub(super) fn answer(shared: &Shared, call: &Call<'_>) -> Response {
    let contract = shared.scene().contract(&call.vendor.name, "income_statement");
    if contract.and_then(|contract| contract.path.as_deref()) != Some(call.path) {
        let _ = shared.count("alphafin/unknown", call.path, false);
        return reply(StatusCode::NOT_FOUND, &json!({"code": 404, "message": "Not Found", "data": null}));
    }
    let params = query::parameters(call.uri.query());
    let (number, fault) = shared.count("alphafin/income_statement", &call.uri.to_string(), false);
    let by_parameter = params.get("api_key").map(|key| key == TOKEN);
    if !call.has_token().or(by_parameter).unwrap_or(false) {
        return reply(StatusCode::UNAUTHORIZED, &json!({"code": 401, "message": "Invalid API key", "data": null}));
    }
    if let Err(wait) = shared.book().rate.pass(wall_seconds()) {
        return too_many(wait);
    }
    let (status, body) = match data(shared, &params) {
        Ok(data) => (StatusCode::OK, json!({"code": 200, "message": "success", "data": data})),
        Err(refusal) => refusal.write(number % 2 == 0),
    };
    match fault {
        Some(Fault::TooMany) => too_many(1),
        Some(fault) => fault.respond(body.to_string()),
        None => reply(status, &body),
    }
}

fn reply(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json; charset=utf-8")], body.to_string()).into_response()
}

fn too_many(wait: u64) -> Response {
    let body = json!({"code": 429, "message": "Rate limit exceeded", "data": null});
    ([(header::RETRY_AFTER, wait.to_string())], reply(StatusCode::TOO_MANY_REQUESTS, &body)).into_response()
}

/// What a caller wants of each company.
struct Wish {
    period: Period,
    books: Books,
    begin: Option<NaiveDate>,
    end: NaiveDate,
    /// Figures by name; none for all.
    fields: Option<Vec<String>>,
    limit: usize,
}

/// One object for one symbol, a list of them for several. One unknown symbol fails them all.
fn data(shared: &Shared, params: &BTreeMap<String, String>) -> Result<Value, NoStatement> {
    let scene = shared.scene();
    let symbols: Vec<&str> =
        params.get("symbol").map(|list| list.split(',').map(str::trim).collect()).unwrap_or_default();
    if symbols.len() > SYMBOLS {
        return Err(NoStatement::named("too_many_symbols", "at most 10 symbols"));
    }
    let wish = read(params, scene.at)?;
    let mut stocks: Vec<&Stock> = Vec::new();
    for symbol in &symbols {
        let stock = find(scene.market, symbol);
        let stock = stock.ok_or_else(|| NoStatement::named("invalid_symbol", &format!("invalid symbol: {symbol}")))?;
        if stocks.iter().all(|other| other.security.number != stock.security.number) {
            stocks.push(stock);
        }
    }
    if stocks.is_empty() {
        return Err(NoStatement::named("invalid_symbol", "symbol is required"));
    }
    let mut found: Vec<Value> = stocks.iter().filter_map(|stock| of_stock(scene, stock, &wish)).collect();
    match (found.len(), symbols.len()) {
        (0, _) => Err(NoStatement::named("no_data", "no data")),
        (_, 1) => Ok(found.remove(0)),
        _ => Ok(Value::Array(found)),
    }
}

fn read(params: &BTreeMap<String, String>, at: Option<Moment>) -> Result<Wish, NoStatement> {
    let sent = |name: &str| params.get(name).map(String::as_str);
    let period = Period::named(sent("period").unwrap_or("annual"));
    let books = Books::named(sent("report_type").unwrap_or("consolidated"));
    let day = |name: &str| {
        let read = |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d");
        sent(name).map(read).transpose().map_err(|_| NoStatement::Parameter(format!("{name} must be YYYY-MM-DD")))
    };
    let limit = sent("limit").map_or(Some(LIMIT), |text| text.parse().ok().filter(|limit| (1..=MOST).contains(limit)));
    let named = |list: &str| list.split(',').map(|name| name.trim().to_owned()).collect();
    Ok(Wish {
        period: period.ok_or_else(|| NoStatement::named("invalid_period", "invalid period"))?,
        books: books.ok_or_else(|| NoStatement::named("invalid_report_type", "invalid report_type"))?,
        begin: day("begin_date")?,
        end: day("end_date")?.unwrap_or_else(|| at.map_or(NaiveDate::MAX, |at| at.date())),
        fields: sent("fields").map(named),
        limit: limit.ok_or_else(|| NoStatement::Parameter(format!("limit must be between 1 and {MOST}")))?,
    })
}

/// A company with its statements; none without any.
fn of_stock(scene: Scene<'_>, stock: &Stock, wish: &Wish) -> Option<Value> {
    let inside = |day: &NaiveDate| wish.begin.is_none_or(|begin| *day >= begin) && *day <= wish.end;
    let statements: Vec<Map<String, Value>> = statements(scene, stock, wish.period, wish.books)
        .into_iter()
        .filter(|(day, _)| inside(day))
        .take(wish.limit)
        .map(|(_, mut statement)| {
            statement.retain(|name, _| wish.fields.as_ref().is_none_or(|fields| fields.contains(name)));
            statement
        })
        .collect();
    (!statements.is_empty()).then(|| alphafin::answer(stock, scene.at, &statements))
}
