//! What the text of a refusal is about: its words take precedence over any code or status. A refusal that mentions no
//! parameter, right, token, quota or limit says nothing about the call, so the same call may succeed next time.

use super::exchange::Refusal;

/// Makes a refusal from its message.
type Kind = fn(String) -> Refusal;

/// Words for each kind. The order matters: a request to slow down mentions rights too, and a missing right mentions the
/// token.
const WORDS: [(Kind, &[&str]); 5] = [
    (
        Refusal::Rejected,
        &["token不对", "token无效", "token错误", "token过期", "token已", "无效的token", "ip数量超限", "invalid token"],
    ),
    (Refusal::BadCall, &["正确的接口名", "必填参数"]),
    (Refusal::Forbidden, &["权限", "积分", "permission"]),
    (Refusal::Rejected, &["invalid api key", "token expired", "expired token", "missing token"]),
    (Refusal::BadCall, &["参数", "parameter"]),
];

/// Words for limits on the number of calls.
const LIMITS: [&str; 6] = ["最多访问", "频率", "频繁", "访问次数", "rate limit", "too many requests"];

/// Words for quotas.
const QUOTAS: [&str; 3] = ["配额", "额度", "quota"];

/// The kind of refusal that `text` is about, with `message` as its message.
pub(super) fn named(text: &str, message: &str) -> Option<Refusal> {
    let text = text.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&LIMITS) {
        let is_long = has(&["每小时", "次/小时", "每天", "次/天", "每日", "当日", "今日"]);
        let is_minute = has(&["每分钟", "次/分钟"]);
        let kind = if is_long && !is_minute { Refusal::QuotaSpent } else { Refusal::SlowDown };
        return Some(kind(message.to_owned()));
    }
    let named = WORDS.iter().find(|(_, words)| has(words)).map(|(kind, _)| *kind);
    let kind = named.or(has(&QUOTAS).then_some(Refusal::QuotaSpent as Kind))?;
    Some(kind(message.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> &'static str {
        match named(text, "message") {
            None => "hiccup",
            Some(Refusal::SlowDown(_)) => "slow down",
            Some(Refusal::QuotaSpent(_)) => "quota",
            Some(Refusal::Rejected(_)) => "token",
            Some(Refusal::Forbidden(_)) => "right",
            Some(Refusal::BadCall(_)) => "parameter",
            Some(other) => panic!("{text}: {other}"),
        }
    }

    #[test]
    fn a_text_names_one_thing() {
        let link = "权限的具体详情访问：https://tushare.pro/document/1?doc_id=108。";
        for (text, expected) in [
            (format!("抱歉，您每分钟最多访问该接口200次，{link}").as_str(), "slow down"),
            ("频率超限(200次/分钟)", "slow down"),
            ("您的访问过于频繁，请稍后再试", "slow down"),
            ("Too Many Requests", "slow down"),
            (&format!("抱歉，您每小时最多访问该接口1次，{link}"), "quota"),
            (&format!("抱歉，您每天最多访问该接口10次，{link}"), "quota"),
            ("频率超限(10次/天)", "quota"),
            ("今日额度已用完", "quota"),
            ("Quota exceeded", "quota"),
            ("您的token不对，请确认。", "token"),
            ("您的IP数量超限，最大数量为2个！", "token"),
            ("Invalid API key", "token"),
            (&format!("抱歉，您没有接口访问权限，{link}"), "right"),
            ("抱歉，您没有接口(daily)访问权限，请稍后再试", "right"),
            ("积分不足", "right"),
            ("请指定正确的接口名", "parameter"),
            ("必填参数, ts_code", "parameter"),
            ("参数错误", "parameter"),
            ("invalid parameter: start_date", "parameter"),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
    }

    #[test]
    fn any_other_text_is_a_hiccup() {
        for text in [
            "",
            "?",
            "系统内部错误",
            "系统繁忙，请稍后再试",
            "服务暂时不可用",
            "数据库连接超时",
            "查询数据失败，请稍后再试！",
            "internal error",
            "Unexpected token < in JSON at position 0",
            "upstream timed out",
        ] {
            assert_eq!(kind(text), "hiccup", "{text}");
        }
    }
}
