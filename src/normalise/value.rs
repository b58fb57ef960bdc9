//! Turns a value of a line into a cell. Which column it fills, and the values around it, are not known here.

use std::borrow::Cow;

use super::scalars::Scalar;
use super::texts::Texts;
use crate::spec::{FieldPlan, TableSource};
use pitlake_contract::decimal::{self, Decimal, Parsed};
use pitlake_contract::spelling::{Dialect, FieldReader, InvalidValue, Value};

/// Where a value of a file goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'t> {
    pub(super) column: usize,
    pub(super) reader: FieldReader<'t>,
}

impl<'t> Target<'t> {
    /// Where a field of a source goes.
    pub(super) fn of(source: &'t TableSource, plan: &FieldPlan, dialect: Dialect) -> Self {
        Self { column: plan.column, reader: FieldReader::of(&source.contract.fields[plan.field], dialect) }
    }
}

/// What reading produces besides cells.
#[derive(Debug)]
pub(super) struct LineReading<'r> {
    pub(super) texts: &'r mut Texts,
    /// Remarks on the current line.
    pub(super) remarks: &'r mut Vec<Remark>,
}

/// A value to report to the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remark {
    pub(super) column: usize,
    /// As written.
    pub(super) value: String,
    /// Whether it was read as null; otherwise it is not listed in the contract.
    pub(super) is_null: bool,
}

/// Why a line does not become a row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct RowError(pub(super) String);

/// Why no value was read.
pub(super) enum ValueError {
    /// The bytes are not laid out like a value of this type.
    Layout,
    /// The value is well-formed but invalid.
    Invalid(RowError),
}

impl From<InvalidValue> for RowError {
    fn from(InvalidValue(reason): InvalidValue) -> Self {
        Self(reason)
    }
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

/// Reads a value at the start of `text`, and returns it with its length.
#[inline]
pub(super) fn value(
    text: &[u8],
    target: &Target<'_>,
    reading: &mut LineReading<'_>,
) -> Result<(Scalar, usize), ValueError> {
    let reader = &target.reader;
    match text.first() {
        Some(b'"') => {
            let (inner, len) = string(text).ok_or(ValueError::Layout)?;
            let cell = quoted(&inner, target, reading).map_err(ValueError::Invalid)?;
            Ok((cell, len))
        }
        Some(b'n') if text.starts_with(b"null") => Ok((Scalar::Null, 4)),
        Some(b't' | b'f') if reader.takes_flags() => {
            let word = ["true", "false"].into_iter().find(|word| text.starts_with(word.as_bytes()));
            let word = word.ok_or(ValueError::Layout)?;
            Ok((quoted(word, target, reading).map_err(ValueError::Invalid)?, word.len()))
        }
        Some(b'-' | b'0'..=b'9') => {
            let (parsed, len) = number(text).ok_or(ValueError::Layout)?;
            if let Parsed::Small(decimal) = parsed
                && reader.takes_every_number()
            {
                return Ok((Scalar::Number(decimal), len));
            }
            let token = std::str::from_utf8(&text[..len]).map_err(|_| ValueError::Layout)?;
            let cell = match parsed {
                Parsed::Small(decimal) if reader.is_number() && !reader.is_missing(token) => Scalar::Number(decimal),
                Parsed::Small(_) if reader.is_number() => Scalar::Null,
                _ => quoted(token, target, reading).map_err(ValueError::Invalid)?,
            };
            Ok((cell, len))
        }
        _ => Err(ValueError::Layout),
    }
}

/// The cell for a text.
pub(super) fn quoted(text: &str, target: &Target<'_>, reading: &mut LineReading<'_>) -> Result<Scalar, RowError> {
    let mut remark = |is_null| {
        reading.remarks.push(Remark { column: target.column, value: text.trim().to_owned(), is_null });
    };
    Ok(match target.reader.read(text)? {
        Value::Null => Scalar::Null,
        Value::NullWord => {
            remark(true);
            Scalar::Null
        }
        Value::Text(text) => Scalar::Text(reading.texts.intern(&text)),
        Value::Unlisted(text) => {
            remark(false);
            Scalar::Text(reading.texts.intern(&text))
        }
        Value::Day(days) => Scalar::Date(days),
        Value::Instant(micros) => Scalar::instant(micros),
        Value::Flag(flag) => Scalar::Flag(flag),
        Value::Number(decimal) => Scalar::Number(decimal),
        Value::Wide(text) => Scalar::Wide(reading.texts.intern(&text)),
    })
}

/// A JSON number at the start of `text`, and its length.
#[inline]
fn number(text: &[u8]) -> Option<(Parsed, usize)> {
    // JSON forbids leading zeros.
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let is_padded = digits.first() == Some(&b'0') && digits.get(1).is_some_and(u8::is_ascii_digit);
    if is_padded { None } else { decimal::scan(text).ok() }
}

/// A JSON string at the start of `text`, unescaped, and its length including quotes.
#[inline]
fn string(text: &[u8]) -> Option<(Cow<'_, str>, usize)> {
    // Control characters are not allowed. All are smaller than the other characters searched for here.
    let end = 1 + text[1..].iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..b' '))?;
    if text[end] == b'"' {
        // The whole file is known to be UTF-8, and quotes are whole characters.
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

/// The length of a plain value of an unknown field. `None` for nested values and invalid JSON.
pub(super) fn skip(text: &[u8]) -> Option<usize> {
    match text.first()? {
        b'"' => string(text).map(|(_, len)| len),
        b'-' | b'0'..=b'9' => number(text).map(|(_, len)| len),
        _ => ["null", "true", "false"].iter().find(|word| text.starts_with(word.as_bytes())).map(|word| word.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pitlake_contract::{Field, FieldType};

    fn field(kind: FieldType, missing: Option<&str>) -> Field {
        Field {
            name: "x".into(),
            kind,
            unit: None,
            nullable: true,
            description: String::new(),
            formerly: Vec::new(),
            missing: missing.map(str::to_owned),
            values: None,
            default: None,
            param: None,
            hidden: false,
        }
    }

    fn read(token: &str, kind: FieldType, missing: Option<&str>) -> Result<String, String> {
        let (mut texts, mut remarks) = (Texts::default(), Vec::new());
        let field = field(kind, missing);
        let target = Target { column: 0, reader: FieldReader::of(&field, Dialect::Answer) };
        match value(token.as_bytes(), &target, &mut LineReading { texts: &mut texts, remarks: &mut remarks }) {
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
        assert_eq!(read("\"-\"", FieldType::Time, None).as_deref(), Ok("missing"));
        assert_eq!(read("true", FieldType::Epoch, None).unwrap_err(), "layout");
        let soon = read("\"soon\"", FieldType::Epoch, None).unwrap_err();
        assert_eq!(soon, "invalid time `soon`: expected seconds or milliseconds since 1970");
        let name = read("\"soon\"", FieldType::Symbol, None).unwrap_err();
        assert_eq!(name, "invalid security code `soon`: expected a form like 600519.SH");
    }

    #[test]
    fn a_number_is_shown_as_it_was_written() {
        for text in ["0.005", "9.390", "-0.10", "12", "0.0", "-7"] {
            let Ok((Parsed::Small(decimal), _)) = decimal::scan(text.as_bytes()) else { panic!("{text}") };
            assert_eq!(digits(decimal), text);
        }
    }
}
