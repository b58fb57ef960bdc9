//! Compares short byte strings without a function call, as every value of a line requires.

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
