//! What an HTTP status means where nothing in the body explains more.

use super::exchange::Refusal;

/// What a status that is not one of success means. `text` is what the reply says beside it.
pub(super) fn refused(status: u16, text: &str) -> Refusal {
    let message = format!("http {status}: {text}");
    match status {
        300..400 => Refusal::BadCall(format!(
            "http {status}: redirects are not followed, because the token must not go elsewhere: correct `base_url`"
        )),
        401 => Refusal::Rejected(message),
        403 => Refusal::Forbidden(message),
        404 => Refusal::NoPath(message),
        429 => Refusal::SlowDown(message),
        408 => Refusal::Transient(message),
        400..500 => Refusal::BadCall(message),
        _ => Refusal::Transient(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_its_consequence() {
        for status in [300, 302, 307, 308] {
            assert!(
                matches!(refused(status, ""), Refusal::BadCall(text) if text.contains("redirects are not followed"))
            );
        }
        for status in [400, 405, 410, 422] {
            assert!(matches!(refused(status, "limit"), Refusal::BadCall(text) if text.contains("limit")));
        }
        assert!(matches!(refused(401, ""), Refusal::Rejected(_)));
        assert!(matches!(refused(403, ""), Refusal::Forbidden(_)));
        assert!(matches!(refused(404, ""), Refusal::NoPath(_)));
        assert!(matches!(refused(429, ""), Refusal::SlowDown(_)));
        for status in [408, 500, 502, 503, 504, 599] {
            assert!(matches!(refused(status, ""), Refusal::Transient(_)));
        }
    }
}
