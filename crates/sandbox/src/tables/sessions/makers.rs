//! What makes the cells of a column, by name: a value that follows from the row's item and its neighbours.
//!
//! A column gets the maker that has its name and its measure, unless its entry names another one. A maker that has
//! nothing to say of an item leaves the cell to `made_up`.
#![allow(clippy::unnecessary_wraps, reason = "all makers have one type")]

use super::connect;
use super::flows::Flows;
use super::known::board_type;
use super::limits::Seal;
use super::margin::Loans;
use super::quotes::Quote;
use super::row::Row;
use crate::market::Stock;
use crate::market::securities::Board;
use crate::market::walk::{Bar, Era, divide, limits as price_limits};
use crate::tables::detail::chips::Chips;
use crate::tables::text::{Pen, noisy_change};
use crate::tables::value::{Value, fen, millionths, whole};
use chrono::{Datelike, Days, NaiveDate};
use pitlake_contract::{Dimension, Field, FieldType};

/// Makes a cell of a column, given the word that the maker was found by.
pub(super) type Maker = fn(&Row<'_>, &str, &mut Pen) -> Option<Value>;

/// What a maker measures: columns of another measure are not its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Measure {
    Words,
    /// Per share or of an index.
    Price,
    Money,
    Shares,
    Fraction,
    Number,
    Count,
}

use Measure::{Count, Fraction, Money, Number, Price, Shares, Words};

/// First day without bought and sold of the northbound list, and without northbound net flows.
const NORTHBOUND_SPLIT_ENDS: (i32, u32, u32) = (2024, 8, 19);
/// First day of after-hours fixed-price trading on all boards (one vendor page).
const AFTER_HOURS_SINCE: (i32, u32, u32) = (2026, 7, 6);

