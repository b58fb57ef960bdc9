//! One value of a line to a cell. Never which column it fills, or the values around it.

use std::borrow::Cow;

use super::scalars::{Scalar, Texts};
use crate::spec::{FieldPlan, FieldType, TableSource};
use pitlake_contract::decimal::{self, Decimal, Parsed};
use pitlake_contract::spelling::{code, day, flag, instant, null};

/// Where a value of a file goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'t> {
    pub(super) column: usize,
    pub(super) kind: FieldType,
    /// The value that the vendor writes for a missing one.
    pub(super) missing: Option<&'t str>,
}

impl<'t> Target<'t> {
    /// Where a field of a source goes.
    pub(super) fn of(source: &'t TableSource, plan: &FieldPlan) -> Self {
        let missing = source.contract.fields[plan.field].missing.as_deref();
        Self { column: plan.column, kind: plan.kind, missing }
    }

    /// Whether a value is the one for missing values: as it is written, or the same number.
    fn is_missing(&self, text: &str) -> bool {
        let Some(missing) = self.missing else { return false };
        let number = |text: &str| match decimal::scan(text.as_bytes()) {
            Ok((Parsed::Small(decimal), len)) if len == text.len() => Some(decimal),
            _ => None,
        };
        // A code of zeros is not a number.
        let counts = matches!(self.kind, FieldType::Number | FieldType::Integer | FieldType::Epoch);
        text == missing || (counts && number(text).zip(number(missing)).is_some_and(|(a, b)| a.equals(b)))
    }
}

/// Why a line does not become a row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct RowError(pub(super) String);

/// Why no value was read.
pub(super) enum ValueError {
    /// The bytes are not laid out like a value of this type.
    Layout,
    /// The value is laid out well and invalid.
    Invalid(RowError),
}

/// The reason for a value that is not of its type.
pub(super) fn invalid(kind: FieldType, value: &str) -> RowError {
    let (what, expected) = match kind {
        FieldType::Text => ("text", "a string"),
        FieldType::Symbol => ("security code", "a form like 600519.SH"),
        FieldType::Time => ("time", "YYYY-MM-DD HH:MM:SS"),
        FieldType::Epoch => ("time", "seconds or milliseconds since 1970"),
        FieldType::Date => ("date", "YYYYMMDD or YYYY-MM-DD"),
        FieldType::Number | FieldType::Integer => ("number", "decimal digits"),
        FieldType::Flag => ("flag", "0, 1, true or false"),
    };
    RowError(format!("invalid {what} `{value}`: expected {expected}"))
}

/// A number as the vendor wrote it: `9.390`.
pub(super) fn digits(Decimal { mantissa, exponent }: Decimal) -> String {
    let places = usize::from(exponent.unsigned_abs());
    let sign = if mantissa < 0 { "-" } else { "" };
    let all = format!("{:0width$}", mantissa.unsigned_abs(), width = places + 1);
    let (whole, fraction) = all.split_at(all.len() - places);
    let point = if places > 0 { "." } else { "" };
    format!("{sign}{whole}{point}{fraction}")
}

/// Reads one value at the beginning of `text`; returns it and its length.
pub(super) fn value(text: &[u8], target: &Target<'_>, texts: &mut Texts) -> Result<(Scalar, usize), ValueError> {
    match text.first() {
        Some(b'"') => {
            let (inner, len) = string(text).ok_or(ValueError::Layout)?;
            let cell = quoted(&inner, target, texts).map_err(ValueError::Invalid)?;
            Ok((cell, len))
        }
        Some(b'n') if text.starts_with(b"null") => Ok((Scalar::Null, 4)),
        Some(b't') if target.kind == FieldType::Flag && text.starts_with(b"true") => Ok((Scalar::Flag(true), 4)),
        Some(b'f') if target.kind == FieldType::Flag && text.starts_with(b"false") => Ok((Scalar::Flag(false), 5)),
        Some(b'-' | b'0'..=b'9') => {
            let (parsed, len) = decimal::scan(text).map_err(|_| ValueError::Layout)?;
            let token = std::str::from_utf8(&text[..len]).map_err(|_| ValueError::Layout)?;
            let cell = match target.kind {
                FieldType::Number | FieldType::Integer if target.is_missing(token) => Scalar::Null,
                FieldType::Number | FieldType::Integer => number(parsed, token, texts),
                _ => quoted(token, target, texts).map_err(ValueError::Invalid)?,
            };
            Ok((cell, len))
        }
        _ => Err(ValueError::Layout),
    }
}

fn number(parsed: Parsed, token: &str, texts: &mut Texts) -> Scalar {
    match parsed {
        Parsed::Small(decimal) => Scalar::Number(decimal),
        Parsed::Wide => Scalar::Wide(texts.intern(token)),
    }
}

/// The value of a text. NaN is an error, never a missing value.
pub(super) fn quoted(text: &str, target: &Target<'_>, texts: &mut Texts) -> Result<Scalar, RowError> {
    let kind = target.kind;
    if null::is_null(text, kind) || target.is_missing(text) {
        return Ok(Scalar::Null);
    }
    let error = || invalid(kind, text);
    match kind {
        FieldType::Text => Ok(Scalar::Text(texts.intern(text))),
        FieldType::Date => day::parse(text).map(Scalar::Date).ok_or_else(error),
        FieldType::Time => instant::parse(text).map(Scalar::instant).ok_or_else(error),
        FieldType::Epoch => match instant::epoch(text) {
            // The first second of 1970 is a field left at zero.
            Some(0) => Ok(Scalar::Null),
            at => at.map(Scalar::instant).ok_or_else(error),
        },
        FieldType::Symbol => code::suffixed(text).map(|code| Scalar::Text(texts.intern(&code))).ok_or_else(error),
        FieldType::Flag => flag::parse(text).map(Scalar::Flag).ok_or_else(error),
        FieldType::Number | FieldType::Integer => match decimal::scan(text.as_bytes()) {
            Ok((parsed, len)) if len == text.len() => Ok(number(parsed, text, texts)),
            _ => Err(error()),
        },
    }
}

