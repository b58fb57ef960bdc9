//! The rows of a table's companion: states, and the days between which they held. How states follow from files is in
//! `states`.

use chrono::{DateTime, Utc};

use super::comparison::{Comparer, Tolerance};
use super::diff::beside_key;
use super::states::{Sequence, State, States};

/// Why a state ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// Other figures replaced them.
    Changed,
    /// A later answer no longer had the row.
    Withdrawn,
    /// There had been no row before.
    Appeared,
}

impl Why {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Withdrawn => "withdrawn",
            Self::Appeared => "appeared",
        }
    }
}

/// A row of the companion. Days count from 1970.
#[derive(Debug, Clone, Copy)]
pub(super) struct Former {
    /// Index among the rows of the states.
    pub(super) row: u32,
    /// Its number among the rows with the same key.
    pub(super) occurrence: i32,
    pub(super) known: Option<i32>,
    pub(super) superseded: Option<i32>,
    /// Whether it is inferred from dates in a later answer.
    pub(super) is_derived: bool,
    /// When it was first observed.
    pub(super) observed: DateTime<Utc>,
    pub(super) why: Option<Why>,
}

/// The states of each key, except those that only repeat the one before: columns that a file lacks are not compared,
/// and roundings agree. Each keeps the time of the file that first showed it and the content of the last.
pub(super) fn distinct(states: &States<'_>) -> Vec<Sequence> {
    let comparer = Comparer::new(&states.rows, beside_key(states.rows.table), Tolerance::Near);
    let of_key = |sequence: &Sequence| {
        let mut distinct: Vec<State> = Vec::with_capacity(sequence.states.len());
        for state in &sequence.states {
            match distinct.last_mut().map(|last| (last.row, last)) {
                Some((Some(a), last)) if state.row.is_some_and(|b| comparer.agree([a, b])) => last.row = state.row,
                Some((None, _)) if state.row.is_none() => {}
                _ => distinct.push(*state),
            }
        }
        Sequence { states: distinct, ..*sequence }
    };
    states.sequences.iter().map(of_key).collect()
}

/// A row with nothing but the key of another row.
pub(super) fn blank(states: &mut States<'_>, row: u32) -> u32 {
    let blank = states.rows.copy(row);
    let table = states.rows.table;
    states.rows.clear(blank, |column| !table.key.contains(&column));
    blank
}
