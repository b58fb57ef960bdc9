//! Serves GETs for the three wires that use them: counts, admits and answers calls, and spoils some with faults.

use super::faults::Fault;
use super::shared::{Call, Denial, Rate, Shared};
use crate::Settings;
use crate::tables::Params;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// What is specific to a wire that uses GET.
pub(super) trait GetWire {
    fn interface(&self) -> Option<&str>;

    /// How often the vendor may be called.
    fn rate(&self, settings: &Settings) -> Rate;

    /// The status and body for a refused call.
    fn denied(&self, denial: &Denial) -> (StatusCode, String);

    /// The status and body for an admitted call; `number` counts the calls to the interface.
    fn answered(&self, shared: &Shared, params: &Params, number: u64) -> (StatusCode, String);

    /// The parameter that may carry the token instead of a header.
    fn token_param(&self) -> &'static str {
        ""
    }

    fn media_type(&self) -> &'static str {
        "application/json"
    }

    /// The header with the number of calls left.
    fn remaining(&self) -> Option<&'static str> {
        None
    }

    /// A reply with a fault.
    fn spoiled(&self, fault: Fault, body: String) -> Response {
        if fault == Fault::TooMany { self.too_often(1) } else { fault.respond(body) }
    }

    fn too_often(&self, wait: u64) -> Response {
        let reply = self.reply(self.denied(&Denial::TooOften(0, wait)));
        ([(header::RETRY_AFTER, wait.to_string())], reply).into_response()
    }

    fn reply(&self, (status, body): (StatusCode, String)) -> Response {
        (status, [(header::CONTENT_TYPE, self.media_type())], body).into_response()
    }
}

pub(super) fn answer(shared: &Shared, call: &Call<'_>, wire: &dyn GetWire) -> Response {
    let mut params = call.params();
    let later_page = params.get("offset").is_some_and(|offset| offset != "0");
    let name = format!("{}/{}", call.vendor.name, wire.interface().unwrap_or("unknown"));
    let (number, fault) = shared.count(&name, &call.uri.to_string(), later_page);
    let left = match admit(shared, call, wire, &params) {
        Ok(left) => left,
        Err(Denial::TooOften(_, wait)) => return wire.too_often(wait),
        Err(denial) => return wire.reply(wire.denied(&denial)),
    };
    if let Some(fault) = fault {
        fault.shift(&mut params);
    }
    let (status, body) = wire.answered(shared, &params, number);
    match (fault, wire.remaining()) {
        (Some(fault), _) => wire.spoiled(fault, body),
        (None, Some(name)) => ([(name, left.to_string())], wire.reply((status, body))).into_response(),
        (None, None) => wire.reply((status, body)),
    }
}

/// Admits a call and returns how many may follow it. Path, token and rate are checked in the vendors' order.
fn admit(shared: &Shared, call: &Call<'_>, wire: &dyn GetWire, params: &Params) -> Result<u32, Denial> {
    wire.interface().ok_or(Denial::Unknown)?;
    call.check_token(params.get(wire.token_param()).map(String::as_str))?;
    shared.pass(&call.vendor.name, wire.rate(&shared.settings))
}
