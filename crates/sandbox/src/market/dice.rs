//! The only source of randomness: independent `ChaCha8` streams, addressed by what is drawn, for whom, and when.
//!
//! Because streams are addressed, a value does not depend on the order of requests.

use rand::distr::uniform::{SampleRange, SampleUniform};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::hash::Hasher;

/// 32-bit FNV-1a, a hash that never changes.
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

/// Random numbers for one item (usually a security) at one moment (usually a session).
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    /// The dice for an item and a moment, by topic. Changing a topic's name changes every market.
    pub(crate) fn new(seed: u64, topic: &str, item: usize, moment: usize) -> Self {
        let mut stream = ChaCha8Rng::seed_from_u64(seed);
        stream.set_stream(fnv(topic.bytes()) << 32 | item as u64);
        // Far more words than are drawn for any moment, so the moments of a stream never overlap.
        stream.set_word_pos(moment as u128 * 65_536);
        Self(stream)
    }

    /// Draws a number from a range.
    pub(crate) fn roll<T: SampleUniform>(&mut self, range: impl SampleRange<T>) -> T {
        self.0.random_range(range)
    }

    /// True about once in `times`.
    pub(crate) fn once_in(&mut self, times: u32) -> bool {
        self.roll(0..times) == 0
    }

    /// One element of a list, which must not be empty.
    pub(crate) fn one_of<'l, T>(&mut self, list: &'l [T]) -> &'l T {
        &list[self.roll(0..list.len())]
    }

    pub(crate) fn shuffle<T>(mut self, list: &mut [T]) {
        list.shuffle(&mut self.0);
    }
}
