//! Texts of rows, each kept once and known by its number. Never which cells hold them.

use std::hash::BuildHasher as _;
use std::ops::Range;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::same::is_same;

/// Distinct texts, numbered in the order of their arrival.
#[derive(Debug, Default)]
pub(super) struct Texts {
    bytes: String,
    /// End of each text in `bytes`.
    ends: Vec<usize>,
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// The text that was asked for last by [`Texts::intern_next`], and for each the one that came after it.
    last: u32,
    after: Vec<u32>,
}

impl Texts {
    pub(super) fn get(&self, id: u32) -> &str {
        &self.bytes[self.range(id)]
    }

    /// The number of a text, new or known.
    pub(super) fn intern(&mut self, text: &str) -> u32 {
        self.known(text.as_bytes()).unwrap_or_else(|hash| self.add(text, hash))
    }

    /// As [`Texts::intern`], for texts that come in much the same order again and again, as the securities of a day do;
    /// `None` for what is no text.
    #[inline]
    pub(super) fn intern_next(&mut self, text: &[u8]) -> Option<u32> {
        let guess = self.after.get(self.last as usize).copied().filter(|guess| (*guess as usize) < self.ends.len());
        let id = match guess {
            Some(guess) if is_same(&self.bytes.as_bytes()[self.range(guess)], text) => guess,
            _ => {
                let id = self.intern(std::str::from_utf8(text).ok()?);
                if self.after.len() <= self.last as usize {
                    self.after.resize(self.ends.len().max(self.last as usize + 1), u32::MAX);
                }
                self.after[self.last as usize] = id;
                id
            }
        };
        self.last = id;
        Some(id)
    }

    /// The number of a text that is known, or the hash of one that is not.
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

    /// The texts from a number on.
    pub(super) fn since(&self, first: usize) -> impl Iterator<Item = &str> {
        (first..self.len()).map(|id| self.get(u32::try_from(id).unwrap_or(u32::MAX)))
    }
}

/// Where a text lies.
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
            asked in prop::collection::vec((0u8..6, any::<bool>()), 0..80),
        ) {
            let (mut texts, mut numbers) = (Texts::default(), std::collections::HashMap::new());
            for (text, is_next) in asked {
                let text = format!("60000{text}.SH");
                let id = if is_next { texts.intern_next(text.as_bytes()).unwrap() } else { texts.intern(&text) };
                prop_assert_eq!(texts.get(id), text.as_str());
                prop_assert_eq!(*numbers.entry(text).or_insert(id), id);
            }
            prop_assert_eq!(texts.len(), numbers.len());
        }
    }
}
