//! A company's books, quarter by quarter: what it earned, spent and owns, in fen.
//!
//! Only what all reports share is here; columns and ratios are derived in `tables`. These books are not behind
//! `daily_basic`: the vendor's valuations do not follow from its reports either.

use super::{Company, Dice, Quarter, Security, divide};

/// The type of a company's accounts: `comp_type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    General = 1,
    Bank = 2,
    Insurer = 3,
    Broker = 4,
}

/// The type for a security: by industry, and by number so that small markets have all types.
pub(crate) fn scheme(number: usize, company: &Company) -> Scheme {
    match (company.industry, number % 16) {
        ("银行", _) | (_, 7) => Scheme::Bank,
        ("证券", _) | (_, 13) => Scheme::Broker,
        (_, 11) => Scheme::Insurer,
        _ => Scheme::General,
    }
}

macro_rules! flows {
    ($($part:ident),* $(,)?) => {
        /// Income and expenses over some months.
        #[derive(Clone, Copy, Default)]
        pub(crate) struct Flows { $(pub(crate) $part: i64),* }

        impl Flows {
            /// Combines every figure with that of other flows.
            fn with(self, other: Self, join: fn(i64, i64) -> i64) -> Self {
                Self { $($part: join(self.$part, other.$part)),* }
            }
        }
    };
}

flows! {
    revenue, cost, surcharge, selling, admin, finance, research, gains, outside_income, outside_expense, income_tax,
    minority, other_comprehensive,
}

impl Flows {
    pub(crate) fn spent(&self) -> i64 {
        self.cost + self.surcharge + self.selling + self.admin + self.finance + self.research
    }

    pub(crate) fn operating(&self) -> i64 {
        self.revenue - self.spent() + self.gains
    }

    pub(crate) fn before_tax(&self) -> i64 {
        self.operating() + self.outside_income - self.outside_expense
    }

    pub(crate) fn net(&self) -> i64 {
        self.before_tax() - self.income_tax
    }

    /// The share of the net profit for the parent's shareholders.
    pub(crate) fn parent(&self) -> i64 {
        self.net() - self.minority
    }

    pub(crate) fn of_parent(self) -> Self {
        self.with(self, |fen, _| of_parent(fen))
    }
}

/// A group amount as it is in the parent's own books.
pub(crate) fn of_parent(fen: i64) -> i64 {
    fen / 10 * 7
}

pub(crate) struct Accounts {
    pub(crate) year: Flows,
    pub(crate) quarter: Flows,
    /// The same months of the previous year.
    pub(crate) last_year: Flows,
    pub(crate) shares: i64,
    /// Net assets of the parent's shareholders, now and a year earlier.
    pub(crate) equity: i64,
    pub(crate) last_equity: i64,
    pub(crate) assets: i64,
    pub(crate) minority: i64,
    /// Cash at the end of the quarter, the beginning of the year, and the beginning of the quarter.
    pub(crate) cash: i64,
    pub(crate) cash_of_year: i64,
    pub(crate) cash_of_quarter: i64,
}

/// The books of a security at the end of a quarter. `figures` other than 0 are restated: the year's costs are off by 2
/// to 6 % of revenue.
pub(crate) fn accounts(seed: u64, security: &Security, quarter: Quarter, figures: u8) -> Accounts {
    let habits = Habits::new(seed, security.number);
    let first = Quarter(quarter.0 - quarter.of_year() + 1);
    let year_to = |first: Quarter| {
        (0..quarter.of_year())
            .map(|later| habits.flows(Quarter(first.0 + later)))
            .fold(Flows::default(), |sum, flows| sum.with(flows, |fen, more| fen + more))
    };
    let mut accounts = Accounts {
        year: year_to(first),
        quarter: habits.flows(quarter),
        last_year: year_to(Quarter(first.0 - 4)),
        shares: habits.shares,
        equity: habits.equity(quarter),
        last_equity: habits.equity(Quarter(quarter.0 - 4)),
        assets: habits.assets(quarter),
        minority: divide(habits.equity(quarter), 1000) * habits.minority,
        cash: habits.cash(quarter),
        cash_of_year: habits.cash(Quarter(first.0 - 1)),
        cash_of_quarter: habits.cash(Quarter(quarter.0 - 1)),
    };
    if figures > 0 {
        // There are far fewer restatements than quarters, so each has its own dice.
        let moment = quarter.moment() * 8 + usize::from(figures);
        let mut dice = Dice::new(seed, "restatement", security.number, moment);
        let size = dice.roll(20..=60);
        // Odd restatements are worse than the first figures, even ones better, so no two are the same.
        let change = habits.whole(divide(accounts.year.revenue, 1000) * if figures % 2 == 1 { size } else { -size });
        accounts.year.cost += change;
        accounts.quarter.cost += change;
        accounts.equity -= change;
    }
    accounts
}

