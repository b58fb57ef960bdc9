//! Exact decimals: parsed from a number's text, and converted to a column's value by moving the decimal point.
//! `1234567.89` lots are 123,456,789 shares; with binary floating point there would be one less.
//!
//! Does not know which unit a number has.

use std::fmt::Write as _;

use crate::word::Word;

/// `mantissa x 10^exponent`, digits as written: `9.390` is (9390, -3). The exponent is never positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decimal {
    /// The digits, with the sign.
    pub mantissa: i64,
    /// The power of ten of the last digit.
    pub exponent: i8,
}

/// The text is not a number.
#[derive(Debug, PartialEq, Eq)]
pub struct NotANumber;

/// A number that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Parsed {
    /// A number that fits [`Decimal`].
    Small(Decimal),
    /// More digits than fit an `i64`, or an extreme exponent. The text itself is kept.
    Wide,
}

/// The largest relative difference between two roundings of one number (`docs/point-in-time.md`).
const NEAR: f64 = 1e-4;

/// The most digits a number may have to be accepted.
const MOST_DIGITS: i64 = 100;

/// The most places before or after the decimal point, as in a double.
const MOST_PLACES: i64 = 308;

/// The most digits that always fit the mantissa.
const DIGITS: usize = 18;

const POW10: [i64; 19] = {
    let mut powers = [1i64; 19];
    let mut n = 1;
    while n < 19 {
        powers[n] = powers[n - 1] * 10;
        n += 1;
    }
    powers
};

/// Parses a number at the start of `text` as JSON, and returns it with its length. The fast path is digits, a point,
/// digits.
///
/// # Errors
/// [`NotANumber`] if it does not begin with one.
#[inline]
pub fn scan(text: &[u8]) -> Result<(Parsed, usize), NotANumber> {
    let negative = text.first() == Some(&b'-');
    let mut at = usize::from(negative);
    let start = at;
    let mut mantissa: i64 = 0;
    let digits = |mantissa: &mut i64, mut at: usize| {
        while let Some(digit) = text.get(at).map(|b| b.wrapping_sub(b'0')).filter(|d| *d < 10) {
            // Overflow wraps here and is caught by the count of digits.
            *mantissa = mantissa.wrapping_mul(10).wrapping_add(i64::from(digit));
            at += 1;
        }
        at
    };
    at = digits(&mut mantissa, at);
    let whole = at - start;
    if whole == 0 {
        return Err(NotANumber);
    }
    let mut fraction = 0;
    if text.get(at) == Some(&b'.') {
        let from = at + 1;
        at = digits(&mut mantissa, from);
        fraction = at - from;
        if fraction == 0 {
            return Err(NotANumber);
        }
    }
    let mut exponent = -i64::try_from(fraction).map_err(|_| NotANumber)?;
    if matches!(text.get(at), Some(b'e' | b'E')) {
        let (power, next) = scan_exponent(text, at + 1)?;
        exponent += power;
        at = next;
    }
    let mantissa = if negative { mantissa.wrapping_neg() } else { mantissa };
    if whole + fraction > DIGITS {
        return Ok((Parsed::Wide, at));
    }
    Ok((fold(mantissa, exponent), at))
}

/// Parses a plain JSON number at the start of `text`: digits, possibly with a point, that fit a [`Decimal`]. If this
/// returns `None`, [`scan`] may still accept the number.
#[inline(always)]
#[expect(clippy::inline_always, reason = "a call takes as long as the digits")]
#[must_use]
pub fn scan_plain(text: &[u8]) -> Option<(Decimal, usize)> {
    let start = usize::from(text.first() == Some(&b'-'));
    // Eight bytes at a time: a loop over the digits would mispredict its end for nearly every number.
    let word = Word::at(text, start)?;
    let whole = word.digits();
    // JSON forbids leading zeros.
    if whole == 0 || (whole > 1 && word.begins_with_zero()) {
        return None;
    }
    // Most prices: digits and point fit in one word.
    let Some((digits, joined)) = word.joined(whole) else { return scan_words(text, start) };
    plain((start, joined.value(digits)), (digits + 1, digits - whole), text)
}

/// Like [`scan_plain`], for digits that take more than one word or have no point among them.
#[inline(never)]
fn scan_words(text: &[u8], start: usize) -> Option<(Decimal, usize)> {
    let Some((before, whole)) = digits_at(text, start) else { return scan_long(text) };
    if text.get(start + whole) != Some(&b'.') {
        return plain((start, before), (whole, 0), text);
    }
    match digits_at(text, start + whole + 1) {
        Some((_, 0)) => None,
        Some((behind, places)) if whole + places <= DIGITS => {
            plain((start, before * POW10[places] + behind), (whole + 1 + places, places), text)
        }
        _ => scan_long(text),
    }
}

