//! Generates the cells of columns by name: values that follow from the row's item and its neighbours.
//!
//! A column gets the maker for its name and measure, unless its entry names another one. If a maker has no value for an
//! item, the cell is left to `made_up`.

use super::item::Row;
use crate::market::{Bar, Board, Dice, Era, divide, price_limits};
use crate::tables::{Value, fen, millionths, noisy_change, whole};
use chrono::{Datelike, Days, NaiveDate};
use pitlake_contract::{Dimension, Field, FieldType};

/// Makes a cell of a column, given the word by which the maker was found.
pub(super) type Maker = fn(&Row<'_>, &str, &mut Dice) -> Option<Value>;

/// What a maker measures. It does not apply to columns with another measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measure {
    Words,
    /// Per share, or of an index.
    Price,
    Money,
    Shares,
    Fraction,
    Number,
    Count,
}

use Measure::{Count, Fraction, Money, Number, Price, Shares, Words};

/// The first day of after-hours fixed-price trading on all boards (one vendor page).
const AFTER_HOURS_SINCE: NaiveDate = NaiveDate::from_ymd_opt(2026, 7, 6).unwrap();

/// Words separated by blanks, what they measure, and their maker.
const MAKERS: &[(&str, Measure, Maker)] = &[
    ("ts_code index_code", Words, |row, _, _| Some((&*row.item.code).into())),
    ("trade_date", Words, |row, _, _| Some(row.day.into())),
    ("list_date", Words, |row, _, _| Some(row.item.stock?.security.listed.as_deref().into())),
    ("name", Words, |row, _, _| (!row.item.name.is_empty()).then(|| (&*row.item.name).into())),
    ("industry", Words, |row, _, _| Some(row.item.stock?.security.company.industry.into())),
    ("area", Words, |row, _, _| Some(row.item.stock?.security.company.area.into())),
    // The bar.
    ("open high low close pre_close", Price, price),
    ("open_hfq high_hfq low_hfq close_hfq pre_close_hfq", Price, |row, word, _| {
        let factor = row.era().map_or(1_000_000, |era| era.factor);
        row.price(word).map(|price| row.in_price(divide(price * factor, 1_000_000)))
    }),
    ("open_qfq high_qfq low_qfq close_qfq pre_close_qfq", Price, price),
    ("bid_open bid_high bid_low bid_close", Number, price),
    ("ask_open ask_high ask_low ask_close", Number, |row, word, _| Some(row.in_price(row.price(word)? + 3))),
    ("change", Price, |row, _, _| Some(row.in_price(row.bar().close - row.bar().pre_close))),
    ("change pct_chg pct_change p_change", Fraction, |row, _, _| Some(millionths(row.item.quote.change()))),
    ("swing amp", Fraction, |row, _, _| {
        Some(millionths(divide((row.bar().high - row.bar().low) * 1_000_000, row.bar().pre_close.max(1))))
    }),
    ("vol", Shares, |row, _, _| Some(whole(row.bar().shares))),
    ("amount", Money, |row, _, _| Some(whole(row.bar().turnover))),
    ("reference_price up_limit down_limit", Price, reference),
    // Bars of `daily`, with the vendor's gaps and noise.
    ("daily_pre_close", Price, |row, _, _| Some(row.unless_lost(row.in_price(row.bar().pre_close)))),
    ("daily_change", Price, |row, _, dice| Some(row.unless_lost(daily_change(&row.bar(), dice)))),
    ("daily_pct_chg", Fraction, |row, _, _| Some(row.unless_lost(millionths(row.item.quote.change())))),
    ("daily_amount", Money, |row, _, dice| {
        Some(if dice.once_in(1000) { Value::Null } else { whole(row.bar().turnover) })
    }),
    ("ah_vol", Shares, |row, _, _| Some(row.after_hours().map(whole).into())),
    ("ah_amount", Money, |row, _, _| {
        Some(row.after_hours().map(|shares| whole(divide(shares * row.bar().close, 100))).into())
    }),
    // What a stock is worth.
    ("adj_factor", Number, |row, _, _| Some(millionths(row.factor()?))),
    ("total_share", Shares, |row, _, _| Some(whole(row.era()?.total))),
    ("float_share", Shares, |row, _, _| Some(whole(row.era()?.float))),
    ("free_share", Shares, |row, _, _| Some(whole(row.era()?.free))),
    ("total_mv", Money, |row, _, _| Some(fen(row.bar().close * row.era()?.total))),
    ("circ_mv float_mv float_values", Money, |row, _, _| Some(fen(row.bar().close * row.era()?.float))),
    ("turnover_rate turnover_ratio", Fraction, |row, _, dice| row.turnover_rate(|era| era.float, dice)),
    ("turnover_rate_f", Fraction, |row, _, dice| row.turnover_rate(|era| era.free, dice)),
    ("volume_ratio", Fraction, volume_ratio),
    ("pe pe_ttm pb ps ps_ttm", Fraction, |row, word, _| row.times(word, Value::Null)),
    ("pe_or_0 pb_or_0", Fraction, |row, word, _| row.times(word.trim_end_matches("_or_0"), whole(0))),
    ("dv_ratio dv_ttm", Fraction, dividend_yield),
    ("limit_status", Count, limit_status),
    // A part of the turnover that flows in or out.
    ("net_flow", Money, |row, _, dice| Some(fen(row.bar().turnover / 100 * dice.roll(-1000..=1000)))),
];

