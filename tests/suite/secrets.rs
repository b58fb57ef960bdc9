//! An account's secrets: a vendor that knows them and echoes them in every possible way learns nothing more and cannot
//! make us print them.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::{fs, thread};

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};

use crate::support::{NOW, Place, texts};

/// Part of every secret.
const MARK: &str = "S3cr3t";
/// User and password, as sent by a browser.
const BASIC: &str = "UzNjcjN0VXNlcjpTM2NyM3RQYXNz";
const VENDORS: [&str; 4] = ["tushare", "asharehub", "alphafin", "f10"];
const TABLES: [&str; 4] = ["adj_factor", "asharehub_news_flash", "alphafin_income_statement", "f10_valuation_snapshot"];

/// How the vendor answers: the status, whether in JSON escapes, and in which form.
#[derive(Debug, Clone, Copy)]
struct Manner {
    status: &'static str,
    escaped: bool,
    form: Form,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Form {
    /// A message, under all names that the wires have for it.
    Message,
    /// Rows, all of whose values are the request.
    Rows,
    /// Not JSON.
    Page,
    /// A truncated body.
    Cut,
}

/// A whole request, as the vendor reads it.
fn request(stream: &TcpStream) -> Option<(String, String)> {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let begins = head.len();
        reader.read_line(&mut head).ok().filter(|read| *read > 0)?;
        let line = head[begins..].to_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((head, String::from_utf8(body).ok()?))
}

/// A text as a JSON string, with every character escaped or none.
fn quoted(text: &str, escaped: bool) -> String {
    if !escaped {
        return Value::from(text).to_string();
    }
    let escape = |c: char| if c == '/' { r"\/".to_owned() } else { format!(r"\u{:04x}", u32::from(c)) };
    format!("\"{}\"", text.chars().filter(char::is_ascii).map(escape).collect::<String>())
}

fn reply(manner: Manner, (head, body): &(String, String)) -> String {
    let echo = quoted(&format!("{head}{body}"), manner.escaped);
    let fields = serde_json::from_str::<Value>(body).ok().and_then(|body| body["fields"].as_str().map(str::to_owned));
    let fields = fields.unwrap_or_else(|| "ts_code,trade_date,title".to_owned());
    let names: Vec<&str> = fields.split(',').collect();
    match manner.form {
        Form::Page => format!("<html>{head}{body}</html>"),
        Form::Message | Form::Cut => {
            let all = ["msg", "message", "detail", "ret_msg"].map(|name| format!("\"{name}\":{echo}")).join(",");
            format!("{{\"code\":40203,\"ret_code\":-2,{all},\"data\":null}}")
        }
        Form::Rows if head.starts_with("POST") => {
            let row = vec![echo; names.len()].join(",");
            format!("{{\"code\":0,\"data\":{{\"fields\":{},\"items\":[[{row}]]}}}}", json!(names))
        }
        Form::Rows => {
            let row = names.iter().map(|name| format!("\"{name}\":{echo}")).collect::<Vec<_>>().join(",");
            if head.contains("/news") || head.contains("/market") || head.contains("/basic") {
                format!("[{{{row}}}]")
            } else {
                format!("{{\"code\":200,\"ret_code\":0,\"data\":{{{row}}}}}")
            }
        }
    }
}

/// A vendor for all wires that echoes requests, and where it redirects its callers.
struct Echo {
    port: u16,
    manner: Arc<Mutex<Manner>>,
    /// Calls that followed a redirect.
    followed: Arc<AtomicUsize>,
    asked: Arc<AtomicUsize>,
}

impl Echo {
    fn start() -> Self {
        let (here, elsewhere) = (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
        let (port, other) = (here.local_addr().unwrap().port(), elsewhere.local_addr().unwrap().port());
        let manner = Manner { status: "403 Forbidden", escaped: false, form: Form::Message };
        let echo = Self { port, manner: Arc::new(Mutex::new(manner)), followed: Arc::default(), asked: Arc::default() };
        let (manner, asked, followed) = (Arc::clone(&echo.manner), Arc::clone(&echo.asked), Arc::clone(&echo.followed));
        thread::spawn(move || {
            elsewhere.incoming().for_each(|_| {
                followed.fetch_add(1, Ordering::Relaxed);
            });
        });
        thread::spawn(move || {
            for stream in here.incoming().flatten() {
                let (manner, asked) = (*manner.lock().unwrap(), Arc::clone(&asked));
                thread::spawn(move || {
                    let Some(request) = request(&stream) else { return };
                    asked.fetch_add(1, Ordering::Relaxed);
                    let body = reply(manner, &request);
                    let more = if manner.form == Form::Cut { 99 } else { 0 };
                    let head = format!(
                        "HTTP/1.1 {}\r\nlocation: http://localhost:{other}/?{MARK}\r\ncontent-length: {}\r\n\
                         connection: close\r\n\r\n{body}",
                        manner.status,
                        body.len() + more
                    );
                    let _ = (&stream).write_all(head.as_bytes());
                });
            }
        });
        echo
    }

    /// An account at each vendor, with a secret in every possible place.
    fn accounts(&self) -> Vec<String> {
        let port = self.port;
        let account = |name: &&str| {
            format!(
                "[vendors.{name}]\nbase_url = \"http://{MARK}User:{MARK}Pass@127.0.0.1:{port}/{name}?key={MARK}Query\"\n\
                 points = 5000\nheaders = {{ \"X-Gateway\" = \"Key {MARK}/Header\" }}\n"
            )
        };
        VENDORS.iter().map(account).collect()
    }
}

/// Checks everything a person or a program could read: the output of a command, and every file of the lake,
/// decompressed.
fn assert_untold(place: &Place, args: &[&str]) {
    let token = place.path("token.txt");
    let output = place
        .command(args)
        .env("RUST_LOG", "trace")
        .env_remove("ASHAREHUB_API_KEY")
        .env("ASHAREHUB_API_KEY_FILE", &token)
        .output()
        .unwrap();
    let told = |what: &str, bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        for secret in [MARK, BASIC] {
            if let Some(at) = text.find(secret) {
                let start = (0..at.saturating_sub(200)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
                panic!("{args:?}: {what} tells a secret: …{}", &text[start..at + secret.len()]);
            }
        }
    };
    told("stdout", &output.stdout);
    told("stderr", &output.stderr);
    for (path, body) in place.files("") {
        told(&path, path.as_bytes());
        told(&path, &body);
        if path.strip_suffix(".gz").is_some() {
            let mut text = Vec::new();
            flate2::read::MultiGzDecoder::new(&body[..]).read_to_end(&mut text).unwrap();
            told(&path, &text);
        } else if path.strip_suffix(".parquet").is_some() {
            let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(body)).unwrap();
            for batch in reader.build().unwrap() {
                told(&path, format!("{:?}", texts(&batch.unwrap())).as_bytes());
            }
        }
    }
}

/// A vendor that echoes, and a place with accounts and something to fetch.
fn place() -> (Echo, Place) {
    let echo = Echo::start();
    let place = Place { token: format!("{MARK}/Token"), ..Place::at("http://127.0.0.1:9") };
    place.accounts(&echo.accounts());
    fs::write(place.path("token.txt"), format!("{MARK}/File\n")).unwrap();
    let rows = "exchange,cal_date,is_open,pretrade_date\nSSE,20230103,1,20221230\nSSE,20230104,1,20230103\n";
    fs::write(place.path("days.csv"), rows).unwrap();
    assert_untold(&place, &["import", "--interface", "tushare/trade_cal", "days.csv", "--now", NOW]);
    let securities = "ts_code,symbol,name,list_status,list_date\n600519.SH,600519,a,L,20010827\n";
    fs::write(place.path("list.csv"), securities).unwrap();
    assert_untold(&place, &["import", "--interface", "tushare/stock_basic", "list.csv", "--now", NOW]);
    (echo, place)
}

/// Lets the vendor answer a command in one form, plain and escaped.
fn assert_untold_of(status: &'static str, form: Form, args: &[&str]) {
    let (echo, place) = place();
    for escaped in [false, true] {
        *echo.manner.lock().unwrap() = Manner { status, escaped, form };
        let before = echo.asked.load(Ordering::Relaxed);
        assert_untold(&place, args);
        assert!(echo.asked.load(Ordering::Relaxed) > before, "{status} {form:?}: no call was made");
    }
    assert_eq!(echo.followed.load(Ordering::Relaxed), 0, "a call followed a redirect to another host");
}

#[test]
fn nothing_tells_a_secret_whatever_a_vendor_does() {
    let range = ["--start", "2023-01-03", "--end", "2023-01-03", "--now", NOW];
    let fetch = [&["backfill"], &TABLES[..], &range].concat();
    // Retries take long, so a single call to each wire is enough.
    let probe = [&["doctor"], &TABLES[..]].concat();
    let manners = [
        ("200 OK", Form::Message, &fetch),
        ("200 OK", Form::Rows, &fetch),
        ("301 Moved Permanently", Form::Message, &fetch),
        ("307 Temporary Redirect", Form::Page, &fetch),
        ("400 Bad Request", Form::Message, &probe),
        ("401 Unauthorized", Form::Message, &fetch),
        ("403 Forbidden", Form::Page, &fetch),
        ("404 Not Found", Form::Message, &fetch),
        ("422 Unprocessable", Form::Message, &probe),
        ("429 Too Many", Form::Message, &probe),
        ("500 Broken", Form::Message, &probe),
        ("502 Bad Gateway", Form::Page, &probe),
        ("200 OK", Form::Page, &fetch),
        ("200 OK", Form::Cut, &probe),
    ];
    // They spend most of the time waiting.
    thread::scope(|scope| {
        for (status, form, args) in manners {
            scope.spawn(move || assert_untold_of(status, form, args));
        }
    });
}

#[test]
fn no_command_tells_a_secret() {
    let (echo, place) = place();
    *echo.manner.lock().unwrap() = Manner { status: "403 Forbidden", escaped: true, form: Form::Message };
    for args in EVERY {
        assert_untold(&place, args);
    }
    let ran: BTreeSet<&str> = EVERY.iter().map(|args| args[0]).chain(["import"]).collect();
    // The sandbox and the demo have no account.
    let help = place.expect(0, &["help"]);
    let commands = help.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1);
    let commands = commands.take_while(|line| !line.starts_with("Options"));
    let commands: BTreeSet<&str> = commands
        .filter(|line| line.starts_with("  ") && !line.starts_with("    "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let left: Vec<_> = commands.difference(&ran).filter(|name| !["sandbox", "demo", "help"].contains(name)).collect();
    assert!(left.is_empty() && commands.len() > 10, "not tried: {left:?} of {commands:?}");
}

/// The commands that call no vendor, and the others with an unreachable vendor.
const EVERY: [&[&str]; 26] = [
    &["backfill", "adj_factor", "--start", "2023-01-03", "--end", "2023-01-04"],
    &["doctor"],
    &["status"],
    &["status", "--format", "json"],
    &["status", "--html", "page.html"],
    &["plan", "adj_factor", "--start", "2023-01-03", "--end", "2023-01-04"],
    &["run"],
    &["fetch", "stock_basic_cn"],
    &["normalize", "--full"],
    &["rejects"],
    &["diff", "adj_factor"],
    &["check"],
    &["verify"],
    &["query", "SELECT * FROM trade_cal"],
    &["query", "SELECT nothing FROM nowhere"],
    &["tables"],
    &["tables", "adj_factor"],
    &["config"],
    &["config", "check"],
    &["config", "show"],
    &["schedule"],
    &["schedule", "--format", "cron"],
    &["completions", "bash"],
    &["man"],
    &["status", "--lake", "typo"],
    &["query", "SELECT * FROM stock_basic_cn", "--format", "csv"],
];

#[test]
fn a_configuration_with_a_mistake_shows_none_of_its_secrets() {
    let place = Place::at("http://127.0.0.1:9");
    fs::write(place.path("token.txt"), format!("{MARK}/File\n")).unwrap();
    for lines in [
        "base_url = \"S3cr3tUser:S3cr3tPass@host\"",
        "base_url = \"https://S3cr3tUser:S3cr3tPass@host:99999/?key=S3cr3tQuery\"",
        "base_url = \"https://S3cr3tUser:S3cr3tPass@a b\"",
        "token_env = \"S3cr3t/Token\"",
        "headers = { \"X-Key\" = \"S3cr3tHeader\"",
        "headers = { \"X-Key\" = 5, \"X-Other\" = \"S3cr3tHeader\" }",
        "headers = \"S3cr3tHeader\"",
        "points = \"S3cr3tHeader\"",
    ] {
        place.accounts(&[format!("[vendors.tushare]\n{lines}\n")]);
        for args in [&["fetch", "trade_cal"][..], &["config", "check"], &["status"], &["doctor"]] {
            assert_untold(&place, args);
        }
        let code = place.run(&["fetch", "trade_cal", "--now", NOW]).status.code();
        assert_eq!(code, Some(2), "{lines}");
    }
}
