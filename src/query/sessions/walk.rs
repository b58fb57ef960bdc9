//! The days on which the newest known period of a security, or its versions, change. Where versions come from, and the
//! sessions between two such days, are not handled here.

use std::cmp::Reverse;
use std::ops::Range;

/// A version for one security. Days count from 1970.
#[derive(Debug, Clone)]
pub(super) struct Version {
    /// Its row number.
    pub(super) row: u32,
    /// The period it reports on.
    pub(super) period: i32,
    /// The part of its key that every vendor fills, as a number that increases with the period.
    pub(super) group: u32,
    /// Its whole key, as a number.
    pub(super) key: u32,
    /// The rank of its vendor in the table's order.
    pub(super) vendor: usize,
    pub(super) announced: Option<i32>,
    pub(super) known: Option<i32>,
    pub(super) withdrawn: Option<i32>,
    /// The day it was first observed.
    pub(super) shown: Option<i32>,
    pub(super) revision: i32,
}

/// The days after `after`, up to and including `until`, whose morning finds these rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) after: i32,
    pub(super) until: i32,
    /// The rows, in key order.
    pub(super) rows: Vec<u32>,
}

/// The spans for one security, whose versions are sorted by group and key.
pub(super) fn walk(versions: &[Version]) -> Vec<Span> {
    let mut groups: Vec<Range<usize>> = Vec::new();
    let mut changes: Vec<(i32, usize)> = Vec::new();
    for (place, version) in versions.iter().enumerate() {
        match groups.last_mut() {
            Some(last) if versions[last.start].group == version.group => last.end = place + 1,
            _ => groups.push(place..place + 1),
        }
        let days = [version.known, version.withdrawn, version.shown].into_iter().flatten();
        changes.extend(days.map(|day| (day, groups.len() - 1)));
    }
    changes.sort_unstable();
    changes.dedup();
    let mut answers: Vec<Vec<u32>> = vec![Vec::new(); groups.len()];
    let mut spans: Vec<Span> = Vec::new();
    for of_day in changes.chunk_by(|a, b| a.0 == b.0) {
        let day = of_day[0].0;
        for (_, group) in of_day {
            answers[*group] = answer(&versions[groups[*group].clone()], day);
        }
        let period = |group: usize| versions[groups[group].start].period;
        let newest = (0..groups.len()).rfind(|group| !answers[*group].is_empty());
        let rows: Vec<u32> = newest.map_or_else(Vec::new, |newest| {
            let first = (0..newest).rfind(|group| period(*group) != period(newest)).map_or(0, |other| other + 1);
            answers[first..=newest].concat()
        });
        match spans.last_mut() {
            Some(last) if last.rows == rows => continue,
            Some(last) => last.until = day,
            None => {}
        }
        spans.push(Span { after: day, until: i32::MAX, rows });
    }
    spans.retain(|span| !span.rows.is_empty());
    spans
}

/// The rows that represent a group at the end of a day (`docs/point-in-time.md`), one per key.
fn answer(group: &[Version], day: i32) -> Vec<u32> {
    let by = |date: Option<i32>| date.is_some_and(|date| date <= day);
    let has_shown = |vendor: usize| group.iter().any(|version| version.vendor == vendor && by(version.shown));
    let nobody = !group.iter().any(|version| by(version.shown));
    let left: Vec<&Version> = group
        .iter()
        .filter(|version| by(version.known) && !by(version.withdrawn) && (nobody || has_shown(version.vendor)))
        .collect();
    let Some(first) = left.iter().map(|version| version.vendor).min() else { return Vec::new() };
    let mut of_first: Vec<&Version> = left.into_iter().filter(|version| version.vendor == first).collect();
    let rank = |version: &Version| (version.announced.is_some(), version.announced.or(version.known), version.revision);
    of_first.sort_by_key(|version| (version.key, Reverse(rank(version))));
    of_first.dedup_by_key(|version| version.key);
    of_first.iter().map(|version| version.row).collect()
}
