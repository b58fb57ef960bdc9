//! Numbers that follow from nothing, and every number in its column's unit.
//!
//! Money is in fen, prices have the item's decimals; see `cells`.

use super::items::Item;
use super::{Column, Kind, Population};
use crate::Cell;
use crate::market::walk::divide;
use crate::tables::text::{Pen, decimal, integer};
use rand::RngExt;

/// A number for nothing in particular.
pub(super) fn made_up(pen: &mut Pen, (name, kind): Column, population: Population, item: &Item<'_>) -> i64 {
    let mut between = |low: i64, high: i64| pen.rng.random_range(low..=high);
    match kind {
        Kind::Price => {
            let (low, high) = match name {
                "his_low" => (40, 60),
                "his_high" => (130, 200),
                _ if name.contains("upper") => (106, 115),
                _ if name.contains("lower") => (85, 94),
                _ if name.contains("mid") => (96, 104),
                _ => (80, 120),
            };
            divide(item.quote.bar.close * between(low * 100, high * 100), 10_000)
        }
        // A net flow may be an outflow.
        Kind::Yuan10k if population == Population::Mainland => {
            item.quote.bar.turnover / 100 * between(-1000, 1000) / 100 * 100
        }
        Kind::Yuan | Kind::Yuan1k | Kind::Yuan10k | Kind::Yuan100m | Kind::MillionText => {
            between(1, 999) * between(100_000_000, 9_999_999_999)
        }
        Kind::Shares | Kind::Lots | Kind::Shares10k | Kind::Shares100m => between(1, 999) * between(100_000, 9_999_999),
        Kind::Percent if name.starts_with("turnover") => between(100, 100_000),
        Kind::Percent => between(-300_000, 300_000),
        Kind::Fraction => between(-100_000, 100_000),
        Kind::Times => between(5_000, 1_000_000),
        Kind::Count | Kind::Whole if name == "tick_qty" => between(10_000, 400_000),
        Kind::Count | Kind::Whole if name == "holder_num" => between(2_000, 200_000),
        Kind::Count | Kind::Whole | Kind::Count10k => between(0, 60),
        Kind::Value => between(-150_000_000, 150_000_000),
        Kind::Code | Kind::Day | Kind::Text | Kind::Tag | Kind::Rank => 0,
    }
}

/// A figure in the column's unit.
pub(super) fn spell(pen: &mut Pen, kind: Kind, figure: Option<i64>, item: &Item<'_>) -> Cell {
    let Some(figure) = figure else {
        return Cell::Null;
    };
    match kind {
        Kind::Price => pen.float(figure, item.quote.scale),
        Kind::Yuan | Kind::Lots => pen.float(figure, 2),
        Kind::Yuan1k => pen.float(divide(figure, 100), 3),
        Kind::Yuan10k => pen.float(divide(figure, 100), 4),
        Kind::Yuan100m => pen.float(divide(figure, 1_000_000), 4),
        Kind::Shares | Kind::Count => pen.float(figure, 0),
        Kind::Shares10k | Kind::Count10k | Kind::Percent | Kind::Times => pen.float(figure, 4),
        Kind::Shares100m => pen.float(divide(figure, 10_000), 4),
        Kind::Fraction | Kind::Value => pen.float(figure, 6),
        Kind::Whole => integer(figure),
        Kind::MillionText => Cell::Text(decimal(divide(figure, 1_000_000), 2)),
        Kind::Code | Kind::Day | Kind::Text | Kind::Tag | Kind::Rank => Cell::Null,
    }
}
