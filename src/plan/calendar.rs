//! Trading days as a sequence. Never where they come from.

use chrono::NaiveDate;

/// The sessions of the market, over the days that it covers. Those may have gaps: a calendar can be pieced together from
/// captures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    days: Vec<NaiveDate>,
    sessions: Vec<NaiveDate>,
}

impl Calendar {
    /// A calendar from its days, open or not.
    #[must_use]
    pub fn new(known: impl IntoIterator<Item = (NaiveDate, bool)>) -> Self {
        let (mut days, mut sessions) = (Vec::new(), Vec::new());
        for (day, open) in known {
            days.push(day);
            if open {
                sessions.push(day);
            }
        }
        for list in [&mut days, &mut sessions] {
            list.sort_unstable();
            list.dedup();
        }
        Self { days, sessions }
    }

    /// Whether it knows `day` to be open or closed.
    #[must_use]
    pub fn knows(&self, day: NaiveDate) -> bool {
        self.days.binary_search(&day).is_ok()
    }

    /// The sessions of a range, both ends included.
    #[must_use]
    pub fn sessions(&self, start: NaiveDate, end: NaiveDate) -> &[NaiveDate] {
        let from = self.sessions.partition_point(|day| *day < start);
        let to = self.sessions.partition_point(|day| *day <= end);
        &self.sessions[from..to.max(from)]
    }

    /// The session `n` sessions before the last one that is not after `day`; the first one where there are
    /// fewer.
    #[must_use]
    pub fn back(&self, day: NaiveDate, n: u32) -> Option<NaiveDate> {
        let next = self.sessions.partition_point(|session| *session <= day);
        let last = next.checked_sub(1)?;
        self.sessions.get(last.saturating_sub(usize::try_from(n).ok()?)).copied()
    }

    /// The first session after `day`, if every day up to it is known.
    #[must_use]
    pub fn next_session(&self, day: NaiveDate) -> Option<NaiveDate> {
        let next = self.after(day, 1)?;
        let first = self.days.partition_point(|known| *known <= day);
        let known = self.days.partition_point(|known| *known <= next) - first;
        (i64::try_from(known).ok()? == (next - day).num_days()).then_some(next)
    }

    /// Everything it knows, in order: for whoever keeps track of what was built with it.
    pub fn days(&self) -> impl Iterator<Item = (NaiveDate, bool)> + '_ {
        self.days.iter().map(|day| (*day, self.sessions.binary_search(day).is_ok()))
    }

    /// The `n`-th session after `day`; `None` past the calendar's end.
    #[must_use]
    pub fn after(&self, day: NaiveDate, n: u32) -> Option<NaiveDate> {
        let next = self.sessions.partition_point(|session| *session <= day);
        self.sessions.get(next + usize::try_from(n.checked_sub(1)?).ok()?).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_counted_past_closed_days() {
        let day = |d| NaiveDate::from_ymd_opt(2024, 1, d).unwrap();
        let calendar = Calendar::new((1..=9).map(|d| (day(d), ![1, 6, 7].contains(&d))));
        assert_eq!(calendar.after(day(5), 1), Some(day(8)));
        assert_eq!(calendar.after(day(6), 2), Some(day(9)));
        assert_eq!(calendar.after(day(9), 1), None);
        assert_eq!((calendar.next_session(day(5)), calendar.next_session(day(9))), (Some(day(8)), None));
        assert_eq!((calendar.back(day(7), 1), calendar.back(day(8), 0)), (Some(day(4)), Some(day(8))));
        assert_eq!((calendar.back(day(4), 9), calendar.back(day(1), 9)), (Some(day(2)), None));
        assert_eq!(calendar.sessions(day(5), day(8)), [day(5), day(8)]);
        assert!(calendar.sessions(day(8), day(5)).is_empty());
        assert!(calendar.knows(day(1)) && !calendar.knows(day(10)));
    }

    #[test]
    fn a_gap_is_not_taken_for_closed_days() {
        let day = |d| NaiveDate::from_ymd_opt(2024, 1, d).unwrap();
        let calendar = Calendar::new([(day(2), true), (day(9), true)]);
        assert!(!calendar.knows(day(5)));
        assert_eq!((calendar.after(day(2), 1), calendar.next_session(day(2))), (Some(day(9)), None));
    }
}
