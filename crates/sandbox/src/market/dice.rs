//! The only source of chance: independent `ChaCha8` streams addressed by what is drawn, for whom and when.
//!
//! Addressed streams make a value independent of the order in which requests ask for it.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::hash::Hasher;

/// What is drawn. Numbers are fixed: changing one changes every market.
#[derive(Clone, Copy)]
pub(crate) enum Topic {
    /// Descriptive columns of a security.
    Security = 1,
    /// Listing and delisting days.
    Life = 2,
    /// Distributions and suspensions.
    Events = 3,
    /// Prices, volumes and capital.
    Walk = 4,
    /// Identifiers of replies, by call.
    RequestId = 64,
    /// Books of a company: habits, then quarter by quarter.
    Accounts = 67,
    /// Figures of a restatement.
    Restatement = 68,
    /// Days of first announcement.
    Announcement = 69,
    /// Which report plays which pattern, by statement.
    Patterns = 70,
    /// What becomes of an income statement.
    Income = 71,
    /// What becomes of a set of indicators.
    Indicators = 72,
    /// Indicators that do not follow from the books.
    Filling = 73,
    /// Closes of made-up series, by series.
    Series = 76,
    /// The rest of their bars.
    SeriesBar = 77,
    /// Who is on the lists of a session, by list.
    Lists = 78,
    /// Balances of margin trading.
    Margin = 79,
    /// What is queued at a price limit.
    Limits = 80,
    /// Order sizes of a session.
    Flows = 81,
    /// Days of made-up records.
    Records = 82,
    /// How a company's assets and debts are made up.
    Holdings = 122,
    /// Guidance and preliminary earnings.
    Guidance = 123,
    Express = 124,
    /// Dividends and buy-backs.
    Dividends = 125,
    Buybacks = 126,
    /// What comes with a report: audits, segments and its planned day.
    Audits = 127,
    Segments = 128,
    Schedule = 129,
    /// Reports of brokers.
    Analysts = 130,
    /// Former names.
    Names = 131,
    /// Who leads a company, and what it says of itself.
    People = 132,
    Rewards = 133,
    Profile = 134,
    /// Who owns it, and how many do.
    Holders = 135,
    HolderCounts = 136,
    /// What holders buy, sell, may sell and pledge.
    HolderTrades = 137,
    Lockups = 138,
    Pledges = 139,
    PledgeTotals = 140,
    /// How a session's volume spreads over its minutes.
    Minutes = 100,
    /// At what prices a stock's holders bought.
    Chips = 101,
    /// What goes through the Connect.
    Connect = 102,
    /// Which of Tushare's rows AShareHub loses or spoils, by key.
    Reprint = 200,
    /// Order of AShareHub's rows.
    ReprintOrder = 201,
    /// News of a day, by feed.
    News = 202,
    /// Shares of Hong Kong that the mainland holds.
    Southbound = 203,
}

/// The dice for one `item` (a security, mostly) at one `moment` (a session, mostly).
pub(crate) fn dice(seed: u64, topic: Topic, item: usize, moment: usize) -> ChaCha8Rng {
    dice_at(seed, topic as u64, item, moment)
}

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

/// The address of what has a name instead of a topic, an interface mostly: above every topic.
pub(crate) fn address(name: &str) -> u64 {
    let mut hash = Fnv::default();
    hash.write(name.as_bytes());
    hash.finish() | 1 << 31
}

/// As [`dice`], for what has an [`address`] of its own.
pub(crate) fn dice_of(seed: u64, address: u64, item: usize, moment: usize) -> ChaCha8Rng {
    dice_at(seed, address, item, moment)
}

fn dice_at(seed: u64, topic: u64, item: usize, moment: usize) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(topic << 32 | item as u64);
    // Far more words than any one moment draws: moments of a stream never overlap.
    rng.set_word_pos(moment as u128 * 65_536);
    rng
}
