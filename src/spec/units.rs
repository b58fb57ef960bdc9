//! Detects from a table's rows that a unit is not the contract's: amounts, volumes and prices that are a power of ten
//! apart. Which rows to check is decided elsewhere.

use std::ops::RangeInclusive;

/// Maximum distance, in powers of ten, between an amount and volume x price, and between two sums.
const NEAR: f64 = 0.5;

/// The middle of usual share prices, and the maximum distance of an average price from it in powers of ten.
const USUAL_PRICE: f64 = 10.0;
const FAR: f64 = 1.5;

/// Figures whose ratio must have a median near one, over many rows.
#[derive(Debug, Clone)]
pub enum UnitRatio {
    /// An amount of money and the shares traded for it.
    Price {
        /// The amount.
        amount: usize,
        /// The shares.
        volume: usize,
        /// The price per share. Without one, the average price must be a usual share price.
        price: Option<usize>,
    },
    /// Two sums of columns.
    Sums([Vec<usize>; 2]),
}

impl UnitRatio {
    /// The ratio for a row, which should be near one, from the numbers in its columns. `None` if one is missing or
    /// zero.
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
        median.log10().abs() <= self.most()
    }

    /// Medians that certainly hold.
    #[must_use]
    pub fn near(&self) -> RangeInclusive<f64> {
        let most = 10f64.powf(0.999 * self.most());
        1.0 / most..=most
    }

    /// The largest distance of a median from one, as a power of ten.
    fn most(&self) -> f64 {
        if matches!(self, Self::Price { price: None, .. }) { FAR } else { NEAR }
    }

    /// The columns it reads.
    #[must_use]
    pub fn columns(&self) -> Vec<usize> {
        match self {
            Self::Price { amount, volume, price } => [*amount, *volume].into_iter().chain(*price).collect(),
            Self::Sums(sums) => sums.concat(),
        }
    }

    /// The ratio as text, with column names.
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
