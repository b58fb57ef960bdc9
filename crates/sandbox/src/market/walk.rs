//! A security's bars: a random walk in fen within the exchange's limits, and the capital behind it.
//!
//! Everything is an integer (fen, shares, CNY, millionths). Texts and ratios are derived elsewhere.

use super::events::{Notice, plan};
use super::{Dice, Security};

/// A session of a security. Prices are in fen. In a suspended session there are no shares, and the prices mean nothing.
#[derive(Clone, Copy, Default)]
pub(crate) struct Bar {
    pub(crate) open: i64,
    pub(crate) high: i64,
    pub(crate) low: i64,
    pub(crate) close: i64,
    /// The reference price: the last close, adjusted on ex-dates.
    pub(crate) pre_close: i64,
    /// Shares traded, not lots.
    pub(crate) shares: i64,
    pub(crate) turnover: i64,
}

impl Bar {
    /// Combines this bar with a later one.
    pub(crate) fn and(self, later: Self) -> Self {
        let (high, low) = (self.high.max(later.high), self.low.min(later.low));
        let (shares, turnover) = (self.shares + later.shares, self.turnover + later.turnover);
        Self { high, low, close: later.close, shares, turnover, ..self }
    }
}

/// What stays the same from one ex-date to the next.
#[derive(Clone, Copy)]
pub(crate) struct Era {
    pub(crate) since: usize,
    /// Backward adjustment factor in millionths.
    pub(crate) factor: i64,
    /// Shares: total, tradable, and tradable minus strategic holdings.
    pub(crate) total: i64,
    pub(crate) float: i64,
    pub(crate) free: i64,
}

/// The basis of valuations, in CNY; profits may be negative.
#[derive(Clone, Copy, Default)]
pub(crate) struct Fundamentals {
    pub(crate) profit: i64,
    pub(crate) profit_ttm: i64,
    pub(crate) net_assets: i64,
    pub(crate) sales: i64,
    pub(crate) sales_ttm: i64,
}

/// A security's history in the range, empty if it never trades.
#[derive(Default)]
pub(crate) struct History {
    first: usize,
    bars: Vec<Bar>,
    eras: Vec<Era>,
    pub(crate) fundamentals: Fundamentals,
    /// The ex-date, and cash in fen per ten shares.
    pub(crate) dividends: Vec<(usize, i64)>,
    pub(crate) notices: Vec<Notice>,
}

impl History {
    pub(crate) fn bar(&self, session: usize) -> Option<&Bar> {
        self.bars.get(session.checked_sub(self.first)?).filter(|bar| bar.shares > 0)
    }

    /// Capital and factor in a session while listed, suspended or not.
    pub(crate) fn era(&self, session: usize) -> Option<&Era> {
        self.bars.get(session.checked_sub(self.first)?)?;
        self.eras.iter().rfind(|era| era.since <= session)
    }

    /// Capital after a session, or before the first one.
    pub(crate) fn capital(&self, session: Option<usize>) -> Option<&Era> {
        let known = self.eras.iter().rfind(|era| session.is_some_and(|session| era.since <= session));
        known.or(self.eras.first())
    }

    /// The price in fen after a session, or before the first one; `None` if it never trades.
    pub(crate) fn price(&self, session: Option<usize>) -> Option<i64> {
        let last = session.and_then(|session| self.before(session + 1).next()).map(|bar| bar.close);
        last.or_else(|| self.bars.first().map(|bar| bar.pre_close))
    }

    /// Ex-dates: the session, cash in fen per ten shares, and new shares per ten old ones.
    pub(crate) fn payouts(&self) -> impl Iterator<Item = (usize, i64, i64)> {
        self.eras.windows(2).map(|eras| {
            let session = eras[1].since;
            let cash = self.dividends.iter().find(|(ex, _)| *ex == session).map_or(0, |(_, cash)| *cash);
            (session, cash, divide(eras[1].total * 10, eras[0].total.max(1)) - 10)
        })
    }

    /// Bars with trading before a session, newest first.
    pub(crate) fn before(&self, session: usize) -> impl Iterator<Item = &Bar> {
        let end = session.saturating_sub(self.first).min(self.bars.len());
        self.bars[..end].iter().rev().filter(|bar| bar.shares > 0)
    }
}

/// `a / b` rounded to the nearest integer, halves away from zero; `b` is positive.
pub(crate) fn divide(a: i64, b: i64) -> i64 {
    (a + a.signum() * (b / 2)) / b
}

/// Lowest and highest price allowed in a session after `reference` fen, `percent` either way.
pub(crate) fn price_limits(reference: i64, percent: i64) -> (i64, i64) {
    (divide(reference * (100 - percent), 100).max(1), divide(reference * (100 + percent), 100))
}

