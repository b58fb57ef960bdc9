//! The trading calendar, and problems with it. Where its days come from is not decided here.

use chrono::{Datelike as _, NaiveDate};
use serde::{Deserialize, Serialize};

use super::CALENDAR;
use crate::spec::DateRange;

/// The market was never closed for more consecutive days. A longer unknown stretch is a gap, even if only open days
/// were given.
const LONGEST_CLOSED: i64 = 20;

/// This many open days (more than four weeks) without a closed one between them mean that only open days were imported,
/// not that a complete calendar has gaps.
const A_MONTH: usize = 21;

/// The number of gaps named in a remark.
const NAMED: usize = 3;

/// The sessions of the market, over the days it covers. There may be gaps, because a calendar can be pieced together
/// from captures. In stretches where only open days were given, the days between them are closed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "Days", from = "Days")]
pub struct Calendar {
    days: Vec<NaiveDate>,
    sessions: Vec<NaiveDate>,
    /// The days as text, for digests of what was built with them: one line per day, with whether it is open.
    text: String,
    /// Stretches for which only open days were given.
    open_only: Vec<DateRange>,
    /// Why it has no days, if it should have some.
    lacks: Option<String>,
}

impl Calendar {
    /// Builds a calendar from days and whether each is open.
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
        let open_only = open_only(&days, &sessions);
        if !open_only.is_empty() {
            days.extend(open_only.iter().flat_map(|stretch| stretch.days()));
            days.sort_unstable();
            days.dedup();
        }
        let mut calendar = Self { days, sessions, text: String::new(), open_only, lacks: None };
        let lines: Vec<String> = calendar.days().map(|(day, is_open)| format!("{day} {is_open}\n")).collect();
        calendar.text = lines.concat();
        calendar
    }

    /// A calendar without days, and the reason.
    #[must_use]
    pub fn lacking(why: String) -> Self {
        Self { lacks: Some(why), ..Self::default() }
    }

    /// Its first and its last day.
    #[must_use]
    pub fn covers(&self) -> Option<DateRange> {
        Some(DateRange::new(*self.days.first()?, *self.days.last()?))
    }

    /// The unknown days between its first and its last.
    #[must_use]
    pub fn gaps(&self) -> Vec<DateRange> {
        let between = |pair: &[NaiveDate]| Some(DateRange::new(pair[0].succ_opt()?, pair[1].pred_opt()?));
        self.days.windows(2).filter_map(between).filter(|gap| gap.first <= gap.last).collect()
    }

    /// What a plan cannot determine because of gaps, and what to do about it; `None` without gaps.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        if let Some(why) = &self.lacks {
            return Some(why.clone());
        }
        let gaps = self.gaps();
        let (first, last) = (self.days.first()?, self.days.last()?);
        let named: Vec<String> = gaps.iter().take(NAMED).map(|gap| text(*gap)).collect();
        let more = gaps.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        (!gaps.is_empty()).then(|| {
            format!(
                "the calendar in the lake covers {first} to {last} with gaps: {}{more}; data missing in the gaps \
                 goes unnoticed, and `tradable_on` before them is null: run `pitlake fetch {CALENDAR}` (with --refetch if it \
                 was fetched today), or import the days",
                named.join(", ")
            )
        })
    }

    /// How it was interpreted, if only open days were given.
    #[must_use]
    pub fn remark(&self) -> Option<String> {
        let stretches: Vec<String> = self.open_only.iter().take(NAMED).map(|stretch| text(*stretch)).collect();
        (!stretches.is_empty()).then(|| {
            format!(
                "the calendar in the lake has open days only ({}): the days between them count as closed; `pitlake fetch \
                 {CALENDAR}` fetches all days",
                stretches.join(", ")
            )
        })
    }

    /// What is wrong with it, and how it was interpreted.
    pub fn remarks(&self) -> impl Iterator<Item = String> {
        self.problem().into_iter().chain(self.remark())
    }

    /// Whether `day` is known to be open or closed.
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

    /// The session `n` sessions before the last one not after `day`, or the first one if there are fewer.
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

    /// Everything it knows, as text, to detect changes in what was built with it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Everything it knows, in order.
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

/// Days, each with whether it is open.
type Days = Vec<(NaiveDate, bool)>;

impl From<Calendar> for Days {
    fn from(calendar: Calendar) -> Self {
        calendar.days().collect()
    }
}

impl From<Days> for Calendar {
    fn from(days: Days) -> Self {
        Self::new(days)
    }
}

/// The stretches for which only open days were given. Weekends are closed, so a complete calendar has no week without a
/// closed day.
fn open_only(days: &[NaiveDate], sessions: &[NaiveDate]) -> Vec<DateRange> {
    let is_open = |day: &NaiveDate| sessions.binary_search(day).is_ok();
    let least = if sessions.len() == days.len() { 3 } else { A_MONTH };
    let runs = days.chunk_by(|a, b| is_open(a) && is_open(b) && (*b - *a).num_days() - 1 <= LONGEST_CLOSED);
    let stretch = |run: &[NaiveDate]| {
        let stretch = DateRange::new(*run.first()?, *run.last()?);
        let weekdays = stretch.days().filter(|day| day.weekday().number_from_monday() < 6).count();
        let has_gap = stretch.days().count() > run.len();
        // Enough weekdays must be present: holidays are few, and days captured here and there do not make a calendar.
        let is_dense = run.len() * 5 >= weekdays * 3;
        (run.len() >= least && has_gap && is_dense).then_some(stretch)
    };
    runs.filter_map(stretch).collect()
}

