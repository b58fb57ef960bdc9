//! Masters of everything but stocks: indices, industries, boards, currencies and new issues, as a day knows them.
//!
//! Their codes are shared with the lists of a session, in `sessions::known`.

mod boards;
mod currencies;
mod indices;
mod industries;
mod issues;

use super::record::SnapshotRows;

/// The functions by the words of entries.
pub(super) const SNAPSHOTS: [(&str, SnapshotRows); 7] = [
    ("known_indices", indices::indices),
    ("industries", industries::industries),
    ("memberships", industries::memberships),
    ("boards", boards::boards),
    ("board_members", boards::board_members),
    ("contracts", currencies::contracts),
    ("issues", issues::issues),
];
