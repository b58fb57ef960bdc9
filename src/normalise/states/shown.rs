//! Which files show a row. What a row holds is not looked at.

use crate::normalise::versions::Sighting;

/// The files that show each row.
#[derive(Debug)]
pub(in crate::normalise) enum Shown {
    /// Only the one it came from.
    Once,
    /// Several: the files of all rows, and where those of each row begin.
    Often {
        /// Row by row, oldest first.
        files: Vec<u32>,
        /// One per row, and the end of the last.
        starts: Vec<usize>,
    },
}

impl Shown {
    /// The files that show each row, oldest first, from all its sightings.
    pub(in crate::normalise) fn of(rows: usize, sightings: &[Sighting]) -> Self {
        let mut starts = vec![0; rows + 1];
        for one in sightings {
            starts[one.row as usize + 1] += 1;
        }
        for row in 0..rows {
            starts[row + 1] += starts[row];
        }
        let (mut files, mut next) = (vec![0; sightings.len()], starts.clone());
        for one in sightings {
            let place = &mut next[one.row as usize];
            files[*place] = one.origin.file;
            *place += 1;
        }
        Self::Often { files, starts }
    }
}