struct Habits {
    seed: u64,
    number: usize,
    /// Revenue of 2020.
    revenue: i64,
    /// In thousandths per year.
    growth: i64,
    shares: i64,
    /// Net assets in 2015, and their growth in thousandths per quarter.
    equity: i64,
    retention: i64,
    /// Assets as a percentage of net assets.
    leverage: i64,
    /// Cost, surcharge, selling, admin, finance and research in thousandths of revenue.
    shares_of_revenue: [i64; 6],
    /// The minority's share of the net profit, in thousandths.
    minority: i64,
    /// Cash in thousandths of assets.
    liquidity: i64,
}

impl Habits {
    fn new(seed: u64, number: usize) -> Self {
        let mut dice = Dice::new(seed, "accounts", number, 0);
        let revenue = dice.roll(30_000_000_000..2_000_000_000_000);
        Self {
            seed,
            number,
            revenue,
            growth: dice.roll(-50..200),
            // 3 to 30 CNY of revenue per share.
            shares: revenue / dice.roll(300..3000),
            equity: revenue / 100 * dice.roll(40..150),
            retention: dice.roll(2..15),
            leverage: dice.roll(130..350),
            shares_of_revenue: [550..760, 3..12, 15..80, 20..60, 1..25, 5..60].map(|range| dice.roll(range)),
            minority: if number.is_multiple_of(2) { dice.roll(5..80) } else { 0 },
            liquidity: dice.roll(60..160),
        }
    }

    /// Some companies report in whole CNY.
    fn whole(&self, fen: i64) -> i64 {
        if self.number % 5 == 4 { fen / 100 * 100 } else { fen }
    }

    fn flows(&self, quarter: Quarter) -> Flows {
        let mut dice = Dice::new(self.seed, "accounts", self.number, quarter.moment());
        let grown = (1000 + self.growth * i64::from(quarter.year() - 2020)).max(300);
        let season = [210, 240, 250, 300][quarter.moment() % 4];
        let usual = divide(self.revenue, 1000) * grown / 1000 * season;
        let revenue = self.whole(usual / 1000 * dice.roll(850..1150) + dice.roll(0..1000));
        let mut part =
            |permille: i64| self.whole(revenue / 100_000 * permille * dice.roll(85..115) + dice.roll(0..500));
        let [cost, surcharge, selling, admin, finance, research] = self.shares_of_revenue.map(&mut part);
        let [gains, outside_income, outside_expense, other_comprehensive] = [12, 2, 3, 1].map(part);
        let mut flows = Flows {
            revenue,
            cost,
            surcharge,
            selling,
            admin,
            finance,
            research,
            gains,
            outside_income,
            outside_expense,
            other_comprehensive: if quarter.of_year() % 2 == 0 { -other_comprehensive } else { other_comprehensive },
            ..Flows::default()
        };
        flows.income_tax = self.whole((flows.before_tax() / 100 * 18).max(0));
        flows.minority = self.whole(flows.net() / 1000 * self.minority);
        flows
    }

    fn equity(&self, quarter: Quarter) -> i64 {
        let quarters = i64::from(quarter.0 - 2015 * 4);
        self.whole(self.equity / 1000 * (1000 + self.retention * quarters).max(250))
    }

    fn assets(&self, quarter: Quarter) -> i64 {
        divide(self.equity(quarter), 100) * self.leverage
    }

    fn cash(&self, quarter: Quarter) -> i64 {
        let season = [95, 103, 98, 110][quarter.moment() % 4];
        self.whole(self.assets(quarter) / 100_000 * self.liquidity * season)
    }
}