/// Words with blanks between them, what they measure, and their maker.
const MAKERS: &[(&str, Measure, Maker)] = &[
    // Words and days.
    ("ts_code index_code", Words, |row, _, _| Some((&*row.item.code).into())),
    ("con_code", Words, |row, _, _| Some(row.item.stock.map(|stock| stock.security.code.as_str()).into())),
    ("connect_code", Words, connect_code),
    ("leading_code", Words, |row, _, _| Some(row.item.leader.map(|leader| leader.security.code.as_str()).into())),
    ("leading", Words, |row, _, _| Some(row.item.leader.map(|leader| leader.security.name_while_listed()).into())),
    ("trade_date", Words, |row, _, _| Some(row.day.into())),
    ("list_date", Words, |row, _, _| Some(row.item.stock?.security.listed.as_deref().into())),
    ("name", Words, |row, _, _| said(&row.item.name)),
    ("industry", Words, |row, _, _| Some(row.item.stock?.security.company.industry.into())),
    ("area", Words, |row, _, _| Some(row.item.stock?.security.company.area.into())),
    ("side market_type idx_type type exchange exchange_id suspend_type limit", Words, |row, _, _| said(row.item.tag)),
    ("reason type_name", Words, |row, _, _| said(row.item.reason)),
    ("suspend_timing", Words, |row, _, _| Some(said(row.item.reason).into())),
    ("exalter buyer", Words, |row, _, _| said(row.item.seats[0])),
    ("seller", Words, |row, _, _| said(row.item.seats[1])),
    ("industry_level", Words, |row, _, _| {
        Some(board_type(&row.item.code).filter(|kind| *kind == "行业板块").map(|_| "二级").into())
    }),
    ("dealer", Words, |_, _, _| Some("FXCM".into())),
    ("limit_name first_time last_time up_stat", Words, limit_words),
    // The bar.
    ("open high low close pre_close", Price, |row, word, _| row.price(word)),
    ("open_hfq high_hfq low_hfq close_hfq pre_close_hfq", Price, adjusted),
    ("open_qfq high_qfq low_qfq close_qfq pre_close_qfq", Price, |row, word, _| row.price(&word[..word.len() - 4])),
    ("bid_open bid_high bid_low bid_close", Number, |row, word, _| row.price(&word[4..])),
    ("ask_open ask_high ask_low ask_close", Number, ask),
    ("change", Price, |row, _, _| Some(row.in_price(row.bar().close - row.bar().pre_close))),
    ("change pct_chg pct_change p_change", Fraction, |row, _, _| Some(millionths(row.item.quote.change()))),
    ("swing amp", Fraction, |row, _, _| Some(millionths(row.to_reference(row.bar().high - row.bar().low)))),
    ("vol", Shares, |row, _, _| Some(whole(row.bar().shares))),
    ("amount", Money, |row, _, _| Some(whole(row.bar().turnover))),
    ("reference_price up_limit down_limit", Price, reference),
    ("leading_pct", Fraction, |row, _, _| {
        let quote = row.item.leader.and_then(|leader| leader.history.bar(row.session));
        Some(quote.map_or(Value::Null, |bar| millionths(Quote { bar: *bar, scale: 2 }.change())))
    }),
    ("lowest", Price, |row, _, pen| Some(row.about_close(pen, 40..=60))),
    ("highest", Price, |row, _, pen| Some(row.about_close(pen, 130..=200))),
    // Bars of `daily`, with the gaps and the noise of the vendor.
    ("daily_pre_close", Price, |row, _, _| Some(row.unless_lost(|| row.in_price(row.bar().pre_close)))),
    ("daily_change", Price, |row, _, pen| Some(row.unless_lost(|| daily_change(&row.bar(), pen)))),
    ("daily_pct_chg", Fraction, |row, _, _| Some(row.unless_lost(|| millionths(row.item.quote.change())))),
    ("daily_amount", Money, |row, _, pen| {
        Some(if pen.once_in(1000) { Value::Null } else { whole(row.bar().turnover) })
    }),
    ("ah_vol", Shares, |row, _, _| Some(row.after_hours().map(whole).into())),
    ("ah_amount", Money, |row, _, _| {
        Some(row.after_hours().map(|shares| whole(divide(shares * row.bar().close, 100))).into())
    }),
    // What a stock is worth.
    ("adj_factor", Number, |row, _, _| Some(row.factor().map(millionths).into())),
    ("fund_factor", Number, |row, _, _| {
        Some(millionths([1_000_000, 1_037_500, 1_250_000, 500_000][row.item.address % 4]))
    }),
    ("total_share", Shares, |row, _, _| Some(whole(row.era()?.total))),
    ("float_share", Shares, |row, _, _| Some(whole(row.era()?.float))),
    ("free_share", Shares, |row, _, _| Some(whole(row.era()?.free))),
    ("total_mv", Money, |row, _, _| Some(fen(row.bar().close * row.era()?.total))),
    ("circ_mv float_mv float_values", Money, |row, _, _| Some(fen(row.bar().close * row.era()?.float))),
    ("turnover_rate turnover_ratio", Fraction, turnover_rate),
    ("turnover_rate_f", Fraction, turnover_rate),
    ("volume_ratio", Fraction, volume_ratio),
    ("pe pe_ttm pb ps ps_ttm", Fraction, |row, word, _| row.times(word, Value::Null)),
    ("pe_or_0 pb_or_0", Fraction, |row, word, _| row.times(word.trim_end_matches("_or_0"), whole(0))),
    ("dv_ratio dv_ttm", Fraction, dividend_yield),
    ("limit_status", Count, limit_status),
    // Lists.
    ("rank", Count, |row, _, _| (row.item.rank > 0).then(|| whole(row.item.rank))),
    ("loose_rank", Count, loose_rank),
    ("weight", Fraction, |row, _, _| (row.item.part > 0).then(|| millionths(row.item.part))),
    ("buy sell l_buy l_sell both l_amount net_amount net_buy", Money, |row, word, _| Some(fen(row.traded(word)))),
    ("buy_once sell_once net_once", Money, |row, word, _| {
        let still = is_before(row.day, NORTHBOUND_SPLIT_ENDS);
        Some(still.then(|| fen(row.traded(word.trim_end_matches("_once")))).into())
    }),
    ("sh_amount sh_net_amount sh_buy sh_sell sz_amount sz_net_amount sz_buy sz_sell", Money, by_channel),
    ("buy_rate sell_rate amount_rate net_rate", Fraction, |row, word, _| {
        // In steps of fen that fit the product of two large numbers.
        let whole = (row.item.quote.bar.turnover * 100).max(1);
        let part = row.traded(word.trim_end_matches("_rate"));
        Some(millionths(divide(part / 100 * 10_000, (whole / 10_000).max(1))))
    }),
    ("net_flow", Money, |row, _, pen| Some(row.net_flow(pen))),
    ("deal_price", Price, |row, _, _| Some(row.in_price(row.deal()[0]))),
    ("deal_shares", Shares, |row, _, _| Some(whole(row.deal()[1]))),
    ("deal_amount", Money, |row, _, _| Some(fen(row.deal()[0] * row.deal()[1]))),
    ("held_shares", Shares, |row, _, _| Some(whole(row.held()?))),
    // Cut to hundredths of a percent.
    ("held_ratio", Fraction, |row, _, _| Some(Value::Figure(row.held()? * 10_000 / row.era()?.float.max(1), 4))),
    ("rzye rzmre rzche rqye rzrqye", Money, loans),
    ("rqyl rqmcl rqchl", Shares, loans),
    ("hgt sgt north_money", Money, |row, word, _| {
        let still = is_before(row.day, NORTHBOUND_SPLIT_ENDS);
        Some(still.then(|| connect::value(row.market, row.session, word)).into())
    }),
    ("ggt_ss ggt_sz south_money buy_amount sell_amount", Money, connected),
    ("buy_volume sell_volume", Count, connected),
    ("cost_5pct cost_15pct cost_50pct cost_85pct cost_95pct weight_avg", Price, chips),
    ("winner_rate", Fraction, chips),
    ("buy_sm_vol buy_md_vol buy_lg_vol buy_elg_vol sell_sm_vol sell_md_vol sell_lg_vol sell_elg_vol", Shares, flows),
    ("buy_sm_amount buy_md_amount buy_lg_amount buy_elg_amount", Money, flows),
    ("sell_sm_amount sell_md_amount sell_lg_amount sell_elg_amount net_mf_amount", Money, flows),
    ("net_mf_vol", Shares, flows),
    ("trade_count", Count, flows),
    ("fd_amount limit_amount", Money, limit_figures),
    ("open_times limit_times", Count, limit_figures),
    ("fc_ratio fl_ratio strth", Number, limit_figures),
    // Inside a session.
    ("chip_price", Price, |row, _, _| Some(row.in_price(row.bar().close))),
    ("chip_share", Fraction, |row, _, _| Some(Value::Figure(row.item.part, 4))),
    ("minute_amount", Money, |row, _, _| Some(fen(row.item.part))),
    ("trade_time", Words, |row, _, _| {
        let minute = row.item.minute;
        (minute > 0).then(|| format!("{} {:02}:{:02}:00", row.day, minute / 60, minute % 60).into())
    }),
];

