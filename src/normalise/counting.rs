//! Which files of a partition count: of the answers to a slice, the newest whole one and everything after it; and every
//! part. Rows are not read.

use std::collections::HashSet;

/// A file, as one of several that may answer the same slice.
#[derive(Debug, Clone, Copy)]
pub struct Answering {
    /// The number of its slice, shared by all answers to it; `None` for a file that nothing replaces.
    pub slice: Option<u32>,
    /// Whether it is plainly whole.
    pub is_whole: bool,
    /// The number of the file that holds its rows, because several may repeat one.
    pub rows: u32,
}

/// Indices of the files that count; `files` must be sorted oldest first. Of several files with the same rows the newest
/// stands for all, except that one that is not whole does not stand for a whole one: it removes no rows.
#[must_use]
pub fn counting(files: &[Answering]) -> Vec<usize> {
    let (mut told, mut known) = (HashSet::new(), HashSet::new());
    let mut counting = Vec::new();
    for (place, file) in files.iter().enumerate().rev() {
        let is_told = file.slice.is_some_and(|slice| told.contains(&slice));
        if let Some(slice) = file.slice.filter(|_| file.is_whole) {
            told.insert(slice);
        }
        if !is_told && known.insert((file.rows, file.is_whole)) {
            counting.push(place);
        }
    }
    counting.reverse();
    counting
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_whole_answer_counts_with_what_came_after_it_and_every_part() {
        let file = |slice, is_whole, rows| Answering { slice, is_whole, rows };
        let files = [
            file(Some(0), true, 0),
            file(None, true, 1),
            file(Some(0), false, 2),
            file(Some(1), false, 3),
            file(Some(0), true, 4),
            file(Some(0), false, 5),
            file(None, true, 1),
        ];
        assert_eq!(counting(&files), [3, 4, 5, 6]);
        assert_eq!(counting(&files[..4]), [0, 1, 2, 3]);
        // An answer that repeats an older one brings its rows back.
        assert_eq!(counting(&[file(Some(0), true, 0), file(Some(0), true, 1), file(Some(0), true, 0)]), [2]);
        // The whole answer still removes rows, even after a repeat that is not whole.
        assert_eq!(counting(&[file(None, true, 0), file(None, false, 0)]), [0, 1]);
    }
}
