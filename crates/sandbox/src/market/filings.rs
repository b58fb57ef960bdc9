//! Versions of reports: when each was announced, when the vendor showed it, and what came after.
//!
//! The figures are in `accounts`. A version is a row of the vendor's with a stretch of time in which it is
//! there; the vendor corrects, doubles and forgets in sixteen ways, each with a fixed share of the reports.

use super::Market;
use super::calendar::{Calendar, weekday_before};
use super::dice::dice;
use super::moments::{Moment, after, before, on};
use super::quarters::Quarter;
use super::securities::Security;
use chrono::NaiveDate;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Which report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Statement {
    Income,
    Indicators,
    /// This and cash flow are filed, corrected and doubled with the income.
    Balance,
    Cashflow,
}

impl Statement {
    /// The report that it is filed with.
    fn filed_with(self) -> Self {
        match self {
            Self::Balance | Self::Cashflow => Self::Income,
            Self::Income | Self::Indicators => self,
        }
    }
}

/// How much of its figures a row shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detail {
    Full,
    /// One figure is missing.
    Gap,
    /// Long figures have fewer digits.
    Coarse,
}

/// A row of the vendor's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Version {
    /// `report_type`; 1 where there is no such column.
    pub(crate) kind: u8,
    /// `ann_date`.
    pub(crate) announced: Option<NaiveDate>,
    /// `f_ann_date`, for statements.
    pub(crate) actual: Option<NaiveDate>,
    /// `update_flag`.
    pub(crate) flag: u8,
    /// 0 for the first figures, others are really different.
    pub(crate) figures: u8,
    pub(crate) detail: Detail,
    /// First moment at which the row is there.
    pub(crate) from: Moment,
    /// First moment at which it is there no more.
    pub(crate) until: Option<Moment>,
}

/// What becomes of a report.
#[derive(Clone, Copy)]
enum Pattern {
    /// One row, flag 0.
    First,
    /// One row, flag 1.
    Latest,
    /// Twins, flags 0 and 1, that say the same.
    Twins,
    /// Twins, one of which lacks a figure.
    Gap,
    /// Twins, one of which has fewer digits.
    Rounding,
    /// Twins with different figures.
    Differing,
    /// The same, but the twin with flag 1 comes weeks later.
    Following,
    /// Announced again with other figures.
    Restated,
    RestatedTwice,
    /// From some moment the row has other figures, and the same dates.
    Silent,
    /// The same, and weeks later the first figures are back.
    Reversal,
    /// No date of announcement.
    Undated,
    /// A date of announcement before the period ends.
    Premature,
    /// The same row twice.
    Duplicate,
    /// Shown days after its date.
    Delayed,
    /// No `f_ann_date`.
    NoActual,
}

use Pattern::{
    Delayed, Differing, Duplicate, First, Following, Gap, Latest, NoActual, Premature, Restated, RestatedTwice,
    Reversal, Rounding, Silent, Twins, Undated,
};

/// Shares in fiftieths.
const PATTERNS: [(Pattern, usize); 16] = [
    (First, 12),
    (Following, 3),
    (Twins, 8),
    (Restated, 4),
    (Latest, 5),
    (Silent, 2),
    (Gap, 2),
    (Rounding, 2),
    (Differing, 3),
    (RestatedTwice, 1),
    (Reversal, 1),
    (Undated, 1),
    (Premature, 1),
    (Duplicate, 2),
    (Delayed, 2),
    (NoActual, 1),
];

