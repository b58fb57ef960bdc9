//! A vendor that is in trouble and lies, and a record of the calls sent to it. When it does so is drawn in `chaos`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use pitlake_sandbox::Desk;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::chaos::Chaos;
use crate::fetch::in_process::{NoResponse, Vendor};
use crate::real;
use crate::wire::Request;

/// Interfaces for which the expected rows are known. Lies about others cannot be noticed.
const KNOWN: [&str; 2] = ["daily", "adj_factor"];

/// A security that is in no market.
pub(super) const NOBODY: &str = "603999.SH";

/// The vendor.
pub(super) struct Liar {
    pub(super) desk: Desk,
    pub(super) chaos: Arc<Chaos>,
    pub(super) run: Mutex<Calls>,
    /// When calls to each interface came, over all runs.
    pub(super) came: Mutex<BTreeMap<String, Vec<Instant>>>,
}

/// The calls of one run.
#[derive(Default)]
pub(super) struct Calls {
    /// Number of calls sent.
    pub(super) sent: usize,
    /// How often each call was answered honestly.
    pub(super) answered: BTreeMap<String, usize>,
    /// Interfaces it lied about.
    lied: BTreeSet<String>,
}

impl Calls {
    /// Calls that were answered more than once without reason.
    pub(super) fn repeated(&self) -> Vec<&String> {
        let of_liar = |call: &str| self.lied.iter().any(|api| call.starts_with(&format!("{api} ")));
        self.answered.iter().filter(|(call, times)| **times > 1 && !of_liar(call)).map(|(call, _)| call).collect()
    }
}

/// A reply with rows, with figures as written.
#[derive(Serialize, Deserialize)]
struct Reply {
    code: i64,
    msg: Option<String>,
    data: Rows,
}

#[derive(Serialize, Deserialize)]
struct Rows {
    fields: Vec<String>,
    items: Vec<Vec<Box<RawValue>>>,
    has_more: bool,
}

/// A reply, or none.
type Answer = Result<(u16, Vec<u8>, Option<u32>), NoResponse>;

impl Liar {
    pub(super) fn calls(&self) -> MutexGuard<'_, Calls> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The reply of a vendor in trouble: none, or an error, possibly with seconds to wait.
    async fn trouble(&self, honest: Vec<u8>) -> Answer {
        let text = |status: u16, text: &str| Ok((status, text.as_bytes().to_vec(), None));
        match self.chaos.below(10) {
            0 => Err(NoResponse::Unreachable("connection refused".into())),
            1 => Err(NoResponse::Broken("connection closed before message completed".into())),
            2 => {
                real::sleep(Duration::from_mins(1)).await;
                Err(NoResponse::Broken("operation timed out".into()))
            }
            3 => text(502, "<html>"),
            4 => text(500, ""),
            5 => text(200, r#"{"code":-1000,"msg":"系统内部错误","data":null}"#),
            6 => text(200, r#"{"code":40203,"msg":"查询数据失败，请稍后再试","data":null}"#),
            7 => Ok((429, b"busy".to_vec(), Some(1 + self.chaos.below(400)))),
            8 => text(200, ""),
            _ => Ok((200, honest[..honest.len() / 2].to_vec(), None)),
        }
    }

    /// Rows that are not the vendor's. `None` if there is nothing to lie about.
    fn lie(&self, honest: &[u8]) -> Option<Vec<u8>> {
        let mut reply: Reply = serde_json::from_slice(honest).ok()?;
        let Rows { fields, items, .. } = &mut reply.data;
        let count = u32::try_from(items.len()).ok().filter(|count| *count > 0)?;
        let place = |name: &str| fields.iter().position(|field| field == name);
        let row = self.chaos.below(count) as usize;
        let raw = |json: &str| RawValue::from_string(json.to_owned()).ok();
        match self.chaos.below(7) {
            0 => drop(items.remove(row)),
            1 => items.clear(),
            2 => items[row][place("trade_date")?] = raw("\"20240101\"")?,
            3 => items[row][place("adj_factor").or(place("vol"))?] = raw("\"nan\"")?,
            4 => {
                let mut twin = items[row].clone();
                twin[place("adj_factor").or(place("vol"))?] = raw("0.75")?;
                items.push(twin);
            }
            5 => items[row][place("ts_code")?] = raw(&format!("\"{NOBODY}\""))?,
            _ => {
                let column = place("adj_factor").or(place("vol"))?;
                fields.remove(column);
                for item in items {
                    item.remove(column);
                }
            }
        }
        serde_json::to_vec(&reply).ok()
    }
}

#[async_trait]
impl Vendor for Liar {
    async fn respond(&self, request: Request) -> Result<reqwest::Response, NoResponse> {
        let mut asked = Value::from(request.body.clone().unwrap_or_default());
        let api = asked["api_name"].as_str().unwrap_or_default().to_owned();
        if let Some(asked) = asked.as_object_mut() {
            asked.remove("token");
        }
        let call = format!("{api} {}", asked["params"]);
        self.calls().sent += 1;
        self.came.lock().unwrap_or_else(PoisonError::into_inner).entry(api.clone()).or_default().push(real::instant());
        real::sleep(Duration::from_millis(u64::from(5 + self.chaos.below(300)))).await;
        if self.chaos.step() {
            self.chaos.kill().await;
        }
        let body = request.body.map(|body| Value::from(body).to_string());
        let honest = self.desk.answer(&request.url, &request.headers, body).await;
        let mut response = honest.map_err(|error| NoResponse::Broken(format!("{error:#}")))?;
        let (status, honest) = (response.status().as_u16(), response.body().to_vec());
        let odds = self.chaos.odds();
        let (is_trouble, is_lie) = (self.chaos.is_in(odds.trouble), self.chaos.is_in(odds.lie));
        let lie = if is_lie && KNOWN.contains(&api.as_str()) { self.lie(&honest) } else { None };
        let (answer, told) = match lie {
            _ if is_trouble => (self.trouble(honest).await, "trouble"),
            Some(lie) => {
                self.calls().lied.insert(api);
                (Ok((status, lie, None)), "lie")
            }
            None => {
                *self.calls().answered.entry(call.clone()).or_default() += 1;
                (Ok((status, honest, None)), "rows")
            }
        };
        let shown = match &answer {
            Ok((status, body, _)) => format!("{status}, {} bytes", body.len()),
            Err(error) => format!("{error:?}"),
        };
        self.chaos.tell(&format!("call {call}: {told}, {shown}"));
        let (status, body, wait) = answer?;
        *response.status_mut() = reqwest::StatusCode::from_u16(status).expect("a status");
        if let Some(wait) = wait {
            response.headers_mut().insert("retry-after", wait.into());
        }
        Ok(response.map(|_| body).into())
    }
}