pub(crate) fn walk(seed: u64, security: &Security, sessions: usize) -> History {
    let events = plan(seed, security, sessions);
    let mut dice = Dice::new(seed, "walk", security.number, 0);
    let mut reference: i64 = dice.roll(250..6000);
    // The vendor gives most factors four decimals, some more.
    let grain = if dice.once_in(4) { 1 } else { 100 };
    let mut era = founding(&mut dice, security, grain);
    let trading = Trading { pace: dice.roll(500..1600), churn: dice.roll(100..4000), percent: security.board.limit() };
    let mut history = History {
        first: security.life.start,
        fundamentals: fundamentals(&mut dice, reference * era.total / 100),
        eras: vec![era],
        notices: events.notices,
        ..History::default()
    };
    for session in security.life.clone() {
        if let Some(action) = events.actions.iter().find(|action| action.session == session) {
            let cash = reference * action.cash_permille / 100;
            // Exchange rule: (close - cash per share) / (1 + new shares per share), here per ten shares.
            let ex = divide(reference * 10 - cash, 10 + action.bonus).max(1);
            let grown = |shares: i64| shares * (10 + action.bonus) / 10;
            era = Era {
                since: session,
                factor: divide(divide(era.factor * reference, ex), grain) * grain,
                total: grown(era.total),
                float: grown(era.float),
                free: grown(era.free),
            };
            history.eras.push(era);
            if cash > 0 {
                history.dividends.push((session, cash));
            }
            reference = ex;
        }
        if events.closed.iter().any(|days| days.contains(&session)) {
            history.bars.push(Bar::default());
            continue;
        }
        let debut = security.debut && session == security.life.start;
        let bar = trading.bar(&mut dice, reference, era.float, debut);
        reference = bar.close;
        history.bars.push(bar);
    }
    history
}

/// Capital in the first session. The factor is 1 on the listing day; older securities have a history.
fn founding(dice: &mut Dice, security: &Security, grain: i64) -> Era {
    let total: i64 = dice.roll(50_000_000..3_000_000_000);
    let float = total / 100 * dice.roll(25..=100);
    let past = if security.debut { 0 } else { dice.roll(0..4_000_000) };
    Era {
        since: security.life.start,
        factor: 1_000_000 + past / grain * grain,
        total,
        float,
        free: float / 100 * dice.roll(40..95),
    }
}

/// Fundamentals in proportion to the initial market value in CNY.
fn fundamentals(dice: &mut Dice, value: i64) -> Fundamentals {
    let profit = if dice.roll(0..100) < 15 { -value / 50 } else { value / dice.roll(8..80) };
    let sales = value * 100 / dice.roll(50..1200);
    Fundamentals {
        profit,
        profit_ttm: profit / 100 * dice.roll(80..130),
        net_assets: value * 100 / dice.roll(60..800),
        sales,
        sales_ttm: sales / 100 * dice.roll(85..125),
    }
}

struct Trading {
    /// The size of a daily step in hundred-thousandths.
    pace: i64,
    /// The usual turnover of a session in hundred-thousandths of the tradable shares.
    churn: i64,
    percent: i64,
}

impl Trading {
    fn bar(&self, dice: &mut Dice, reference: i64, float: i64, debut: bool) -> Bar {
        let (floor, ceiling) =
            if debut { (divide(reference * 7, 10), reference * 3) } else { price_limits(reference, self.percent) };
        let pace = if debut { self.pace * 15 } else { self.pace };
        let mut step: i64 = (0..4).map(|_| dice.roll(-pace..=pace)).sum();
        if dice.once_in(150) {
            step *= 8;
        }
        if reference < 200 {
            step = step.abs(); // keeps two years of bad luck above zero
        }
        let price = |step: i64| (reference + divide(reference * step, 100_000)).clamp(floor, ceiling);
        let close = price(step);
        let open = price(step / 3 + dice.roll(-pace..=pace));
        let spread = reference * pace / 100_000;
        let high = (open.max(close) + dice.roll(0..=spread)).min(ceiling);
        let low = (open.min(close) - dice.roll(0..=spread)).max(floor);

        let mut shares = (float / 100_000 * self.churn * dice.roll(30..250) / 100).max(100);
        if low == high || dice.once_in(4) {
            shares = shares / 100 * 100; // whole lots; needed for a whole turnover at a single price
        }
        let least = (low * shares + 99) / 100;
        let most = high * shares / 100;
        Bar { open, high, low, close, pre_close: reference, shares, turnover: dice.roll(least..=most) }
    }
}
