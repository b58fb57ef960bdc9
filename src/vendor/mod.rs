//! What goes over a vendor's wire and what its bytes mean. Pure: no network, no clock, no store.
//!
//! A vendor is two pure functions, the request that asks for a page and the meaning of the reply;
//! [`crate::fetch`] sends, waits and retries for all of them.

mod alphafin;
mod asharehub;
mod f10;
mod rest;
mod tushare;

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::spec::Paging;

/// One question, pages aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The vendor's name of the interface.
    pub api: String,
    /// Where it lies, at vendors with a path for each.
    pub path: Option<String>,
    /// Parameters, without the secret and without paging.
    pub params: Vec<(String, String)>,
    /// The explicit list of fields.
    pub fields: String,
    /// How the answer is cut into pages.
    pub paging: Paging,
}

/// Which rows of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Most rows wanted.
    pub limit: usize,
    /// Rows to pass over.
    pub offset: usize,
}

/// What to send.
#[derive(Debug)]
pub struct Request {
    /// Where, with what is asked in the query where nothing is posted. Holds no secret.
    pub url: String,
    /// Headers. Some hold the secret: never logged, never kept.
    pub headers: Vec<(String, String)>,
    /// The JSON to post, else a GET. May hold the secret: never logged, never kept.
    pub body: Option<String>,
}

/// What came back.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// The HTTP status.
    pub status: u16,
    /// Seconds after which to come again, where the vendor says so.
    pub retry_after: Option<u64>,
    /// The body.
    pub body: &'a [u8],
}

/// One reply, understood. Values borrow from the reply and are still the vendor's text.
#[derive(Debug, Default)]
pub struct Page<'a> {
    /// Names, in the order of every row.
    pub fields: Vec<Cow<'a, str>>,
    /// Rows, one value a field; none where a row lacks it.
    pub rows: Vec<Vec<Option<&'a RawValue>>>,
}

/// Why a reply is not a page, said as what to do next (`reference/tushare.md` 2.3).
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum Refusal {
    /// Too many calls this minute. Wait it out, then ask the same again.
    #[error("the vendor asks to slow down: {0}")]
    SlowDown(String),
    /// The hour's or the day's calls of this interface are used up.
    #[error("the quota is spent: {0}")]
    QuotaSpent(String),
    /// The calls of the account are used up for the day.
    #[error("the account's calls are spent: {0}")]
    AccountSpent(String),
    /// The account may not ask this interface.
    #[error("no right to this interface: {0}")]
    Forbidden(String),
    /// Nothing lies where the interface was looked for.
    #[error("wrong path: {0}")]
    NoPath(String),
    /// The account may ask nothing: wrong token, too many addresses.
    #[error("the account was rejected: {0}")]
    Rejected(String),
    /// The vendor knows no such security; of several named in a call at least one.
    #[error("no such security: {0}")]
    Unknown(String),
    /// The call itself is wrong.
    #[error("the vendor does not accept the call: {0}")]
    BadCall(String),
    /// Garbled, cut, or a gateway's answer. The same call may do next time.
    #[error("no usable reply: {0}")]
    Transient(String),
}

/// A source of market data behind HTTP.
pub trait Vendor: Send + Sync + std::fmt::Debug {
    /// Where it listens when nobody says otherwise; none where only the account's owner knows.
    fn home(&self) -> Option<&'static str>;

    /// Whether it answers nobody without a token.
    fn needs_token(&self) -> bool {
        true
    }

    /// What to send for one page.
    fn request(&self, base_url: &str, call: &Call, window: Window, token: &str) -> Request;

    /// What a reply means.
    ///
    /// # Errors
    /// [`Refusal`] says whether to wait, to try again, or what to stop.
    fn read<'a>(&self, reply: Received<'a>) -> Result<Page<'a>, Refusal>;
}

/// The vendor of that name, where this version speaks its language.
#[must_use]
pub fn named(name: &str) -> Option<&'static dyn Vendor> {
    match name {
        "alphafin" => Some(&alphafin::AlphaFin),
        "asharehub" => Some(&asharehub::AShareHub),
        "f10" => Some(&f10::F10),
        "tushare" => Some(&tushare::Tushare),
        _ => None,
    }
}

/// Appends `{"name":value,…}` and a line end. Values stay byte for byte; JSON strings hold no raw
/// line breaks, so only breaks between tokens of a nested value become spaces.
pub fn push_object(out: &mut Vec<u8>, fields: &[Cow<'_, str>], row: &[Option<&RawValue>]) {
    out.push(b'{');
    let mut is_first = true;
    for (name, value) in fields.iter().zip(row) {
        let Some(value) = value else { continue };
        if !std::mem::take(&mut is_first) {
            out.push(b',');
        }
        push_string(out, name);
        out.push(b':');
        out.extend(value.get().bytes().map(|b| if b == b'\n' || b == b'\r' { b' ' } else { b }));
    }
    out.extend_from_slice(b"}\n");
}

fn push_string(out: &mut Vec<u8>, text: &str) {
    if text.bytes().all(|b| b >= b' ' && b != b'"' && b != b'\\') {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(serde_json::Value::from(text).to_string().as_bytes());
    }
}
