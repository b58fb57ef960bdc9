//! Converts decimals to doubles in another unit, column by column, as long as a single operation is enough.

use crate::decimal::EXACT;

/// Multiplies by a power of ten. If digits and power are exact as doubles, a single operation rounds once and gives the
/// nearest double (Clinger 1990).
#[derive(Debug)]
pub struct Scale {
    /// For each exponent, what to multiply by and then divide by. One of the two is 1.
    factors: [(f64, f64); 256],
}

impl Scale {
    /// Multiplies by ten to the power of `shift`.
    #[must_use]
    pub fn new(shift: i8) -> Self {
        let mut factors = [(f64::NAN, 1.0); 256];
        for exponent in i8::MIN..=i8::MAX {
            let power = i32::from(exponent) + i32::from(shift);
            if let Some(scale) = EXACT.get(power.unsigned_abs() as usize) {
                let place = usize::from(exponent.cast_unsigned());
                factors[place] = if power < 0 { (1.0, *scale) } else { (*scale, 1.0) };
            }
        }
        Self { factors }
    }

    /// The double nearest to `mantissa x 10^(exponent + shift)`, or NaN if that takes more than one operation.
    #[inline]
    #[must_use]
    pub fn double(&self, mantissa: i64, exponent: i8) -> f64 {
        if mantissa.unsigned_abs() >= 1 << 53 {
            return f64::NAN;
        }
        let (factor, divisor) = self.factors[usize::from(exponent.cast_unsigned())];
        #[allow(clippy::cast_precision_loss)]
        let mantissa = mantissa as f64;
        mantissa * factor / divisor
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decimal::Decimal;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_the_double_of_the_decimal(mantissa in any::<i64>(), bits in 0u32..64, exponent in any::<i8>(), shift in -12i8..12) {
            let mantissa = mantissa >> bits;
            let double = Scale::new(shift).double(mantissa, exponent);
            let is_simple = mantissa.unsigned_abs() < 1 << 53 && (exponent.saturating_add(shift)).unsigned_abs() <= 22;
            prop_assert_eq!(double.is_nan(), !is_simple);
            if is_simple {
                let exact: f64 = format!("{mantissa}e{}", i32::from(exponent) + i32::from(shift)).parse().unwrap();
                prop_assert_eq!(double.to_bits(), exact.to_bits());
                prop_assert_eq!(double.to_bits(), Decimal { mantissa, exponent }.to_f64(shift).to_bits());
            }
        }
    }
}
