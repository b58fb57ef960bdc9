//! Instants, as text or as a count from 1970, and their days in Shanghai. The only module that knows how vendors write
//! them. In memory they are UTC microseconds from 1970.

use chrono::{FixedOffset, NaiveDate};

use super::day;
use crate::decimal::{self, Parsed};

/// The time zone of the market, without daylight saving since 1991.
pub const SHANGHAI: FixedOffset = FixedOffset::east_opt(8 * 3600).expect("eight hours are a valid offset");

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// From here on, counts are milliseconds. As seconds they would be after the year 5138.
const MILLISECONDS: f64 = 1e11;

/// Parses a date and time separated by `T` or a space, in Shanghai time unless `Z` or an offset follows. A date alone
/// means its midnight.
#[must_use]
pub fn parse(text: &str) -> Option<i64> {
    let (day, rest) = text.split_once(['T', ' ']).unwrap_or((text, "00:00:00"));
    let days = i64::from(day::parse(day)?);
    let (time, offset) = match rest.find(['Z', '+', '-']) {
        Some(at) => (rest[..at].trim_end(), offset(&rest[at..])?),
        None => (rest, shanghai()),
    };
    Some(days * DAY + time_of_day(time)? - offset)
}

/// Parses seconds or milliseconds from 1970, told apart by size.
#[must_use]
pub fn epoch(text: &str) -> Option<i64> {
    let (Parsed::Small(count), len) = decimal::scan(text.as_bytes()).ok()? else { return None };
    let places = if count.to_f64(0).abs() >= MILLISECONDS { 3 } else { 6 };
    if len == text.len() { count.to_i64(places) } else { None }
}

/// The day of an instant in Shanghai: microseconds from 1970 to days from 1970.
#[must_use]
pub fn days_of(micros: i64) -> Option<i32> {
    i32::try_from(micros.checked_add(shanghai())?.div_euclid(DAY)).ok()
}

/// The end of a day in Shanghai, in microseconds from 1970.
#[must_use]
pub fn end_of(day: NaiveDate) -> i64 {
    (i64::from(day::days(day)) + 1) * DAY - shanghai()
}

fn shanghai() -> i64 {
    i64::from(SHANGHAI.local_minus_utc()) * SECOND
}

/// `09:31`, `09:31:00`, `09:31:00.123456789`. Digits below a microsecond are dropped.
fn time_of_day(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').map_or((text, "0"), |(whole, fraction)| (whole, fraction));
    let mut parts = whole.split(':').map(two_digits);
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next());
    if parts.next().is_some() || (second.is_none() && whole.len() != text.len()) {
        return None;
    }
    let second = second.unwrap_or(Some(0))?;
    let is_fraction = !fraction.is_empty() && fraction.bytes().all(|b| b.is_ascii_digit());
    if hour > 23 || minute > 59 || second > 59 || !is_fraction {
        return None;
    }
    let micros: i64 = format!("{:0<6}", fraction.get(..6).unwrap_or(fraction)).parse().ok()?;
    Some((hour * 3600 + minute * 60 + second) * SECOND + micros)
}

/// `Z`, `+08:00`, `+0800`, `-05`.
fn offset(text: &str) -> Option<i64> {
    let (sign, rest) = match text.split_at_checked(1)? {
        ("Z", "") => return Some(0),
        ("+", rest) => (1, rest),
        ("-", rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = rest.split_at_checked(2)?;
    let minutes = if minutes.is_empty() { "00" } else { minutes.strip_prefix(':').unwrap_or(minutes) };
    let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60) * SECOND)
}

