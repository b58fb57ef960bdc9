//! How AShareHub spells numbers and days: decimals as strings with at least four places, days with hyphens.
//!
//! Everything is converted from Tushare's spelling and keeps its value to six places.

use crate::tables::{PLACES, fixed, in_millionths};
use pitlake_contract::spelling::day;

/// Millionths as on /v1: `9.2100`, `108.031`, with four to six places.
pub(super) fn decimal(millionths: i128) -> String {
    fixed(millionths, PLACES, 4)
}

/// An integer, without a decimal point.
pub(super) fn whole(millionths: i128) -> String {
    (millionths / 10_i128.pow(PLACES)).to_string()
}

/// A decimal of /v1 as on /v2: `9.21`, `8.0`.
pub(super) fn float(decimal: &str) -> String {
    in_millionths(decimal).map_or_else(|| decimal.to_owned(), |millionths| fixed(millionths, PLACES, 1))
}

/// A day with hyphens. Other texts are unchanged.
pub(super) fn iso(text: &str) -> String {
    day::date(text).map_or_else(|| text.to_owned(), |day| day.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_their_value() {
        let cases = [
            ("9.21", "9.2100", "9.21"),
            ("8", "8.0000", "8.0"),
            ("-0.0", "0.0000", "0.0"),
            ("1.234E3", "1234.0000", "1234.0"),
            ("5.23e-02", "0.0523", "0.0523"),
            ("108.031005", "108.031005", "108.031005"),
            ("-0.23000000000000043", "-0.2300", "-0.23"),
        ];
        for (tushare, v1, v2) in cases {
            assert_eq!(decimal(in_millionths(tushare).unwrap()), v1);
            assert_eq!(float(v1), v2);
        }
        assert_eq!(whole(in_millionths("12.0").unwrap()), "12");
        assert_eq!(in_millionths("n/a"), None);
        assert_eq!((iso("20230301").as_str(), iso("2023Q1").as_str()), ("2023-03-01", "2023Q1"));
    }
}
