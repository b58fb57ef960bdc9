//! Compares short byte strings without a function call, as every value of a line requires.

/// The longest byte string that is compared in one go.
const SHORT: usize = 32;

/// A byte string that is looked for at many places.
#[derive(Debug, Default)]
pub(super) struct Needle {
    bytes: Vec<u8>,
    /// The bytes up to [`SHORT`], and which bits of a text are compared with them.
    words: [u64; SHORT / 8],
    masks: [u64; SHORT / 8],
}

impl Needle {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        let (mut start, mut mask) = ([0; SHORT], [0; SHORT]);
        for ((start, mask), byte) in start.iter_mut().zip(&mut mask).zip(&bytes) {
            (*start, *mask) = (*byte, u8::MAX);
        }
        Self { bytes, words: words(&start), masks: words(&mask) }
    }

    /// The position after it, if it is at `at`.
    #[inline]
    pub(super) fn after(&self, text: &[u8], at: usize) -> Option<usize> {
        let rest = text.get(at..)?;
        let len = self.bytes.len();
        let is_there = match rest.first_chunk() {
            Some(start) if len <= SHORT => {
                let compared = words(start).into_iter().zip(self.words).zip(self.masks);
                compared.fold(0, |differing, ((text, own), mask)| differing | ((text ^ own) & mask)) == 0
            }
            // Near the end of the text, or longer.
            _ => rest.starts_with(&self.bytes),
        };
        is_there.then_some(at + len)
    }
}

#[inline]
fn words(bytes: &[u8; SHORT]) -> [u64; SHORT / 8] {
    let (words, _) = bytes.as_chunks();
    std::array::from_fn(|place| u64::from_le_bytes(words[place]))
}

/// Whether two byte strings are equal.
#[inline]
pub(super) fn is_same(a: &[u8], b: &[u8]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    // Compare words from the front, then the last word from the end; they may overlap.
    match (a.last_chunk::<8>(), b.last_chunk::<8>()) {
        (Some(a_end), Some(b_end)) if a.len() <= 32 => {
            a_end == b_end && a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0).all(|(a, b)| a == b)
        }
        (None, None) => match (a.last_chunk::<4>(), b.last_chunk::<4>()) {
            (Some(a_end), Some(b_end)) => a_end == b_end && a.first_chunk::<4>() == b.first_chunk::<4>(),
            _ => a.iter().zip(b).all(|(a, b)| a == b),
        },
        _ => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_needle_is_found_where_it_is(
            text in prop::collection::vec(0u8..2, 0..90),
            from in 0usize..80,
            len in 0usize..40,
            at in 0usize..100,
            flipped in prop::option::of(0usize..40),
        ) {
            let from = from.min(text.len());
            let mut needle = text[from..(from + len).min(text.len())].to_vec();
            if let Some(byte) = flipped.and_then(|place| needle.get_mut(place)) {
                *byte ^= 0x81;
            }
            for at in [at, from] {
                let is_there = text.get(at..).is_some_and(|rest| rest.starts_with(&needle));
                prop_assert_eq!(Needle::new(needle.clone()).after(&text, at), is_there.then_some(at + needle.len()));
            }
        }

        #[test]
        fn it_is_equality(a in prop::collection::vec(0u8..3, 0..40), b in prop::collection::vec(0u8..3, 0..40), at in 0usize..40) {
            prop_assert_eq!(is_same(&a, &b), a == b);
            prop_assert!(is_same(&a, &a.clone()));
            let mut other = a.clone();
            if let Some(byte) = other.get_mut(at) {
                *byte ^= 1;
                prop_assert!(!is_same(&a, &other));
            }
        }
    }
}