/// The maker of that name, for entries.
///
/// # Panics
/// When there is none: entries are compiled in, and every test reads them.
pub(super) fn named(word: &str) -> Maker {
    let maker = MAKERS.iter().find(|(words, ..)| words.split(' ').any(|other| other == word));
    maker.unwrap_or_else(|| panic!("unknown maker `{word}` in market/*.toml")).2
}

/// The maker that has the name and the measure of a field.
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

/// Words where there are any.
fn said(words: &str) -> Option<Value> {
    (!words.is_empty()).then(|| words.into())
}

/// Whether a day lies before one given as year, month and day.
fn is_before(day: NaiveDate, (year, month, of_month): (i32, u32, u32)) -> bool {
    (day.year(), day.month(), day.day()) < (year, month, of_month)
}

impl Row<'_> {
    /// The bar as the vendor has it: before a correction its volume and turnover are off by the same few percent.
    fn bar(&self) -> Bar {
        let bar = self.item.quote.bar;
        let Some(percent) = self.item.draft else {
            return bar;
        };
        // Whole lots stay whole lots: their turnover may leave no other choice.
        let grain = if bar.shares % 100 == 0 { 100 } else { 1 };
        let change = divide(bar.shares * percent, 100) / grain * grain;
        let shares = bar.shares + if change == 0 { grain } else { change };
        let turnover = divide(bar.turnover * (100 + percent), 100);
        Bar { shares, turnover: turnover.min(bar.high * shares / 100).max((bar.low * shares + 99) / 100), ..bar }
    }

    fn in_price(&self, units: i64) -> Value {
        Value::Figure(units, self.item.quote.scale)
    }

    fn price(&self, word: &str) -> Option<Value> {
        let bar = self.item.quote.bar;
        Some(self.in_price(match word {
            "open" => bar.open,
            "high" => bar.high,
            "low" => bar.low,
            "close" => bar.close,
            "pre_close" => bar.pre_close,
            _ => return None,
        }))
    }

    /// A difference of prices to the reference price, in millionths.
    fn to_reference(&self, units: i64) -> i64 {
        divide(units * 1_000_000, self.bar().pre_close.max(1))
    }

    fn about_close(&self, pen: &mut Pen, percent: std::ops::RangeInclusive<i64>) -> Value {
        self.in_price(divide(self.bar().close * pen.between(percent.start() * 100, percent.end() * 100), 10_000))
    }

    fn era(&self) -> Option<&Era> {
        self.item.stock?.history.era(self.session)
    }

    /// The real history has rows of Beijing without these columns.
    fn unless_lost(&self, value: impl FnOnce() -> Value) -> Value {
        let lost = self.item.stock.is_some_and(|stock| {
            stock.security.board == Board::Beijing && (self.session + stock.security.number) % 97 == 11
        });
        if lost { Value::Null } else { value() }
    }

    /// Shares traded after hours: made up, 0.2 % of the volume at the close.
    fn after_hours(&self) -> Option<i64> {
        (!is_before(self.day, AFTER_HOURS_SINCE)).then(|| self.bar().shares / 500)
    }

    /// The backward factor; before a correction it is off by whole hundreds, which keep the number of decimals.
    fn factor(&self) -> Option<i64> {
        let factor = self.era()?.factor;
        Some(factor + self.item.draft.map_or(0, |percent| factor / 10_000 * percent / 100 * 100))
    }

    /// The market value as a multiple of something in the books; another value for a loss.
    fn times(&self, word: &str, loss: Value) -> Option<Value> {
        let books = &self.item.stock?.history.books;
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

    /// What was bought, sold, or both, in fen: parts of the session's turnover of at most 10 %.
    fn traded(&self, word: &str) -> i64 {
        let [bought, sold] = [0, 1].map(|draw| self.item.quote.bar.turnover / 100 * self.draws[draw]);
        match word {
            "buy" | "l_buy" => bought,
            "sell" | "l_sell" => sold,
            "both" | "amount" | "l_amount" => bought + sold,
            _ => bought - sold,
        }
    }

    /// A flow that may be one out.
    fn net_flow(&self, pen: &mut Pen) -> Value {
        fen(self.item.quote.bar.turnover / 100 * pen.between(-1000, 1000) / 100 * 100)
    }

    /// Price in fen and hundreds of shares of a deal outside the market.
    fn deal(&self) -> [i64; 2] {
        let price = divide(self.item.quote.bar.close * (900 + self.draws[0] / 10), 1000);
        [price, self.draws[1] * 10_000 + self.draws[2] * 100]
    }

    /// Shares held through the Connect.
    fn held(&self) -> Option<i64> {
        Some(self.era()?.float / 10_000 * self.draws[0])
    }
}

