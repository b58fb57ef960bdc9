//! The only source of chance: independent `ChaCha8` streams addressed by what is drawn, for whom and when.
//!
//! Addressed streams make a value independent of the order in which requests ask for it.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::hash::Hasher;

/// FNV-1a in 32 bits: a hash that never changes.
pub(crate) struct Fnv(u32);

impl Default for Fnv {
    fn default() -> Self {
        Self(0x811c_9dc5)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    }

    fn finish(&self) -> u64 {
        u64::from(self.0)
    }
}

pub(crate) fn fnv(bytes: impl IntoIterator<Item = u8>) -> u64 {
    let mut hash = Fnv::default();
    bytes.into_iter().for_each(|byte| hash.write_u8(byte));
    hash.finish()
}

/// The dice for one `item` (a security, mostly) at one `moment` (a session, mostly), by the name of what is drawn.
/// Changing a name changes every market.
pub(crate) fn dice(seed: u64, topic: &str, item: usize, moment: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(fnv(topic.bytes()) << 32 | item as u64);
    // Far more words than any one moment draws: moments of a stream never overlap.
    rng.set_word_pos(moment as u128 * 65_536);
    rng
}
