//! A security as named in `jobs.toml`: code and market, `600519.SH`. Other spellings are accepted from vendors and
//! files, but this is the only one for names that are sent to vendors. Whether the security exists is not checked.

use super::code;

/// Exchanges with six-digit codes.
const MAINLAND: [&str; 3] = ["SH", "SZ", "BJ"];

/// Other spellings of an exchange.
const FOREIGN: [(&str, &[&str]); 3] =
    [("SH", &["SS", "SSE", "XSHG", "SHSE"]), ("SZ", &["SZE", "SZSE", "XSHE"]), ("BJ", &["BSE", "XBSE", "BJSE"])];

/// Checks a name.
///
/// # Errors
/// When it is not a code with its market: the code that may be meant, if one can be recognised.
pub fn check(text: &str) -> Result<(), Option<String>> {
    if is_symbol(text) { Ok(()) } else { Err(meant(text)) }
}

/// Whether a code belongs to a mainland exchange.
#[must_use]
pub fn is_mainland(text: &str) -> bool {
    text.rsplit_once('.').is_some_and(|(_, market)| MAINLAND.contains(&market))
}

/// Whether a code on a mainland exchange looks like an index: `000001.SH` does, `000001.SZ` does not.
#[must_use]
pub fn is_index(text: &str) -> bool {
    match text.rsplit_once('.') {
        Some((number, "SH")) => number.starts_with("000"),
        Some((number, "SZ")) => number.starts_with("399") || number.starts_with("98"),
        Some((number, "BJ")) => number.starts_with("899"),
        _ => false,
    }
}

fn is_symbol(text: &str) -> bool {
    let Some((number, market)) = text.rsplit_once('.') else { return false };
    let is_written = !number.is_empty()
        && number.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b"._-".contains(&b))
        && (2..=5).contains(&market.len())
        && market.bytes().all(|b| b.is_ascii_uppercase());
    // A market before the code is another spelling, too.
    let is_prefixed = number.split_once('.').map_or(number, |(first, _)| first);
    let is_prefixed = code::is_market(is_prefixed) || market.bytes().any(|b| b.is_ascii_digit());
    if !is_written || is_prefixed {
        return false;
    }
    // Codes that were reassigned have a T or TS in front.
    let digits = number.trim_start_matches(['T', 'S']);
    let is_six = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_digit());
    if MAINLAND.contains(&market) { is_six } else { !is_six || code::is_market(market) }
}

/// The code that another spelling may mean.
fn meant(text: &str) -> Option<String> {
    let text = text.trim().to_ascii_uppercase();
    let parts: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty()).collect();
    // Adjacent letters and digits: `SH600519`.
    let letters = |part: &str| part.chars().filter(char::is_ascii_alphabetic).collect::<String>();
    let six = parts.iter().map(|part| part.trim_matches(|c: char| c.is_ascii_alphabetic()));
    let mut six = six.filter(|part| part.len() == 6 && part.bytes().all(|b| b.is_ascii_digit()));
    let number = six.next()?;
    let named = parts.iter().map(|part| letters(part)).find_map(|name| {
        let foreign = FOREIGN.iter().find(|(market, names)| *market == name || names.contains(&name.as_str()));
        foreign.map(|(market, _)| *market)
    });
    match named {
        Some(market) => Some(format!("{number}.{market}")),
        None => code::suffixed(number).map(Into::into),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_code_with_its_market_is_a_symbol() {
        for text in [
            "600519.SH",
            "000001.SZ",
            "920118.BJ",
            "T600018.SH",
            "000300.SH",
            "399300.SZ",
            "801010.SI",
            "H30007.CSI",
            "930955.CSI",
            "885835.TI",
            "BK1184.DC",
            "CI005001.CI",
            "USDCNH.FXCM",
            "00700.HK",
            "BRK.B.US",
            "IF2412.CFX",
            "AAPL.OWN",
        ] {
            assert_eq!(check(text), Ok(()), "{text}");
        }
    }

    #[test]
    fn other_spellings_are_refused_with_the_code_that_is_meant() {
        for (text, meant) in [
            ("600519", "600519.SH"),
            ("000001", "000001.SZ"),
            ("600519.SS", "600519.SH"),
            ("000001.SS", "000001.SH"),
            ("000001.XSHE", "000001.SZ"),
            ("600519.sh", "600519.SH"),
            ("sh.600519", "600519.SH"),
            ("SH.600519", "600519.SH"),
            ("SH600519", "600519.SH"),
            ("sz000001", "000001.SZ"),
            (" 600519.SH", "600519.SH"),
            ("600519.SH ", "600519.SH"),
            ("600519.", "600519.SH"),
            ("'600519", "600519.SH"),
            ("600519.SHH", "600519.SH"),
            ("600519.SH,000001.SZ", "600519.SH"),
        ] {
            assert_eq!(check(text), Err(Some(meant.to_owned())), "{text}");
        }
    }

    #[test]
    fn texts_without_a_code_have_no_hint() {
        for text in ["", "平安", "平安银行.SZ", "Moutai", ".SH", "60051.SH", "6005190.SH", "2", "AAPL", "all"] {
            assert_eq!(check(text), Err(None), "{text}");
        }
    }

    #[test]
    fn indices_and_securities_of_the_mainland_differ_by_number_and_market() {
        for text in ["000001.SH", "000300.SH", "399300.SZ", "899050.BJ"] {
            assert!(is_mainland(text) && is_index(text), "{text}");
        }
        for text in ["600519.SH", "600519.SZ", "000001.SZ", "301001.SZ", "920118.BJ"] {
            assert!(is_mainland(text) && !is_index(text), "{text}");
        }
        for text in ["00700.HK", "801010.SI", "600519", ""] {
            assert!(!is_mainland(text) && !is_index(text), "{text}");
        }
    }

    proptest! {
        /// A hint is itself spelled correctly.
        #[test]
        fn a_hint_is_a_symbol(text in "(sh|SZ|bj|XSHG|)[.]?[0-9]{5,7}([.](sh|SZ|SS|bj|XSHE|QQ)|)") {
            if let Err(Some(meant)) = check(&text) {
                prop_assert_eq!(check(&meant), Ok(()), "{}", meant);
            }
        }
    }
}