/// The number that Hong Kong gives to a mainland stock.
fn connect_code(row: &Row<'_>, _: &str, _: &mut Pen) -> Option<Value> {
    let first = if row.item.tag == "SH" { 90_000 } else { 70_000 };
    Some((first + row.item.stock?.security.number).to_string().into())
}

fn adjusted(row: &Row<'_>, word: &str, _: &mut Pen) -> Option<Value> {
    let Some(Value::Figure(price, places)) = row.price(word.trim_end_matches("_hfq")) else { return None };
    Some(Value::Figure(row.era().map_or(price, |era| divide(price * era.factor, 1_000_000)), places))
}

fn ask(row: &Row<'_>, word: &str, _: &mut Pen) -> Option<Value> {
    let Some(Value::Figure(price, places)) = row.price(&word["ask_".len()..]) else { return None };
    Some(Value::Figure(price + 3, places))
}

/// The reference price and the limits around it; a first day has none that are listed.
fn reference(row: &Row<'_>, word: &str, _: &mut Pen) -> Option<Value> {
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

/// Close less reference price, sometimes as binary floats leave it.
fn daily_change(bar: &Bar, pen: &mut Pen) -> Value {
    let change = bar.close - bar.pre_close;
    if change == 0 && pen.once_in(8) {
        return Value::Digits("-0.0".to_owned());
    }
    match noisy_change(bar.close, bar.pre_close) {
        Some(noisy) if pen.once_in(20) => Value::Digits(noisy),
        _ => fen(change),
    }
}

fn turnover_rate(row: &Row<'_>, word: &str, pen: &mut Pen) -> Option<Value> {
    let shares = match (row.item.stock, row.era()) {
        (None, _) => return Some(millionths(pen.between(100, 100_000))),
        (Some(_), era) => era.map(|era| if word == "turnover_rate_f" { era.free } else { era.float }),
    };
    Some(shares.map(|shares| millionths(divide(row.bar().shares * 1_000_000, shares.max(1)))).into())
}

/// Shares against the mean of the five sessions before, in hundredths.
fn volume_ratio(row: &Row<'_>, _: &str, _: &mut Pen) -> Option<Value> {
    let before = row.item.stock?.history.before(row.session).take(5);
    let (count, sum) = before.fold((0, 0), |(count, sum), bar| (count + 1, sum + bar.shares));
    Some((count > 0).then(|| Value::Figure(divide(row.bar().shares * 100 * count, sum), 2)).into())
}

/// Cash with an ex day in the year before, or in the last twelve months, against the close; none without cash.
fn dividend_yield(row: &Row<'_>, word: &str, _: &mut Pen) -> Option<Value> {
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

/// In floats and with gaps, as captured.
fn loose_rank(row: &Row<'_>, _: &str, pen: &mut Pen) -> Option<Value> {
    Some(if pen.once_in(20) { Value::Null } else { Value::Digits(format!("{}.0", row.item.rank)) })
}

/// Figures of one of the channels to Hong Kong; null in the rows of the other one.
fn by_channel(row: &Row<'_>, word: &str, _: &mut Pen) -> Option<Value> {
    let (channel, word) = word.split_once('_')?;
    let is_its = row.item.tag == if channel == "sh" { "2" } else { "4" };
    Some(is_its.then(|| fen(row.traded(word))).into())
}

fn loans(row: &Row<'_>, word: &str, _: &mut Pen) -> Option<Value> {
    let loans = row.loans.get_or_init(|| match row.item.stock {
        None => Some(Loans::of_exchange(row.market, row.item.tag, row.session)),
        Some(_) => Loans::of_stock(row.market, row.item, row.session, row.draws),
    });
    loans.as_ref().map(|loans| loans.value(word))
}

fn chips(row: &Row<'_>, word: &str, _: &mut Pen) -> Option<Value> {
    let stock = row.item.stock?;
    let chips = row.chips.get_or_init(|| Chips::of(row.market, stock, row.session)).as_ref();
    let figure = chips.and_then(|chips| chips.figure(word));
    Some(figure.map(|figure| if word == "winner_rate" { millionths(figure) } else { fen(figure) }).into())
}

fn flows(row: &Row<'_>, word: &str, _: &mut Pen) -> Option<Value> {
    let flows = row.flows.get_or_init(|| Flows::of(row.market, row.item, row.session));
    Some(flows.value(word))
}

fn connected(row: &Row<'_>, word: &str, _: &mut Pen) -> Option<Value> {
    Some(connect::value(row.market, row.session, word))
}

fn seal<'r>(row: &'r Row<'_>) -> Option<(&'r Stock, &'r Seal)> {
    let stock = row.item.stock?;
    Some((stock, row.seal.get_or_init(|| Seal::of(row.market, stock, row.session)).as_ref()?))
}

fn limit_words(row: &Row<'_>, word: &str, pen: &mut Pen) -> Option<Value> {
    let (stock, seal) = seal(row)?;
    Some(seal.words(stock, word, pen))
}

fn limit_figures(row: &Row<'_>, word: &str, _: &mut Pen) -> Option<Value> {
    let (stock, seal) = seal(row)?;
    Some(seal.figure(stock, word))
}

/// Made up, as the vendor does not say what the column means: 1 closed at the upper limit, -1 at the lower.
fn limit_status(row: &Row<'_>, _: &str, _: &mut Pen) -> Option<Value> {
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
