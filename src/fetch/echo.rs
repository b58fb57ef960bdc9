//! Replies that repeat the token: found also where its characters are written as JSON escapes, and cleaned of it. Never what
//! becomes of such a reply.

/// What stands in the place of the token.
const MASK: &[u8] = b"***";

/// The body without the token; `None` where it does not repeat it.
pub(super) fn cleaned(body: &[u8], secret: &[u8]) -> Option<Vec<u8>> {
    if secret.is_empty() {
        return None;
    }
    let finder = memchr::memmem::Finder::new(secret);
    let unescaped = memchr::memchr(b'\\', body).map(|_| unescaped(body));
    let found = [Some(body), unescaped.as_deref()].into_iter().flatten().any(|text| finder.find(text).is_some());
    found.then(|| masked(unescaped.as_deref().unwrap_or(body), &finder))
}

/// The same JSON, with printable characters as themselves instead of as escapes, where that changes nothing else.
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

/// The byte that four hexadecimal digits stand for.
fn code(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits).ok()?;
    u32::from_str_radix(digits, 16).ok()?.try_into().ok()
}

/// Whether a character stands for itself within a JSON string.
fn is_plain(byte: u8) -> bool {
    (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\'
}

fn masked(text: &[u8], secret: &memchr::memmem::Finder<'_>) -> Vec<u8> {
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
        let secret = b"a/Secret0";
        for body in [
            r#"{"msg":"a/Secret0 is wrong"}"#,
            r#"{"msg":"a\/Secret0 is wrong"}"#,
            r#"{"msg":"a\u002fSecret0 is wrong"}"#,
            r#"{"msg":"\u0061\/\u0053ecret0 is wrong"}"#,
        ] {
            let clean = String::from_utf8(cleaned(body.as_bytes(), secret).expect(body)).unwrap();
            assert_eq!(clean, r#"{"msg":"*** is wrong"}"#);
        }
    }

    #[test]
    fn other_escapes_stay_as_they_are() {
        let body = r#"{"a":"\\u0061","b":"\"\n\u4e2d\u0022\u005c\u00","c":"\"#;
        assert_eq!(unescaped(body.as_bytes()), body.as_bytes());
        assert_eq!(cleaned(body.as_bytes(), b"secret"), None);
        assert_eq!(cleaned(br"\\u0073ecret", b"secret"), None);
        assert_eq!(cleaned(b"anything", b""), None);
    }
}
