//! The state of each day that an interface covers, and its short form. Which days there should be is decided by the
//! plan.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use pitlake_contract::Slice;

use crate::plan::Calendar;
use crate::spec::{Axis, InterfaceId};

/// The state of a day or security. If a day has several, the last in this order counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Whole and settled.
    Held,
    /// Whole, but to be fetched again until it settles.
    Unsettled,
    /// Held only by a file of another program.
    Unproven,
    /// Not published yet.
    NotDue,
    /// Some securities are missing. It will be fetched again.
    Partial,
    /// Something is missing, and the vendor has no more.
    Short,
    /// Rows were rejected, or columns did not come.
    SetAside,
    /// Not held.
    Missing,
    /// Not held, and the last run that tried failed.
    Failed,
}

impl State {
    /// Its letter in the short form.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::Held => 'h',
            Self::Unsettled => 'u',
            Self::Unproven => 'x',
            Self::NotDue => 'n',
            Self::Partial => 'p',
            Self::Short => 's',
            Self::SetAside => 'd',
            Self::Missing => 'm',
            Self::Failed => 'f',
        }
    }

    /// Whether bronze lacks an answer that should be there.
    #[must_use]
    pub fn is_missing(self) -> bool {
        matches!(self, Self::Missing | Self::Failed)
    }

    /// The state of a month whose securities are in different states.
    fn beside(self, other: Self) -> Self {
        if self.is_missing() == other.is_missing() { self.max(other) } else { Self::Partial }
    }
}

/// What an interface covers.
#[derive(Debug, Clone)]
pub struct Coverage {
    /// The interface.
    pub interface: InterfaceId,
    /// The axis along which its answers are sliced.
    pub axis: Axis,
    /// The state of each day: a trading day, the first of a month, the last of a period.
    pub days: BTreeMap<NaiveDate, State>,
    /// The number of securities in each state, if it is fetched by security.
    pub securities: BTreeMap<State, usize>,
}

impl Coverage {
    /// Covers nothing yet.
    #[must_use]
    pub fn new(interface: &InterfaceId, axis: Axis) -> Self {
        Self { interface: interface.clone(), axis, days: BTreeMap::new(), securities: BTreeMap::new() }
    }

    /// Adds a slice.
    pub fn put(&mut self, slice: &Slice, state: State) {
        if slice.code().is_some() {
            *self.securities.entry(state).or_default() += 1;
        }
        if let Some(day) = slice.day().or(slice.month()) {
            self.days.entry(day).and_modify(|before| *before = before.beside(state)).or_insert(state);
        }
    }

    /// Adds days that only files of other programs hold.
    pub fn unproven(&mut self, days: &[NaiveDate]) {
        for day in days {
            if let Some(state) = self.days.get_mut(day) {
                *state = State::Unproven;
            }
        }
    }

    /// Adds days that the vendor has not published yet.
    pub fn not_due(&mut self, days: &[NaiveDate]) {
        for day in days {
            self.days.entry(*day).or_insert(State::NotDue);
        }
    }

    /// The first day, and the states from then on, run-length encoded by letter: `h3-2m1`. A day without a state is
    /// `-`; a closed day continues the run before it.
    #[must_use]
    pub fn runs(&self, calendar: &Calendar) -> Option<(NaiveDate, String)> {
        let (first, last) = (*self.days.keys().next()?, *self.days.keys().next_back()?);
        let is_closed =
            |day| self.axis == Axis::Session && calendar.knows(day) && calendar.sessions(day, day).is_empty();
        let mut states = self.days.iter().peekable();
        let mut before = '-';
        let letters = first.iter_days().take_while(|day| *day <= last).map(|day| {
            before = match states.next_if(|(at, _)| **at == day) {
                Some((_, state)) => state.letter(),
                None if is_closed(day) => before,
                None => '-',
            };
            before
        });
        Some((first, short(letters)))
    }
}

/// Run-length encodes letters.
pub fn short(letters: impl Iterator<Item = char>) -> String {
    let mut text = String::new();
    let mut run = (None, 0_usize);
    let mut end = |(letter, count): (Option<char>, usize)| {
        if let Some(letter) = letter {
            text.push(letter);
            text.push_str(&count.to_string());
        }
    };
    for letter in letters {
        if run.0 == Some(letter) {
            run.1 += 1;
        } else {
            end(run);
            run = (Some(letter), 1);
        }
    }
    end(run);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2024, 1, n).unwrap()
    }

    fn of(axis: Axis) -> Coverage {
        Coverage::new(&InterfaceId::parse("tushare/daily").unwrap(), axis)
    }

    #[test]
    fn closed_days_continue_a_run_and_unknown_ones_end_it() {
        let mut coverage = of(Axis::Session);
        for n in [4, 5, 8, 9, 15] {
            coverage.put(&Slice::Session(day(n)), State::Held);
        }
        coverage.put(&Slice::Session(day(10)), State::Missing);
        // The 6th and 7th are closed; the calendar ends on the 10th.
        let calendar = Calendar::new((1..=10).map(|n| (day(n), ![6, 7].contains(&n))));
        assert_eq!(coverage.runs(&calendar), Some((day(4), "h6m1-4h1".to_owned())));
        assert_eq!(coverage.runs(&Calendar::default()), Some((day(4), "h2-2h2m1-4h1".to_owned())));
        assert_eq!(of(Axis::Session).runs(&calendar), None);
    }

    #[test]
    fn a_month_of_some_securities_is_partial() {
        let mut coverage = of(Axis::SecurityMonth);
        let mut put = |code: &str, month, state| {
            coverage.put(&Slice::SecurityMonth(code.into(), month), state);
            coverage.days[&month]
        };
        assert_eq!(put("600001.SH", day(1), State::Held), State::Held);
        assert_eq!(put("600002.SH", day(1), State::SetAside), State::SetAside);
        assert_eq!(put("600003.SH", day(1), State::Missing), State::Partial);
        assert_eq!(put("600001.SH", day(2), State::Missing), State::Missing);
        assert_eq!(put("600002.SH", day(2), State::Failed), State::Failed);
        assert_eq!(coverage.securities[&State::Missing], 2);
    }
}