/// Every row there ever is of a security's report for a quarter.
pub(crate) fn versions(market: &Market, security: &Security, quarter: Quarter, statement: Statement) -> Vec<Version> {
    let calendar = &market.calendar;
    let leading = statement.filed_with();
    let topic = if leading == Statement::Income { "income" } else { "indicators" };
    let rng = dice(market.seed, topic, security.number, quarter.moment());
    let told = first_told(market, security, quarter);
    let mut filing = Filing { rng, calendar, quarter, statement: leading, told };
    let mut rows = match shown(calendar, security, quarter) {
        Some((_, again)) => vec![filing.row(0), filing.again(1, again)],
        None => filing.rows(pattern(market.seed, security.number, quarter, leading)),
    };
    if leading == Statement::Income {
        rows.extend(filing.other_kinds(market.seed, security.number));
        // What is owned at a moment is not owned in a quarter.
        rows.retain(|row| row.kind != 2 || statement != Statement::Balance);
    }
    // Nothing is known of a security before it is there.
    let listed = security.listed_on().map(|day| on(day, 18, 0));
    for row in &mut rows {
        row.from = row.from.max(listed.unwrap_or(row.from));
    }
    rows
}

/// Day on which a security's report for a quarter is first announced.
pub(crate) fn first_told(market: &Market, security: &Security, quarter: Quarter) -> NaiveDate {
    let shown = shown(&market.calendar, security, quarter);
    shown.map_or_else(|| announcement(market.seed, security.number, quarter), |shown| shown.0)
}

/// Both days of a demonstration, for the report that plays it.
fn shown(calendar: &Calendar, security: &Security, quarter: Quarter) -> Option<(NaiveDate, NaiveDate)> {
    let (played, told, again) = (security.number == 0).then(|| demonstration(calendar)).flatten()?;
    (played == quarter).then_some((told, again))
}

/// Steps without a common factor with fifty: neighbours in number and time differ.
fn pattern(seed: u64, number: usize, quarter: Quarter, statement: Statement) -> Pattern {
    let shift: usize = dice(seed, "patterns", statement as usize, 0).random_range(0..50);
    let mut slot = (number * 7 + quarter.moment() * 11 + shift) % 50;
    for (pattern, share) in PATTERNS {
        match slot.checked_sub(share) {
            Some(rest) => slot = rest,
            None => return pattern,
        }
    }
    First
}

/// First announcement: between the quarter's end and the deadline, more often near it, at times a few days after.
fn announcement(seed: u64, number: usize, quarter: Quarter) -> NaiveDate {
    let mut rng = dice(seed, "announcement", number, quarter.moment());
    let window = quarter.deadline().signed_duration_since(quarter.end()).num_days().unsigned_abs() - 8;
    let early = rng.random_range(0..=window).min(rng.random_range(0..=window));
    if rng.random_range(0..30) == 0 {
        after(quarter.deadline(), rng.random_range(1..=6))
    } else {
        before(quarter.deadline(), early)
    }
}

/// The quarter of security 0 that is announced and, 24 to 26 days later, restated within the market's range.
fn demonstration(calendar: &Calendar) -> Option<(Quarter, NaiveDate, NaiveDate)> {
    let first = Quarter::of(before(calendar.start, 120)).0;
    (first..first + 4).map(Quarter).find_map(|quarter| {
        let told = weekday_before(after(quarter.end(), 14).max(after(calendar.start, 5)));
        let again = weekday_before(after(told, 26));
        (told <= quarter.deadline() && after(again, 3) <= calendar.end).then_some((quarter, told, again))
    })
}

/// A report that is being filed.
struct Filing<'a> {
    rng: ChaCha8Rng,
    calendar: &'a Calendar,
    quarter: Quarter,
    statement: Statement,
    /// Day of the first announcement.
    told: NaiveDate,
}

