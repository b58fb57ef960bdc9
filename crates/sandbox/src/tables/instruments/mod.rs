//! Masters of everything but stocks: indices, industries, boards, currencies and new issues, as a day knows them.
//!
//! Their codes are shared with the lists of a session, in `sessions::known`.

mod directories;
mod industries;
mod issues;

use super::record::SnapshotRows;

/// The functions by the words of entries.
pub(super) const SNAPSHOTS: [(&str, SnapshotRows); 7] = [
    ("known_indices", directories::indices),
    ("industries", industries::industries),
    ("memberships", industries::memberships),
    ("boards", directories::boards),
    ("board_members", directories::board_members),
    ("contracts", directories::contracts),
    ("issues", issues::issues),
];
