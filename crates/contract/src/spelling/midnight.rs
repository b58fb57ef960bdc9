//! Dates as other programs write them: without leading zeros, as an instant at midnight, as a count from 1970. Vendors'
//! usual spellings are read faster by `day`.

use chrono::NaiveDate;

use super::{day, instant};

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Parses `2024/1/2`, `2024年01月02日`, `20240102.0`, or an instant at midnight, into days from 1970-01-01. The date is
/// taken as written, except that an instant in another zone that is midnight in Shanghai gives the date there.
#[must_use]
pub(super) fn parse(text: &str) -> Option<i32> {
    if let Some((date, time)) = text.split_once(['T', ' ']) {
        let date = day::parse(date).or_else(|| loose(date))?;
        return at_midnight(date, time);
    }
    let whole = text.strip_suffix(".0").filter(|whole| whole.bytes().all(|byte| byte.is_ascii_digit()));
    whole.map_or_else(|| loose(text), day::parse)
}

/// Parses milliseconds or nanoseconds from 1970 that are midnight in UTC or Shanghai, which is how pandas and Polars
/// write a column of dates.
#[must_use]
pub(super) fn count(text: &str) -> Option<i32> {
    let text = text.strip_suffix(".0").unwrap_or(text);
    let count: i64 = text.parse().ok().filter(|_| !text.starts_with('+'))?;
    // With fewer digits it is a date, or seconds.
    let micros = match count.unsigned_abs() {
        10_000_000_000..100_000_000_000_000 => count.checked_mul(1_000)?,
        100_000_000_000_000_000.. if count % 1_000 == 0 => count / 1_000,
        _ => return None,
    };
    if micros % DAY == 0 { i32::try_from(micros / DAY).ok() } else { in_shanghai(micros) }
}

/// `2024/1/2` or `2024年01月02日`, with one or two digits for month and day.
fn loose(text: &str) -> Option<i32> {
    let (year, rest) = text.split_once(['/', '年'])?;
    let (month, date) = match rest.split_once('/') {
        Some(parts) if text.contains('/') && !text.contains('年') => parts,
        None => rest.strip_suffix('日')?.split_once('月')?,
        Some(_) => return None,
    };
    let number = |part: &str, lengths: std::ops::RangeInclusive<usize>| -> Option<u32> {
        let is_number = lengths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse().ok().filter(|_| is_number)
    };
    let year = i32::try_from(number(year, 4..=4)?).ok()?;
    NaiveDate::from_ymd_opt(year, number(month, 1..=2)?, number(date, 1..=2)?).map(day::days)
}

/// The day of the instant `time` on `date`, if it is midnight.
fn at_midnight(date: i32, time: &str) -> Option<i32> {
    let end = time.find(['Z', '+', '-']).unwrap_or(time.len());
    // Excel omits the leading zero of the hour.
    let clock = time[..end].trim_end();
    let clock = if clock.find(':') == Some(1) { format!("0{clock}") } else { clock.to_owned() };
    let written = day::day(date)?.format("%Y-%m-%d");
    let micros = instant::parse(&format!("{written} {clock}{}", &time[end..]))?;
    let is_zero = clock.bytes().all(|byte| matches!(byte, b'0' | b':' | b'.'));
    if is_zero { Some(date) } else { in_shanghai(micros) }
}

/// The day that begins at an instant in Shanghai.
fn in_shanghai(micros: i64) -> Option<i32> {
    let days = instant::days_of(micros)?;
    (instant::end_of(day::day(days)?) - DAY == micros).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Option<String> {
        parse(text).or_else(|| count(text)).and_then(day::day).map(|day| day.to_string())
    }

    #[test]
    fn each_spelling_of_a_day_is_that_day() {
        for text in [
            "2024/1/2",
            "2024/01/02",
            "2024年01月02日",
            "2024年1月2日",
            "20240102.0",
            "2024-01-02 00:00:00",
            "2024-01-02T00:00:00.000",
            "2024-01-02T00:00:00.000000000",
            "20240102 00:00",
            "2024/1/2 0:00",
            "2024/1/2 0:00:00",
            "2024-01-02T00:00:00Z",
            "2024-01-02T00:00:00.000Z",
            "2024-01-02 00:00:00+00:00",
            "2024-01-02 00:00:00 +0800",
            "2024-01-02T00:00:00-05:00",
            "2024-01-01T16:00:00Z",
            "2024-01-01 16:00:00.000+00:00",
            "1704153600000",
            "1704153600000.0",
            "1704153600000000000",
            "1704124800000",
        ] {
            assert_eq!(read(text).as_deref(), Some("2024-01-02"), "{text}");
        }
    }

    #[test]
    fn other_instants_and_counts_are_not_days() {
        for text in [
            "",
            "0",
            "2024-1-2",
            "2024/13/1",
            "2024/2/30",
            "24/1/2",
            "2024/1",
            "2024/1/2/3",
            "2024年01月02",
            "2024年01/02日",
            "2024-01-02 09:30:00",
            "2024-01-02 16:00:00",
            "2024-01-02T00:00:01Z",
            "2024-01-01T15:00:00Z",
            "2024-01-02 00:00:00 CST",
            "2024-01-02 ",
            "2024-01-02 0",
            "20240102.5",
            "20240230.0",
            "1704153600",
            "1704153601000",
            "1704153600000000",
            "1704153600000000001",
            "+1704153600000",
            "99999999999999999999",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_day_is_read_from_every_spelling(days in 1_400i32..30_000) {
            let date = day::day(days).unwrap();
            let millis = i64::from(days) * 86_400_000;
            for text in [
                date.format("%Y/%-m/%-d").to_string(),
                date.format("%Y年%m月%d日").to_string(),
                date.format("%Y%m%d.0").to_string(),
                date.format("%Y-%m-%d 00:00:00").to_string(),
                date.format("%Y-%m-%dT00:00:00.000Z").to_string(),
                format!("{}T16:00:00Z", date.pred_opt().unwrap()),
                millis.to_string(),
                (millis * 1_000_000).to_string(),
                (millis - 8 * 3_600_000).to_string(),
            ] {
                prop_assert_eq!(parse(&text).or_else(|| count(&text)), Some(days), "{}", text);
            }
        }
    }
}
