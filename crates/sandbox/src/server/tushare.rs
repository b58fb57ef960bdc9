//! The wire of Tushare: a POST with everything in its body, to the vendor's address or to any path below it.
//!
//! Points, calls a minute and parameters are checked here; how rows are written is in `reply`.

use super::meter::Rate;
use super::reply;
use super::request::TushareCall;
use super::shared::{Call, Denial, Shared};
use crate::Settings;
use crate::tables::served::Served;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use pitlake_contract::{Contract, Vendor};

pub(super) fn answer(shared: &Shared, call: &Call<'_>, body: &[u8]) -> Response {
    let mut request = match TushareCall::read(call.path, body) {
        Ok(request) => request,
        Err(error) => {
            return (StatusCode::BAD_REQUEST, format!("malformed request: {error}")).into_response();
        }
    };
    let name = match call.vendor.name.as_str() {
        "tushare" => request.interface.clone(),
        vendor => format!("{vendor}/{}", request.interface),
    };
    let attempt = format!("{name} {:?}", request.params);
    let (_, fault) = shared.count(&name, &attempt, request.rows("offset") > Some(0));
    let serial = {
        let mut book = shared.book();
        book.serial += 1;
        book.serial
    };
    let id = reply::request_id(shared.settings.seed, serial);
    let reply = match admit(shared, call, &name, &request) {
        Ok(interface) => {
            if let Some(fault) = fault {
                fault.shift(&mut request.params);
            }
            rows(shared, (serial, &id), interface, &request)
        }
        Err(denial) => reply::denied(&denial, &id),
    };
    match fault {
        Some(fault) => fault.respond(reply),
        None => ([(header::CONTENT_TYPE, "application/json")], reply).into_response(),
    }
}

/// The interface, or why not: the vendor checks token, name, points, calls a minute and parameters in this order.
fn admit<'a>(shared: &'a Shared, call: &Call<'_>, name: &str, request: &TushareCall) -> Result<&'a Served, Denial> {
    call.check_token(Some(&request.token))?;
    let interface = shared.scene().catalog.find(name).ok_or(Denial::Unknown)?;
    let (settings, contract) = (&shared.settings, &interface.contract);
    if settings.points < contract.points {
        return Err(Denial::Points);
    }
    shared.pass(name, rate(settings, call.vendor, contract))?;
    let missing = interface.missing(&request.params);
    if missing.is_empty() { Ok(interface) } else { Err(Denial::Missing(missing.join("、"))) }
}

fn rate(settings: &Settings, vendor: &Vendor, contract: &Contract) -> Rate {
    Rate { calls: settings.rpm.min(contract.requests_per_minute(vendor, settings.points)), seconds: 60 }
}

/// The vendor's text for an admitted call.
fn rows(shared: &Shared, (serial, id): (u64, &str), interface: &Served, request: &TushareCall) -> String {
    let cap = [interface.contract.call.cap, shared.settings.cap].into_iter().flatten().min();
    let (skip, limit) = (request.rows("offset").unwrap_or_default(), request.rows("limit").filter(|limit| *limit > 0));
    let take = limit.into_iter().chain(cap).min().unwrap_or(usize::MAX);
    let scene = shared.scene();
    let rows = interface.select(scene.market, scene.at, &request.params, (skip, take));
    // As captured: true after any explicit limit, so useless as a hint.
    let has_more = limit.is_some() && !rows.is_empty();
    let columns = request.columns(interface);
    let names: Vec<&str> = columns.iter().map(|column| interface.fields[*column].name.as_str()).collect();
    let sent: Vec<Vec<String>> =
        rows.iter().map(|row| columns.iter().map(|column| row[*column].written()).collect()).collect();
    reply::rows(serial, id, &names, &sent, has_more)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::catalog::Catalog;

    #[test]
    fn limits_follow_points_and_interface() {
        let catalog = Catalog::with(&[]);
        let vendor = catalog.contracts.vendor("tushare").unwrap();
        for (points, rpm, interface, expected) in [
            (120, 500, "daily", 50),
            (2000, 500, "daily", 200),
            (5000, 500, "daily", 500),
            (5000, 30, "daily", 30),
            (5000, 500, "stock_basic", 50),
            (5000, 0, "stock_basic", 0),
        ] {
            let settings = Settings { points, rpm, ..Settings::default() };
            let found = rate(&settings, vendor, &catalog.find(interface).unwrap().contract);
            assert_eq!(found.calls, expected, "{interface} with {points} points");
        }
    }
}