fn two_digits(text: &str) -> Option<i64> {
    match text.as_bytes() {
        [a @ b'0'..=b'9', b @ b'0'..=b'9'] => Some(i64::from(a - b'0') * 10 + i64::from(b - b'0')),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{DateTime, SubsecRound as _};
    use proptest::prelude::*;

    fn utc(text: &str) -> Option<String> {
        Some(DateTime::from_timestamp_micros(parse(text)?)?.format("%Y-%m-%d %H:%M:%S%.f").to_string())
    }

    #[test]
    fn without_a_zone_it_is_shanghai_time() {
        for text in ["2024-01-02 09:31:00", "2024-01-02T09:31:00", "20240102 09:31", "2024-01-02 09:31:00.000"] {
            assert_eq!(utc(text).as_deref(), Some("2024-01-02 01:31:00"), "{text}");
        }
        // No daylight saving, not even in the years that had it.
        assert_eq!(utc("1988-07-01 09:30:00").as_deref(), Some("1988-07-01 01:30:00"));
        assert_eq!(utc("2024-01-02").as_deref(), Some("2024-01-01 16:00:00"));
        assert_eq!(utc("2024-01-02T09:31:00.1234567").as_deref(), Some("2024-01-02 01:31:00.123456"));
    }

    #[test]
    fn a_zone_is_honoured() {
        for text in [
            "2024-01-02T01:31:00Z",
            "2024-01-02T09:31:00+08:00",
            "2024-01-02 09:31:00 +0800",
            "2024-01-01T20:31:00.0-05",
        ] {
            assert_eq!(utc(text).as_deref(), Some("2024-01-02 01:31:00"), "{text}");
        }
    }

    #[test]
    fn other_texts_are_not_instants() {
        for text in [
            "-",
            "NaT",
            "09:31:00",
            "2024-01-02 ",
            "2024-01-02 9:31",
            "2024-01-02 24:00:00",
            "2024-01-02 09:31:60",
            "2024-01-02 09:31:00.",
            "2024-01-02 09:31.5",
            "2024-01-02 09:31:00:00",
            "2024-01-02 09:31:00+8",
            "2024-01-02 09:31:00Z8",
            "2024-02-30 09:31:00",
            "2024-01-02\u{3000}09:31:00",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn counts_are_seconds_or_milliseconds_by_magnitude() {
        assert_eq!(epoch("1773838800"), Some(1_773_838_800_000_000));
        assert_eq!(epoch("1773838800123"), Some(1_773_838_800_123_000));
        assert_eq!(epoch("1773838800.0"), Some(1_773_838_800_000_000));
        assert_eq!((epoch("0"), epoch("-86400")), (Some(0), Some(-DAY)));
        assert_eq!(
            (epoch("99999999999"), epoch("100000000000")),
            (Some(99_999_999_999 * SECOND), Some(100 * 1_000_000 * SECOND))
        );
        for text in ["", "-", "2024-01-02", "1773838800s", "123456789012345678"] {
            assert_eq!(epoch(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_spelling_of_an_instant_is_that_instant(
            micros in -2_208_988_800_000_000i64..7_258_118_400_000_000,
            minutes in -14 * 60i32..=14 * 60,
        ) {
            let at = DateTime::from_timestamp_micros(micros).unwrap();
            let there = at.with_timezone(&FixedOffset::east_opt(minutes * 60).unwrap());
            for format in ["%Y-%m-%dT%H:%M:%S%.6f%:z", "%Y-%m-%d %H:%M:%S%.9f %z", "%Y%m%d %H:%M:%S%.f%:z"] {
                let text = there.format(format).to_string();
                prop_assert_eq!(parse(&text), Some(micros), "{}", text);
            }
            let here = at.with_timezone(&SHANGHAI);
            for format in ["%Y-%m-%dT%H:%M:%S%.6f", "%Y-%m-%d %H:%M:%S%.f"] {
                prop_assert_eq!(parse(&here.format(format).to_string()), Some(micros));
            }
            let seconds = at.trunc_subsecs(0).timestamp();
            prop_assert_eq!(parse(&here.format("%Y-%m-%d %H:%M:%S").to_string()), Some(seconds * SECOND));
            prop_assert_eq!(days_of(micros).and_then(day::day), Some(here.date_naive()));
            prop_assert!(micros < end_of(here.date_naive()) && micros >= end_of(here.date_naive()) - DAY);
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in "[0-9TZ:. +\\-é]{0,32}") {
            let _ = (parse(&text), epoch(&text), parse(&format!("2024-01-02 {text}")));
        }
    }
}