/// The maker with a name, for entries.
///
/// # Panics
/// When there is none. Entries are compiled in, and every test reads them.
pub(super) fn named(word: &str) -> Maker {
    let maker = MAKERS.iter().find(|(words, ..)| words.split(' ').any(|other| other == word));
    maker.unwrap_or_else(|| panic!("unknown maker `{word}` in market/tushare.toml")).2
}

/// The maker for the name and measure of a field.
pub(super) fn fitting(field: &Field) -> Option<Maker> {
    let fits = |(words, measure, _): &&(&str, Measure, Maker)| {
        words.split(' ').any(|word| word == field.name) && measure_of(field) == Some(*measure)
    };
    MAKERS.iter().find(fits).map(|maker| maker.2)
}

fn measure_of(field: &Field) -> Option<Measure> {
    Some(match (field.kind, field.unit.map(pitlake_contract::Unit::dimension)) {
        (FieldType::Text | FieldType::Symbol | FieldType::Date | FieldType::Time, _) => Words,
        (FieldType::Integer, _) | (_, Some(Dimension::Count)) => Count,
        (_, Some(Dimension::Price | Dimension::HongKongPrice | Dimension::Level)) => Price,
        (_, Some(Dimension::Money)) => Money,
        (_, Some(Dimension::Shares)) => Shares,
        (_, Some(Dimension::Fraction)) => Fraction,
        (_, Some(Dimension::Number)) => Number,
        _ => return None,
    })
}

/// A price of the bar, unchanged.
fn price(row: &Row<'_>, word: &str, _: &mut Dice) -> Option<Value> {
    row.price(word).map(|price| row.in_price(price))
}

impl Row<'_> {
    /// The bar as the vendor has it: before a correction, its volume and turnover are off by the same few percent.
    fn bar(&self) -> Bar {
        let bar = self.item.quote.bar;
        let Some(percent) = self.item.draft else {
            return bar;
        };
        // Whole lots stay whole lots, because their turnover may allow nothing else.
        let grain = if bar.shares % 100 == 0 { 100 } else { 1 };
        let change = divide(bar.shares * percent, 100) / grain * grain;
        let shares = bar.shares + if change == 0 { grain } else { change };
        let turnover = divide(bar.turnover * (100 + percent), 100);
        Bar { shares, turnover: turnover.min(bar.high * shares / 100).max((bar.low * shares + 99) / 100), ..bar }
    }

    fn in_price(&self, units: i64) -> Value {
        Value::Figure(units, self.item.quote.scale)
    }

    /// The price whose name is part of a word.
    fn price(&self, word: &str) -> Option<i64> {
        let (bar, is) = (&self.item.quote.bar, |name: &str| word.contains(name));
        let prices = [(bar.pre_close, "pre_close"), (bar.open, "open"), (bar.high, "high"), (bar.low, "low")];
        let named = prices.into_iter().find(|(_, name)| is(name)).map(|(price, _)| price);
        named.or_else(|| is("close").then_some(bar.close))
    }

    fn era(&self) -> Option<&Era> {
        self.item.stock?.history.era(self.session)
    }

    /// In the real history, rows for Beijing lack these columns.
    fn unless_lost(&self, value: Value) -> Value {
        let lost = self.item.stock.is_some_and(|stock| {
            stock.security.board == Board::Beijing && (self.session + stock.security.number) % 97 == 11
        });
        if lost { Value::Null } else { value }
    }

    /// Shares traded after hours: made up, 0.2 % of the volume at the close.
    fn after_hours(&self) -> Option<i64> {
        (self.day >= AFTER_HOURS_SINCE).then(|| self.bar().shares / 500)
    }

    /// The backward factor. Before a correction it is off by whole hundreds, which keeps the number of decimals.
    fn factor(&self) -> Option<i64> {
        let factor = self.era()?.factor;
        Some(factor + self.item.draft.map_or(0, |percent| factor / 10_000 * percent / 100 * 100))
    }

    /// The market value as a multiple of a figure in the books; `loss` if that is negative.
    fn times(&self, word: &str, loss: Value) -> Option<Value> {
        let books = &self.item.stock?.history.fundamentals;
        let amount = match word {
            "pe" => books.profit,
            "pe_ttm" => books.profit_ttm,
            "pb" => books.net_assets,
            "ps" => books.sales,
            _ => books.sales_ttm,
        };
        let value = divide(self.bar().close * self.era()?.total, 100);
        Some(if amount > 0 { Value::Figure(divide(value * 10_000, amount), 4) } else { loss })
    }

    /// Shares of the bar relative to those of an era; made up if there is no era.
    fn turnover_rate(&self, shares: fn(&Era) -> i64, dice: &mut Dice) -> Option<Value> {
        let rate = |era: &Era| millionths(divide(self.bar().shares * 1_000_000, shares(era).max(1)));
        Some(if self.item.stock.is_some() { rate(self.era()?) } else { millionths(dice.roll(100..=100_000)) })
    }
}

