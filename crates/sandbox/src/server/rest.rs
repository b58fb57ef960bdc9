//! The REST wire, as used by AShareHub: a key in a header, a daily quota, a query string validated like FastAPI does,
//! bare arrays of objects, and FastAPI's errors.
//!
//! Rows, fields and parameters of the endpoints are in `asharehub`. Unknown parameters are silently ignored, as is
//! `trade_date` on /v1.

use super::faults::Fault;
use super::get::GetWire;
use super::shared::{Call, Denial, Rate, Shared};
use crate::asharehub::{Endpoint, Query, Surface};
use crate::tables::Params;
use crate::{Cell, Settings};
use axum::http::StatusCode;
use axum::response::Response;
use chrono::NaiveDateTime;
use pitlake_contract::FieldType;
use serde_json::{Value, json};

/// The default number of rows on /v1.
const DEFAULT_LIMIT: usize = 100;
/// The largest `limit` if no cap is known.
const CAP: usize = 5000;

/// The endpoint and version of the path.
pub(super) struct Rest<'a>(Option<(Surface, &'a Endpoint)>);

impl<'a> Rest<'a> {
    pub(super) fn new(shared: &'a Shared, call: &Call<'_>) -> Self {
        let mut own = shared.endpoints.iter().filter(|endpoint| endpoint.contract.id.vendor == call.vendor.name);
        Self(own.find_map(|endpoint| Some((endpoint.surface(call.path)?, endpoint))))
    }
}

impl GetWire for Rest<'_> {
    fn interface(&self) -> Option<&str> {
        Some(&self.0?.1.contract.id.name)
    }

    fn rate(&self, settings: &Settings) -> Rate {
        Rate { calls: settings.quota, seconds: 24 * 3600 }
    }

    fn denied(&self, denial: &Denial) -> (StatusCode, String) {
        let (status, detail) = match denial {
            Denial::Unknown => (StatusCode::NOT_FOUND, "Not Found"),
            Denial::NoToken => (StatusCode::UNAUTHORIZED, "Missing API key"),
            Denial::TooOften(..) => (StatusCode::TOO_MANY_REQUESTS, "Daily request limit exceeded"),
            _ => (StatusCode::UNAUTHORIZED, "Invalid API key"),
        };
        (status, json!({"detail": detail}).to_string())
    }

    fn answered(&self, shared: &Shared, params: &Params, _number: u64) -> (StatusCode, String) {
        let read = self.0.map(|(surface, endpoint)| (surface, endpoint, read(endpoint, surface, params)));
        match read {
            Some((surface, endpoint, Ok(query))) => (StatusCode::OK, rows(shared, surface, endpoint, &query)),
            Some((.., Err(problem))) => (StatusCode::UNPROCESSABLE_ENTITY, json!({"detail": [problem]}).to_string()),
            None => self.denied(&Denial::Unknown),
        }
    }

    /// Its 429 is about the day, so callers would not retry.
    fn spoiled(&self, fault: Fault, body: String) -> Response {
        let fault = if fault == Fault::TooMany { Fault::Unavailable } else { fault };
        fault.respond(body)
    }

    fn too_often(&self, wait: u64) -> Response {
        self.reply(self.denied(&Denial::TooOften(0, wait)))
    }
}

fn rows(shared: &Shared, surface: Surface, endpoint: &Endpoint, query: &Query) -> String {
    let object = |row: &Vec<Cell>| {
        let cells = endpoint.fields.iter().zip(row).filter(|(field, _)| surface.sends(field));
        let members =
            cells.map(|(field, cell)| format!("\"{}\":{}", surface.name(&field.name), surface.written(field, cell)));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    };
    let objects: Vec<String> = endpoint.select(shared.scene(), query).iter().map(object).collect();
    format!("[{}]", objects.join(","))
}

/// Why a parameter is rejected, as an item of `detail`.
fn problem(kind: &str, name: &str, text: &str, input: Option<&str>) -> Value {
    json!({"type": kind, "loc": ["query", name], "msg": text, "input": input})
}

