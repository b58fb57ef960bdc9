//! What an HTTP status means if the body does not say more.

use super::exchange::Refusal;
use super::wording;

/// What a status other than success means. `text` is the message in the reply. Of the client errors, only those about
/// rights, paths and limits are final, and those whose text names the problem: gateways send the others for any call.
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
        400..500 => wording::named(text, &message).unwrap_or(Refusal::Transient(message)),
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
        for status in [400, 405, 410, 418, 422, 499] {
            let named = refused(status, "invalid parameter `limit`");
            assert!(matches!(named, Refusal::BadCall(text) if text.contains("`limit`")));
            for text in ["", "<html>", "Bad Request", "系统内部错误"] {
                assert!(matches!(refused(status, text), Refusal::Transient(message) if message.ends_with(text)));
            }
        }
        assert!(matches!(refused(401, ""), Refusal::Rejected(_)));
        assert!(matches!(refused(403, ""), Refusal::Forbidden(_)));
        assert!(matches!(refused(404, ""), Refusal::NoPath(_)));
        for text in ["", "<html>", "invalid parameter"] {
            assert!(matches!(refused(429, text), Refusal::SlowDown(_)));
        }
        for status in [408, 500, 502, 503, 504, 599] {
            assert!(matches!(refused(status, ""), Refusal::Transient(_)));
        }
    }
}
