//! Compares cells and rows: equal values, roundings of the same number, and the order of rows by content.
//!
//! Which of two rows counts is decided elsewhere.

use std::cmp::Ordering;

use super::rows::RowSet;
use super::scalars::{Scalar, ScalarColumn};
use super::texts::Texts;
use pitlake_contract::decimal::{Decimal, wide_to_f64};

/// Whether two cells hold the same value, ignoring trailing zeros of numbers. Empty cells are equal.
pub(super) fn equal(texts: &Texts, a: Scalar, b: Scalar) -> bool {
    match (a, b) {
        (Scalar::Number(a), Scalar::Number(b)) => a.equals(b),
        (Scalar::Number(_) | Scalar::Wide(_), Scalar::Number(_) | Scalar::Wide(_)) => {
            a.compare_number(b, texts).is_eq()
        }
        _ => a == b || (a.is_empty() && b.is_empty()),
    }
}

/// Whether two cells hold the same value, or a number and a nearby, coarser rounding of it.
pub(super) fn agree(texts: &Texts, a: Scalar, b: Scalar) -> bool {
    match (a, b) {
        (Scalar::Number(a), Scalar::Number(b)) => a.agrees(b),
        (Scalar::Number(short), Scalar::Wide(_)) => equal(texts, a, b) || is_rounding(short, value(texts, b)),
        (Scalar::Wide(_), Scalar::Number(short)) => equal(texts, a, b) || is_rounding(short, value(texts, a)),
        _ => equal(texts, a, b),
    }
}

/// The finer of two cells that agree, or the first if they are equally fine.
pub(super) fn finer(a: Scalar, b: Scalar) -> Scalar {
    match (a, b) {
        (Scalar::Number(coarse), Scalar::Number(fine)) if fine.exponent < coarse.exponent => b,
        (Scalar::Number(_), Scalar::Wide(_)) => b,
        _ => a,
    }
}

/// Orders rows by content, column by column, with empty cells first.
pub(super) fn by_content(rows: &RowSet<'_>, a: usize, b: usize) -> Ordering {
    let texts = &rows.texts;
    let compare = |cells: &ScalarColumn| match (cells.get(a), cells.get(b)) {
        (Scalar::Text(a), Scalar::Text(b)) => texts.get(a).cmp(texts.get(b)),
        (a @ (Scalar::Number(_) | Scalar::Wide(_)), b @ (Scalar::Number(_) | Scalar::Wide(_))) => {
            a.compare_number(b, texts)
        }
        (Scalar::Date(a), Scalar::Date(b)) => a.cmp(&b),
        (Scalar::Flag(a), Scalar::Flag(b)) => a.cmp(&b),
        (a, b) => (!a.is_empty()).cmp(&!b.is_empty()),
    };
    rows.columns.iter().map(compare).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

fn value(texts: &Texts, cell: Scalar) -> f64 {
    match cell {
        Scalar::Number(decimal) => decimal.to_f64(0),
        Scalar::Wide(id) => wide_to_f64(texts.get(id), 0).unwrap_or(f64::INFINITY),
        _ => f64::NAN,
    }
}

/// Whether a short number is a rounding of a long one: within half a unit of its last digit, and near.
fn is_rounding(short: Decimal, long: f64) -> bool {
    /// The same as for decimals (`docs/point-in-time.md`).
    const NEAR: f64 = 1e-4;
    let half = Decimal { mantissa: 5, exponent: short.exponent.saturating_sub(1) }.to_f64(0);
    let short = short.to_f64(0);
    let off = (short - long).abs();
    off <= half && off <= NEAR * short.abs().max(long.abs())
}