/// A number made of digits, negated if they do not start at 0. `None` if an exponent follows.
#[inline(always)]
#[expect(clippy::inline_always, reason = "a call takes as long as the digits")]
fn plain((start, mantissa): (usize, i64), (len, places): (usize, usize), text: &[u8]) -> Option<(Decimal, usize)> {
    let at = start + len;
    if matches!(text.get(at), Some(b'e' | b'E')) {
        return None;
    }
    let exponent = -i8::try_from(places).ok()?;
    Some((Decimal { mantissa: if start == 1 { -mantissa } else { mantissa }, exponent }, at))
}

/// The digits at a position as a number, and their count. `None` if they do not fit in two words.
#[inline(always)]
#[expect(clippy::inline_always, reason = "a call takes as long as the digits")]
fn digits_at(text: &[u8], at: usize) -> Option<(i64, usize)> {
    let word = Word::at(text, at)?;
    let first = word.digits();
    if first < Word::LEN {
        return Some((word.value(first), first));
    }
    let word_behind = Word::at(text, at + Word::LEN)?;
    let more = word_behind.digits();
    (more < Word::LEN).then(|| (word.value(first) * POW10[more] + word_behind.value(more), first + more))
}

/// Like [`scan_plain`], digit by digit.
fn scan_long(text: &[u8]) -> Option<(Decimal, usize)> {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let whole = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if whole > 1 && digits[0] == b'0' {
        return None;
    }
    match scan(text).ok()? {
        (Parsed::Small(decimal), len) if !text[..len].iter().any(|byte| matches!(byte, b'e' | b'E')) => {
            Some((decimal, len))
        }
        _ => None,
    }
}

fn scan_exponent(text: &[u8], from: usize) -> Result<(i64, usize), NotANumber> {
    let sign = text.get(from).copied();
    let start = from + usize::from(matches!(sign, Some(b'+' | b'-')));
    let len = text[start.min(text.len())..].iter().take_while(|b| b.is_ascii_digit()).count();
    let digits = std::str::from_utf8(&text[start..start + len]).map_err(|_| NotANumber)?;
    // A longer exponent is out of range for any column, so any large number will do.
    let power: i64 = if len > 6 { 999_999 } else { digits.parse().map_err(|_| NotANumber)? };
    Ok((if sign == Some(b'-') { -power } else { power }, start + len))
}

/// Multiplies out a positive exponent, so that the digits show the precision.
fn fold(mantissa: i64, exponent: i64) -> Parsed {
    if mantissa == 0 {
        // Zeros have a precision too: 0.00 is not a rounding of 0.4.
        return Parsed::Small(Decimal { mantissa: 0, exponent: i8::try_from(exponent.clamp(-100, 0)).unwrap_or(0) });
    }
    match exponent {
        -100..=0 => Parsed::Small(Decimal { mantissa, exponent: i8::try_from(exponent).unwrap_or(0) }),
        1..=18 => usize::try_from(exponent)
            .ok()
            .and_then(|power| mantissa.checked_mul(POW10[power]))
            .map_or(Parsed::Wide, |mantissa| Parsed::Small(Decimal { mantissa, exponent: 0 })),
        _ => Parsed::Wide,
    }
}

/// Powers of ten that a double holds exactly.
pub const EXACT: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

impl Decimal {
    /// The double nearest to the exact value of `self x 10^shift`.
    #[inline]
    #[must_use]
    pub fn to_f64(self, shift: i8) -> f64 {
        let power = i32::from(self.exponent) + i32::from(shift);
        if self.mantissa.unsigned_abs() < 1 << 53 && power.unsigned_abs() <= 22 {
            // Both operands are exact, so one operation rounds once (Clinger 1990).
            #[allow(clippy::cast_precision_loss)]
            let mantissa = self.mantissa as f64;
            let scale = EXACT[power.unsigned_abs() as usize];
            return if power < 0 { mantissa / scale } else { mantissa * scale };
        }
        nearest(&format!("{}e{power}", self.mantissa))
    }

    /// `self x 10^shift` as an integer, if it is one apart from float noise.
    #[inline]
    #[must_use]
    pub fn to_i64(self, shift: i8) -> Option<i64> {
        let power = i32::from(self.exponent) + i32::from(shift);
        if (0..=18).contains(&power) {
            return self.mantissa.checked_mul(POW10[power.unsigned_abs() as usize]);
        }
        whole(i128::from(self.mantissa), power)
    }

    /// Whether this is `finer` rounded: within half a unit of this number's last digit.
    #[inline]
    #[must_use]
    pub fn is_rounding_of(self, finer: Self) -> bool {
        let places = i32::from(self.exponent) - i32::from(finer.exponent);
        if !(1..=18).contains(&places) {
            return false;
        }
        let unit = i128::from(POW10[places.unsigned_abs() as usize]);
        let difference = i128::from(finer.mantissa) - i128::from(self.mantissa) * unit;
        2 * difference.abs() <= unit
    }

