//! Shortens values for messages.

use std::borrow::Cow;

/// Longer values are shortened.
const MOST: usize = 60;

/// How much of a long value to keep.
const KEPT: usize = 24;

/// A value as written. For a long one, its beginning and its length.
#[must_use]
pub fn excerpt(value: &str) -> Cow<'_, str> {
    let length = value.chars().count();
    if length <= MOST {
        return value.into();
    }
    let beginning: String = value.chars().take(KEPT).collect();
    format!("{beginning}… ({length} characters)").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_value_is_shortened() {
        assert_eq!(excerpt("1.5"), "1.5");
        assert_eq!(excerpt(&"3".repeat(400)), "333333333333333333333333… (400 characters)");
        assert_eq!(excerpt(&"价".repeat(61)), format!("{}… (61 characters)", "价".repeat(24)));
    }
}
