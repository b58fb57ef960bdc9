//! The envelope of Tushare, written as text so that numbers keep their spelling; always HTTP 200.

use super::shared::Denial;
use crate::market::dice::dice;
use rand::RngExt;

/// The reply to a call that is not let in. The same code stands for different things: only the text tells them apart.
pub(super) fn denied(denial: &Denial, request_id: &str) -> String {
    const DETAILS: &str = "权限的具体详情访问：https://tushare.pro/document/1?doc_id=108。";
    let (code, text) = match denial {
        Denial::NoToken | Denial::WrongToken => (40101, "您的token不对，请确认。".to_owned()),
        Denial::Unknown => (40101, "请指定正确的接口名".to_owned()),
        Denial::Points => (40203, format!("抱歉，您没有接口访问权限，{DETAILS}")),
        Denial::TooOften(calls, _) => (40203, format!("抱歉，您每分钟最多访问该接口{calls}次，{DETAILS}")),
        Denial::Missing(names) => (-2001, format!("必填参数缺失，请至少输入一个参数：{names}")),
    };
    let text = serde_json::Value::from(text);
    format!(r#"{{"request_id":"{request_id}","code":{code},"data":null,"msg":{text},"message":{text},"detail":null}}"#)
}

/// The reply with the names of columns and rows of JSON.
pub(super) fn rows(serial: u64, request_id: &str, names: &[&str], rows: &[Vec<String>], has_more: bool) -> String {
    // Captures show both kinds of silence.
    let message = if serial.is_multiple_of(2) { "null" } else { r#""""# };
    let names = names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(",");
    let items = rows.iter().map(|row| format!("[{}]", row.join(","))).collect::<Vec<_>>().join(",");
    format!(
        r#"{{"request_id":"{request_id}","code":0,"msg":{message},"data":{{"fields":[{names}],"items":[{items}],"has_more":{has_more},"count":-1}}}}"#
    )
}

/// An identifier that looks like a random UUID, for the call with this serial number.
pub(super) fn request_id(seed: u64, serial: u64) -> String {
    let moment = usize::try_from(serial).unwrap_or_default();
    let mut rng = dice(seed, "request id", 0, moment);
    let mut digits = |bits: u32| rng.random_range(0..1_u64 << bits);
    format!("{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}", digits(32), digits(16), digits(12), digits(12), digits(48))
}
