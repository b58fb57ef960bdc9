//! Master lists as known on a day: stocks, the calendar, indices, industries, boards, currencies and new issues.

mod directories;
mod industries;
mod issues;

use super::SnapshotRows;

/// The functions, by the names used in entries.
pub(super) const SNAPSHOTS: [(&str, SnapshotRows); 9] = [
    ("known_indices", directories::indices),
    ("industries", industries::industries),
    ("memberships", industries::memberships),
    ("boards", directories::boards),
    ("board_members", directories::board_members),
    ("contracts", directories::contracts),
    ("issues", issues::issues),
    ("stocks", directories::stocks),
    ("calendar", directories::calendar),
];
