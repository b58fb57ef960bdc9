//! Numbers as written, and their values in other units.

use super::*;
use proptest::prelude::*;

fn small(text: &str) -> Decimal {
    match scan(text.as_bytes()).unwrap() {
        (Parsed::Small(decimal), len) if len == text.len() => decimal,
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn a_fraction_of_a_lot_keeps_its_last_share() {
    assert_eq!(small("1234567.89").to_i64(2), Some(123_456_789));
    assert_eq!(small("8.29").to_i64(2), Some(829));
}

#[test]
fn half_a_share_is_refused_and_float_noise_is_not() {
    assert_eq!(small("0.005").to_i64(2), None);
    assert_eq!(small("8.290000000001").to_i64(2), Some(829));
    assert_eq!(small("8.28999999999").to_i64(2), Some(829));
    assert_eq!(small("8.2901").to_i64(2), None);
    assert_eq!(small("-3.10").to_i64(2), Some(-310));
}

#[test]
fn money_is_the_nearest_double_of_the_exact_product() {
    assert_eq!(small("460697.377").to_f64(3).to_bits(), 460_697_377.0f64.to_bits());
    assert_eq!(small("-0.0").to_f64(0).to_bits(), 0.0f64.to_bits());
    assert_eq!(small("1e-05").to_f64(0).to_bits(), 1e-5f64.to_bits());
    assert_eq!(small("1.234E3"), Decimal { mantissa: 1_234_000, exponent: -3 }.reduced());
}

impl Decimal {
    /// `1.234E3` is folded to 1234 with no fraction.
    fn reduced(self) -> Self {
        Decimal { mantissa: self.mantissa / 1000, exponent: 0 }
    }
}

#[test]
fn long_numbers_take_the_wide_path() {
    assert_eq!(scan(b"0.2300000000000004263256").unwrap().0, Parsed::Wide);
    assert_eq!(wide_to_f64("0.2300000000000004263256", 0), "0.2300000000000004263256".parse().ok());
    assert_eq!(wide_to_i64("829.00000000000000000001", 0), Some(829));
    assert_eq!(wide_to_i64("1e400", 0), None);
    assert_eq!(wide_to_f64("1e400", 0), None);
    assert_eq!(wide_to_f64("1e9223372036854775807", 3), None);
    assert_eq!(wide_to_i64("1.5e-9223372036854775808", 3), Some(0));
    assert_eq!(scan(b"-9223372036854775808").unwrap().0, Parsed::Wide);
    assert_eq!(wide_to_f64("1e-400", 0), Some(0.0));
    assert_eq!(wide_to_i64("92233720368547758070", 0), None);
}

#[test]
fn a_number_that_no_vendor_means_is_seen() {
    for text in ["0.2300000000000004263256", "1e300", "-1e-300", "0e999999999", &"3".repeat(100)] {
        assert_eq!(excess(text), None, "{text}");
    }
    for text in ["1e309", "-1e400", "1e-400", "1e999999999999", "1.5e-9223372036854775808"] {
        assert_eq!(excess(text), Some("out of range"), "{text}");
    }
    for text in ["3".repeat(400), format!("1.{}", "3".repeat(400)), format!("-0.{}", "3".repeat(101))] {
        assert_eq!(excess(&text), Some("more than 100 digits"));
    }
}

#[test]
fn what_is_no_number_is_refused() {
    for text in ["", "-", ".5", "5.", "nan", "Infinity", "1e", "--1"] {
        assert!(scan(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn a_coarser_rounding_is_seen() {
    assert!(small("5.86").is_rounding_of(small("5.8602")));
    assert!(!small("5.8602").is_rounding_of(small("5.86")));
    assert!(!small("5.87").is_rounding_of(small("5.8602")));
    assert!(!small("1E3").is_rounding_of(small("1200")));
    assert!(!small("0.00").is_rounding_of(small("0.4")) && small("0").is_rounding_of(small("0.4")));
    assert!(small("8").equals(small("8.0")) && !small("8").equals(small("8.1")));
}

proptest! {
    #[test]
    fn every_decimal_scales_as_exact_text_does(mantissa in any::<i32>(), places in 0usize..9, shift in 0i8..9) {
        let digits = format!("{:0>width$}", mantissa.unsigned_abs(), width = places + 1);
        let (whole, fraction) = digits.split_at(digits.len() - places);
        let point = if places > 0 { "." } else { "" };
        let text = format!("{}{whole}{point}{fraction}", if mantissa < 0 { "-" } else { "" });
        let expected: f64 = format!("{text}e{shift}").parse().unwrap();
        let expected = if expected == 0.0 { 0.0 } else { expected };
        prop_assert_eq!(small(&text).to_f64(shift).to_bits(), expected.to_bits());
        prop_assert_eq!(wide_to_f64(&text, shift).unwrap().to_bits(), expected.to_bits());
        prop_assert_eq!(small(&text).to_i64(shift), wide_to_i64(&text, shift));
        let exact = i128::from(mantissa) * 10i128.pow(shift.unsigned_abs().into());
        let unit = 10i128.pow(u32::try_from(places).unwrap());
        if exact % unit == 0 {
            prop_assert_eq!(small(&text).to_i64(shift).map(i128::from), Some(exact / unit));
        }
    }
}

proptest! {
    #[test]
    fn plain_numbers_are_read_as_all_are(
        text in "-?[0-9]{0,20}(\\.[0-9]{0,12})?([eE][+-]?[0-9]{0,2})?[,x:/\u{80}中]?[0-9]{0,9}",
    ) {
        if let Some((decimal, length)) = scan_plain(text.as_bytes()) {
            prop_assert_eq!(scan(text.as_bytes()), Ok((Parsed::Small(decimal), length)));
        } else if let Ok((Parsed::Small(_), _)) = scan(text.as_bytes()) {
            // Anything a JSON parser rejects, and numbers with an exponent.
            let digits = text.trim_start_matches('-');
            let is_padded = digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit();
            prop_assert!(is_padded || text.contains(['e', 'E']), "{}", text);
        }
    }
}
