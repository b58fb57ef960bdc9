//! A file's look at a key. What follows from it is decided elsewhere.

use super::undated::Undated;
use super::version::Version;

/// A file's look at a key.
#[derive(Debug)]
pub(super) struct Look<'g> {
    pub(super) file: u32,
    pub(super) key: u64,
    /// The rows that it shows.
    pub(super) present: Vec<u32>,
    /// What other vendors show, if this is its vendor's first look.
    pub(super) elsewhere: &'g [Version],
    /// What imports without a day of capture show.
    pub(super) undated: Option<&'g Undated>,
}
