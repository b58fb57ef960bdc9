//! The texts of rows, each stored once and known by its number. Which cells hold them is not known here.

use std::hash::BuildHasher as _;
use std::ops::Range;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::same::is_same;

/// Distinct texts, numbered in order of arrival.
#[derive(Debug, Default)]
pub(super) struct Texts {
    bytes: String,
    /// The end of each text in `bytes`.
    ends: Vec<usize>,
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// Code numbers plus one, by market and digits. Memory is used only if there are codes.
    codes: Vec<u32>,
}

/// The texts of some rows, by number.
pub struct NumberedTexts<'t> {
    /// One per row; [`NumberedTexts::MISSING`] if there is none.
    pub numbers: Vec<i32>,
    /// Looks up the text with a number.
    pub text: Box<dyn Fn(i32) -> &'t str + 't>,
}

impl NumberedTexts<'_> {
    /// Stands for no text.
    pub const MISSING: i32 = -1;
}

/// The number of six-digit codes.
const OF_MARKET: usize = 1_000_000;

/// The number of codes in four markets.
const CODES: usize = 4 * OF_MARKET;

impl Texts {
    pub(super) fn get(&self, id: u32) -> &str {
        &self.bytes[self.range(id)]
    }

    /// The number of a text, new or known.
    pub(super) fn intern(&mut self, text: &str) -> u32 {
        self.known(text.as_bytes()).unwrap_or_else(|hash| self.add(text, hash))
    }

    /// Like [`Texts::intern`], for a code such as `600519.SH`: six digits, a dot and a market. Little else is as
    /// frequent in files.
    #[inline]
    pub(super) fn intern_code(&mut self, code: &[u8; 9]) -> u32 {
        let place = place(code);
        match self.codes.get(place) {
            Some(number) if *number != 0 => number - 1,
            _ => self.add_code(place, code),
        }
    }

    #[cold]
    fn add_code(&mut self, place: usize, code: &[u8; 9]) -> u32 {
        let id = self.intern(&String::from_utf8_lossy(code));
        if self.codes.is_empty() {
            self.codes = vec![0; CODES];
        }
        if let Some(number) = self.codes.get_mut(place) {
            *number = id + 1;
        }
        id
    }

    /// The number of a known text, or the hash of an unknown one.
    #[inline]
    fn known(&self, text: &[u8]) -> Result<u32, u64> {
        let hash = self.hasher.hash_one(text);
        let bytes = self.bytes.as_bytes();
        self.table.find(hash, |&id| is_same(&bytes[self.range(id)], text)).copied().ok_or(hash)
    }

    fn add(&mut self, text: &str, hash: u64) -> u32 {
        let id = u32::try_from(self.ends.len()).unwrap_or(u32::MAX);
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len());
        let Self { bytes, ends, table, hasher, .. } = self;
        table.insert_unique(hash, id, |&id| hasher.hash_one(&bytes.as_bytes()[range(ends, id)]));
        id
    }

    #[inline]
    fn range(&self, id: u32) -> Range<usize> {
        range(&self.ends, id)
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The texts from some number on.
    pub(super) fn since(&self, first: usize) -> impl Iterator<Item = &str> {
        (first..self.len()).map(|id| self.get(u32::try_from(id).unwrap_or(u32::MAX)))
    }
}

/// A code as a number: one of four markets, by the letters that tell them apart (`BJ`, `SH`, `SZ`), and the digits.
/// Codes of a market are adjacent, so those in use occupy few memory pages.
#[inline]
fn place(code: &[u8; 9]) -> usize {
    let digits = code[..6].iter().fold(0, |all, digit| all * 10 + usize::from(digit & 0xf));
    OF_MARKET * (usize::from(code[7] & 1) + usize::from(code[8] & 2)) + digits
}

/// The position of a text.
#[inline]
fn range(ends: &[usize], id: u32) -> Range<usize> {
    let id = id as usize;
    let start = if id == 0 { 0 } else { ends[id - 1] };
    start..ends[id]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn texts_have_one_number_in_whichever_order_they_come(
            asked in prop::collection::vec((0u8..6, any::<bool>(), any::<bool>()), 0..80),
        ) {
            let (mut texts, mut numbers) = (Texts::default(), std::collections::HashMap::new());
            for (text, is_shanghai, is_code) in asked {
                let text = format!("60000{text}.{}", if is_shanghai { "SH" } else { "SZ" });
                let code: &[u8; 9] = text.as_bytes().try_into().unwrap();
                let id = if is_code { texts.intern_code(code) } else { texts.intern(&text) };
                prop_assert_eq!(texts.get(id), text.as_str());
                prop_assert_eq!(*numbers.entry(text).or_insert(id), id);
            }
            prop_assert_eq!(texts.len(), numbers.len());
        }
    }
}
