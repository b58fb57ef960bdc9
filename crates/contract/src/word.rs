//! Parses digits eight bytes at a time. Signs, exponents and longer numbers are up to the caller.

/// Eight bytes of a text, the first one lowest, with digits replaced by their values.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Word(u64);

impl Word {
    pub(crate) const LEN: usize = 8;

    /// The bytes at a position. Bytes beyond the text count as non-digits.
    #[inline]
    pub(crate) fn at(text: &[u8], at: usize) -> Option<Self> {
        let rest = text.get(at..)?;
        let bytes = match rest.first_chunk::<8>() {
            Some(bytes) => *bytes,
            None => {
                let mut bytes = [0; 8];
                bytes[..rest.len()].copy_from_slice(rest);
                bytes
            }
        };
        Some(Self(u64::from_le_bytes(bytes) ^ u64::from_le_bytes([b'0'; 8])))
    }

    /// The top bit of each byte that is not a digit, reliable up to the first such byte above 0x89.
    #[inline]
    fn others(self) -> u64 {
        // Adding 0x76 sets the top bit of bytes above 9. Only bytes above 0x89 carry, into the bytes after them.
        (self.0.wrapping_add(0x7676_7676_7676_7676) | self.0) & 0x8080_8080_8080_8080
    }

    /// The number of digits it begins with.
    #[inline]
    pub(crate) fn digits(self) -> usize {
        self.others().trailing_zeros() as usize / 8
    }

    /// Whether the first byte is the digit zero.
    #[inline]
    pub(crate) fn begins_with_zero(self) -> bool {
        self.0.to_le_bytes()[0] == 0
    }

    /// The digits before and after the point, joined, and their count. `None` if no point follows the first `whole`
    /// digits, no digits follow the point, or not all of them are in this word.
    #[inline]
    pub(crate) fn joined(self, whole: usize) -> Option<(usize, Self)> {
        if whole == Self::LEN || (self.0 >> (8 * whole)) & 0xff != u64::from(b'.' ^ b'0') {
            return None;
        }
        // Removes the point, which causes no carry.
        let others = self.others();
        let end = (others & (others - 1)).trailing_zeros() as usize / 8;
        if end == Self::LEN || end == whole + 1 {
            return None;
        }
        let before = (1u64 << (8 * whole)) - 1;
        Some((end - 1, Self((self.0 & before) | ((self.0 >> 8) & !before))))
    }

    /// The value of its first digits, at most eight.
    #[inline]
    pub(crate) fn value(self, digits: usize) -> i64 {
        if digits == 0 {
            return 0;
        }
        // Pad with leading zeros, then join neighbours: into two digits, four, eight.
        let ones = self.0 << (64 - 8 * digits);
        let twos = ones.wrapping_mul(10).wrapping_add(ones >> 8);
        let fours = (twos & 0x0000_00ff_0000_00ff).wrapping_mul((1_000_000 << 32) + 100);
        let rest = ((twos >> 16) & 0x0000_00ff_0000_00ff).wrapping_mul((10_000 << 32) + 1);
        i64::from((fours.wrapping_add(rest) >> 32) as u32)
    }
}