fn text(range: DateRange) -> String {
    if range.first == range.last { range.first.to_string() } else { format!("{} to {}", range.first, range.last) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

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
        for days in [[2, 9].as_slice(), &[2, 9, 16], &[2, 3, 12, 23, 24]] {
            let calendar = Calendar::new(days.iter().map(|d| (day(*d), true)));
            assert!(!calendar.knows(day(5)), "{days:?}");
            assert!(calendar.problem().is_some_and(|text| text.contains("gaps: 2024-01-")), "{days:?}");
            assert_eq!(calendar.remark(), None);
        }
        let calendar = Calendar::new([(day(2), true), (day(9), true)]);
        assert_eq!((calendar.after(day(2), 1), calendar.next_session(day(2))), (Some(day(9)), None));
        assert!(calendar.problem().is_some_and(|text| text.contains("gaps: 2024-01-03 to 2024-01-08;")));
    }

    /// A whole year: open on weekdays, except for one long holiday.
    fn year() -> Vec<(NaiveDate, bool)> {
        let holiday = DateRange::new(date(2, 9), date(2, 27));
        let is_open = |day: NaiveDate| day.weekday().number_from_monday() < 6 && !holiday.contains(day);
        DateRange::new(date(1, 1), date(12, 31)).days().map(|day| (day, is_open(day))).collect()
    }

    fn date(month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(1999, month, day).unwrap()
    }

    #[test]
    fn open_days_only_are_a_whole_calendar_between_their_ends() {
        let whole = Calendar::new(year());
        let open = Calendar::new(year().into_iter().filter(|(_, open)| *open));
        for (day, _) in year().into_iter().filter(|(day, _)| *day < date(12, 31)) {
            assert_eq!(open.next_session(day), whole.next_session(day), "{day}");
            assert!(open.knows(day));
        }
        assert!(open.gaps().is_empty() && open.problem().is_none());
        assert!(open.remark().is_some_and(|text| text.contains("1999-01-01 to 1999-12-31")));
        assert_eq!((whole.problem(), whole.remark()), (None, None));
    }

    #[test]
    fn open_days_beside_whole_months_are_understood() {
        let known = |(day, open): &(NaiveDate, bool)| *open || *day >= date(7, 1);
        let calendar = Calendar::new(year().into_iter().filter(known));
        assert!(calendar.knows(date(1, 2)));
        assert_eq!(calendar.next_session(date(2, 8)), Some(date(3, 1)));
        assert!(calendar.problem().is_none());
    }

    #[test]
    fn months_without_days_are_gaps_even_among_open_days() {
        let kept = |(day, open): &(NaiveDate, bool)| *open && ![5, 6].contains(&day.month());
        let calendar = Calendar::new(year().into_iter().filter(kept));
        assert_eq!(calendar.gaps(), [DateRange::new(date(5, 1), date(6, 30))]);
        assert!(calendar.next_session(date(4, 30)).is_none());
        assert!(calendar.problem().is_some_and(|text| text.contains("gaps: 1999-05-01 to 1999-06-30;")));
    }

    proptest! {
        /// Whichever days a complete calendar loses, no lost session is taken for a closed day.
        #[test]
        fn scattered_gaps_are_gaps(lost in prop::collection::btree_set((1_u32..365, 1_u32..15), 1..4)) {
            let lost: Vec<NaiveDate> = lost
                .into_iter()
                .flat_map(|(first, days)| (first..first + days).filter_map(|n| NaiveDate::from_yo_opt(1999, n)))
                .collect();
            let calendar = Calendar::new(year().into_iter().filter(|(day, _)| !lost.contains(day)));
            let known: Vec<NaiveDate> = calendar.days().map(|(day, _)| day).collect();
            let (first, last) = (known[0], known[known.len() - 1]);
            let gaps = calendar.gaps();
            for day in lost.iter().filter(|day| **day > first && **day < last) {
                prop_assert!(gaps.iter().any(|gap| gap.contains(*day)), "{day}");
            }
            prop_assert_eq!(calendar.problem().is_none(), gaps.is_empty());
        }
    }

    #[test]
    fn many_gaps_are_named_by_the_first() {
        let kept = |(day, _): &(NaiveDate, bool)| ![6, 13, 20, 27].contains(&day.day());
        let calendar = Calendar::new(year().into_iter().filter(kept));
        let text = calendar.problem().unwrap();
        assert!(text.contains("gaps: 1999-01-06, 1999-01-13, 1999-01-20 and 45 more;"), "{text}");
        assert!(text.contains("`pitlake fetch trade_cal`"));
    }
}
