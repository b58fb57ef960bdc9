//! How the vendor spells numbers: the way Python prints floats, with the quirks of its JSON.
//!
//! Texts are made from integers. The only floating point is the vendor's own subtraction noise in `change`.

use crate::Cell;
use crate::market::Dice;

/// `units / 10^scale` as Python prints a float: `8.0`, `9.39`, `-0.5641`.
pub(crate) fn decimal(units: i64, scale: u32) -> String {
    fixed(units, scale, 1)
}

/// The same with a minimum number of decimal places.
pub(crate) fn fixed(units: impl Into<i128>, scale: u32, least: usize) -> String {
    let units: i128 = units.into();
    let sign = if units < 0 { "-" } else { "" };
    let power = 10_u128.pow(scale);
    let (whole, part) = (units.unsigned_abs() / power, units.unsigned_abs() % power);
    let digits = format!("{part:0width$}", width = scale as usize);
    format!("{sign}{whole}.{:0<least$}", digits.trim_end_matches('0'))
}

/// The same value with an exponent: `1.234E3`, `5.23e-02`.
fn exponent(units: i64, scale: u32) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let digits = units.unsigned_abs().to_string();
    let (first, rest) = digits.split_at(1);
    let rest = rest.trim_end_matches('0');
    let dot = if rest.is_empty() { "" } else { "." };
    // At least one digit: the length of a number's text fits any integer.
    match (digits.len() - 1).checked_sub(scale as usize) {
        Some(power) => format!("{sign}{first}{dot}{rest}E{power}"),
        None => format!("{sign}{first}{dot}{rest}e-{:02}", scale as usize + 1 - digits.len()),
    }
}

/// The change from `before` to `after` fen as binary subtraction of the two prices gives it, such as
/// `-0.23000000000000043`.
pub(crate) fn noisy_change(after: i64, before: i64) -> Option<String> {
    let yuan = |fen: i64| i32::try_from(fen).ok().map(|fen| f64::from(fen) / 100.0);
    Some(format!("{:?}", yuan(after)? - yuan(before)?))
}

/// The number of decimal places in [`in_millionths`].
pub(crate) const PLACES: u32 = 6;

/// A number in any of these spellings, in millionths, from which other vendors make theirs.
pub(crate) fn in_millionths(text: &str) -> Option<i128> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: i128 = format!("{whole}{part}").parse().ok()?;
    let shift = i32::try_from(PLACES).ok()? + exponent - i32::try_from(part.len()).ok()?;
    let power = 10_i128.checked_pow(shift.unsigned_abs())?;
    if shift >= 0 { digits.checked_mul(power) } else { Some((digits + digits.signum() * (power / 2)) / power) }
}

/// A number in an integer column.
pub(crate) fn integer(value: i64) -> Cell {
    Cell::Number(value.to_string())
}

/// A text cell.
pub(crate) fn text(value: &str) -> Cell {
    Cell::Text(value.to_owned())
}

/// A text cell, null if there is none.
pub(crate) fn optional_text(value: Option<&str>) -> Cell {
    value.map_or(Cell::Null, text)
}

/// A number in a float column: usually plain, one integer in three without `.0`, one in a thousand with an extra zero,
/// one in three thousand with an exponent.
pub(crate) fn float(units: i64, scale: u32, dice: &mut Dice) -> Cell {
    let plain = decimal(units, scale);
    let whole = plain.strip_suffix(".0");
    Cell::Number(match (dice.roll(0..3000), whole) {
        (0, _) if units != 0 => exponent(units, scale),
        (1..4, _) => plain + "0",
        (roll, Some(whole)) if roll % 3 == 0 => whole.to_owned(),
        _ => plain,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_value_in_every_spelling() {
        for (units, scale, plain, with_exponent) in [
            (123_400, 2, "1234.0", "1.234E3"),
            (800, 2, "8.0", "8E0"),
            (939, 2, "9.39", "9.39E0"),
            (-5641, 4, "-0.5641", "-5.641e-01"),
            (523, 4, "0.0523", "5.23e-02"),
            (-1, 4, "-0.0001", "-1e-04"),
        ] {
            assert_eq!((&*decimal(units, scale), &*exponent(units, scale)), (plain, with_exponent));
            assert_eq!(in_millionths(plain), in_millionths(with_exponent));
        }
        assert_eq!(noisy_change(1282, 1305).as_deref(), Some("-0.23000000000000043"));
    }
}
