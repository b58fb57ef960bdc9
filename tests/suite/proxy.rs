//! A server between the program and the sandbox that answers some calls itself and passes on the rest, to simulate
//! refusals that the sandbox does not have.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;
use serde_json::value::RawValue;

/// Changes the rows of a reply.
pub(crate) type Change = Box<dyn FnOnce(&mut Rows)>;

/// What to do with a call.
pub(crate) enum Turn {
    /// Pass it to the sandbox.
    Pass,
    /// Reply with a status line, further headers with line ends, and a body.
    Reply(&'static str, &'static str, String),
    /// Pass it to the sandbox, and add headers to the reply.
    Dated(&'static str),
    /// Pass it to the sandbox, and change the rows of the reply.
    Change(Change),
    /// Pass another request to the sandbox in its place, and change the rows of the reply.
    Instead(Value, Change),
    /// Pass it to the sandbox, and close the connection in the middle of the body.
    Cut,
}

/// The rows of a reply of the `tushare` wire, with figures as written by the sandbox.
pub(crate) struct Rows {
    pub(crate) fields: Vec<String>,
    pub(crate) items: Vec<Vec<Box<RawValue>>>,
}

impl Rows {
    pub(crate) fn place(&self, field: &str) -> usize {
        self.fields.iter().position(|name| name == field).expect("a field of the reply")
    }

    /// Replaces a cell with JSON.
    pub(crate) fn set(&mut self, row: usize, field: &str, json: &str) {
        let place = self.place(field);
        self.items[row][place] = RawValue::from_string(json.to_owned()).expect("JSON");
    }

    /// The reply with changed rows. A reply without rows is unchanged.
    fn changed(body: Vec<u8>, change: impl FnOnce(&mut Self)) -> Vec<u8> {
        #[derive(serde::Deserialize)]
        struct Reply {
            data: Data,
        }
        #[derive(serde::Deserialize)]
        struct Data {
            fields: Vec<String>,
            items: Vec<Vec<Box<RawValue>>>,
        }
        let Ok(Reply { data: Data { fields, items } }) = serde_json::from_slice(&body) else { return body };
        let mut rows = Self { fields, items };
        if rows.items.is_empty() {
            return body;
        }
        change(&mut rows);
        let items = serde_json::to_string(&rows.items).expect("JSON");
        let fields = serde_json::to_string(&rows.fields).expect("JSON");
        format!(
            r#"{{"request_id":"1","code":0,"msg":"","data":{{"fields":{fields},"items":{items},"has_more":false}}}}"#
        )
        .into_bytes()
    }
}

impl Turn {
    /// The sandbox's answer with changed rows.
    pub(crate) fn change(change: impl FnOnce(&mut Rows) + 'static) -> Self {
        Self::Change(Box::new(change))
    }

    /// A reply with HTTP 200.
    pub(crate) fn ok(body: &str) -> Self {
        Self::Reply("200 OK", "", body.to_owned())
    }
}

/// The proxy, which runs until the process ends.
pub(crate) struct Proxy {
    /// Its URL.
    pub(crate) url: String,
    calls: Arc<Mutex<BTreeMap<String, u64>>>,
}

impl Proxy {
    /// Starts a proxy for the sandbox at `upstream`. `turn` receives the request of a call to the `tushare` wire, and
    /// the number of earlier calls to its interface.
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

    /// The number of calls so far to an interface.
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
    let turn = turn(&request, before);
    let is_cut = matches!(turn, Turn::Cut);
    let (status, headers, body) = match turn {
        Turn::Reply(status, headers, body) => (status.to_owned(), headers, body.into_bytes()),
        Turn::Pass | Turn::Cut => {
            let (status, body) = passed(upstream, &body);
            (status, "", body)
        }
        Turn::Dated(headers) => {
            let (status, body) = passed(upstream, &body);
            (status, headers, body)
        }
        Turn::Instead(request, change) => {
            let (status, body) = passed(upstream, request.to_string().as_bytes());
            (status, "", Rows::changed(body, change))
        }
        Turn::Change(change) => {
            let (status, body) = passed(upstream, &body);
            (status, "", Rows::changed(body, change))
        }
    };
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n", body.len());
    let sent = if is_cut { &body[..body.len() / 2] } else { &body[..] };
    let stream = reader.get_mut();
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(sent));
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
