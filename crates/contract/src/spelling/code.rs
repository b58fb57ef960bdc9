//! Security codes, `600519.SH`. The only module that knows how vendors write them.

use std::borrow::Cow;

/// Markets that vendors write before the code.
const MARKETS: [&str; 9] = ["SH", "SZ", "BJ", "HK", "US", "SG", "JP", "AU", "CA"];

/// Publishers of indices, boards, funds and futures, whose codes have the publisher in place of a market.
const PUBLISHERS: [&str; 16] =
    ["SI", "CI", "TI", "DC", "TDX", "KP", "CSI", "CNI", "MI", "NQ", "NH", "OF", "IB", "FXCM", "CFX", "OTC"];

/// Markets by the names that other programs use.
const RENAMED: [(&str, &str); 4] = [("XSHG", "SH"), ("XSHE", "SZ"), ("XBSE", "BJ"), ("XHKG", "HK")];

/// Parses a code with its market before or after it, or on its own, into `600519.SH`. `None` if it is not a code.
/// Ignores blanks around it and the quotes with which spreadsheets protect its zeros.
#[must_use]
#[inline]
pub fn suffixed(text: &str) -> Option<Cow<'_, str>> {
    if is_canonical(text.as_bytes()) { Some(text.into()) } else { spelled(text) }
}

/// Whether a text is a six-digit code followed by its market, as in silver.
#[must_use]
#[inline]
pub fn is_canonical(text: &[u8]) -> bool {
    let [digits @ .., b'.', first, second] = text else { return false };
    digits.len() == 6
        && digits.iter().all(u8::is_ascii_digit)
        && matches!([*first, *second], [b'S', b'H' | b'Z'] | [b'B', b'J'])
}

/// Whether a code may have this suffix.
pub(super) fn is_market(text: &str) -> bool {
    MARKETS.contains(&text) || PUBLISHERS.contains(&text)
}

fn spelled(text: &str) -> Option<Cow<'_, str>> {
    let text = text.trim();
    let formula = text.strip_prefix("=\"").and_then(|text| text.strip_suffix('"'));
    let text = formula.or_else(|| text.strip_prefix('\'')).unwrap_or(text).trim();
    if is_canonical(text.as_bytes()) {
        return Some(text.into());
    }
    let Some((first, rest)) = text.split_once('.') else {
        // `sh600519`, or only the number.
        let exchange = text.get(..2).filter(|_| text.len() == 8).and_then(|first| known(first, &MARKETS[..3]));
        let (number, market) = exchange.map_or_else(|| (text, listed_in(text)), |market| (&text[2..], Some(market)));
        return joined(number, market?).filter(|_| number.bytes().all(|byte| byte.is_ascii_digit()));
    };
    if let Some(market) = known(first, &MARKETS) {
        return joined(rest, market);
    }
    let (number, market) = text.rsplit_once('.')?;
    let renamed = RENAMED.iter().find(|(name, _)| name.eq_ignore_ascii_case(market)).map(|(_, market)| *market);
    joined(number, renamed.or_else(|| known(market, &MARKETS)).or_else(|| known(market, &PUBLISHERS))?)
}

fn known(text: &str, all: &[&'static str]) -> Option<&'static str> {
    all.iter().find(|market| market.eq_ignore_ascii_case(text)).copied()
}

/// Joins a number and its market into a code. Codes on mainland exchanges have six characters, some former ones more
/// (`T00018.SH`), so a number that lost its zeros is not a code.
fn joined(number: &str, market: &'static str) -> Option<Cow<'static, str>> {
    let is_mainland = MARKETS[..3].contains(&market);
    let is_code = if is_mainland {
        (6..=8).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_alphanumeric())
    } else {
        !number.is_empty() && number.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    is_code.then(|| format!("{number}.{market}").to_ascii_uppercase().into())
}

/// `SH.600519` for `600519.SH`. A code without a market is unchanged. [`unprefixed`] is the inverse.
#[must_use]
pub fn prefixed(code: &str) -> String {
    // The market is the last part: `BRK.B.US`.
    code.rsplit_once('.').map_or_else(|| code.to_owned(), |(number, market)| format!("{market}.{number}"))
}

/// `600519.SH` for `SH.600519`, the inverse of [`prefixed`].
#[must_use]
pub fn unprefixed(code: &str) -> String {
    code.split_once('.').map_or_else(|| code.to_owned(), |(market, number)| format!("{number}.{market}"))
}

/// All ways in which a vendor may write `600519.SH` in a reply: with the market after it, before it, or without.
#[must_use]
pub fn spellings(code: &str) -> [String; 3] {
    let number = code.rsplit_once('.').map_or(code, |(number, _)| number);
    [code.to_owned(), prefixed(code), number.to_owned()]
}

/// The market of a code written without one.
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
            ("sh600519", "600519.SH"),
            ("BJ430047", "430047.BJ"),
            ("600519.XSHG", "600519.SH"),
            ("000001.xshe", "000001.SZ"),
            ("430047.XBSE", "430047.BJ"),
            ("'600519", "600519.SH"),
            ("=\"000001\"", "000001.SZ"),
            (" 600519.SH ", "600519.SH"),
            ("600519 ", "600519.SH"),
            ("T00018.SH", "T00018.SH"),
            ("a05178.sh", "A05178.SH"),
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
            "2",
            "2.SZ",
            "858",
            "2415",
            ";600001",
            "../../etc/passwd",
            "600001.0",
            "600519.SS",
            "600519.XNYS",
            "sh60051",
            "shABCDEF",
            "平安银行",
            "'",
            "=\"\"",
            "nan",
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
