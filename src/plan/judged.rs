//! The days whose answers are judged by what other tables tell of them. Never what those tell.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use crate::spec::{Axis, Contract, Covered};

/// Days whose answers are judged by who was suspended or has reported.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JudgedDays {
    /// Sessions on which every security that traded has a row.
    pub sessions: BTreeSet<NaiveDate>,
    /// Periods on which every company reports.
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
