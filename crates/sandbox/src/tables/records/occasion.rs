//! When companies announce something: with their reports, or on weekdays in the market's range, in the evening.

use crate::market::{
    Accounts, Dice, Era, Market, Moment, Quarter, Stock, accounts, after, first_announced, on, weekday_before,
};
use crate::tables::{Asked, Line, Record};
use chrono::{Datelike, NaiveDate};

/// A day on which a company announces something.
pub(super) struct Occasion<'a> {
    pub(super) market: &'a Market,
    pub(super) stock: &'a Stock,
    /// The quarter reported on, or the last one that ended before the day.
    pub(super) quarter: Quarter,
    pub(super) day: NaiveDate,
    /// When the vendor has it.
    pub(super) from: Moment,
    pub(super) dice: Dice,
}

impl Occasion<'_> {
    /// A row that appears now and stays.
    pub(super) fn record<'l>(&self, line: Line<'l>) -> Record<'l> {
        Record::new(self.from, line)
    }

    pub(super) fn number(&self) -> usize {
        self.stock.security.number
    }

    /// When the vendor has what was announced on a day.
    pub(super) fn evening(&mut self, day: NaiveDate) -> Moment {
        evening(&mut self.dice, day)
    }

    /// The company's books at the end of the quarter.
    pub(super) fn accounts(&self) -> Accounts {
        accounts(self.market.seed, &self.stock.security, self.quarter, 0)
    }

    /// Its capital, and price in fen, on the day.
    pub(super) fn capital(&self) -> Option<(Era, i64)> {
        let session = self.market.calendar.session_by(self.day);
        Some((*self.stock.history.capital(session)?, self.stock.history.price(session)?))
    }
}

/// When the vendor has what was announced on a day: between five and ten in the evening, once in twelve the next
/// morning.
pub(super) fn evening(dice: &mut Dice, day: NaiveDate) -> Moment {
    let (hour, minute) = (dice.roll(17..22), dice.roll(0..60));
    if dice.once_in(12) { on(after(day, 1), 9, 30) } else { on(day, hour, minute) }
}

/// The days on which a company's reports are announced.
pub(super) fn of_reports<'a>(
    asked: &Asked<'a>,
    stock: &'a Stock,
    topic: &'static str,
) -> impl Iterator<Item = Occasion<'a>> + use<'a> {
    let market = asked.market;
    asked.quarters(stock).map(move |quarter| {
        let mut dice = market.dice(topic, stock.security.number, quarter.moment());
        let day = first_announced(market, &stock.security, quarter);
        Occasion { market, stock, quarter, day, from: evening(&mut dice, day), dice }
    })
}

/// Distinct weekdays, one in every stretch of this many days of a company's life.
pub(super) fn of_days<'a>(
    asked: &Asked<'a>,
    stock: &'a Stock,
    (topic, every): (&'static str, u32),
) -> impl Iterator<Item = Occasion<'a>> + use<'a> {
    let market = asked.market;
    let stretch = move |day: NaiveDate| day.num_days_from_ce().unsigned_abs() / every;
    let life = life(market, stock).into_iter();
    let mut last_day = None;
    life.flat_map(move |(first, last)| {
        (stretch(first)..=stretch(last)).filter_map(move |stretch| {
            let mut dice = market.dice(topic, stock.security.number, usize::try_from(stretch).ok()?);
            let days = i32::try_from(stretch * every + dice.roll(0..every)).ok()?;
            let day = weekday_before(NaiveDate::from_num_days_from_ce_opt(days)?);
            let fits = first <= day && day <= last && last_day.replace(day) != Some(day);
            let quarter = Quarter(Quarter::of(day).0 - 1);
            fits.then(|| Occasion { market, stock, quarter, day, from: evening(&mut dice, day), dice })
        })
    })
}

/// First and last day of the market's range on which a company is listed.
pub(super) fn life(market: &Market, stock: &Stock) -> Option<(NaiveDate, NaiveDate)> {
    let first = stock.security.listed_on()?.max(market.calendar.start);
    let last = stock.security.delisted_on().map_or(market.calendar.end, |day| day.min(market.calendar.end));
    (first < last).then_some((first, last))
}
