//! Security codes, `600519.SH`. The only place that knows how vendors write them.

use std::borrow::Cow;

/// Markets that vendors write before the code.
const MARKETS: [&str; 9] = ["SH", "SZ", "BJ", "HK", "US", "SG", "JP", "AU", "CA"];

/// Reads a code before its market, after it, or alone as `600519.SH`; `None` if it is not a code.
#[must_use]
pub fn suffixed(text: &str) -> Option<Cow<'_, str>> {
    let is_code =
        |code: &str| !code.is_empty() && code.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    let Some((first, rest)) = text.split_once('.') else {
        return Some(format!("{text}.{}", listed_in(text)?).into());
    };
    if MARKETS.iter().any(|market| market.eq_ignore_ascii_case(first)) {
        return is_code(rest).then(|| format!("{rest}.{first}").to_ascii_uppercase().into());
    }
    // Indices carry the suffix of their publisher.
    let (code, market) = text.rsplit_once('.')?;
    if !is_code(code) || !(2..=4).contains(&market.len()) || !market.bytes().all(|b| b.is_ascii_alphabetic()) {
        return None;
    }
    let is_upper = !text.bytes().any(|b| b.is_ascii_lowercase());
    Some(if is_upper { text.into() } else { text.to_ascii_uppercase().into() })
}

/// `SH.600519` for `600519.SH`; a code without a market as it is. [`unprefixed`] undoes it.
#[must_use]
pub fn prefixed(code: &str) -> String {
    // The market is the last part: `BRK.B.US`.
    code.rsplit_once('.').map_or_else(|| code.to_owned(), |(number, market)| format!("{market}.{number}"))
}

/// `600519.SH` for `SH.600519`: what [`prefixed`] was given.
#[must_use]
pub fn unprefixed(code: &str) -> String {
    code.split_once('.').map_or_else(|| code.to_owned(), |(market, number)| format!("{number}.{market}"))
}

/// Every way a vendor may write `600519.SH` in a reply: with its market after it, before it, or without.
#[must_use]
pub fn spellings(code: &str) -> [String; 3] {
    let number = code.rsplit_once('.').map_or(code, |(number, _)| number);
    [code.to_owned(), prefixed(code), number.to_owned()]
}

/// The market of a code that stands alone.
fn listed_in(code: &str) -> Option<&'static str> {
    if !code.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    match (code.len(), code.as_bytes()) {
        (5, _) => Some("HK"),
        (6, [b'6', ..] | [b'9', b'0', b'0', ..]) => Some("SH"),
        (6, [b'0' | b'2' | b'3', ..]) => Some("SZ"),
        (6, [b'4' | b'8', ..] | [b'9', b'2', ..]) => Some("BJ"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_form_is_read_as_one() {
        for (text, code) in [
            ("600519.SH", "600519.SH"),
            ("SH.600519", "600519.SH"),
            ("sh.600519", "600519.SH"),
            ("600519.sh", "600519.SH"),
            ("600519", "600519.SH"),
            ("900901", "900901.SH"),
            ("000001", "000001.SZ"),
            ("200011", "200011.SZ"),
            ("300750", "300750.SZ"),
            ("430047", "430047.BJ"),
            ("830799", "830799.BJ"),
            ("920118", "920118.BJ"),
            ("00700", "00700.HK"),
            ("HK.00700", "00700.HK"),
            ("US.BRK.B", "BRK.B.US"),
            ("801010.SI", "801010.SI"),
        ] {
            assert_eq!(suffixed(text).as_deref(), Some(code), "{text}");
        }
    }

    #[test]
    fn a_code_is_written_in_every_form() {
        assert_eq!(spellings("600519.SH"), ["600519.SH", "SH.600519", "600519"]);
        for code in ["600519.SH", "BRK.B.US", "600519"] {
            assert_eq!(unprefixed(&prefixed(code)), code);
        }
    }

    #[test]
    fn other_texts_are_not_codes() {
        for text in [
            "",
            "-",
            "0",
            "100000",
            "910001",
            "7000001",
            "SH.",
            ".SH",
            "600519.",
            "茅台.SH",
            "600519.SH,000001.SZ",
            "AAPL",
        ] {
            assert_eq!(suffixed(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_form_does_not_matter_and_reading_is_idempotent(code in "[0-9]{6}", market in "SH|SZ|BJ|HK") {
            let suffix = format!("{code}.{market}");
            for text in [suffix.clone(), suffix.to_lowercase(), format!("{market}.{code}"), format!("{}.{code}", market.to_lowercase())] {
                let read = suffixed(&text);
                prop_assert_eq!(read.as_deref(), Some(suffix.as_str()));
            }
            if let Some(alone) = suffixed(&code) {
                let again = suffixed(&alone);
                prop_assert_eq!(again.as_deref(), Some(&*alone));
            }
        }
    }
}
