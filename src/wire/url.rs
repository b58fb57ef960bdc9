//! The URL of a GET: the base, the call's path with its parameters filled in, and the rest as the query.

use std::fmt::Write as _;

use super::exchange::Call;

/// Joins the base and its own path, the call's path with each `{name}` filled from the parameter of that name, and the
/// other parameters and `paging` as the query. HTTPS unless the base names a scheme.
pub(super) fn url(base: &str, call: &Call, paging: &[(&str, usize)]) -> String {
    let (base, own) = parts(base);
    let mut path = call.path.clone().unwrap_or_else(|| call.api.clone());
    let mut query: Vec<String> = own.map(str::to_owned).into_iter().collect();
    for (name, value) in &call.params {
        let place = format!("{{{name}}}");
        if path.contains(&place) {
            path = path.replace(&place, &encoded(value));
        } else {
            query.push(format!("{}={}", encoded(name), encoded(value)));
        }
    }
    query.extend(paging.iter().map(|(name, value)| format!("{name}={value}")));
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{base}/{}{mark}{}", path.trim_start_matches('/'), query.join("&"))
}

/// The base with a scheme (HTTPS by default) and without a trailing slash, and its own query.
pub(super) fn parts(base: &str) -> (String, Option<&str>) {
    let base = base.split('#').next().unwrap_or_default();
    let (base, query) = base.split_once('?').map_or((base, None), |(base, query)| (base, Some(query)));
    let scheme = if base.contains("://") { "" } else { "https://" };
    (format!("{scheme}{}", base.trim_end_matches('/')), query.filter(|query| !query.is_empty()))
}

/// Percent-encodes for a path or a query: all but the unreserved characters of RFC 3986.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Paging;

    fn call(path: &str, params: &[(&str, &str)]) -> Call {
        Call {
            api: "x".into(),
            path: Some(path.into()),
            params: params.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            fields: String::new(),
            paging: Paging::Whole,
        }
    }

    #[test]
    fn parameters_survive_the_encoding() {
        let params =
            [("start_date", "2024-01-02 09:30:00"), ("name", "贵州茅台"), ("odd", "a+b&c=d%20#?/"), ("codes", "a,b")];
        let url = url("http://127.0.0.1:9/prefix/", &call("/v1/x", &params), &[("limit", 5000), ("offset", 0)]);
        assert_eq!(
            url,
            "http://127.0.0.1:9/prefix/v1/x?start_date=2024-01-02%2009%3A30%3A00&name=%E8%B4%B5%E5%B7%9E%E8%8C%85%E5%8F%B0\
             &odd=a%2Bb%26c%3Dd%2520%23%3F%2F&codes=a%2Cb&limit=5000&offset=0"
        );
        let parsed = reqwest::Url::parse(&url).unwrap();
        let read: Vec<(String, String)> = parsed.query_pairs().into_owned().collect();
        let sent = params.into_iter().chain([("limit", "5000"), ("offset", "0")]);
        assert!(sent.eq(read.iter().map(|(name, value)| (name.as_str(), value.as_str()))));
    }

    #[test]
    fn a_query_of_the_base_stays_the_query() {
        let url = |base, params: &[(&str, &str)]| url(base, &call("/v1/x", params), &[]);
        assert_eq!(url("http://u:p@a.b/c/?key=k", &[]), "http://u:p@a.b/c/v1/x?key=k");
        assert_eq!(url("a.b?key=k#f", &[("d", "e")]), "https://a.b/v1/x?key=k&d=e");
        assert_eq!(url("a.b/?", &[]), "https://a.b/v1/x");
    }

    #[test]
    fn a_parameter_of_the_path_is_not_in_the_query() {
        let path = "/v1/quote/{symbol}/f10/valuation-detail";
        let params = [("valuation_type", "1"), ("symbol", "SH.600519")];
        let expected = "https://a.b/v1/quote/SH.600519/f10/valuation-detail";
        assert_eq!(url("a.b", &call(path, &params), &[]), format!("{expected}?valuation_type=1"));
        assert_eq!(url("https://a.b/", &call(path, &params[1..]), &[]), expected);
        let hostile = url("a.b", &call(path, &[("symbol", "A/../?b#茅")]), &[]);
        assert_eq!(hostile, "https://a.b/v1/quote/A%2F..%2F%3Fb%23%E8%8C%85/f10/valuation-detail");
        assert_eq!(url("a.b", &call("v1/{b}/{b}", &[("b", "c")]), &[]), "https://a.b/v1/c/c");
    }
}
