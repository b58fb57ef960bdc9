//! AShareHub's side of the wire: a key in a header, a quota by the day, bare arrays of objects, FastAPI's refusals.
//!
//! Rows, columns and parameters of the endpoints are in `sandbox::asharehub`.

mod request;

use super::faults::Fault;
use super::{Shared, query, wall_seconds};
use crate::TOKEN;
use crate::asharehub::{Endpoint, Query, Surface, find, name_of};
use crate::market::moments::shanghai;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::sync::Arc;

/// Answers a GET below the vendor's prefix.
pub(super) async fn answer(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().trim_start_matches("/asharehub/");
    let (version, path) = path.split_once('/').unwrap_or((path, ""));
    let params = query::parameters(uri.query());
    let later_page = params.get("offset").is_some_and(|offset| offset != "0");
    let name = format!("asharehub/{}", name_of(path));
    let (_, fault) = shared.count(&name, &format!("{uri}"), later_page);
    let (status, body) = match asked(&shared, version, path, &headers) {
        Err((status, detail)) => (status, json!({"detail": detail}).to_string()),
        Ok((surface, endpoint)) => match request::read(endpoint, surface, &params) {
            Err(problem) => (StatusCode::UNPROCESSABLE_ENTITY, json!({"detail": [problem]}).to_string()),
            Ok(mut query) => {
                let shift = usize::from(fault == Some(Fault::RepeatedRow));
                query.skip = query.skip.saturating_sub(shift);
                (StatusCode::OK, rows(&shared, surface, endpoint, &query))
            }
        },
    };
    match fault {
        // Its 429 is for the day: no caller should try again.
        Some(Fault::TooMany) => Fault::Unavailable.respond(body),
        Some(fault) if status == StatusCode::OK => fault.respond(body),
        _ => (status, [(header::CONTENT_TYPE, "application/json")], body).into_response(),
    }
}

/// The endpoint a call may have, or why not: path, key and quota in the vendor's order.
fn asked(
    shared: &Shared,
    version: &str,
    path: &str,
    headers: &HeaderMap,
) -> Result<(Surface, &'static Endpoint), (StatusCode, Value)> {
    let surface = match version {
        "v1" => Some(Surface::V1),
        "v2" => Some(Surface::V2),
        _ => None,
    };
    let (Some(surface), Some(endpoint)) = (surface, find(path)) else {
        return Err((StatusCode::NOT_FOUND, json!("Not Found")));
    };
    match headers.get("x-api-key").map(|key| key.as_bytes() == TOKEN.as_bytes()) {
        None => return Err((StatusCode::UNAUTHORIZED, json!("Missing API key"))),
        Some(false) => return Err((StatusCode::UNAUTHORIZED, json!("Invalid API key"))),
        Some(true) => {}
    }
    if shared.book().quota.pass(wall_seconds()).is_err() {
        return Err((StatusCode::TOO_MANY_REQUESTS, json!("Daily request limit exceeded")));
    }
    Ok((surface, endpoint))
}

fn rows(shared: &Shared, surface: Surface, endpoint: &Endpoint, query: &Query) -> String {
    let at = shared.book().epoch.map(shanghai);
    let columns = endpoint.columns();
    let names: Vec<String> = columns.iter().map(|column| format!("\"{}\":", surface.name(column.name))).collect();
    let mut out = String::from("[");
    for (index, row) in endpoint.select(&shared.market, at, query).iter().enumerate() {
        out.push_str(if index == 0 { "{" } else { ",{" });
        let sent = columns.iter().zip(&names).zip(row).filter(|((column, _), _)| surface.sends(column));
        for (place, ((column, name), cell)) in sent.enumerate() {
            if place > 0 {
                out.push(',');
            }
            out.push_str(name);
            surface.write(column.kind, cell, &mut out);
        }
        out.push('}');
    }
    out.push(']');
    out
}
