//! The history of a snapshot table: each observed state from the day of the look, and, for the days before the first
//! look, what dated columns tell (`docs/point-in-time.md`). How states follow from files is in `states`.

use super::former::{Former, Why, blank, distinct};
use super::rows::Standing;
use super::scalars::Scalar;
use super::states::{Look, Sequence, States};
use crate::spec::History;

/// All states of all keys, sorted by key. If there are `rules`, dates tell about the days before the first look.
pub(super) fn history(states: &mut States<'_>, looks: &[Look], rules: Option<&History>) -> Vec<Former> {
    let is_whole = |file: usize| states.rows.standings[file] == Standing::Whole;
    let whole = looks.iter().enumerate().filter(|(file, _)| is_whole(*file));
    let first_whole = whole.map(|(_, look)| look.day()).min();
    let mut former = Vec::new();
    for sequence in distinct(states) {
        if let Some(rules) = rules {
            derived(states, looks, (rules, first_whole), &sequence, &mut former);
        }
        for (place, state) in sequence.states.iter().enumerate() {
            let Some(row) = state.row else { continue };
            let next = sequence.states.get(place + 1);
            let why = next.map(|next| if next.row.is_some() { Why::Changed } else { Why::Withdrawn });
            former.push(Former {
                row,
                occurrence: sequence.occurrence,
                known: Some(looks[state.file as usize].day()),
                superseded: next.map(|next| looks[next.file as usize].day()),
                is_derived: false,
                observed: looks[state.file as usize].at,
                why,
            });
        }
    }
    former
}

/// The states of a key before the first look, inferred from its first row.
fn derived(
    states: &mut States<'_>,
    looks: &[Look],
    (rules, first_whole): (&History, Option<i32>),
    sequence: &Sequence,
    former: &mut Vec<Former>,
) {
    let shown = sequence.states.iter().find_map(|state| Some((state.row?, looks[state.file as usize])));
    let Some((row, look)) = shown else { return };
    // From the first whole look on, it is known whether the row existed.
    let end = first_whole.map_or(look.day(), |first| first.min(look.day()));
    let Some(begin) = states.rows.cell(rules.from, row).day().filter(|begin| *begin < end) else { return };
    let until = rules.until.and_then(|until| states.rows.cell(until, row).day()).filter(|until| *until < end);
    let ended = until.map(|until| until.max(begin));
    let last = if end < look.day() { Why::Withdrawn } else { Why::Changed };
    let mut push = |states: &mut States<'_>, days: [i32; 2], why| {
        let is_before = Some(days[0]) != ended;
        let derived = told(states, row, rules, is_before);
        former.push(Former {
            row: derived,
            occurrence: sequence.occurrence,
            known: Some(days[0]),
            superseded: Some(days[1]),
            is_derived: true,
            observed: look.at,
            why: Some(why),
        });
    };
    match ended {
        None => push(states, [begin, end], last),
        Some(ended) => {
            if begin < ended {
                push(states, [begin, ended], Why::Changed);
            }
            push(states, [ended, end], last);
        }
    }
}

/// The part of a row that its dates vouch for, before or since the day it ended.
fn told(states: &mut States<'_>, row: u32, rules: &History, is_before: bool) -> u32 {
    let told = blank(states, row);
    let rows = &mut states.rows;
    let shown = rules.until.filter(|_| !is_before);
    for column in rules.constant.iter().copied().chain([rules.from]).chain(shown) {
        let cell = rows.cell(column, row);
        rows.columns[column].set(told as usize, cell);
    }
    for (column, value) in if is_before { &rules.before } else { &rules.after } {
        let cell = Scalar::Text(rows.texts.intern(value));
        rows.columns[*column].set(told as usize, cell);
    }
    told
}
