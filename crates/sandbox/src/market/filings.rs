//! Versions of reports: the vendor's rows, each with the time during which it exists.
//!
//! There are sixteen ways in which the vendor corrects, duplicates and forgets rows. Figures are in `accounts`.

use super::{Calendar, Dice, Market, Moment, Quarter, Security, after, before, on, weekday_before};
use chrono::NaiveDate;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Statement {
    Income,
    Indicators,
    /// This and the cash flow are filed together with the income.
    Balance,
    Cashflow,
}

/// How many of its figures a row shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    Full,
    /// One figure is missing.
    Gap,
    /// Long figures have fewer digits.
    Coarse,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    /// `report_type`, or 1 if there is no such column.
    pub(crate) kind: u8,
    pub(crate) announced: Option<NaiveDate>,
    /// `f_ann_date`, for statements.
    pub(crate) actual: Option<NaiveDate>,
    pub(crate) flag: u8,
    /// 0 for the first figures; others really differ.
    pub(crate) figures: u8,
    pub(crate) detail: Detail,
    /// The first moment at which the row exists.
    pub(crate) from: Moment,
    pub(crate) until: Option<Moment>,
}

/// What happens to a report.
type Pattern = fn(&mut Filing<'_>) -> Vec<Version>;

/// The patterns, and their frequency in fiftieths.
const PATTERNS: [(usize, Pattern); 16] = [
    (12, |filing| vec![filing.row(0)]),
    // The twin comes weeks later, with other figures.
    (3, |filing| {
        let from = on(filing.later(filing.announced, 15, 60), 18, 0);
        vec![filing.row(0), Version { figures: 1, from, ..filing.row(1) }]
    }),
    (8, |filing| vec![filing.row(0), filing.row(1)]),
    // Announced again with other figures.
    (4, |filing| {
        let day = filing.later(filing.announced, 20, 150);
        vec![filing.row(0), filing.again(1, day)]
    }),
    (5, |filing| vec![filing.row(1)]),
    // At some moment the row's figures change, but not its dates.
    (2, |filing| {
        let change = on(filing.later(filing.announced, 10, 120), 21, 0);
        let first = Version { until: Some(change), ..filing.row(0) };
        vec![first, Version { figures: 1, from: change, ..filing.row(0) }]
    }),
    (2, |filing| filing.paler(Detail::Gap)),
    (2, |filing| filing.paler(Detail::Coarse)),
    (3, |filing| vec![filing.row(0), Version { figures: 1, ..filing.row(1) }]),
    // Announced again twice.
    (1, |filing| {
        let day = filing.later(filing.announced, 20, 150);
        let last = filing.later(day, 20, 90);
        vec![filing.row(0), filing.again(1, day), filing.again(2, last)]
    }),
    // Other figures for some weeks, then the first ones again.
    (1, |filing| {
        let day = filing.later(filing.announced, 10, 60);
        let (change, back) = (on(day, 21, 0), on(after(day, filing.dice.roll(21..=50)), 21, 0));
        let first = Version { until: Some(change), ..filing.row(0) };
        let other = Version { figures: 1, from: change, until: Some(back), ..filing.row(0) };
        vec![first, other, Version { from: back, ..filing.row(0) }]
    }),
    // No announcement date.
    (1, |filing| vec![Version { announced: None, actual: None, ..filing.row(0) }]),
    // An announcement date before the end of the period.
    (1, |filing| {
        let day = Some(before(filing.quarter.end(), filing.dice.roll(3..=20)));
        let first = filing.row(0);
        vec![Version { announced: day, actual: first.actual.and(day), ..first }]
    }),
    // The same row twice.
    (2, |filing| vec![filing.row(0), filing.row(0)]),
    // Shown days after its date.
    (2, |filing| {
        let shown = after(filing.announced, filing.dice.roll(2..=9));
        vec![Version { from: on(shown, 18, 0), ..filing.row(0) }]
    }),
    (1, |filing| vec![Version { actual: None, ..filing.row(0) }]),
];

/// All rows that ever exist for a security's report on a quarter.
pub(crate) fn versions(market: &Market, security: &Security, quarter: Quarter, statement: Statement) -> Vec<Version> {
    let calendar = &market.calendar;
    let is_dated = statement != Statement::Indicators;
    let topic = if is_dated { "income" } else { "indicators" };
    let dice = market.dice(topic, security.number, quarter.moment());
    let announced = first_announced(market, security, quarter);
    let mut filing = Filing { dice, calendar, quarter, is_dated, announced };
    let mut rows = match shown(calendar, security, quarter) {
        Some((_, again)) => vec![filing.row(0), filing.again(1, again)],
        None => pattern(market.seed, security.number, quarter, topic)(&mut filing),
    };
    if is_dated {
        rows.extend(filing.other_kinds(market.seed, security.number));
        // A balance is at a moment, so there is none for a single quarter.
        rows.retain(|row| row.kind != 2 || statement != Statement::Balance);
    }
    // Nothing is known about a security before it exists.
    let listed = security.listed_on().map(|day| on(day, 18, 0));
    for row in &mut rows {
        row.from = row.from.max(listed.unwrap_or(row.from));
    }
    rows
}

/// The day on which a security's report for a quarter is first announced.
pub(crate) fn first_announced(market: &Market, security: &Security, quarter: Quarter) -> NaiveDate {
    let shown = shown(&market.calendar, security, quarter);
    shown.map_or_else(|| announcement(market.seed, security.number, quarter), |shown| shown.0)
}

/// The steps have no common factor with fifty, so that neighbours in number and time differ.
fn pattern(seed: u64, number: usize, quarter: Quarter, topic: &str) -> Pattern {
    let shift: usize = Dice::new(seed, "patterns", usize::from(topic != "income"), 0).roll(0..50);
    let mut slots = PATTERNS.iter().flat_map(|(share, pattern)| std::iter::repeat_n(*pattern, *share));
    slots.nth((number * 7 + quarter.moment() * 11 + shift) % 50).unwrap_or(PATTERNS[0].1)
}

/// The first announcement: between the end of the quarter and the deadline, usually near the latter, sometimes a few
/// days late.
fn announcement(seed: u64, number: usize, quarter: Quarter) -> NaiveDate {
    let mut dice = Dice::new(seed, "announcement", number, quarter.moment());
    let window = quarter.deadline().signed_duration_since(quarter.end()).num_days().unsigned_abs() - 8;
    let early = dice.roll(0..=window).min(dice.roll(0..=window));
    if dice.once_in(30) { after(quarter.deadline(), dice.roll(1..=6)) } else { before(quarter.deadline(), early) }
}

/// The days on which one report of security 0 is announced and, 24 to 26 days later, restated, both within the market's
/// range. `None` for all other reports.
fn shown(calendar: &Calendar, security: &Security, quarter: Quarter) -> Option<(NaiveDate, NaiveDate)> {
    let earliest = Quarter::of(before(calendar.start, 120)).0;
    let mut candidates = (earliest..earliest + 4).map(Quarter).filter(|_| security.number == 0);
    let (played, first, again) = candidates.find_map(|quarter| {
        let first = weekday_before(after(quarter.end(), 14).max(after(calendar.start, 5)));
        let again = weekday_before(after(first, 26));
        (first <= quarter.deadline() && after(again, 3) <= calendar.end).then_some((quarter, first, again))
    })?;
    (played == quarter).then_some((first, again))
}

struct Filing<'a> {
    dice: Dice,
    calendar: &'a Calendar,
    quarter: Quarter,
    /// Whether rows have a date of their own besides that of the first announcement, as statements do.
    is_dated: bool,
    announced: NaiveDate,
}

