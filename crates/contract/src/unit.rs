//! Units of measure, and the exact conversion between two of them.
//!
//! Units are named by size, not by the vendor's term: `lot100` is a hundred shares, because lots have other sizes
//! elsewhere. Every unit is a power of ten of its dimension's base unit, so a conversion shifts the decimal point: it
//! is exact, or refused.

use std::fmt;

/// What a unit measures. Units are only converted within a dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    /// Shares of a company.
    Shares,
    /// Renminbi.
    Money,
    /// Renminbi per share.
    Price,
    /// A part of a whole.
    Fraction,
    /// A number without a unit (an adjustment factor).
    Number,
    /// A count: trades, holders.
    Count,
    /// The level of an index.
    Level,
    /// Hong Kong dollars per share.
    HongKongPrice,
    /// A duration, not always whole (days of turnover).
    Time,
    /// New shares per share held.
    SharesPerShare,
}

/// A unit used by a vendor or in silver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// One share.
    Share,
    /// 手: a hundred shares.
    Lot100,
    /// 万股: ten thousand shares.
    Share1e4,
    /// 亿股: a hundred million shares.
    Share1e8,
    /// One yuan.
    Cny,
    /// 千元: a thousand yuan.
    Cny1e3,
    /// 万元: ten thousand yuan.
    Cny1e4,
    /// 百万元: a million yuan.
    Cny1e6,
    /// 亿元: a hundred million yuan.
    Cny1e8,
    /// Yuan per share.
    CnyPerShare,
    /// A part of a whole, 1 being all of it; also a multiple (倍, 次).
    Ratio,
    /// A part of a whole, 100 being all of it.
    Percent,
    /// A number without a unit.
    Number,
    /// A count.
    Count,
    /// 万: a count in ten thousands.
    Count1e4,
    /// A day.
    Day,
    /// A point of an index.
    Point,
    /// Hong Kong dollars per share.
    HkdPerShare,
    /// New shares per share held, rarely whole.
    SharePerShare,
}

/// Name, unit, dimension, and size as a power of ten of the dimension's base unit.
const UNITS: &[(&str, Unit, Dimension, i8)] = &[
    ("share", Unit::Share, Dimension::Shares, 0),
    ("lot100", Unit::Lot100, Dimension::Shares, 2),
    ("share1e4", Unit::Share1e4, Dimension::Shares, 4),
    ("share1e8", Unit::Share1e8, Dimension::Shares, 8),
    ("CNY", Unit::Cny, Dimension::Money, 0),
    ("CNY1e3", Unit::Cny1e3, Dimension::Money, 3),
    ("CNY1e4", Unit::Cny1e4, Dimension::Money, 4),
    ("CNY1e6", Unit::Cny1e6, Dimension::Money, 6),
    ("CNY1e8", Unit::Cny1e8, Dimension::Money, 8),
    ("CNY/share", Unit::CnyPerShare, Dimension::Price, 0),
    ("ratio", Unit::Ratio, Dimension::Fraction, 0),
    ("percent", Unit::Percent, Dimension::Fraction, -2),
    ("number", Unit::Number, Dimension::Number, 0),
    ("count", Unit::Count, Dimension::Count, 0),
    ("count1e4", Unit::Count1e4, Dimension::Count, 4),
    ("day", Unit::Day, Dimension::Time, 0),
    ("point", Unit::Point, Dimension::Level, 0),
    ("HKD/share", Unit::HkdPerShare, Dimension::HongKongPrice, 0),
    ("share/share", Unit::SharePerShare, Dimension::SharesPerShare, 0),
];

/// The two units measure different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`{from}` measures {}, `{to}` measures {}", .from.dimension().word(), .to.dimension().word())]
pub struct UnitMismatch {
    /// The unit to convert from.
    pub from: Unit,
    /// The unit to convert to.
    pub to: Unit,
}

impl Dimension {
    /// The dimension in words, for errors.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Shares => "shares",
            Self::Money => "money",
            Self::Price => "a price",
            Self::Fraction => "a fraction",
            Self::Number => "a number without a unit",
            Self::Count => "a count",
            Self::Time => "a duration",
            Self::Level => "the level of an index",
            Self::HongKongPrice => "a price in Hong Kong dollars",
            Self::SharesPerShare => "shares per share",
        }
    }
}

impl Unit {
    /// All units by name.
    #[must_use]
    pub fn all() -> Vec<(&'static str, Self)> {
        UNITS.iter().map(|row| (row.0, row.1)).collect()
    }

    fn row(self) -> &'static (&'static str, Self, Dimension, i8) {
        UNITS.iter().find(|row| row.1 == self).expect("every unit has a row in UNITS, a test checks")
    }

    /// What it measures.
    #[must_use]
    pub fn dimension(self) -> Dimension {
        self.row().2
    }

    /// The unit for such a figure in silver: shares, yuan, yuan per share. Percent stays percent.
    #[must_use]
    pub fn canonical(self) -> Self {
        match self {
            Self::Lot100 | Self::Share1e4 | Self::Share1e8 => Self::Share,
            Self::Cny1e3 | Self::Cny1e4 | Self::Cny1e6 | Self::Cny1e8 => Self::Cny,
            Self::Count1e4 => Self::Count,
            other => other,
        }
    }

    /// Whether figures in this unit are integers.
    #[must_use]
    pub fn counts(self) -> bool {
        matches!(self.dimension(), Dimension::Shares | Dimension::Count)
    }

    /// The number of places to move the decimal point right when converting from this unit to `to`.
    ///
    /// # Errors
    /// [`UnitMismatch`] if the two measure different things.
    pub fn shift_to(self, to: Self) -> Result<i8, UnitMismatch> {
        if self.dimension() == to.dimension() {
            Ok(self.row().3 - to.row().3)
        } else {
            Err(UnitMismatch { from: self, to })
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.row().0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_follow_from_the_units() {
        assert_eq!(Unit::Lot100.shift_to(Unit::Share), Ok(2));
        assert_eq!(Unit::Cny1e3.shift_to(Unit::Cny), Ok(3));
        assert_eq!(Unit::Ratio.shift_to(Unit::Percent), Ok(2));
        assert_eq!(Unit::Share.shift_to(Unit::Lot100), Ok(-2));
    }

    #[test]
    fn lots_do_not_convert_to_money() {
        let error = Unit::Lot100.shift_to(Unit::Cny).unwrap_err();
        assert_eq!(error.to_string(), "`lot100` measures shares, `CNY` measures money");
    }

    #[test]
    fn new_shares_per_share_are_not_a_count_of_shares() {
        assert!(!Unit::SharePerShare.counts());
        assert!(Unit::SharePerShare.shift_to(Unit::Share).is_err());
    }

    #[test]
    fn every_unit_has_a_row_and_a_canonical_unit_of_its_dimension() {
        for &(name, unit, dimension, _) in UNITS {
            assert_eq!((unit.to_string().as_str(), unit.dimension()), (name, dimension));
            assert_eq!(unit.canonical().dimension(), dimension);
            assert_eq!(unit.canonical().canonical(), unit.canonical());
        }
    }
}
