//! How vendors write that there is no value.

use crate::contract::Wire;

/// Whether a text says that there is no value: empty text, Python's `None` in columns that hold no text, and a zero
/// where a date or an instant was left out.
#[must_use]
pub fn is_null(text: &str, wire: Wire) -> bool {
    match text {
        "" => true,
        "None" => wire != Wire::Text,
        "0" => matches!(wire, Wire::Date | Wire::Time),
        _ => false,
    }
}
