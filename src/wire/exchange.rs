//! What goes over the wire in any format: a call, the request for one page of it, and what a reply means.

use serde_json::value::RawValue;

use crate::spec::{Paging, TokenIn};

/// One question to an interface, without its pages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The vendor's name of the interface.
    pub api: String,
    /// The interface's path, if the vendor gives each its own.
    pub path: Option<String>,
    /// Parameters, without the token and without paging.
    pub params: Vec<(String, String)>,
    /// The fields to reply with, comma-separated.
    pub fields: String,
    /// How the reply is split into pages.
    pub paging: Paging,
}

/// Which rows of the answer a page holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The most rows.
    pub limit: usize,
    /// The number of rows to skip.
    pub offset: usize,
}

/// What to send. Until [`Request::authorize`] its headers and body hold no secrets. It is never logged or kept.
#[derive(Debug, Default, PartialEq)]
pub struct Request {
    /// The URL with its query. Parts of `base_url` besides host and path may be secret.
    pub url: String,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// The JSON to post; `None` for a GET.
    pub body: Option<serde_json::Map<String, serde_json::Value>>,
}

impl Request {
    /// Puts the account's token in its place. An empty token is not sent.
    pub fn authorize(&mut self, token_in: &TokenIn, token: &str) {
        match token_in {
            _ if token.is_empty() => {}
            TokenIn::Header(name) => self.headers.push((name.clone(), token.to_owned())),
            TokenIn::Bearer => self.headers.push(("Authorization".to_owned(), format!("Bearer {token}"))),
            TokenIn::Body => {
                self.body.get_or_insert_default().insert("token".to_owned(), token.into());
            }
        }
    }
}

/// What came back.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// The HTTP status.
    pub status: u16,
    /// Seconds to wait before the next call, if the reply names them.
    pub retry_after: Option<u64>,
    /// The body.
    pub body: &'a [u8],
}

impl Received<'_> {
    /// Whether the status means success.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// The rows of one reply. They borrow from the reply and are still the vendor's text: see [`RowReader`](super::RowReader).
#[derive(Debug, Default)]
pub struct Page<'a> {
    /// Field names, in the order of each row's values.
    pub fields: Vec<String>,
    /// Each row: a list of values in the order of the fields, or an object.
    pub rows: Vec<&'a RawValue>,
}

/// Why a reply has no usable rows. The variants differ by what the caller can do about it.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
pub enum Refusal {
    /// Too many calls this minute: wait, then repeat the call.
    #[error("the vendor asks to slow down: {0}")]
    SlowDown(String),
    /// The interface's calls for this hour or day are used up.
    #[error("the interface's quota is used up: {0}")]
    QuotaSpent(String),
    /// The account's calls for this day are used up.
    #[error("the account's quota is used up: {0}")]
    AccountSpent(String),
    /// The account may not call this interface.
    #[error("the account has no access to this interface: {0}")]
    Forbidden(String),
    /// There is no interface at the path that was called.
    #[error("wrong path: {0}")]
    NoPath(String),
    /// The account may not call anything: wrong token, too many addresses.
    #[error("the account was rejected: {0}")]
    Rejected(String),
    /// The vendor does not know the security, or one of several.
    #[error("unknown security: {0}")]
    Unknown(String),
    /// The call is wrong.
    #[error("the vendor does not accept the call: {0}")]
    BadCall(String),
    /// Garbled, truncated, or a gateway's reply: the same call may succeed next time.
    #[error("unusable reply: {0}")]
    Transient(String),
}

/// A wire format: two pure functions.
pub trait Wire: Send + Sync + std::fmt::Debug {
    /// The request for one page, without the token.
    fn request(&self, base_url: &str, call: &Call, window: Window) -> Request;

    /// What a reply means.
    ///
    /// # Errors
    /// [`Refusal`], which says whether to wait, to retry, or what to stop.
    fn read<'a>(&self, reply: Received<'a>) -> Result<Page<'a>, Refusal>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authorized(token_in: &TokenIn, token: &str) -> Request {
        let mut request = Request { url: "http://a/".into(), ..Request::default() };
        request.authorize(token_in, token);
        request
    }

    #[test]
    fn the_token_goes_where_the_vendor_expects_it() {
        let header = authorized(&TokenIn::Header("X-API-Key".into()), "secret");
        assert_eq!(header.headers, [("X-API-Key".to_owned(), "secret".to_owned())]);
        let bearer = authorized(&TokenIn::Bearer, "secret");
        assert_eq!(bearer.headers, [("Authorization".to_owned(), "Bearer secret".to_owned())]);
        assert_eq!(authorized(&TokenIn::Body, "secret").body.unwrap()["token"], "secret");
    }

    #[test]
    fn an_empty_token_is_not_sent() {
        for token_in in [TokenIn::Header("X-API-Key".into()), TokenIn::Bearer, TokenIn::Body] {
            assert_eq!(authorized(&token_in, ""), Request { url: "http://a/".into(), ..Request::default() });
        }
    }
}
