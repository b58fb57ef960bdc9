//! How a flag is written.

/// `1` or `0`; JSON's own `true` and `false` are read where JSON is.
#[must_use]
pub fn parse(text: &str) -> Option<bool> {
    match text {
        "1" => Some(true),
        "0" => Some(false),
        _ => None,
    }
}
