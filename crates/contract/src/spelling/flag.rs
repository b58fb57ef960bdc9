//! Flags, `1` and `0`.

/// Reads `1` or `0`. The JSON values `true` and `false` are read where JSON is.
#[must_use]
pub fn parse(text: &str) -> Option<bool> {
    match text {
        "1" => Some(true),
        "0" => Some(false),
        _ => None,
    }
}
