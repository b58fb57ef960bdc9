//! Former states of a market table: those that were changed or withdrawn, and those in which there was no row yet
//! (`docs/point-in-time.md`). The current state is in the table itself.

use super::former::{Former, Why, blank, distinct};
use super::states::{Look, Sequence, States};

/// From which day on the rows of an event day are known; `None` beyond the calendar.
pub(super) type KnownFrom<'k> = &'k dyn Fn(i32) -> Option<i32>;

/// The former states, sorted by key. The first state is known when its event day is, later ones from when they were
/// observed.
pub(super) fn superseded(states: &mut States<'_>, looks: &[Look], known_from: KnownFrom<'_>) -> Vec<Former> {
    let mut former = Vec::new();
    for sequence in distinct(states) {
        of_key(states, looks, known_from, &sequence, &mut former);
    }
    former
}

fn of_key(
    states: &mut States<'_>,
    looks: &[Look],
    known_from: KnownFrom<'_>,
    sequence: &Sequence,
    former: &mut Vec<Former>,
) {
    let Some(event) = states.rows.table.event else { return };
    let known = |states: &States<'_>, row: u32| known_from(states.rows.cell(event, row).day()?);
    let day = |place: usize| looks[sequence.states[place].file as usize].day();
    // The day on which each state begins.
    let mut begins: Vec<Option<i32>> = Vec::with_capacity(sequence.states.len());
    for (place, state) in sequence.states.iter().enumerate() {
        begins.push(match (place, state.row) {
            (0, Some(row)) => known(states, row),
            // A look without the row counts from when the row would have been known.
            (0, None) => sequence.states.get(1).and_then(|next| next.row).and_then(|row| known(states, row)),
            (_, Some(row)) => known(states, row).map(|known| known.max(day(place))),
            (_, None) => Some(begins[place - 1].map_or(day(place), |begin| begin.max(day(place)))),
        });
    }
    for (place, pair) in sequence.states.windows(2).enumerate() {
        let (begin, next) = (begins[place], begins[place + 1]);
        let earliest = begin.into_iter().chain(next).min().unwrap_or(i32::MIN);
        let end = earliest.max(day(place + 1));
        let begin = begin.map(|begin| begin.min(end));
        let why = match (pair[0].row, pair[1].row) {
            (None, _) => Why::Appeared,
            (_, None) => Why::Withdrawn,
            _ => Why::Changed,
        };
        // Nothing was missing before the row could be known.
        if why == Why::Appeared && begin == Some(end) {
            continue;
        }
        let Some(row) = pair[0].row.or_else(|| pair[1].row.map(|row| blank(states, row))) else { continue };
        former.push(Former {
            row,
            occurrence: sequence.occurrence,
            known: begin,
            superseded: Some(end),
            is_derived: false,
            observed: looks[pair[0].file as usize].at,
            why: Some(why),
        });
    }
}
