//! What a caller gets: the vendor's envelope, written as text so that numbers keep their spelling.
//!
//! No status codes or faults; every reply here is an HTTP 200 of the vendor.

use crate::Cell;
use crate::market::dice::dice;
use rand::RngExt;
use std::fmt::Write;

/// Why the vendor answers with a code instead of rows. Texts are the vendor's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Denial {
    /// Not the sandbox's token.
    Token,
    /// A name the sandbox does not serve.
    UnknownInterface,
    /// Too few points for the interface.
    Points,
    /// Calls a minute that are allowed.
    TooOften(u32),
    /// Names of parameters that are needed.
    Missing(String),
}

impl Denial {
    /// The same code for different things, as the vendor does: only the text tells them apart.
    fn code(&self) -> i32 {
        match self {
            Self::Token | Self::UnknownInterface => 40101,
            Self::Points | Self::TooOften(_) => 40203,
            Self::Missing(_) => -2001,
        }
    }

    fn text(&self) -> String {
        const DETAILS: &str = "权限的具体详情访问：https://tushare.pro/document/1?doc_id=108。";
        match self {
            Self::Token => "您的token不对，请确认。".to_owned(),
            Self::UnknownInterface => "请指定正确的接口名".to_owned(),
            Self::Points => format!("抱歉，您没有接口访问权限，{DETAILS}"),
            Self::TooOften(calls) => format!("抱歉，您每分钟最多访问该接口{calls}次，{DETAILS}"),
            Self::Missing(names) => {
                format!("必填参数缺失，请至少输入一个参数：{names}")
            }
        }
    }

    /// The whole reply.
    pub(crate) fn write(&self, request_id: &str) -> String {
        let text = serde_json::Value::from(self.text());
        format!(
            r#"{{"request_id":"{request_id}","code":{},"data":null,"msg":{text},"message":{text},"detail":null}}"#,
            self.code()
        )
    }
}

/// Rows on their way out.
pub(crate) struct Page<'a> {
    /// All columns of the rows.
    pub(crate) names: &'a [String],
    /// Places of those to send.
    pub(crate) columns: &'a [usize],
    pub(crate) rows: &'a [Vec<Cell>],
    pub(crate) has_more: bool,
}

/// The reply with rows.
pub(crate) fn write_rows(serial: u64, request_id: &str, page: &Page<'_>) -> String {
    // Captures show both kinds of silence.
    let message = if serial.is_multiple_of(2) { "null" } else { r#""""# };
    let names = page.columns.iter().map(|column| format!("\"{}\"", page.names[*column])).collect::<Vec<_>>().join(",");
    let mut out = String::with_capacity(200 + page.rows.len() * page.columns.len() * 9);
    // Writing to a String cannot fail.
    let _ =
        write!(out, r#"{{"request_id":"{request_id}","code":0,"msg":{message},"data":{{"fields":[{names}],"items":["#);
    for (index, row) in page.rows.iter().enumerate() {
        out.push_str(if index == 0 { "[" } else { ",[" });
        for (index, column) in page.columns.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            row[*column].write(&mut out);
        }
        out.push(']');
    }
    let _ = write!(out, r#"],"has_more":{},"count":-1}}}}"#, page.has_more);
    out
}

/// An identifier that looks like a random UUID, for the call with this serial number.
pub(crate) fn request_id(seed: u64, serial: u64) -> String {
    let moment = usize::try_from(serial).unwrap_or_default();
    let mut rng = dice(seed, "request id", 0, moment);
    let mut digits = |bits: u32| rng.random_range(0..1_u64 << bits);
    format!("{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}", digits(32), digits(16), digits(12), digits(12), digits(48))
}