    /// Whether the two are equal, or one is a nearby rounding of the other. Without the nearness, a number with very
    /// few digits would be a rounding of too many others.
    #[inline]
    #[must_use]
    pub fn agrees(self, other: Self) -> bool {
        if self.equals(other) {
            return true;
        }
        let (a, b) = (self.to_f64(0), other.to_f64(0));
        (self.is_rounding_of(other) || other.is_rounding_of(self)) && (a - b).abs() <= NEAR * a.abs().max(b.abs())
    }

    /// Whether both are the same number, ignoring trailing zeros.
    #[inline]
    #[must_use]
    pub fn equals(self, other: Self) -> bool {
        if self.mantissa == 0 || other.mantissa == 0 {
            return self.mantissa == other.mantissa;
        }
        let (fine, coarse) = if self.exponent <= other.exponent { (self, other) } else { (other, self) };
        let places = i32::from(coarse.exponent) - i32::from(fine.exponent);
        places <= 18
            && i128::from(coarse.mantissa) * i128::from(POW10[places.unsigned_abs() as usize])
                == i128::from(fine.mantissa)
    }
}

/// The double nearest to a number's text x 10^shift; `None` beyond the range of doubles.
#[must_use]
pub fn wide_to_f64(text: &str, shift: i8) -> Option<f64> {
    let (negative, digits, power) = parts(text)?;
    let mut number = String::with_capacity(digits.len() + 8);
    write!(number, "{}{digits}e{}", if negative { "-" } else { "" }, power + i64::from(shift)).ok()?;
    let value = nearest(&number);
    value.is_finite().then_some(if value == 0.0 { 0.0 } else { value })
}

/// A number's text x 10^shift as an integer, if it is one apart from float noise.
#[must_use]
pub fn wide_to_i64(text: &str, shift: i8) -> Option<i64> {
    let (negative, digits, power) = parts(text)?;
    // Further digits do not matter for a number that fits 64 bits.
    let kept = &digits[..digits.len().min(36)];
    let power = power + i64::from(shift) + i64::try_from(digits.len() - kept.len()).ok()?;
    let mantissa: i128 = kept.parse().ok()?;
    whole(if negative { -mantissa } else { mantissa }, i32::try_from(power).ok()?)
}

/// Why a number with very many digits or an extreme exponent is rejected: no vendor sends one on purpose.
#[must_use]
pub fn excess(text: &str) -> Option<&'static str> {
    let (_, digits, power) = parts(text)?;
    let length = i64::try_from(digits.len()).ok()?;
    if length > MOST_DIGITS {
        return Some("more than 100 digits");
    }
    let is_near = (-MOST_PLACES..=MOST_PLACES).contains(&(power + length));
    (digits != "0" && !is_near).then_some("out of range")
}

/// The sign, the digits without leading zeros, and the power of ten of the last digit.
pub(crate) fn parts(text: &str) -> Option<(bool, String, i64)> {
    let (number, power) = match text.split_once(['e', 'E']) {
        Some((number, power)) => {
            (number, power.parse::<i64>().unwrap_or(if power.starts_with('-') { -999_999 } else { 999_999 }))
        }
        None => (text, 0),
    };
    // Out of range for any column, but far from overflow.
    let power = power.clamp(-999_999, 999_999);
    let (negative, number) = number.strip_prefix('-').map_or((false, number), |rest| (true, rest));
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = format!("{whole}{fraction}");
    let trimmed = digits.trim_start_matches('0');
    let digits = if trimmed.is_empty() { "0".to_owned() } else { trimmed.to_owned() };
    Some((negative, digits, power - i64::try_from(fraction.len()).ok()?))
}

fn nearest(number: &str) -> f64 {
    number.parse().unwrap_or(f64::INFINITY)
}

/// `mantissa x 10^power` as an integer. Only rounded if it is within max(1e-6, 1e-15 |x|) of one, which is vendors'
/// float noise (`docs/lake-format.md`).
fn whole(mantissa: i128, power: i32) -> Option<i64> {
    if mantissa == 0 {
        return Some(0);
    }
    if power >= 0 {
        let scale = 10i128.checked_pow(power.unsigned_abs())?;
        return i64::try_from(mantissa.checked_mul(scale)?).ok();
    }
    let Some(unit) = 10i128.checked_pow(power.unsigned_abs()) else {
        // Practically zero, unless the mantissa is large enough.
        return (power < -44).then_some(0);
    };
    let rounded = (mantissa.abs() + unit / 2) / unit;
    let off = (mantissa.abs() - rounded * unit).abs();
    // off / unit <= max(1e-6, 1e-15 rounded), in integers.
    let near = off.checked_mul(1_000_000).is_some_and(|o| o <= unit)
        || off.checked_mul(1_000_000_000_000_000).is_some_and(|o| unit.checked_mul(rounded).is_none_or(|u| o <= u));
    let value = i64::try_from(rounded).ok()?;
    near.then_some(if mantissa < 0 { -value } else { value })
}

#[cfg(test)]
mod tests;
