//! What shows in the rows of a table that a unit is not the contract's: amounts, volumes and prices that do not fit by a
//! power of ten. Never which rows are looked at.

/// Most powers of ten between an amount and volume x price, and between two sums.
const NEAR: f64 = 0.5;

/// The middle of the prices that shares have, and most powers of ten between it and an average price.
const USUAL_PRICE: f64 = 10.0;
const FAR: f64 = 1.5;

/// What must agree, to a power of ten, in the median of many rows.
#[derive(Debug, Clone)]
pub enum UnitRatio {
    /// An amount of money and the shares it paid.
    Price {
        /// The amount.
        amount: usize,
        /// The shares.
        volume: usize,
        /// The price per share; without one the average price must be one that shares have.
        price: Option<usize>,
    },
    /// Two sums of columns.
    Sums([Vec<usize>; 2]),
}

impl UnitRatio {
    /// What should be near one in a row, from the numbers of its columns; `None` where one is missing or zero.
    pub fn ratio(&self, number: impl Fn(usize) -> Option<f64>) -> Option<f64> {
        let ratio = match self {
            Self::Price { amount, volume, price } => {
                let price = price.map_or(Some(USUAL_PRICE), &number)?;
                number(*amount)? / (number(*volume)? * price)
            }
            Self::Sums(sums) => {
                let sum = |columns: &Vec<usize>| columns.iter().map(|column| number(*column)).sum::<Option<f64>>();
                sum(&sums[0])? / sum(&sums[1])?
            }
        };
        (ratio.is_finite() && ratio > 0.0).then_some(ratio)
    }

    /// Whether a median is near one.
    #[must_use]
    pub fn holds(&self, median: f64) -> bool {
        let most = if matches!(self, Self::Price { price: None, .. }) { FAR } else { NEAR };
        median.log10().abs() <= most
    }

    /// The columns it reads.
    #[must_use]
    pub fn columns(&self) -> Vec<usize> {
        match self {
            Self::Price { amount, volume, price } => [*amount, *volume].into_iter().chain(*price).collect(),
            Self::Sums(sums) => sums.concat(),
        }
    }

    /// The ratio in words, from the names of columns.
    pub fn formula<'n>(&self, name: impl Fn(usize) -> &'n str) -> String {
        match self {
            Self::Price { amount, volume, price: Some(price) } => {
                format!("{} / ({} x {})", name(*amount), name(*volume), name(*price))
            }
            Self::Price { amount, volume, price: None } => {
                format!("{} / ({} x {USUAL_PRICE} CNY)", name(*amount), name(*volume))
            }
            Self::Sums(sums) => {
                let [sum, equals] = sums.each_ref().map(|sum| {
                    let names: Vec<&str> = sum.iter().map(|column| name(*column)).collect();
                    if names.len() == 1 { names.concat() } else { format!("({})", names.join(" + ")) }
                });
                format!("{sum} / {equals}")
            }
        }
    }
}
