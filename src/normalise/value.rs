//! One value of a line to a cell. Never which column it fills, or what stands around it.

use std::borrow::Cow;

use super::cells::{Cell, Texts};
use crate::spec::Wire;
use pitlake_contract::decimal::{self, Parsed};
use pitlake_contract::spelling::{code, day, flag, instant, null};

/// Where a value of a file goes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'t> {
    pub(super) column: usize,
    pub(super) wire: Wire,
    /// The value that stands for nothing.
    pub(super) missing: Option<&'t str>,
}

impl Target<'_> {
    /// Whether a value is the one that stands for nothing: as it is written, or the same number.
    fn is_missing(&self, text: &str) -> bool {
        let Some(missing) = self.missing else { return false };
        let number = |text: &str| match decimal::scan(text.as_bytes()) {
            Ok((Parsed::Small(decimal), len)) if len == text.len() => Some(decimal),
            _ => None,
        };
        // A code of zeros is no number.
        let counts = matches!(self.wire, Wire::Number | Wire::Integer | Wire::Epoch);
        text == missing || (counts && number(text).zip(number(missing)).is_some_and(|(a, b)| a.equals(b)))
    }
}

/// Why a line is not a row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Bad(pub(super) String);

/// Not as the layout says, or not a value at all.
pub(super) enum Miss {
    Layout,
    Value(Bad),
}

pub(super) fn word(wire: Wire) -> &'static str {
    match wire {
        Wire::Text => "text",
        Wire::Symbol => "code of a security",
        Wire::Time | Wire::Epoch => "time",
        Wire::Date => "day",
        Wire::Number | Wire::Integer => "number",
        Wire::Flag => "flag",
    }
}

/// Reads one value at the beginning of `text`; returns it and its length.
pub(super) fn value(text: &[u8], target: &Target<'_>, texts: &mut Texts) -> Result<(Cell, usize), Miss> {
    match text.first() {
        Some(b'"') => {
            let (inner, len) = string(text).ok_or(Miss::Layout)?;
            let cell = quoted(&inner, target, texts).map_err(Miss::Value)?;
            Ok((cell, len))
        }
        Some(b'n') if text.starts_with(b"null") => Ok((Cell::Null, 4)),
        Some(b't') if target.wire == Wire::Flag && text.starts_with(b"true") => Ok((Cell::Flag(true), 4)),
        Some(b'f') if target.wire == Wire::Flag && text.starts_with(b"false") => Ok((Cell::Flag(false), 5)),
        Some(b'-' | b'0'..=b'9') => {
            let (parsed, len) = decimal::scan(text).map_err(|_| Miss::Layout)?;
            let token = std::str::from_utf8(&text[..len]).map_err(|_| Miss::Layout)?;
            let cell = match target.wire {
                Wire::Number | Wire::Integer if target.is_missing(token) => Cell::Null,
                Wire::Number | Wire::Integer => number(parsed, token, texts),
                _ => quoted(token, target, texts).map_err(Miss::Value)?,
            };
            Ok((cell, len))
        }
        _ => Err(Miss::Layout),
    }
}

fn number(parsed: Parsed, token: &str, texts: &mut Texts) -> Cell {
    match parsed {
        Parsed::Small(decimal) => Cell::Number(decimal),
        Parsed::Wide => Cell::Wide(texts.intern(token)),
    }
}