/// The reference price and the limits around it. The limits for a first day are not published.
fn reference(row: &Row<'_>, word: &str, _: &mut Dice) -> Option<Value> {
    let security = &row.item.stock?.security;
    if security.debut && security.life.start == row.session {
        return Some(Value::Null);
    }
    let pre_close = row.item.quote.bar.pre_close;
    let (floor, ceiling) = price_limits(pre_close, security.board.limit());
    Some(row.in_price(match word {
        "up_limit" => ceiling,
        "down_limit" => floor,
        _ => pre_close,
    }))
}

/// Close minus reference price, sometimes as binary floating point leaves it.
fn daily_change(bar: &Bar, dice: &mut Dice) -> Value {
    let change = bar.close - bar.pre_close;
    if change == 0 && dice.once_in(8) {
        return Value::Digits("-0.0".to_owned());
    }
    match noisy_change(bar.close, bar.pre_close) {
        Some(noisy) if dice.once_in(20) => Value::Digits(noisy),
        _ => fen(change),
    }
}

/// Shares relative to the mean of the five sessions before, in hundredths.
fn volume_ratio(row: &Row<'_>, _: &str, _: &mut Dice) -> Option<Value> {
    let before = row.item.stock?.history.before(row.session).take(5);
    let (count, sum) = before.fold((0, 0), |(count, sum), bar| (count + 1, sum + bar.shares));
    Some((count > 0).then(|| Value::Figure(divide(row.bar().shares * 100 * count, sum), 2)).into())
}

/// Cash with an ex-date in the previous year, or in the last twelve months, relative to the close; `None` without cash.
fn dividend_yield(row: &Row<'_>, word: &str, _: &mut Dice) -> Option<Value> {
    let year = row.day.year() - 1;
    let span = match word {
        "dv_ratio" => NaiveDate::from_ymd_opt(year, 1, 1)?..=NaiveDate::from_ymd_opt(year, 12, 31)?,
        _ => row.day.checked_sub_days(Days::new(364))?..=row.day,
    };
    let sessions = &row.market.calendar.sessions;
    let paid = row.item.stock?.history.dividends.iter().filter(|(session, _)| span.contains(&sessions[*session]));
    let cash: i64 = paid.map(|(_, cash)| cash).sum();
    Some((cash > 0).then(|| millionths(divide(cash * 100_000, row.bar().close.max(1)))).into())
}

/// Made up, because the vendor does not document the column: 1 closed at the upper limit, -1 at the lower.
fn limit_status(row: &Row<'_>, _: &str, _: &mut Dice) -> Option<Value> {
    let bar = row.item.quote.bar;
    let (floor, ceiling) = price_limits(bar.pre_close, row.item.stock?.security.board.limit());
    Some(whole(i64::from(bar.close >= ceiling) - i64::from(bar.close <= floor)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_makers_have_the_same_name_and_measure() {
        let all: Vec<(&str, Measure)> =
            MAKERS.iter().flat_map(|(words, measure, _)| words.split(' ').map(move |word| (word, *measure))).collect();
        for (place, maker) in all.iter().enumerate() {
            assert!(!all[..place].contains(maker), "{maker:?}");
        }
    }
}
