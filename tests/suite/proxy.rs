//! A server between the program and the sandbox: it answers some calls itself and passes the rest on. For vendors that
//! refuse in ways that the sandbox does not know.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

/// What becomes of a call.
pub(crate) enum Turn {
    /// The sandbox answers it.
    Pass,
    /// Status line, further headers, each with its line end, and body.
    Reply(&'static str, &'static str, String),
}

impl Turn {
    /// A reply with HTTP 200.
    pub(crate) fn ok(body: &str) -> Self {
        Self::Reply("200 OK", "", body.to_owned())
    }
}

/// The proxy. It ends with the process.
pub(crate) struct Proxy {
    /// Its address.
    pub(crate) url: String,
    calls: Arc<Mutex<BTreeMap<String, u64>>>,
}

impl Proxy {
    /// A proxy of the sandbox at `upstream`. `turn` sees the request of a call to the `tushare` wire, and how many of its
    /// interface came before it.
    pub(crate) fn start(upstream: &str, turn: impl Fn(&Value, u64) -> Turn + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let upstream = upstream.strip_prefix("http://").unwrap().trim_end_matches('/').to_owned();
        let calls: Arc<Mutex<BTreeMap<String, u64>>> = Arc::default();
        let (counted, turn) = (Arc::clone(&calls), Arc::new(turn));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (upstream, turn, calls) = (upstream.clone(), Arc::clone(&turn), Arc::clone(&counted));
                thread::spawn(move || serve(stream, &upstream, &calls, turn.as_ref()));
            }
        });
        Self { url, calls }
    }

    /// Calls so far, by interface.
    pub(crate) fn calls(&self, interface: &str) -> u64 {
        self.calls.lock().unwrap().get(interface).copied().unwrap_or(0)
    }
}

fn serve(stream: TcpStream, upstream: &str, calls: &Mutex<BTreeMap<String, u64>>, turn: &dyn Fn(&Value, u64) -> Turn) {
    let mut reader = BufReader::new(stream);
    let Some((_, body)) = message(&mut reader) else { return };
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    let before = {
        let mut calls = calls.lock().unwrap();
        let calls = calls.entry(request["api_name"].as_str().unwrap_or_default().to_owned()).or_default();
        *calls += 1;
        *calls - 1
    };
    let (status, headers, body) = match turn(&request, before) {
        Turn::Reply(status, headers, body) => (status.to_owned(), headers, body.into_bytes()),
        Turn::Pass => {
            let (status, body) = passed(upstream, &body);
            (status, "", body)
        }
    };
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    let stream = reader.get_mut();
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
}

/// The sandbox's status and body.
fn passed(upstream: &str, body: &[u8]) -> (String, Vec<u8>) {
    let mut stream = TcpStream::connect(upstream).expect("the sandbox listens");
    let head = format!(
        "POST / HTTP/1.1\r\nhost: {upstream}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).expect("the sandbox reads");
    let (first, body) = message(&mut BufReader::new(stream)).expect("the sandbox answers");
    (first.split_once(' ').map(|(_, status)| status.trim().to_owned()).unwrap_or_default(), body)
}

/// The first line and the body of an HTTP message with a length.
fn message(reader: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let (mut first, mut line, mut length) = (String::new(), String::new(), 0);
    reader.read_line(&mut first).ok().filter(|read| *read > 0)?;
    while reader.read_line(&mut line).is_ok_and(|read| read > 2) {
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((first, body))
}
