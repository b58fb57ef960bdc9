//! Reads the values of fields, one reader per kind: a text into the value it stands for, or why it is invalid.
//! Fetching, importing, building and counting all read values here. Which column a value fills is not known here.

use std::borrow::Cow;

use super::dialect::Dialect;
use super::excerpt::excerpt;
use super::{code, day, flag, instant, midnight, null};
use crate::contract::{Enumeration, Field};
use crate::decimal::{self, Decimal, Parsed};
use crate::field_type::FieldType;
use crate::unit::Unit;

/// A value of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'t> {
    /// No value.
    Null,
    /// A word for a missing value, such as `nan`, to be counted and reported.
    NullWord,
    /// A text, a security code as `600519.SH`, or a value of an enumeration.
    Text(Cow<'t, str>),
    /// A value that an open enumeration does not list, to be kept and reported.
    Unlisted(Cow<'t, str>),
    /// Days since 1970-01-01.
    Day(i32),
    /// Microseconds since 1970, UTC.
    Instant(i64),
    /// True or false.
    Flag(bool),
    /// A number.
    Number(Decimal),
    /// A number of more digits than a [`Decimal`] holds.
    Wide(Cow<'t, str>),
}

/// Why a text is not a value of the field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidValue(pub String);

/// Reads the values of a field.
#[derive(Debug, Clone, Copy)]
pub struct FieldReader<'c> {
    kind: FieldType,
    /// The text the vendor writes for a missing value.
    missing: Option<&'c str>,
    values: Option<&'c Enumeration>,
    /// The power of ten for a percent sign, if the field allows one.
    percent: Option<i8>,
    dialect: Dialect,
}

impl<'c> FieldReader<'c> {
    /// A reader for a field.
    #[must_use]
    pub fn of(field: &'c Field, dialect: Dialect) -> Self {
        let percent = match field.unit {
            Some(Unit::Percent) => Some(0),
            Some(Unit::Ratio) => Some(-2),
            _ => None,
        };
        let (missing, values) = (field.missing.as_deref(), field.values.as_ref());
        Self { kind: field.kind, missing, values, percent, dialect }
    }

    /// A reader for a type.
    #[must_use]
    pub fn of_type(kind: FieldType, dialect: Dialect) -> Self {
        Self { kind, missing: None, values: None, percent: None, dialect }
    }

    /// The type of the field.
    #[must_use]
    pub fn kind(&self) -> FieldType {
        self.kind
    }

    /// Whether the field accepts JSON's `true` and `false`.
    #[must_use]
    pub fn takes_flags(&self) -> bool {
        self.kind == FieldType::Flag || self.values.is_some()
    }

    /// Whether the field is a number, which JSON writes without quotes.
    #[must_use]
    #[inline]
    pub fn is_number(&self) -> bool {
        matches!(self.kind, FieldType::Number | FieldType::Integer)
    }

    /// Whether the field accepts every number and none stands for a missing value.
    #[must_use]
    #[inline]
    pub fn takes_every_number(&self) -> bool {
        self.is_number() && self.missing.is_none()
    }

    /// Whether the field is a security code and no code stands for a missing value.
    #[must_use]
    #[inline]
    pub fn takes_every_code(&self) -> bool {
        self.kind == FieldType::Symbol && self.missing.is_none()
    }

    /// Reads a text.
    ///
    /// # Errors
    /// When it is not a value of the field.
    #[inline]
    pub fn read<'t>(&self, text: &'t str) -> Result<Value<'t>, InvalidValue>
    where
        'c: 't,
    {
        if self.missing.is_some() && self.is_missing(text) {
            return Ok(Value::Null);
        }
        match self.kind {
            FieldType::Text => self.text(text),
            FieldType::Date => day::parse(text).map_or_else(|| self.day(text), |day| Ok(Value::Day(day))),
            FieldType::Symbol => match code::suffixed(text) {
                Some(code) => Ok(Value::Text(code)),
                None => self.nothing(text),
            },
            FieldType::Number | FieldType::Integer => match decimal::scan(text.as_bytes()) {
                Ok((parsed, len)) if len == text.len() => self.number(parsed, text),
                _ => self.written_number(text),
            },
            FieldType::Flag => match flag::parse(text.trim()) {
                Some(flag) => Ok(Value::Flag(flag)),
                None => self.nothing(text),
            },
            FieldType::Time => match instant::parse(text.trim()) {
                Some(at) => Ok(Value::Instant(at)),
                None => self.nothing(text),
            },
            FieldType::Epoch => match instant::epoch(text) {
                // The first second of 1970 means that the field was left at zero.
                Some(0) => Ok(Value::Null),
                Some(at) => Ok(Value::Instant(at)),
                None => self.nothing(text),
            },
        }
    }

    /// A number that was already scanned; `text` is all of it.
    ///
    /// # Errors
    /// When it has too many digits, or is too large or too small.
    #[inline]
    pub fn number<'t>(&self, parsed: Parsed, text: &'t str) -> Result<Value<'t>, InvalidValue> {
        match parsed {
            Parsed::Small(decimal) => Ok(Value::Number(decimal)),
            Parsed::Wide => match decimal::excess(text) {
                None => Ok(Value::Wide(text.into())),
                Some(excess) => Err(InvalidValue(format!("invalid number `{}`: {excess}", excerpt(text)))),
            },
        }
    }

    /// Whether a text is the one for missing values, as written or as the same number.
    #[must_use]
    pub fn is_missing(&self, text: &str) -> bool {
        let Some(missing) = self.missing else { return false };
        let number = |text: &str| match decimal::scan(text.as_bytes()) {
            Ok((Parsed::Small(decimal), len)) if len == text.len() => Some(decimal),
            _ => None,
        };
        // A code of zeros is not a number.
        let counts = self.is_number() || self.kind == FieldType::Epoch;
        text == missing || (counts && number(text).zip(number(missing)).is_some_and(|(a, b)| a.equals(b)))
    }

    /// The error for a text that is not a value of the field.
    #[must_use]
    pub fn invalid(&self, value: &str) -> InvalidValue {
        let (what, expected) = match self.kind {
            FieldType::Text => ("text", "a string"),
            FieldType::Symbol => ("security code", "a form like 600519.SH"),
            FieldType::Time => ("time", "YYYY-MM-DD HH:MM:SS"),
            FieldType::Epoch => ("time", "seconds or milliseconds since 1970"),
            FieldType::Date => ("date", "YYYYMMDD or YYYY-MM-DD"),
            FieldType::Number | FieldType::Integer => ("number", "decimal digits"),
            FieldType::Flag => ("flag", "0, 1, true or false"),
        };
        InvalidValue(format!("invalid {what} `{}`: expected {expected}", excerpt(value)))
    }

    fn text<'t>(&self, text: &'t str) -> Result<Value<'t>, InvalidValue>
    where
        'c: 't,
    {
        if let Some(value) = self.values.and_then(|values| values.canonical(text)) {
            return Ok(Value::Text(value.into()));
        }
        if null::is_plain(text) {
            return Ok(Value::Null);
        }
        if null::is_word(text) {
            return Ok(Value::NullWord);
        }
        match self.values {
            None => Ok(Value::Text(text.into())),
            Some(values) if values.is_open => Ok(Value::Unlisted(Enumeration::plain(text).into())),
            Some(values) => {
                let (value, list) = (excerpt(text), values.list());
                Err(InvalidValue(format!("invalid value `{value}`: expected one of {list}")))
            }
        }
    }

    fn day(&self, text: &str) -> Result<Value<'static>, InvalidValue> {
        let trimmed = text.trim();
        let count = || midnight::count(trimmed).filter(|_| self.dialect == Dialect::Part);
        match day::parse(trimmed).or_else(|| midnight::parse(trimmed)).or_else(count) {
            Some(day) => Ok(Value::Day(day)),
            None => self.nothing(text),
        }
    }

    /// A number as people write it: without its leading zero, with separators, with a percent sign.
    fn written_number(&self, text: &str) -> Result<Value<'static>, InvalidValue> {
        let digits = text.trim();
        let is_part = self.dialect == Dialect::Part;
        let (digits, power) = match (digits.strip_suffix('%'), self.percent) {
            (Some(digits), Some(power)) if is_part => (digits.trim_end(), power),
            _ => (digits, 0),
        };
        let separated = digits.contains(',') && is_part;
        let Some(plain) = (if separated { without_separators(digits) } else { Some(with_zero(digits)) }) else {
            return self.nothing(text);
        };
        match decimal::scan(plain.as_bytes()) {
            Ok((Parsed::Small(Decimal { mantissa, exponent }), len)) if len == plain.len() => {
                Ok(Value::Number(Decimal { mantissa, exponent: exponent.saturating_add(power) }))
            }
            Ok((Parsed::Wide, len)) if len == plain.len() && power == 0 && decimal::excess(&plain).is_none() => {
                Ok(Value::Wide(plain.into()))
            }
            _ => self.nothing(text),
        }
    }

    /// A missing value, if the text is a word for one.
    fn nothing(&self, text: &str) -> Result<Value<'static>, InvalidValue> {
        if null::is_plain(text) || null::is_zero(text, self.kind) {
            return Ok(Value::Null);
        }
        // In an answer, a word in place of a number means that the number was lost on the way.
        let counts = self.dialect == Dialect::Part || !self.is_number();
        if counts && null::is_word(text.trim()) { Ok(Value::NullWord) } else { Err(self.invalid(text)) }
    }
}

/// `-.5` as `-0.5`. Other texts are unchanged.
fn with_zero(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    if digits.starts_with('.') { format!("{sign}0{digits}") } else { text.to_owned() }
}

/// `1,234,567.8` as `1234567.8`, if every group has three digits.
fn without_separators(text: &str) -> Option<String> {
    let (whole, fraction) = text.find('.').map_or((text, ""), |at| text.split_at(at));
    let mut groups = whole.strip_prefix('-').unwrap_or(whole).split(',');
    let is_digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    let is_first = groups.next().is_some_and(|first| (1..=3).contains(&first.len()) && is_digits(first));
    let is_grouped = is_first && groups.all(|group| group.len() == 3 && is_digits(group));
    is_grouped.then(|| format!("{}{fraction}", whole.replace(',', "")))
}

#[cfg(test)]
mod tests;
