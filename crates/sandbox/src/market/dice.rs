//! The only source of chance: independent `ChaCha8` streams addressed by what is drawn, for whom and when.
//!
//! Addressed streams make a value independent of the order in which requests ask for it.

use rand::distr::uniform::{SampleRange, SampleUniform};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
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

/// The dice of what is drawn for one item (a security, mostly) at one moment (a session, mostly).
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    /// Those for an item and a moment, by the name of what is drawn. Changing a name changes every market.
    pub(crate) fn new(seed: u64, topic: &str, item: usize, moment: usize) -> Self {
        let mut stream = ChaCha8Rng::seed_from_u64(seed);
        stream.set_stream(fnv(topic.bytes()) << 32 | item as u64);
        // Far more words than any one moment draws: moments of a stream never overlap.
        stream.set_word_pos(moment as u128 * 65_536);
        Self(stream)
    }

    /// A number from a range.
    pub(crate) fn roll<T: SampleUniform>(&mut self, range: impl SampleRange<T>) -> T {
        self.0.random_range(range)
    }

    /// True about once in `times`.
    pub(crate) fn once_in(&mut self, times: u32) -> bool {
        self.roll(0..times) == 0
    }

    /// One of a list, which is not empty.
    pub(crate) fn one_of<'l, T>(&mut self, list: &'l [T]) -> &'l T {
        &list[self.roll(0..list.len())]
    }

    pub(crate) fn shuffle<T>(mut self, list: &mut [T]) {
        list.shuffle(&mut self.0);
    }
}
