//! The allowed values of a field, and the canonical spelling of each.

use crate::spelling::flag;

/// The values of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enumeration {
    /// As they are in silver.
    pub values: Vec<String>,
    /// The vendor may add values; unknown ones are kept as they are.
    pub is_open: bool,
}

impl Enumeration {
    /// The listed value that a text stands for: itself, the number that a float column makes of it (`1.0` for `1`), or,
    /// if the values are those of a flag, any spelling of one.
    #[must_use]
    pub fn canonical(&self, text: &str) -> Option<&str> {
        let listed = |text: &str| self.values.iter().find(|value| *value == text).map(String::as_str);
        listed(text).or_else(|| listed(Self::plain(text))).or_else(|| {
            let [on, off] = self.flags()?;
            flag::parse(Self::plain(text)).map(|flag| if flag { on } else { off })
        })
    }

    /// The values for true and false, if there are no others.
    fn flags(&self) -> Option<[&str; 2]> {
        let has = |flag: bool| self.values.iter().find(|value| flag::parse(value) == Some(flag)).map(String::as_str);
        (self.values.len() == 2).then_some([has(true)?, has(false)?])
    }

    /// Strips surrounding blanks and the `.0` of a float.
    #[must_use]
    pub fn plain(text: &str) -> &str {
        let text = text.trim();
        let whole = text.strip_suffix(".0").filter(|whole| !whole.is_empty());
        whole.filter(|whole| whole.bytes().all(|byte| byte.is_ascii_digit())).unwrap_or(text)
    }

    /// The values, for messages.
    #[must_use]
    pub fn list(&self) -> String {
        self.values.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enumeration(values: &[&str]) -> Enumeration {
        Enumeration { values: values.iter().map(|value| (*value).to_owned()).collect(), is_open: false }
    }

    #[test]
    fn a_value_has_one_canonical_text() {
        let types = enumeration(&["1", "2", "12"]);
        for (text, value) in [("1", "1"), ("1.0", "1"), (" 1 ", "1"), ("12.0", "12")] {
            assert_eq!(types.canonical(text), Some(value), "{text}");
        }
        for text in ["", "3", "1.5", "01", "1.00", "true", "Y", ".0"] {
            assert_eq!(types.canonical(text), None, "{text}");
        }
        assert_eq!(enumeration(&["L", "D"]).canonical("L "), Some("L"));
        assert_eq!(enumeration(&["L", "D"]).canonical("l"), None);
    }

    #[test]
    fn the_values_of_a_flag_have_its_spellings() {
        for (on, off) in [("1", "0"), ("Y", "N")] {
            let flags = enumeration(&[on, off]);
            for text in ["1", "1.0", "true", "True", "Y", "是"] {
                assert_eq!(flags.canonical(text), Some(on), "{text}");
            }
            for text in ["0", "0.0", "False", "N", "否"] {
                assert_eq!(flags.canonical(text), Some(off), "{text}");
            }
            assert_eq!((flags.canonical("2"), flags.canonical("-1")), (None, None));
        }
        // Three values are not a flag.
        assert_eq!(enumeration(&["0", "1", "2"]).canonical("True"), None);
    }
}
