//! Finds and removes the account's secrets in replies that repeat them, even if written as JSON escapes. What becomes
//! of such a reply is up to `client`.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use memchr::memmem::Finder;
use reqwest::Url;

/// Replaces a secret.
const MASK: &[u8] = b"***";

/// Shorter parts of an address or header are not treated as secrets, because replies may contain the same word.
const SHORTEST: usize = 6;

/// Headers whose values are not secret.
const HARMLESS: [&str; 6] = ["accept", "accept-language", "cache-control", "connection", "content-type", "user-agent"];

/// What must not appear in output or lake, longest first.
pub(super) struct Secrets(Vec<Finder<'static>>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Secrets").finish_non_exhaustive()
    }
}

impl Secrets {
    /// The token, the values of headers, and the user, password and query of the address.
    pub(super) fn of(token: &str, headers: &[(String, String)], address: Option<&Url>) -> Self {
        let mut all: Vec<String> = Vec::new();
        for (_, value) in headers.iter().filter(|(name, _)| !HARMLESS.contains(&name.to_ascii_lowercase().as_str())) {
            // The part after a word such as `Bearer`.
            all.extend([value, value.rsplit(' ').next().unwrap_or_default()].map(str::to_owned));
        }
        if let Some(address) = address {
            let [user, password] = [address.username(), address.password().unwrap_or_default()];
            let [plain_user, plain_password] = [user, password].map(decoded);
            if !password.is_empty() {
                all.push(BASE64_STANDARD.encode(format!("{plain_user}:{plain_password}")));
            }
            all.extend([user.to_owned(), password.to_owned(), plain_user, plain_password]);
            all.extend(address.query_pairs().map(|(_, value)| value.into_owned()));
            let written = address.query().unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
            all.extend(written.map(|(_, value)| value.to_owned()));
        }
        all.retain(|secret| secret.len() >= SHORTEST);
        all.extend(Some(token.to_owned()).filter(|token| !token.is_empty()));
        all.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        all.dedup();
        Self(all.iter().map(|secret| Finder::new(secret.as_bytes()).into_owned()).collect())
    }

    /// The body without secrets. `None` if it contains none.
    pub(super) fn cleaned(&self, body: &[u8]) -> Option<Vec<u8>> {
        if self.0.is_empty() {
            return None;
        }
        let unescaped = memchr::memchr(b'\\', body).map(|_| unescaped(body));
        let is_in = |text: &[u8]| self.0.iter().any(|secret| secret.find(text).is_some());
        if !is_in(body) && !unescaped.as_deref().is_some_and(is_in) {
            return None;
        }
        let text = unescaped.unwrap_or_else(|| body.to_vec());
        Some(self.0.iter().fold(text, |text, secret| masked(&text, secret)))
    }
}

/// Percent-decodes part of an address.
fn decoded(text: &str) -> String {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let hex = more.get(..2).and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        let (byte, length) = hex.filter(|_| *first == b'%').map_or((*first, 0), |byte| (byte, 2));
        plain.push(byte);
        rest = &more[length..];
    }
    String::from_utf8_lossy(&plain).into_owned()
}

/// The same JSON with escapes of printable characters replaced by the characters, where that changes nothing else.
fn unescaped(body: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        plain.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let (byte, length) = match rest.get(1) {
            Some(b'/') => (Some(b'/'), 2),
            Some(b'u') => (rest.get(2..6).and_then(code).filter(|byte| is_plain(*byte)), 6),
            _ => (None, 2),
        };
        let length = length.min(rest.len());
        match byte {
            Some(byte) => plain.push(byte),
            None => plain.extend_from_slice(&rest[..length]),
        }
        rest = &rest[length..];
    }
    plain.extend_from_slice(rest);
    plain
}

/// The byte that four hex digits stand for.
fn code(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits).ok()?;
    u32::from_str_radix(digits, 16).ok()?.try_into().ok()
}

/// Whether a character needs no escape in a JSON string.
fn is_plain(byte: u8) -> bool {
    (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\'
}

fn masked(text: &[u8], secret: &Finder<'_>) -> Vec<u8> {
    let mut clean = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = secret.find(rest) {
        clean.extend_from_slice(&rest[..at]);
        clean.extend_from_slice(MASK);
        rest = &rest[at + secret.needle().len()..];
    }
    clean.extend_from_slice(rest);
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_however_its_characters_are_written() {
        let secrets = Secrets::of("a/Secret0", &[], None);
        for body in [
            r#"{"msg":"a/Secret0 is wrong"}"#,
            r#"{"msg":"a\/Secret0 is wrong"}"#,
            r#"{"msg":"a\u002fSecret0 is wrong"}"#,
            r#"{"msg":"\u0061\/\u0053ecret0 is wrong"}"#,
        ] {
            let clean = String::from_utf8(secrets.cleaned(body.as_bytes()).expect(body)).unwrap();
            assert_eq!(clean, r#"{"msg":"*** is wrong"}"#);
        }
    }

    #[test]
    fn other_escapes_stay_as_they_are() {
        let body = r#"{"a":"\\u0061","b":"\"\n\u4e2d\u0022\u005c\u00","c":"\"#;
        assert_eq!(unescaped(body.as_bytes()), body.as_bytes());
        let secrets = Secrets::of("secret", &[], None);
        assert_eq!(secrets.cleaned(body.as_bytes()), None);
        assert_eq!(secrets.cleaned(br"\\u0073ecret"), None);
        assert_eq!(Secrets::of("", &[], None).cleaned(b"anything"), None);
    }

    #[test]
    fn headers_and_the_parts_of_an_address_are_secrets_and_common_words_are_not() {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let headers =
            [header("X-Key", "Key key-of-mine"), header("Accept", "application/json"), header("X-Env", "prod")];
        let address = Url::parse("https://someone:p%40ssword@host/path?key=k%2Fk-k-k&page=1").unwrap();
        let secrets = Secrets::of("", &headers, Some(&address));
        assert_eq!(format!("{secrets:?}"), "Secrets(..)");
        for (text, clean) in [
            ("key-of-mine", Some("***")),
            ("<Key key-of-mine>", Some("<***>")),
            ("by someone", Some("by ***")),
            ("p@ssword p%40ssword", Some("*** ***")),
            ("c29tZW9uZTpwQHNzd29yZA==", Some("***")),
            (r"k\/k-k-k", Some("***")),
            ("key=k%2Fk-k-k", Some("key=***")),
            ("host/path prod page=1 application/json", None),
        ] {
            assert_eq!(secrets.cleaned(text.as_bytes()).as_deref(), clean.map(str::as_bytes), "{text}");
        }
    }
}
