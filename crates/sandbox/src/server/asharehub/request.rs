//! What a caller of AShareHub asks: a query string, checked the way FastAPI checks it.
//!
//! Parameters that a surface does not know are ignored without a word; so is `trade_date` on /v1.

use crate::asharehub::{Endpoint, Kind, Query, Required, Surface};
use chrono::{NaiveDate, NaiveDateTime};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Most codes in a basket of `market/realtime`.
const BASKET: usize = 200;
/// Rows on /v1 for callers who do not say how many.
const DEFAULT_LIMIT: usize = 100;

/// Why a parameter is refused, as an item of `detail`.
pub(super) type Problem = Value;

fn problem(kind: &str, name: &str, text: &str, input: Option<&str>) -> Problem {
    json!({"type": kind, "loc": ["query", name], "msg": text, "input": input})
}

/// Reads the parameters for an endpoint.
pub(super) fn read(endpoint: &Endpoint, surface: Surface, params: &BTreeMap<String, String>) -> Result<Query, Problem> {
    let sent = |name: &str| params.get(surface.name(name)).map(String::as_str);
    let missing = match endpoint.required {
        Required::Always(name) => Some(name),
        Required::OnV1(name) => Some(name).filter(|_| surface == Surface::V1),
        Required::Nothing => None,
    };
    if let Some(name) = missing.filter(|name| sent(name).is_none()) {
        return Err(problem("missing", surface.name(name), "Field required", None));
    }
    let mut query = Query { take: take(endpoint, surface, sent("limit"))?, ..Query::default() };
    if endpoint.offset || surface == Surface::V2 {
        query.skip = sent("offset").map_or(Ok(0), |text| whole("offset", text, 0, None))?;
    }
    query.start = sent("start_date").map(|text| moment(endpoint, surface, "start_date", text)).transpose()?;
    query.end = sent("end_date").map(|text| moment(endpoint, surface, "end_date", text)).transpose()?;
    if let (Some(text), "news/flash") = (sent("importance"), endpoint.path) {
        query.importance = i64::try_from(whole("importance", text, 0, None)?).ok();
    }
    let columns = endpoint.columns();
    let more = if surface == Surface::V2 { endpoint.filters_v2 } else { "" };
    for word in endpoint.filters.split(' ').chain(more.split(' ')).filter(|word| !word.is_empty()) {
        let (name, column) = word.split_once('=').unwrap_or((word, word));
        let Some(column) = columns.iter().find(|other| other.name == column) else {
            continue;
        };
        let Some(text) = sent(name).or(endpoint.code.filter(|_| name == "ts_code")) else {
            continue;
        };
        let values = match column.kind {
            Kind::Day => vec![day(surface, name, text)?],
            _ if name.ends_with("_code") => codes(endpoint, surface, name, text)?,
            _ => vec![text.to_owned()],
        };
        query.equal.push((column.name, values));
    }
    Ok(query)
}

/// How many rows: on /v2 all that are allowed, and whole directories, for callers who do not say.
fn take(endpoint: &Endpoint, surface: Surface, limit: Option<&str>) -> Result<usize, Problem> {
    match (limit, surface) {
        (Some(text), _) => whole("limit", text, 1, Some(endpoint.max)),
        (None, Surface::V1) => Ok(DEFAULT_LIMIT.min(endpoint.max)),
        (None, Surface::V2) if matches!(endpoint.path, "reference/stocks" | "reference/industries") => Ok(usize::MAX),
        (None, Surface::V2) => Ok(endpoint.max),
    }
}

fn whole(name: &str, text: &str, least: usize, most: Option<usize>) -> Result<usize, Problem> {
    let Ok(number) = text.trim().parse::<i64>() else {
        let reason = "Input should be a valid integer, unable to parse string as an integer";
        return Err(problem("int_parsing", name, reason, Some(text)));
    };
    match usize::try_from(number) {
        Ok(number) if number >= least && most.is_none_or(|most| number <= most) => Ok(number),
        Ok(number) if number >= least => {
            let most = most.unwrap_or_default();
            let reason = format!("Input should be less than or equal to {most}");
            Err(problem("less_than_equal", name, &reason, Some(text)))
        }
        _ => {
            let reason = format!("Input should be greater than or equal to {least}");
            Err(problem("greater_than_equal", name, &reason, Some(text)))
        }
    }
}

/// A day in the spelling of the surface, as /v1 writes it.
fn day(surface: Surface, name: &str, text: &str) -> Result<String, Problem> {
    let (form, length) = if surface == Surface::V1 { ("%Y-%m-%d", 10) } else { ("%Y%m%d", 8) };
    match NaiveDate::parse_from_str(text, form) {
        Ok(day) if text.len() == length => Ok(day.to_string()),
        _ => Err(problem("date_from_datetime_parsing", name, "Input should be a valid date or datetime", Some(text))),
    }
}

/// An end of the window; of news it may be a second.
fn moment(endpoint: &Endpoint, surface: Surface, name: &str, text: &str) -> Result<String, Problem> {
    let second = NaiveDateTime::parse_from_str(&text.replace(' ', "T"), "%Y-%m-%dT%H:%M:%S");
    match second {
        Ok(second) if endpoint.path == "news/flash" => Ok(second.format("%Y-%m-%dT%H:%M:%S").to_string()),
        _ => day(surface, name, text),
    }
}

/// The codes asked for. One that cannot be read has no rows on /v1 and is refused on /v2.
fn codes(endpoint: &Endpoint, surface: Surface, name: &str, text: &str) -> Result<Vec<String>, Problem> {
    let codes: Vec<&str> =
        if endpoint.path == "market/realtime" { text.split(',').map(str::trim).collect() } else { vec![text] };
    if codes.len() > BASKET {
        let reason = format!("At most {BASKET} codes");
        return Err(problem("too_long", surface.name(name), &reason, None));
    }
    let hong_kong = endpoint.path == "flows/southbound-holdings";
    let unreadable = |code: &&&str| {
        let (digits, suffix) = code.split_once('.').unwrap_or((code, ""));
        let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        !plain(digits) || !(plain(suffix) || hong_kong && suffix.is_empty())
    };
    if let (Some(code), Surface::V2) = (codes.iter().find(unreadable), surface) {
        return Err(problem("value_error", surface.name(name), "Unparseable symbol", Some(code)));
    }
    // Hong Kong's codes have no suffix in the rows.
    let bare = |code: &str| if hong_kong { code.trim_end_matches(".HK").to_owned() } else { code.to_owned() };
    Ok(codes.into_iter().map(bare).collect())
}
