//! How often an account may call. Reads `[[limits]]` strictly.

use crate::toml::TomlTable;

/// How often an account with at least `points` may call an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// The points from which it applies.
    pub points: u32,
    /// Calls per minute.
    pub requests_per_minute: u32,
    /// Calls per day, if the vendor limits those.
    pub requests_per_day: Option<u32>,
    /// Calls per second, if the vendor limits those.
    pub requests_per_second: Option<u32>,
}

/// The limit for an account with `points`: the highest it qualifies for, or else the lowest.
pub(super) fn reached(limits: &[Limit], points: u32) -> Option<&Limit> {
    limits.iter().rfind(|limit| limit.points <= points).or(limits.first())
}

/// Reads `[[limits]]`, lowest points first.
pub(super) fn limits(root: &TomlTable<'_>) -> Option<Vec<Limit>> {
    let mut limits = Vec::new();
    for table in root.tables("limits") {
        let points = table.need("points", table.number("points"));
        let calls = table.need("requests_per_minute", table.number("requests_per_minute"));
        let requests_per_day = table.number("requests_per_day").map(|at| at.value);
        let requests_per_second = table.number("requests_per_second").map(|at| at.value.max(1));
        table.close();
        limits.push(Limit {
            points: points?.value,
            requests_per_minute: calls?.value.max(1),
            requests_per_day,
            requests_per_second,
        });
    }
    limits.sort_by_key(|limit| limit.points);
    Some(limits)
}
