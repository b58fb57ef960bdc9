//! The wire of Tushare: a POST with everything in its body, to the vendor's address or to any path below it.
//!
//! It joins request, account, tables and reply; none of their rules are here.

use super::faults::Fault;
use super::reply::{Denial, Page, request_id, write_rows};
use super::request::TushareCall;
use super::shared::{Call, Shared, wall_seconds};
use super::subscriber::Subscriber;
use crate::TOKEN;
use crate::tables::served::Served;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Answers a POST.
pub(super) fn answer(shared: &Shared, call: &Call<'_>, body: &[u8]) -> Response {
    let request = match TushareCall::read(call.path, body) {
        Ok(request) => request,
        Err(error) => {
            return (StatusCode::BAD_REQUEST, format!("malformed request: {error}")).into_response();
        }
    };
    let (serial, fault, admitted) = register(shared, call, &request);
    let shift = usize::from(fault == Some(Fault::RepeatedRow));
    let reply = match admitted {
        Ok(interface) => rows(shared, serial, interface, &request, request.offset().saturating_sub(shift)),
        Err(refusal) => refusal.write(&request_id(shared.settings.seed, serial)),
    };
    match fault {
        Some(fault) => fault.respond(reply),
        None => ([(header::CONTENT_TYPE, "application/json")], reply).into_response(),
    }
}

/// Counts the call and decides its fate: its serial number, a fault, and the interface or a refusal.
fn register<'a>(
    shared: &'a Shared,
    call: &Call<'_>,
    request: &TushareCall,
) -> (u64, Option<Fault>, Result<&'a Served, Denial>) {
    let name = if call.vendor.name == "tushare" {
        request.interface.clone()
    } else {
        format!("{}/{}", call.vendor.name, request.interface)
    };
    let interface = shared.scene().interface(&name);
    let mut book = shared.book();
    book.serial += 1;
    *book.calls.entry(name).or_default() += 1;
    let fault = book.faults.next(&request.attempt(), request.offset() > 0);
    let has_token = call.has_token().unwrap_or(request.token == TOKEN);
    let admitted = if has_token { admit(interface, &mut book.account, request) } else { Err(Denial::Token) };
    (book.serial, fault, admitted)
}

/// The vendor's checks in its order: name, points, frequency, parameters.
fn admit<'a>(
    interface: Option<&'a Served>,
    account: &mut Subscriber,
    request: &TushareCall,
) -> Result<&'a Served, Denial> {
    let interface = interface.ok_or(Denial::UnknownInterface)?;
    account.admit(interface, wall_seconds() / 60)?;
    let missing = interface.missing(&request.params);
    if missing.is_empty() { Ok(interface) } else { Err(Denial::Missing(missing.join("、"))) }
}

/// The vendor's text for an admitted call; `offset` may differ from the one asked for.
fn rows(shared: &Shared, serial: u64, interface: &Served, request: &TushareCall, offset: usize) -> String {
    let cap = [interface.contract.call.cap, shared.settings.cap].into_iter().flatten().min();
    let take = request.limit().into_iter().chain(cap).min().unwrap_or(usize::MAX);
    let scene = shared.scene();
    let rows = interface.select(scene.market, scene.at, &request.params, (offset, take));
    // As captured: true after any explicit limit, so useless as a hint.
    let has_more = request.limit().is_some() && !rows.is_empty();
    let id = request_id(shared.settings.seed, serial);
    let page = Page { names: &interface.names(), columns: &request.columns(interface), rows: &rows, has_more };
    write_rows(serial, &id, &page)
}
