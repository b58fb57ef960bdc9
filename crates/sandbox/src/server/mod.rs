//! The HTTP side, on loopback only: Tushare at the root, every other vendor below its name, each with its own wire.
//!
//! Calls are routed to vendors here; each wire's rules are in the module named after it.

mod alphafin;
mod f10;
mod faults;
mod get;
mod rest;
mod shared;
mod tushare;

use crate::{Market, Settings, TOKEN};
use alphafin::Alphafin;
use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::put;
use axum::serve::ListenerExt;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use f10::F10;
use pitlake_contract::WireFormat;
use rest::Rest;
use shared::{Call, Shared};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The vendors without a server, for calls within the process.
pub struct Desk(Arc<Shared>);

impl Desk {
    /// The vendors of `market`.
    #[must_use]
    pub fn new(market: Arc<Market>, settings: Settings) -> Self {
        Self(Arc::new(Shared::new(market, settings)))
    }

    /// What a server would reply to a GET, or to a POST with a body.
    ///
    /// # Errors
    /// When the URL or a header is malformed, or a fault interrupts the reply.
    pub async fn answer(
        &self,
        url: &str,
        headers: &[(String, String)],
        body: Option<String>,
    ) -> anyhow::Result<axum::http::Response<Bytes>> {
        let mut sent = HeaderMap::new();
        for (name, value) in headers {
            sent.insert(name.parse::<HeaderName>()?, value.parse()?);
        }
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let body = Bytes::from(body.unwrap_or_default());
        let (parts, body) = answer(State(Arc::clone(&self.0)), method, url.parse()?, sent, body).await.into_parts();
        Ok(axum::http::Response::from_parts(parts, axum::body::to_bytes(body, usize::MAX).await?))
    }
}

/// A running sandbox. Dropping it stops the server after replies in progress.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<std::io::Result<()>>,
    /// Nothing is ever sent: the server stops when this is dropped.
    running: oneshot::Sender<()>,
}

impl Server {
    /// Tushare's base URL, `http://127.0.0.1:PORT`. Any path below it works too.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The base URL of a vendor; `None` if it has no contracts.
    #[must_use]
    pub fn url_of(&self, vendor: &str) -> Option<String> {
        self.vendors().find(|other| *other == vendor)?;
        Some(if vendor == "tushare" { self.url() } else { format!("{}/{vendor}", self.url()) })
    }

    /// The vendors being served.
    pub fn vendors(&self) -> impl Iterator<Item = &str> {
        self.shared.vendors().map(|vendor| vendor.name.as_str())
    }

    /// The token that every vendor accepts.
    #[must_use]
    pub fn token(&self) -> &str {
        TOKEN
    }

    /// Calls so far by interface name as sent, including refused and faulty ones; those of vendors other than Tushare
    /// as `asharehub/market_daily`.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.shared.book().calls.clone()
    }

    /// Moves the vendor's clock, forwards or backwards.
    pub fn set_epoch(&self, epoch: DateTime<Utc>) {
        self.shared.book().epoch = Some(epoch);
    }

    /// Waits until the server ends, which it does not do by itself. Dropping the future stops it.
    ///
    /// # Errors
    /// When the server failed.
    pub async fn join(self) -> anyhow::Result<()> {
        let Self { task, running, .. } = self;
        let ended = task.await;
        drop(running);
        ended.context("the sandbox server panicked")?.context("the sandbox server failed")
    }
}

/// Starts a server for `market` on 127.0.0.1 and `port`; 0 picks a free one.
///
/// # Errors
/// When the port is not available.
pub async fn serve(market: Arc<Market>, settings: Settings, port: u16) -> anyhow::Result<Server> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .with_context(|| format!("cannot listen on 127.0.0.1:{port}"))?;
    let address = listener.local_addr()?;
    let shared = Arc::new(Shared::new(market, settings));
    let router = Router::new()
        .route("/sandbox/epoch", put(move_clock).post(answer))
        .fallback(answer)
        .with_state(Arc::clone(&shared));
    let (running, stopped) = oneshot::channel::<()>();
    let listener = listener.tap_io(|stream| {
        // Only affects speed.
        let _ = stream.set_nodelay(true);
    });
    let server = axum::serve(listener, router).with_graceful_shutdown(async {
        let _ = stopped.await; // an error here means dropped, which is the signal
    });
    let task = tokio::spawn(async { server.await });
    Ok(Server { address, shared, task, running })
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some((vendor, path)) = shared.addressed(uri.path()) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let call = Call { vendor, path, uri: &uri, headers: &headers };
    match (vendor.wire, method) {
        (WireFormat::Tushare, Method::POST) => tushare::answer(&shared, &call, &body),
        (WireFormat::Rest, Method::GET) => get::answer(&shared, &call, &Rest::new(&shared, &call)),
        (WireFormat::Alphafin, Method::GET) => get::answer(&shared, &call, &Alphafin::new(&shared, &call)),
        (WireFormat::F10, Method::GET) => get::answer(&shared, &call, &F10::new(&shared, &call)),
        _ => StatusCode::METHOD_NOT_ALLOWED.into_response(),
    }
}

/// Moves the vendors' clock to the RFC 3339 time in the body.
async fn move_clock(State(shared): State<Arc<Shared>>, body: String) -> Response {
    match DateTime::parse_from_rfc3339(body.trim()) {
        Ok(epoch) => {
            shared.book().epoch = Some(epoch.to_utc());
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, format!("not an RFC 3339 moment: {error}")).into_response(),
    }
}
