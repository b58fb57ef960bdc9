//! Tushare's wire: a POST with everything in the body, to the vendor's address or any path below it. It is read as
//! leniently as by the vendor: unknown keys and parameters are ignored.
//!
//! Points, calls per minute and parameters are checked here. The reply is always HTTP 200, and is built as text so that
//! numbers keep their spelling.

use super::shared::{Call, Denial, Rate, Shared};
use crate::Settings;
use crate::market::Dice;
use crate::tables::Params;
use crate::tables::served::Served;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use pitlake_contract::{Contract, Vendor};
use serde::Deserialize;
use serde_json::{Map, Value};

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
    let id = request_id(shared.settings.seed, serial);
    let reply = match admit(shared, call, &name, &request) {
        Ok(interface) => {
            if let Some(fault) = fault {
                fault.shift(&mut request.params);
            }
            rows(shared, (serial, &id), interface, &request)
        }
        Err(denial) => denied(&denial, &id),
    };
    match fault {
        Some(fault) => fault.respond(reply),
        None => ([(header::CONTENT_TYPE, "application/json")], reply).into_response(),
    }
}

/// The interface, or why it is refused: the vendor checks token, name, points, calls per minute and parameters in this
/// order.
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

/// The vendor's reply to an admitted call.
fn rows(shared: &Shared, (serial, id): (u64, &str), interface: &Served, request: &TushareCall) -> String {
    let cap = [interface.contract.call.cap, shared.settings.cap].into_iter().flatten().min();
    let (skip, limit) = (request.rows("offset").unwrap_or_default(), request.rows("limit").filter(|limit| *limit > 0));
    let take = limit.into_iter().chain(cap).min().unwrap_or(usize::MAX);
    let scene = shared.scene();
    let rows = interface.select(scene.market, scene.at, &request.params, (skip, take));
    // As captured: true after any explicit limit, and therefore useless.
    let has_more = limit.is_some() && !rows.is_empty();
    let columns = request.columns(interface);
    let names: Vec<&str> = columns.iter().map(|column| interface.fields[*column].name.as_str()).collect();
    let sent: Vec<Vec<String>> =
        rows.iter().map(|row| columns.iter().map(|column| row[*column].written()).collect()).collect();
    written(serial, id, &names, &sent, has_more)
}

/// A call as received.
struct TushareCall {
    /// `api_name`, not validated.
    interface: String,
    token: String,
    params: Params,
    /// Columns by name; empty for the default ones.
    fields: Vec<String>,
}

#[derive(Deserialize)]
struct Body {
    api_name: Option<String>,
    token: Option<String>,
    params: Option<Map<String, Value>>,
    fields: Option<Fields>,
}

/// Documented as comma-separated text, but some of the vendor's samples pass a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum Fields {
    Text(String),
    List(Vec<String>),
}

impl TushareCall {
    /// Parses a body posted to `path`, whose last segment names the interface if the body does not.
    fn read(path: &str, body: &[u8]) -> serde_json::Result<Self> {
        let body: Body = serde_json::from_slice(body)?;
        let from_path = path.rsplit('/').next().unwrap_or_default();
        let fields = match body.fields {
            None => Vec::new(),
            Some(Fields::Text(text)) => text.split(',').map(str::to_owned).collect(),
            Some(Fields::List(list)) => list,
        };
        Ok(Self {
            interface: body.api_name.filter(|name| !name.is_empty()).unwrap_or_else(|| from_path.to_owned()),
            token: body.token.unwrap_or_default(),
            params: body.params.unwrap_or_default().into_iter().filter_map(param).collect(),
            fields: fields.iter().map(|field| field.trim().to_owned()).collect(),
        })
    }

    /// A number of rows: `limit` or `offset`.
    fn rows(&self, param: &str) -> Option<usize> {
        self.params.get(param)?.trim().parse().ok()
    }

    /// Indices of the columns to send: those named, in that order, silently leaving out unknown ones. The default
    /// columns if none are left.
    fn columns(&self, interface: &Served) -> Vec<usize> {
        let named: Vec<usize> = self.fields.iter().filter_map(|field| interface.column(field)).collect();
        if !named.is_empty() {
            return named;
        }
        (0..interface.fields.len()).filter(|column| !interface.fields[*column].hidden).collect()
    }
}

/// A parameter as text, whether sent as string, number or boolean.
fn param((name, value): (String, Value)) -> Option<(String, String)> {
    let text = match value {
        Value::String(text) => text,
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
        value => value.to_string(),
    };
    (!text.is_empty()).then_some((name, text))
}

/// The reply to a refused call. One code has several meanings that only differ by text.
fn denied(denial: &Denial, request_id: &str) -> String {
    const DETAILS: &str = "权限的具体详情访问：https://tushare.pro/document/1?doc_id=108。";
    let (code, text) = match denial {
        Denial::NoToken | Denial::WrongToken => (40101, "您的token不对，请确认。".to_owned()),
        Denial::Unknown => (40101, "请指定正确的接口名".to_owned()),
        Denial::Points => (40203, format!("抱歉，您没有接口访问权限，{DETAILS}")),
        Denial::TooOften(calls, _) => (40203, format!("抱歉，您每分钟最多访问该接口{calls}次，{DETAILS}")),
        Denial::Missing(names) => (-2001, format!("必填参数缺失，请至少输入一个参数：{names}")),
    };
    let text = Value::from(text);
    format!(r#"{{"request_id":"{request_id}","code":{code},"data":null,"msg":{text},"message":{text},"detail":null}}"#)
}

/// The reply with column names and rows of JSON.
fn written(serial: u64, request_id: &str, names: &[&str], rows: &[Vec<String>], has_more: bool) -> String {
    // Both kinds of empty messages were captured.
    let message = if serial.is_multiple_of(2) { "null" } else { r#""""# };
    let names = names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(",");
    let items = rows.iter().map(|row| format!("[{}]", row.join(","))).collect::<Vec<_>>().join(",");
    format!(
        r#"{{"request_id":"{request_id}","code":0,"msg":{message},"data":{{"fields":[{names}],"items":[{items}],"has_more":{has_more},"count":-1}}}}"#
    )
}

/// An id that looks like a random UUID, for the call with this serial number.
fn request_id(seed: u64, serial: u64) -> String {
    let moment = usize::try_from(serial).unwrap_or_default();
    let mut dice = Dice::new(seed, "request id", 0, moment);
    let mut digits = |bits: u32| dice.roll(0..1_u64 << bits);
    format!("{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}", digits(32), digits(16), digits(12), digits(12), digits(48))
}
