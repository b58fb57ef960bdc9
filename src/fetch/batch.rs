//! Which answers by security share a bronze file. Does not look into them.

use indexmap::IndexMap;
use pitlake_contract::Slice;

use crate::plan::Why;

/// Range of code numbers per file of answers by security. The cuts are fixed, so that a new listing leaves other files
/// alone. A file of this size has some tens of megabytes of text.
pub(super) const BATCH: usize = 200;

/// Groups securities into files of at most `most`, cut where their numbers cross a multiple of it, so that files stay
/// the same when other securities are listed. Groups too small for a file join their neighbours.
pub(super) fn batches(ask: &[(Slice, Why)], most: usize) -> Vec<Vec<(Slice, Why)>> {
    let mut blocks = IndexMap::new();
    for (slice, why) in ask {
        let number = slice.code().and_then(|code| code.split('.').next()).and_then(|digits| digits.parse().ok());
        let block = (slice.month(), number.map(|number: usize| number / most));
        let block: &mut Vec<(Slice, Why)> = blocks.entry(block).or_default();
        block.push((slice.clone(), *why));
    }
    let mut batches: Vec<Vec<(Slice, Why)>> = Vec::new();
    for part in blocks.values().flat_map(|block| block.chunks(most)) {
        // A file holds one month.
        let fits = |batch: &&mut Vec<(Slice, Why)>| {
            batch.len() + part.len() <= most && batch[0].0.month() == part[0].0.month()
        };
        match batches.last_mut().filter(fits) {
            Some(batch) => batch.extend_from_slice(part),
            None => batches.push(part.to_vec()),
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_listing_leaves_the_files_of_others_alone() {
        let ask = |codes: &[usize]| -> Vec<(Slice, Why)> {
            codes.iter().map(|code| (Slice::Security(format!("{code:06}.SH")), Why::Missing)).collect()
        };
        let market: Vec<usize> = (600_000..600_800).filter(|code| code % 9 != 0).collect();
        let before = batches(&ask(&market), 200);
        assert!(before.iter().all(|batch| batch.len() <= 200), "a header holds some hundreds of calls");
        assert_eq!(before.iter().map(Vec::len).sum::<usize>(), market.len());
        let mut grown = market.clone();
        grown.push(600_009);
        grown.sort_unstable();
        let after = batches(&ask(&grown), 200);
        assert_eq!(before[1..], after[1..]);
        // A few securities share a file, however far apart.
        assert_eq!(batches(&ask(&[1, 300_750, 600_519]), 200).len(), 1);
    }
}