/// The meaning of a text. NaN is a promise broken.
pub(super) fn quoted(text: &str, target: &Target<'_>, texts: &mut Texts) -> Result<Cell, Bad> {
    let wire = target.wire;
    if null::is_null(text, wire) || target.is_missing(text) {
        return Ok(Cell::Null);
    }
    let bad = || Bad(format!("`{text}` is no {}", word(wire)));
    match wire {
        Wire::Text => Ok(Cell::Text(texts.intern(text))),
        Wire::Date => day::parse(text).map(Cell::Date).ok_or_else(bad),
        Wire::Time => instant::parse(text).map(Cell::instant).ok_or_else(bad),
        Wire::Epoch => match instant::epoch(text) {
            // The first second of 1970 is a field left at zero.
            Some(0) => Ok(Cell::Null),
            at => at.map(Cell::instant).ok_or_else(bad),
        },
        Wire::Symbol => code::suffixed(text).map(|code| Cell::Text(texts.intern(&code))).ok_or_else(bad),
        Wire::Flag => flag::parse(text).map(Cell::Flag).ok_or_else(bad),
        Wire::Number | Wire::Integer => match decimal::scan(text.as_bytes()) {
            Ok((parsed, len)) if len == text.len() => Ok(number(parsed, text, texts)),
            _ => Err(bad()),
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

    fn read(token: &str, wire: Wire, missing: Option<&str>) -> Result<String, String> {
        let mut texts = Texts::default();
        match value(token.as_bytes(), &Target { column: 0, wire, missing }, &mut texts) {
            Ok((cell, len)) => {
                assert_eq!(len, token.len());
                Ok(match cell {
                    Cell::Text(id) => texts.get(id).to_owned(),
                    Cell::Null => "nothing".to_owned(),
                    Cell::Number(decimal) => decimal.mantissa.to_string(),
                    cell => format!("{cell:?}"),
                })
            }
            Err(Miss::Value(Bad(reason))) => Err(reason),
            Err(Miss::Layout) => Err("no value".to_owned()),
        }
    }

    #[test]
    fn what_stands_for_nothing_is_nothing_as_text_or_as_number() {
        for token in ["0", "\"0\"", "0.00", "\"0.0\"", "-0", "0e5"] {
            for wire in [Wire::Number, Wire::Integer] {
                assert_eq!(read(token, wire, Some("0")).as_deref(), Ok("nothing"), "{token}");
                assert_ne!(read(token, wire, None).as_deref(), Ok("nothing"), "{token}");
            }
        }
        assert_eq!(read("0.01", Wire::Number, Some("0")).as_deref(), Ok("1"));
        assert_eq!(read("-1.0", Wire::Number, Some("-1")).as_deref(), Ok("nothing"));
        for wire in [Wire::Number, Wire::Time, Wire::Symbol, Wire::Text, Wire::Date] {
            assert_eq!(read("\"-\"", wire, Some("-")).as_deref(), Ok("nothing"), "{wire:?}");
        }
        // A code is no number.
        assert_eq!(read("\"000\"", Wire::Text, Some("0")).as_deref(), Ok("000"));
    }

    #[test]
    fn instants_and_codes_have_spellings_of_nothing_too() {
        for (wire, tokens) in [
            (Wire::Time, ["\"\"", "null", "\"0\"", "\"None\""]),
            (Wire::Epoch, ["0", "\"0\"", "\"\"", "null"]),
            (Wire::Symbol, ["\"\"", "null", "\"None\"", "\"\""]),
        ] {
            for token in tokens {
                assert_eq!(read(token, wire, None).as_deref(), Ok("nothing"), "{token}");
            }
        }
        assert_eq!(read("\"SH.600519\"", Wire::Symbol, None).as_deref(), Ok("600519.SH"));
        assert_eq!(read("600519", Wire::Symbol, None).as_deref(), Ok("600519.SH"));
        assert_eq!(read("\"2024-01-02 09:31:00\"", Wire::Time, None).as_deref(), Ok("1704159060000000"));
        assert_eq!(read("\"-\"", Wire::Time, None).unwrap_err(), "`-` is no time");
        assert_eq!(read("true", Wire::Epoch, None).unwrap_err(), "no value");
        assert_eq!(read("\"soon\"", Wire::Epoch, None).unwrap_err(), "`soon` is no time");
        assert_eq!(read("\"-\"", Wire::Symbol, None).unwrap_err(), "`-` is no code of a security");
    }
}
