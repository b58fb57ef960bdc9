//! Words for missing values.

use crate::field_type::FieldType;

/// What pandas, R, Excel, databases and vendors write for a missing value, besides nothing at all.
const WORDS: [&str; 13] = ["null", "None", "nan", "NaN", "NaT", "<NA>", "NULL", "NA", "N/A", "#N/A", "\\N", "--", "-"];

/// The length of the longest of them in bytes.
const LONGEST: usize = 4;

/// Whether a text is empty, blank, `null` or `None`, which mean a missing value in any field.
#[must_use]
#[inline]
pub fn is_plain(text: &str) -> bool {
    matches!(text, "" | "null" | "None") || text.trim_start().is_empty()
}

/// Whether a text is a word for a missing value.
#[must_use]
#[inline]
pub fn is_word(text: &str) -> bool {
    text.len() <= LONGEST && WORDS.contains(&text)
}

/// Whether a text in an import stands for a missing value.
#[must_use]
pub fn is_null(text: &str, kind: FieldType) -> bool {
    is_plain(text) || is_word(text.trim()) || is_zero(text, kind)
}

/// Whether a text is the zero that vendors write if there is no date or time.
#[must_use]
pub fn is_zero(text: &str, kind: FieldType) -> bool {
    matches!(text, "0" | "0.0") && matches!(kind, FieldType::Date | FieldType::Time)
}
