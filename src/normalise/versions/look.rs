//! One file's look at one key. Never what follows from it.

use super::undated::Undated;
use super::version::Version;

/// One file's look at a key.
#[derive(Debug)]
pub(super) struct Look<'g> {
    pub(super) file: u32,
    pub(super) key: u64,
    /// The rows that it shows.
    pub(super) present: Vec<u32>,
    /// Where it is its vendor's first: what other vendors show.
    pub(super) elsewhere: &'g [Version],
    /// What imports without a day of capture show.
    pub(super) undated: Option<&'g Undated>,
}
