//! Texts that stand for a missing value.

use crate::field_type::FieldType;

/// Whether a text stands for a missing value: an empty one, Python's `None` in a field that is not text, and a zero in a
/// date or a time.
#[must_use]
pub fn is_null(text: &str, kind: FieldType) -> bool {
    match text {
        "" => true,
        "None" => kind != FieldType::Text,
        "0" => matches!(kind, FieldType::Date | FieldType::Time),
        _ => false,
    }
}
