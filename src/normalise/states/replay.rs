//! Rebuilds the table after each file, for the keys that several files are about. Which keys these are is decided in
//! `states`.

use std::collections::{BTreeMap, HashSet};

use super::super::counting::{Answering, counting};
use super::super::merge::merge;
use super::super::rows::{Origin, RowSet};
use super::{Reader, Sequence, ShownRow, State, States};

/// A key, and the number of a row within it.
type Numbered = (u64, i32);

/// The table as built from some of the files.
struct Built<'a> {
    rows: RowSet<'a>,
    /// For each key, the row and which of the partition's rows it is.
    kept: BTreeMap<Numbered, (u32, ShownRow)>,
}

impl<'a> Reader<'_, 'a> {
    /// Adds the states of the keys of some rows, shown or covered by some files. Both are sorted oldest first.
    pub(super) fn replay(&self, files: &[u32], rows: &[ShownRow], states: &mut States<'a>) {
        let mut seen = files.to_vec();
        seen.sort_by_key(|file| self.order(*file));
        let mut sequences: BTreeMap<Numbered, Vec<State>> = BTreeMap::new();
        // The first file that showed a row of each part.
        let mut first: BTreeMap<u64, u32> = BTreeMap::new();
        let (mut until, mut before) = (Vec::with_capacity(files.len()), Vec::new());
        for file in seen {
            let place = until.partition_point(|other| *other < file);
            until.insert(place, file);
            let speaking = self.speaking(&until, rows);
            if speaking == before {
                continue;
            }
            let mut built = self.built(&speaking);
            for (key, of_key) in &mut sequences {
                let kept = built.kept.remove(key).map(|kept| append(states, &built.rows, kept));
                push(states, of_key, State { file, row: kept });
            }
            for (key, kept) in std::mem::take(&mut built.kept) {
                let row = append(states, &built.rows, kept);
                let part = self.parts[kept.1.row as usize];
                let lacking =
                    self.lacking(kept.1.row, file).or_else(|| first.get(&part).copied().filter(|first| *first != file));
                first.entry(part).or_insert(file);
                let lacking = lacking.map(|file| State { file, row: None });
                sequences.insert(key, lacking.into_iter().chain([State { file, row: Some(row) }]).collect());
            }
            before = speaking;
        }
        let sequence = |((key, occurrence), states)| Sequence { key, occurrence, states };
        states.sequences.extend(sequences.into_iter().map(sequence));
    }

    /// Those of the rows that count if there are no other files.
    fn speaking(&self, files: &[u32], rows: &[ShownRow]) -> Vec<ShownRow> {
        let answering: Vec<Answering> = files.iter().map(|file| self.looks[*file as usize].answering).collect();
        let counting: HashSet<u32> = counting(&answering).into_iter().map(|place| files[place]).collect();
        let counts = |file: u32| counting.contains(&file);
        let speaks = |shown: &&ShownRow| counts(shown.file) && !self.slices.is_superseded(self.rows, shown.row, counts);
        rows.iter().filter(speaks).copied().collect()
    }

    /// The table built from these rows.
    fn built(&self, speaking: &[ShownRow]) -> Built<'a> {
        let mut rows = RowSet::new(self.rows.table);
        let mut last = None;
        for ShownRow { file, row } in speaking {
            if last.replace(*file) != Some(*file) {
                rows.sources.push(self.rows.sources[*file as usize]);
                rows.standings.push(self.rows.standings[*file as usize]);
            }
            let place = u32::try_from(rows.sources.len() - 1).unwrap_or(u32::MAX);
            rows.append(self.rows, *row, Origin { file: place, line: 0 });
        }
        // Rows of one file that contradict each other are reported when the partition is built.
        let kept = merge(&mut rows, |_, _| true, |_, _| {});
        let kept = kept.into_iter().map(|kept| {
            let shown = speaking[kept.row as usize];
            ((self.keys[shown.row as usize], kept.occurrence), (kept.row, shown))
        });
        Built { kept: kept.collect(), rows }
    }
}

/// Appends a row of the rebuilt table.
fn append<'a>(states: &mut States<'a>, rows: &RowSet<'a>, (row, shown): (u32, ShownRow)) -> u32 {
    states.rows.append(rows, row, Origin { file: shown.file, line: 0 })
}

/// Adds a state unless it equals the one before. Its row must be the last one appended, and is removed in that case.
fn push(states: &mut States<'_>, of_key: &mut Vec<State>, state: State) {
    let last = of_key.last().and_then(|state| state.row);
    let rows = &mut states.rows;
    match (last, state.row) {
        (None, None) => {}
        (Some(a), Some(b)) if is_same(rows, a, b) => rows.truncate(b as usize),
        _ => of_key.push(state),
    }
}

/// Whether two rows are from one source and the same to the last digit.
fn is_same(rows: &RowSet<'_>, a: u32, b: u32) -> bool {
    std::ptr::eq(rows.source(a), rows.source(b))
        && (0..rows.columns.len()).all(|column| rows.cell(column, a) == rows.cell(column, b))
}
