//! Flags. The only module that knows how vendors and other programs write them.

/// Parses `1` or `0`, a word for it, or the number that a float column makes of it.
#[must_use]
pub fn parse(text: &str) -> Option<bool> {
    match text {
        "1" | "1.0" | "true" | "True" | "Y" | "是" => Some(true),
        "0" | "0.0" | "false" | "False" | "N" | "否" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_has_few_spellings_and_no_other() {
        for text in ["1", "1.0", "true", "True", "Y", "是"] {
            assert_eq!(parse(text), Some(true), "{text}");
        }
        for text in ["0", "0.0", "false", "False", "N", "否"] {
            assert_eq!(parse(text), Some(false), "{text}");
        }
        for text in ["", "2", "-1", "0.5", "10", "1.00", "yes", "x", "TRUE", "y", "是的", "01"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
