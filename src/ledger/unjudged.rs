//! Answers that a former version kept without judging their rows. They are judged elsewhere.

use std::collections::HashSet;
use std::sync::Arc;

use super::{Ledger, LedgerFile};

impl Ledger {
    /// Of some files, oldest first: the answers that are the newest for one of their slices and whose headers have no
    /// findings, newest first. Needs their headers.
    #[must_use]
    pub fn unjudged(&self, files: &[Arc<LedgerFile>]) -> Vec<Arc<LedgerFile>> {
        let mut answered = HashSet::new();
        let mut unjudged = Vec::new();
        for file in files.iter().rev() {
            let Some(provenance) = file.provenance().filter(|_| !self.is_part(file)) else { continue };
            let slices = self.slices_of(file);
            let is_newest = slices.iter().any(|slice| !answered.contains(slice));
            answered.extend(slices);
            if is_newest && provenance.found.is_none() {
                unjudged.push(Arc::clone(file));
            }
        }
        unjudged
    }
}