impl Filing<'_> {
    fn rows(&mut self, pattern: Pattern) -> Vec<Version> {
        let told = self.told;
        let (first, twin) = (self.row(0), self.row(1));
        match pattern {
            First => vec![first],
            Latest => vec![twin],
            Twins => vec![first, twin],
            Gap => self.paler(first, twin, Detail::Gap),
            Rounding => self.paler(first, twin, Detail::Coarse),
            Differing => vec![first, Version { figures: 1, ..twin }],
            Following => {
                let from = on(self.later(told, 15, 60), 18, 0);
                vec![first, Version { figures: 1, from, ..twin }]
            }
            Restated | RestatedTwice => {
                let day = self.later(told, 20, 150);
                let mut rows = vec![first, self.again(1, day)];
                if matches!(pattern, RestatedTwice) {
                    let day = self.later(day, 20, 90);
                    rows.push(self.again(2, day));
                }
                rows
            }
            Silent => {
                let change = on(self.later(told, 10, 120), 21, 0);
                vec![Version { until: Some(change), ..first.clone() }, Version { figures: 1, from: change, ..first }]
            }
            Reversal => {
                let day = self.later(told, 10, 60);
                let (change, back) = (on(day, 21, 0), on(after(day, self.rng.random_range(21..=50)), 21, 0));
                vec![
                    Version { until: Some(change), ..first.clone() },
                    Version { figures: 1, from: change, until: Some(back), ..first.clone() },
                    Version { from: back, ..first },
                ]
            }
            Undated => vec![Version { announced: None, actual: None, ..first }],
            Premature => {
                let day = before(self.quarter.end(), self.rng.random_range(3..=20));
                vec![Version { announced: Some(day), actual: first.actual.map(|_| day), ..first }]
            }
            Duplicate => vec![first.clone(), first],
            Delayed => vec![Version { from: on(after(told, self.rng.random_range(2..=9)), 18, 0), ..first }],
            NoActual => vec![Version { actual: None, ..first }],
        }
    }

    /// The row of the first announcement, there from its evening on.
    fn row(&self, flag: u8) -> Version {
        Version {
            kind: 1,
            announced: Some(self.told),
            actual: (self.statement == Statement::Income).then_some(self.told),
            flag,
            figures: 0,
            detail: Detail::Full,
            from: on(self.told, 18, 0),
            until: None,
        }
    }

    /// A restatement. A statement keeps the day of the first announcement beside its own.
    fn again(&self, figures: u8, day: NaiveDate) -> Version {
        let row = Version { figures, from: on(day, 18, 0), ..self.row(1) };
        match self.statement {
            Statement::Indicators => Version { announced: Some(day), ..row },
            Statement::Income | Statement::Balance | Statement::Cashflow => Version { actual: Some(day), ..row },
        }
    }

    /// Twins of which one, either, shows less.
    fn paler(&mut self, mut first: Version, mut twin: Version, detail: Detail) -> Vec<Version> {
        let pale = if self.rng.random_range(0..2) == 0 { &mut first } else { &mut twin };
        pale.detail = detail;
        vec![first, twin]
    }

    /// A day so many days after `day`. Half of those that would lie before the market's range are moved into
    /// it, where somebody can be looking.
    fn later(&mut self, day: NaiveDate, least: u64, most: u64) -> NaiveDate {
        let drawn = after(day, self.rng.random_range(least..=most));
        let earliest = after(day, least).max(after(self.calendar.start, 2));
        let days = self.calendar.end.signed_duration_since(earliest).num_days();
        if drawn < self.calendar.start && days > 0 && self.rng.random_range(0..2) == 0 {
            return after(earliest, self.rng.random_range(0..days).unsigned_abs());
        }
        drawn
    }

    /// Rows of other report types, which some companies have: the single quarter, the parent, and the figures
    /// as next year's report restates them.
    fn other_kinds(&self, seed: u64, number: usize) -> Vec<Version> {
        let mut rows = Vec::new();
        if (number + self.quarter.moment()).is_multiple_of(3) {
            rows.push(Version { kind: 2, ..self.row(0) });
        }
        if number % 3 == 1 {
            let next = Quarter(self.quarter.0 + 4);
            let told = announcement(seed, number, next);
            if next.end() <= self.calendar.end {
                let dates = Version { announced: Some(told), actual: Some(told), from: on(told, 18, 0), ..self.row(1) };
                rows.push(Version { kind: 4, figures: 3, ..dates });
            }
        }
        if number % 4 == 1 {
            rows.push(Version { kind: 6, ..self.row(0) });
        }
        rows
    }
}
