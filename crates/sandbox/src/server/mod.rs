//! The HTTP side, on loopback only: Tushare at the root, one handler for both endpoint forms, and the other
//! vendors below prefixes.
//!
//! It joins request, account, tables and reply; none of the rules are here.

mod account;
mod alphafin;
mod asharehub;
mod f10;
mod faults;
mod query;
mod reply;
mod request;
mod turnstile;

use super::market::moments::shanghai;
use super::tables::interface::Interface;
use super::{Market, Settings, TOKEN};
use account::Account;
use anyhow::Context;
use axum::extract::State;
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use axum::{Router, serve::ListenerExt};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use faults::{Fault, Faults};
use reply::{Refusal, request_id, write_rows};
use request::Request;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use turnstile::Turnstile;

/// A running sandbox. Dropping it stops the server: connections end after the reply under way.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<std::io::Result<()>>,
    /// Never sent to: the server stops when it is dropped.
    running: oneshot::Sender<()>,
}

impl Server {
    /// Base URL of Tushare, `http://127.0.0.1:PORT`. Calls go there or to any path below it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Base URL of a vendor: `tushare`, `asharehub`, `alphafin` or `f10`. None for one that is not spoken.
    #[must_use]
    pub fn url_of(&self, vendor: &str) -> Option<String> {
        match vendor {
            "tushare" => Some(self.url()),
            "asharehub" | "alphafin" | "f10" => Some(format!("{}/{vendor}", self.url())),
            _ => None,
        }
    }

    /// The vendors that are served.
    pub fn vendors(&self) -> impl Iterator<Item = &str> {
        ["tushare", "asharehub", "alphafin", "f10"].into_iter()
    }

    /// The token that every vendor accepts.
    #[must_use]
    pub fn token(&self) -> &str {
        TOKEN
    }

    /// Calls so far per interface name as sent, refused and faulty ones included; those of vendors other than
    /// Tushare as `asharehub/market_daily`.
    #[must_use]
    pub fn calls(&self) -> BTreeMap<String, u64> {
        self.shared.book().calls.clone()
    }

    /// Moves the vendor's clock, forwards or back.
    pub fn set_epoch(&self, epoch: DateTime<Utc>) {
        self.shared.book().epoch = Some(epoch);
    }

    /// Waits until the server ends, which by itself it does not; dropping the future stops it.
    ///
    /// # Errors
    /// When the server broke down.
    pub async fn join(self) -> anyhow::Result<()> {
        let Self { task, running, .. } = self;
        let ended = task.await;
        drop(running);
        ended.context("sandbox server panicked")?.context("sandbox server failed")
    }
}

/// Starts a server for `market` on 127.0.0.1 and `port`, any free one for 0.
///
/// # Errors
/// When the port cannot be had.
pub async fn serve(market: Arc<Market>, settings: Settings, port: u16) -> anyhow::Result<Server> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .with_context(|| format!("cannot listen on 127.0.0.1:{port}"))?;
    let address = listener.local_addr()?;
    let book = Book {
        serial: 0,
        calls: BTreeMap::new(),
        account: Account::new(&settings),
        faults: Faults::new(settings.faults),
        epoch: settings.epoch,
        quota: Turnstile::new(settings.quota, 24 * 3600),
        rate: Turnstile::new(if settings.rpm > 0 { 100 } else { 0 }, 60),
        pace: Turnstile::new(if settings.rpm > 0 { 10 } else { 0 }, 1),
    };
    let shared = Arc::new(Shared { market, settings, book: Mutex::new(book) });
    let router = Router::new()
        .route("/", post(answer))
        .route("/{*path}", post(answer))
        .route("/alphafin/{*path}", get(alphafin::answer))
        .route("/asharehub/{*path}", get(asharehub::answer))
        .route("/f10/{*path}", get(f10::answer))
        .route("/sandbox/epoch", put(move_clock).post(answer))
        .with_state(Arc::clone(&shared));
    let (running, stopped) = oneshot::channel::<()>();
    let listener = listener.tap_io(|stream| {
        // Only a matter of speed.
        let _ = stream.set_nodelay(true);
    });
    let server = axum::serve(listener, router).with_graceful_shutdown(async {
        let _ = stopped.await; // an error here means dropped, which is the signal
    });
    let task = tokio::spawn(async { server.await });
    Ok(Server { address, shared, task, running })
}

