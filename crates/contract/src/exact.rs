//! Numbers of any length, compared by value: `1.5` equals `1.50000000000000000000`, and digits beyond a double's
//! matter. [`crate::decimal`] parses and converts numbers; this is for the few that do not fit its decimals.

use std::cmp::Ordering;

use crate::decimal::{Decimal, parts};

/// A number as digits, without leading and trailing zeros.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exact {
    negative: bool,
    digits: String,
    /// The power of ten of the digit that the decimal point precedes.
    magnitude: i64,
}

impl Exact {
    /// The number in a text accepted by [`crate::decimal::scan`], x 10^shift; `None` for other texts.
    #[must_use]
    pub fn of_text(text: &str, shift: i8) -> Option<Self> {
        let (negative, digits, power) = parts(text)?;
        Some(Self::new(negative, &digits, power + i64::from(shift)))
    }

    /// A decimal x 10^shift.
    #[must_use]
    pub fn of(Decimal { mantissa, exponent }: Decimal, shift: i8) -> Self {
        Self::new(mantissa < 0, &mantissa.unsigned_abs().to_string(), i64::from(exponent) + i64::from(shift))
    }

    fn new(negative: bool, digits: &str, power: i64) -> Self {
        let digits = digits.trim_start_matches('0');
        if digits.is_empty() {
            return Self { negative: false, digits: String::new(), magnitude: 0 };
        }
        let magnitude = power.saturating_add(i64::try_from(digits.len()).unwrap_or(i64::MAX));
        Self { negative, digits: digits.trim_end_matches('0').to_owned(), magnitude }
    }
}

impl PartialOrd for Exact {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Exact {
    fn cmp(&self, other: &Self) -> Ordering {
        let sign = |number: &Self| match (number.digits.is_empty(), number.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        // Without leading zeros, the number of places decides first, then the digits as text.
        let size = || (self.magnitude, &self.digits).cmp(&(other.magnitude, &other.digits));
        sign(self).cmp(&sign(other)).then_with(|| if self.negative { size().reverse() } else { size() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn exact(text: &str) -> Exact {
        Exact::of_text(text, 0).unwrap()
    }

    #[test]
    fn numbers_of_any_length_compare_by_value() {
        for (small, large) in [
            ("1.5", "1.50000000000000000001"),
            ("-1.50000000000000000001", "-1.5"),
            ("0.1", "0.10000000000000000000000000000001"),
            ("-3", "0"),
            ("0", "1e-400"),
            ("9.99e99", "1e100"),
            ("123456789012345678901", "123456789012345678902"),
        ] {
            assert_eq!(exact(small).cmp(&exact(large)), Ordering::Less, "{small} {large}");
            assert_eq!(exact(large).cmp(&exact(small)), Ordering::Greater, "{small} {large}");
        }
        for (one, other) in [
            ("1.5", "1.50000000000000000000"),
            ("-0.0", "0"),
            ("0e99", "0.000"),
            ("1500", "1.5e3"),
            ("100000000000000000000", "1e20"),
        ] {
            assert_eq!(exact(one), exact(other));
        }
        let decimal = Decimal { mantissa: -150, exponent: -2 };
        assert_eq!((Exact::of(decimal, 0), Exact::of(decimal, 2)), (exact("-1.50000000000000000000"), exact("-150")));
    }

    proptest! {
        #[test]
        fn order_and_equality_are_those_of_whole_numbers(a in any::<i64>(), b in any::<i64>(), zeros in 0usize..30) {
            let text = |n: i64| format!("{n}.{}", "0".repeat(zeros + 1));
            prop_assert_eq!(exact(&text(a)).cmp(&exact(&b.to_string())), a.cmp(&b));
            prop_assert_eq!(exact(&text(a)) == exact(&a.to_string()), true);
        }
    }
}