impl Filing<'_> {
    /// The row of the first announcement, existing from that evening on.
    fn row(&self, flag: u8) -> Version {
        Version {
            kind: 1,
            announced: Some(self.announced),
            actual: self.is_dated.then_some(self.announced),
            flag,
            figures: 0,
            detail: Detail::Full,
            from: on(self.announced, 18, 0),
            until: None,
        }
    }

    /// A restatement. A statement keeps the date of the first announcement besides its own.
    fn again(&self, figures: u8, day: NaiveDate) -> Version {
        let row = Version { figures, from: on(day, 18, 0), ..self.row(1) };
        if self.is_dated { Version { actual: Some(day), ..row } } else { Version { announced: Some(day), ..row } }
    }

    /// Twins, either of which shows less.
    fn paler(&mut self, detail: Detail) -> Vec<Version> {
        let mut twins = vec![self.row(0), self.row(1)];
        twins[usize::from(!self.dice.once_in(2))].detail = detail;
        twins
    }

    /// A day some days after `day`. Half of those that would be before the market's range are moved into it, where
    /// callers may be looking.
    fn later(&mut self, day: NaiveDate, least: u64, most: u64) -> NaiveDate {
        let drawn = after(day, self.dice.roll(least..=most));
        let earliest = after(day, least).max(after(self.calendar.start, 2));
        let days = self.calendar.end.signed_duration_since(earliest).num_days();
        if drawn < self.calendar.start && days > 0 && self.dice.once_in(2) {
            return after(earliest, self.dice.roll(0..days).unsigned_abs());
        }
        drawn
    }

    /// Rows of other report types, which some companies have: the single quarter, the parent, and the figures as
    /// restated in the next year's report.
    fn other_kinds(&self, seed: u64, number: usize) -> Vec<Version> {
        let mut rows = Vec::new();
        if (number + self.quarter.moment()).is_multiple_of(3) {
            rows.push(Version { kind: 2, ..self.row(0) });
        }
        if number % 3 == 1 {
            let next = Quarter(self.quarter.0 + 4);
            let day = announcement(seed, number, next);
            if next.end() <= self.calendar.end {
                let dates = Version { announced: Some(day), actual: Some(day), from: on(day, 18, 0), ..self.row(1) };
                rows.push(Version { kind: 4, figures: 3, ..dates });
            }
        }
        if number % 4 == 1 {
            rows.push(Version { kind: 6, ..self.row(0) });
        }
        rows
    }
}
