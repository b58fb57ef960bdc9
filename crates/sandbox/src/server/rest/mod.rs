//! The REST wire, as AShareHub speaks it: a key in a header, a quota by the day, bare arrays of objects, FastAPI's
//! refusals.
//!
//! Rows, fields and parameters of the endpoints are in `asharehub`.

mod request;

use super::faults::Fault;
use super::get::GetWire;
use super::meter::Rate;
use super::shared::{Call, Denial, Shared};
use crate::asharehub::{Endpoint, Query, Surface};
use crate::tables::asked::Params;
use crate::{Cell, Settings};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

/// The endpoint of the path, and the version of the path.
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
        let read = self.0.map(|(surface, endpoint)| (surface, endpoint, request::read(endpoint, surface, params)));
        match read {
            Some((surface, endpoint, Ok(query))) => (StatusCode::OK, rows(shared, surface, endpoint, &query)),
            Some((.., Err(problem))) => (StatusCode::UNPROCESSABLE_ENTITY, json!({"detail": [problem]}).to_string()),
            None => self.denied(&Denial::Unknown),
        }
    }

    /// Its 429 is for the day: no caller should try again.
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