struct Shared {
    market: Arc<Market>,
    settings: Settings,
    book: Mutex<Book>,
}

/// What changes from call to call.
struct Book {
    serial: u64,
    calls: BTreeMap<String, u64>,
    account: Account,
    faults: Faults,
    /// Where the vendor's clock stands.
    epoch: Option<DateTime<Utc>>,
    /// AShareHub's calls of the day.
    quota: Turnstile,
    /// AlphaFin's calls of the minute.
    rate: Turnstile,
    /// F10's calls of the second.
    pace: Turnstile,
}

impl Shared {
    fn book(&self) -> std::sync::MutexGuard<'_, Book> {
        // Counters stay usable after a panic elsewhere.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call to another vendor than Tushare: how many there have been, and what goes wrong with it.
    fn count(&self, name: &str, attempt: &str, later_page: bool) -> (u64, Option<Fault>) {
        let mut book = self.book();
        let calls = book.calls.entry(name.to_owned()).or_default();
        *calls += 1;
        (*calls, book.faults.next(attempt, later_page))
    }

    /// Counts the call and decides its fate: its serial number, a fault, and the interface or a refusal.
    fn register(&self, request: &Request) -> (u64, Option<Fault>, Result<&Interface, Refusal>) {
        let mut book = self.book();
        book.serial += 1;
        *book.calls.entry(request.interface.clone()).or_default() += 1;
        let fault = book.faults.next(&request.attempt(), request.offset() > 0);
        (book.serial, fault, admit(&self.market, &mut book.account, request))
    }

    /// The vendor's text for an admitted call; `offset` may differ from the one asked for.
    fn rows(&self, serial: u64, interface: &Interface, request: &Request, offset: usize) -> String {
        let cap = interface.contract.call.cap.unwrap_or(usize::MAX).min(self.settings.cap.unwrap_or(usize::MAX));
        let take = request.limit().unwrap_or(usize::MAX).min(cap);
        let at = self.book().epoch.map(shanghai);
        let rows = interface.select(&self.market, at, &request.params, (offset, take));
        // As captured: true after any explicit limit, so useless as a hint.
        let has_more = request.limit().is_some() && !rows.is_empty();
        let id = request_id(self.settings.seed, serial);
        write_rows(serial, &id, &interface.names(), &request.columns(interface), &rows, has_more)
    }
}

/// Seconds of the wall clock, which vendors count calls by.
#[allow(clippy::disallowed_methods, reason = "the vendors' minutes and days are those of the wall clock")]
fn wall_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// The vendor's checks in its order: token, name, points, frequency, parameters.
fn admit<'m>(market: &'m Market, account: &mut Account, request: &Request) -> Result<&'m Interface, Refusal> {
    if request.token != TOKEN {
        return Err(Refusal::Token);
    }
    let interface = market.interface(&request.interface).ok_or(Refusal::UnknownInterface)?;
    account.admit(interface, wall_seconds() / 60)?;
    let missing = interface.missing(&request.params);
    if missing.is_empty() { Ok(interface) } else { Err(Refusal::Missing(missing.join("、"))) }
}

async fn answer(State(shared): State<Arc<Shared>>, uri: Uri, body: Bytes) -> Response {
    let request = match Request::read(uri.path(), &body) {
        Ok(request) => request,
        Err(error) => {
            return (StatusCode::BAD_REQUEST, format!("malformed request: {error}")).into_response();
        }
    };
    let (serial, fault, admitted) = shared.register(&request);
    let shift = usize::from(fault == Some(Fault::RepeatedRow));
    let reply = match admitted {
        Ok(interface) => shared.rows(serial, interface, &request, request.offset().saturating_sub(shift)),
        Err(refusal) => refusal.write(&request_id(shared.settings.seed, serial)),
    };
    match fault {
        Some(fault) => fault.respond(reply),
        None => ([(header::CONTENT_TYPE, "application/json")], reply).into_response(),
    }
}

/// Moves the vendor's clock to the RFC 3339 moment in the body.
async fn move_clock(State(shared): State<Arc<Shared>>, body: String) -> Response {
    match DateTime::parse_from_rfc3339(body.trim()) {
        Ok(epoch) => {
            shared.book().epoch = Some(epoch.to_utc());
            StatusCode::NO_CONTENT.into_response()
        }
        Err(error) => (StatusCode::BAD_REQUEST, format!("not an RFC 3339 moment: {error}")).into_response(),
    }
}
