//! Masters as a day knows them: stocks, the calendar, indices, industries, boards, currencies and new issues.

mod directories;
mod industries;
mod issues;
mod masters;

use super::record::SnapshotRows;

/// The functions by the words of entries.
pub(super) const SNAPSHOTS: [(&str, SnapshotRows); 9] = [
    ("known_indices", directories::indices),
    ("industries", industries::industries),
    ("memberships", industries::memberships),
    ("boards", directories::boards),
    ("board_members", directories::board_members),
    ("contracts", directories::contracts),
    ("issues", issues::issues),
    ("stocks", masters::stocks),
    ("calendar", masters::calendar),
];
