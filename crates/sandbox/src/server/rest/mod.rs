//! The REST wire, as AShareHub speaks it: a key in a header, a quota by the day, bare arrays of objects, FastAPI's
//! refusals.
//!
//! Rows, fields and parameters of the endpoints are in `asharehub`.

mod request;

use super::faults::Fault;
use super::query;
use super::shared::{Call, Shared, wall_seconds};
use crate::asharehub::{Endpoint, Query, Surface};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// Answers a GET.
pub(super) fn answer(shared: &Shared, call: &Call<'_>) -> Response {
    let params = query::parameters(call.uri.query());
    let later_page = params.get("offset").is_some_and(|offset| offset != "0");
    let found = find(shared, call);
    let name =
        found.map_or_else(|| call.path.replace(['/', '-'], "_"), |(_, endpoint)| endpoint.contract.id.name.clone());
    let (_, fault) = shared.count(&format!("{}/{name}", call.vendor.name), &call.uri.to_string(), later_page);
    let (status, body) = match admit(shared, call, found) {
        Err((status, detail)) => (status, json!({"detail": detail}).to_string()),
        Ok((surface, endpoint)) => match request::read(endpoint, surface, &params) {
            Err(problem) => (StatusCode::UNPROCESSABLE_ENTITY, json!({"detail": [problem]}).to_string()),
            Ok(mut query) => {
                let shift = usize::from(fault == Some(Fault::RepeatedRow));
                query.skip = query.skip.saturating_sub(shift);
                (StatusCode::OK, rows(shared, surface, endpoint, &query))
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

/// The endpoint of a path, and the version of the path.
fn find<'a>(shared: &'a Shared, call: &Call<'_>) -> Option<(Surface, &'a Endpoint)> {
    let mut own = shared.endpoints.iter().filter(|endpoint| endpoint.contract.id.vendor == call.vendor.name);
    own.find_map(|endpoint| Some((endpoint.surface(call.path)?, endpoint)))
}

/// The endpoint, or why a call may not have it: path, key and quota in the vendor's order.
fn admit<'a>(
    shared: &Shared,
    call: &Call<'_>,
    found: Option<(Surface, &'a Endpoint)>,
) -> Result<(Surface, &'a Endpoint), (StatusCode, Value)> {
    let found = found.ok_or((StatusCode::NOT_FOUND, json!("Not Found")))?;
    match call.has_token() {
        None if call.vendor.needs_token => return Err((StatusCode::UNAUTHORIZED, json!("Missing API key"))),
        Some(false) => return Err((StatusCode::UNAUTHORIZED, json!("Invalid API key"))),
        None | Some(true) => {}
    }
    if shared.book().quota(&call.vendor.name).pass(wall_seconds()).is_err() {
        return Err((StatusCode::TOO_MANY_REQUESTS, json!("Daily request limit exceeded")));
    }
    Ok(found)
}

fn rows(shared: &Shared, surface: Surface, endpoint: &Endpoint, query: &Query) -> String {
    let names: Vec<String> =
        endpoint.fields.iter().map(|field| format!("\"{}\":", surface.name(&field.name))).collect();
    let mut out = String::from("[");
    for (index, row) in endpoint.select(shared.scene(), query).iter().enumerate() {
        out.push_str(if index == 0 { "{" } else { ",{" });
        let sent = (0..row.len()).filter(|place| surface.sends(&endpoint.fields[*place]));
        for (ordinal, place) in sent.enumerate() {
            if ordinal > 0 {
                out.push(',');
            }
            out.push_str(&names[place]);
            surface.write(endpoint.forms[place], &row[place], &mut out);
        }
        out.push('}');
    }
    out.push(']');
    out
}