/// What a caller asks for, or why it is rejected.
fn read(endpoint: &Endpoint, surface: Surface, params: &Params) -> Result<Query, Value> {
    let sent = |name: &str| params.get(surface.name(name)).map(String::as_str);
    if let Some(name) = endpoint.required(surface).find(|name| sent(name).is_none()) {
        return Err(problem("missing", surface.name(name), "Field required", None));
    }
    let mut query = Query { take: take(endpoint, surface, sent("limit"))?, ..Query::default() };
    if endpoint.has_pages(surface) {
        query.skip = sent("offset").map_or(Ok(0), |text| whole("offset", text, 0, None))?;
    }
    query.start = sent("start_date").map(|text| moment(endpoint, surface, "start_date", text)).transpose()?;
    query.end = sent("end_date").map(|text| moment(endpoint, surface, "end_date", text)).transpose()?;
    if let (Some(text), Some(_)) = (sent("importance"), endpoint.place("importance")) {
        query.importance = i64::try_from(whole("importance", text, 0, None)?).ok();
    }
    for (name, field) in endpoint.filters(surface) {
        let default = endpoint.contract.call.default_of(name);
        if let (Some(text), Some(place)) = (sent(name).or(default), endpoint.place(field)) {
            let values = match endpoint.fields[place].kind {
                FieldType::Date => vec![day(surface, name, text)?],
                _ if name.ends_with("_code") => codes(endpoint, surface, name, text)?,
                _ => vec![text.to_owned()],
            };
            query.equal.push((place, values));
        }
    }
    Ok(query)
}

/// The number of rows. On /v2 the default is the maximum, and whole directories.
fn take(endpoint: &Endpoint, surface: Surface, limit: Option<&str>) -> Result<usize, Value> {
    let most = endpoint.contract.call.cap.unwrap_or(CAP);
    match (limit, surface) {
        (Some(text), _) => whole("limit", text, 1, Some(most)),
        (None, Surface::V1) => Ok(DEFAULT_LIMIT.min(most)),
        (None, Surface::V2) if endpoint.dated().is_none() && endpoint.origin.basket.is_none() => Ok(usize::MAX),
        (None, Surface::V2) => Ok(most),
    }
}

fn whole(name: &str, text: &str, least: usize, most: Option<usize>) -> Result<usize, Value> {
    let Ok(number) = text.trim().parse::<i64>() else {
        let reason = "Input should be a valid integer, unable to parse string as an integer";
        return Err(problem("int_parsing", name, reason, Some(text)));
    };
    match (usize::try_from(number), most) {
        (Ok(number), Some(most)) if number > most => {
            let reason = format!("Input should be less than or equal to {most}");
            Err(problem("less_than_equal", name, &reason, Some(text)))
        }
        (Ok(number), _) if number >= least => Ok(number),
        _ => {
            let reason = format!("Input should be greater than or equal to {least}");
            Err(problem("greater_than_equal", name, &reason, Some(text)))
        }
    }
}

/// A day spelled as in this version, converted to the spelling of /v1.
fn day(surface: Surface, name: &str, text: &str) -> Result<String, Value> {
    let reason = "Input should be a valid date or datetime";
    surface.day(text).ok_or_else(|| problem("date_from_datetime_parsing", name, reason, Some(text)))
}

/// An end of the window. If rows have times, it may include seconds.
fn moment(endpoint: &Endpoint, surface: Surface, name: &str, text: &str) -> Result<String, Value> {
    let timed = endpoint.dated().is_some_and(|place| endpoint.fields[place].kind == FieldType::Time);
    match NaiveDateTime::parse_from_str(&text.replace(' ', "T"), "%Y-%m-%dT%H:%M:%S") {
        Ok(second) if timed => Ok(second.format("%Y-%m-%dT%H:%M:%S").to_string()),
        _ => day(surface, name, text),
    }
}

/// The codes requested for a field. An unreadable code has no rows on /v1 and is rejected on /v2.
fn codes(endpoint: &Endpoint, surface: Surface, name: &str, text: &str) -> Result<Vec<String>, Value> {
    let codes: Vec<&str> = match endpoint.origin.basket {
        Some(_) => text.split(',').map(str::trim).collect(),
        None => vec![text],
    };
    if let Some(most) = endpoint.origin.basket.filter(|most| codes.len() > *most) {
        return Err(problem("too_long", surface.name(name), &format!("At most {most} codes"), None));
    }
    // Hong Kong codes have no suffix in the rows.
    let is_bare = endpoint.is_southbound();
    let unreadable = |code: &&&str| {
        let (digits, suffix) = code.split_once('.').unwrap_or((code, ""));
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        !plain(digits) || !(plain(suffix) || is_bare && suffix.is_empty())
    };
    if let (Some(code), Surface::V2) = (codes.iter().find(unreadable), surface) {
        return Err(problem("value_error", surface.name(name), "Unparseable symbol", Some(code)));
    }
    let bare = |code: &str| if is_bare { code.trim_end_matches(".HK").to_owned() } else { code.to_owned() };
    Ok(codes.into_iter().map(bare).collect())
}
