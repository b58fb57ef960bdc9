//! Formats a count with its noun.

use std::fmt::Display;

/// The count and its noun, in the singular or in the plural: `1 row`, `2 rows`, `3 securities`.
#[must_use]
pub fn counted<N: Copy + Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    if count == N::from(1) {
        return format!("{count} {noun}");
    }
    match noun.strip_suffix("ity") {
        Some(stem) => format!("{count} {stem}ities"),
        None => format!("{count} {noun}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noun_follows_its_count() {
        assert_eq!(counted(1_usize, "minute"), "1 minute");
        assert_eq!(counted(0_u64, "old row"), "0 old rows");
        assert_eq!(counted(2_u32, "day"), "2 days");
        assert_eq!(counted(5_usize, "security"), "5 securities");
    }
}