/// A JSON string at the beginning of `text`, unescaped, and its length with the quotes.
fn string(text: &[u8]) -> Option<(Cow<'_, str>, usize)> {
    let end = 1 + memchr::memchr2(b'"', b'\\', &text[1..])?;
    if text[end] == b'"' {
        // The whole file was proven to be UTF-8, and quotes are whole characters.
        return Some((Cow::Borrowed(std::str::from_utf8(&text[1..end]).ok()?), end + 1));
    }
    let mut at = end;
    loop {
        at += memchr::memchr2(b'"', b'\\', &text[at..])?;
        if text[at] == b'"' {
            break;
        }
        at += 2;
        if at >= text.len() {
            return None;
        }
    }
    let token = &text[..=at];
    Some((Cow::Owned(serde_json::from_slice(token).ok()?), at + 1))
}

/// Length of a plain value of an unknown column; `None` for nested ones.
pub(super) fn skip(text: &[u8]) -> Option<usize> {
    match text.first()? {
        b'"' => string(text).map(|(_, len)| len),
        b'{' | b'[' => None,
        _ => memchr::memchr2(b',', b'}', text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(token: &str, kind: FieldType, missing: Option<&str>) -> Result<String, String> {
        let mut texts = Texts::default();
        match value(token.as_bytes(), &Target { column: 0, kind, missing }, &mut texts) {
            Ok((cell, len)) => {
                assert_eq!(len, token.len());
                Ok(match cell {
                    Scalar::Text(id) => texts.get(id).to_owned(),
                    Scalar::Null => "missing".to_owned(),
                    Scalar::Number(decimal) => decimal.mantissa.to_string(),
                    cell => format!("{cell:?}"),
                })
            }
            Err(ValueError::Invalid(RowError(reason))) => Err(reason),
            Err(ValueError::Layout) => Err("layout".to_owned()),
        }
    }

    #[test]
    fn the_value_for_missing_is_missing_as_text_or_as_number() {
        for token in ["0", "\"0\"", "0.00", "\"0.0\"", "-0", "0e5"] {
            for kind in [FieldType::Number, FieldType::Integer] {
                assert_eq!(read(token, kind, Some("0")).as_deref(), Ok("missing"), "{token}");
                assert_ne!(read(token, kind, None).as_deref(), Ok("missing"), "{token}");
            }
        }
        assert_eq!(read("0.01", FieldType::Number, Some("0")).as_deref(), Ok("1"));
        assert_eq!(read("-1.0", FieldType::Number, Some("-1")).as_deref(), Ok("missing"));
        for kind in [FieldType::Number, FieldType::Time, FieldType::Symbol, FieldType::Text, FieldType::Date] {
            assert_eq!(read("\"-\"", kind, Some("-")).as_deref(), Ok("missing"), "{kind:?}");
        }
        // A code is not a number.
        assert_eq!(read("\"000\"", FieldType::Text, Some("0")).as_deref(), Ok("000"));
    }

    #[test]
    fn times_and_codes_can_be_missing_too() {
        for (kind, tokens) in [
            (FieldType::Time, ["\"\"", "null", "\"0\"", "\"None\""]),
            (FieldType::Epoch, ["0", "\"0\"", "\"\"", "null"]),
            (FieldType::Symbol, ["\"\"", "null", "\"None\"", "\"\""]),
        ] {
            for token in tokens {
                assert_eq!(read(token, kind, None).as_deref(), Ok("missing"), "{token}");
            }
        }
        assert_eq!(read("\"SH.600519\"", FieldType::Symbol, None).as_deref(), Ok("600519.SH"));
        assert_eq!(read("600519", FieldType::Symbol, None).as_deref(), Ok("600519.SH"));
        assert_eq!(read("\"2024-01-02 09:31:00\"", FieldType::Time, None).as_deref(), Ok("1704159060000000"));
        assert_eq!(read("\"-\"", FieldType::Time, None).unwrap_err(), "invalid time `-`: expected YYYY-MM-DD HH:MM:SS");
        assert_eq!(read("true", FieldType::Epoch, None).unwrap_err(), "layout");
        let soon = read("\"soon\"", FieldType::Epoch, None).unwrap_err();
        assert_eq!(soon, "invalid time `soon`: expected seconds or milliseconds since 1970");
        let dash = read("\"-\"", FieldType::Symbol, None).unwrap_err();
        assert_eq!(dash, "invalid security code `-`: expected a form like 600519.SH");
    }

    #[test]
    fn a_number_is_shown_as_it_was_written() {
        for text in ["0.005", "9.390", "-0.10", "12", "0.0", "-7"] {
            let Ok((Parsed::Small(decimal), _)) = decimal::scan(text.as_bytes()) else { panic!("{text}") };
            assert_eq!(digits(decimal), text);
        }
    }
}
