//! The days whose answers are judged with the help of other tables. What those say is in `universe`.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::spec::{Axis, Contract, Covered};

/// Days whose answers are judged by who was suspended or has reported.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JudgedDays {
    /// Sessions for which every security that traded has a row.
    pub sessions: BTreeSet<NaiveDate>,
    /// Periods for which every company has a row.
    pub periods: BTreeSet<NaiveDate>,
}

impl JudgedDays {
    /// Adds the day of an answer of an interface.
    pub fn add(&mut self, contract: &Contract, day: NaiveDate) {
        match (contract.ask.axis, contract.publication.covers) {
            (Axis::Session, Some(_)) => self.sessions.insert(day),
            (Axis::Period, Some(Covered::Reporting)) => self.periods.insert(day),
            _ => false,
        };
    }
}
