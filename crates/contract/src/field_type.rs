//! The types of a vendor's fields. How each is read is in [`crate::spelling`].

/// How a vendor writes the values of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldType {
    /// Codes, names, enumerations.
    Text,
    /// A date, `YYYYMMDD` or `YYYY-MM-DD`.
    Date,
    /// A number with a unit.
    Number,
    /// A whole number without a unit.
    Integer,
    /// 0 or 1.
    Flag,
    /// A date and time, in Shanghai unless it has a zone.
    Time,
    /// Seconds or milliseconds since 1970.
    Epoch,
    /// A security code in any of its spellings.
    Symbol,
}

pub(crate) const FIELD_TYPES: &[(&str, FieldType)] = &[
    ("text", FieldType::Text),
    ("date", FieldType::Date),
    ("number", FieldType::Number),
    ("integer", FieldType::Integer),
    ("flag", FieldType::Flag),
    ("time", FieldType::Time),
    ("epoch", FieldType::Epoch),
    ("symbol", FieldType::Symbol),
];
