//! When cells and rows hold the same: equal values, roundings of one number, and the order of rows by their content.
//!
//! Never here: which of two rows counts.

use std::cmp::Ordering;

use super::rows::RowSet;
use super::scalars::{Scalar, ScalarColumn};
use super::texts::Texts;
use pitlake_contract::decimal::{Decimal, wide_to_f64};

/// Whether two cells hold the same value, whatever the zeros at the end of a number. Empty cells are equal.
pub(super) fn equal(texts: &Texts, a: Scalar, b: Scalar) -> bool {
    match (a, b) {
        (Scalar::Number(a), Scalar::Number(b)) => a.equals(b),
        (Scalar::Number(_) | Scalar::Wide(_), Scalar::Number(_) | Scalar::Wide(_)) => {
            a.compare_number(b, texts).is_eq()
        }
        _ => a == b || (a.is_empty() && b.is_empty()),
    }
}

/// Whether two cells hold the same value, or one number and a coarser rounding of it that is near.
pub(super) fn agree(texts: &Texts, a: Scalar, b: Scalar) -> bool {
    match (a, b) {
        (Scalar::Number(a), Scalar::Number(b)) => a.agrees(b),
        (Scalar::Number(short), Scalar::Wide(_)) => equal(texts, a, b) || is_rounding(short, value(texts, b)),
        (Scalar::Wide(_), Scalar::Number(short)) => equal(texts, a, b) || is_rounding(short, value(texts, a)),
        _ => equal(texts, a, b),
    }
}

/// The finer of two cells that agree; the first where they are as fine.
pub(super) fn finer(a: Scalar, b: Scalar) -> Scalar {
    match (a, b) {
        (Scalar::Number(coarse), Scalar::Number(fine)) if fine.exponent < coarse.exponent => b,
        (Scalar::Number(_), Scalar::Wide(_)) => b,
        _ => a,
    }
}

/// Orders rows by their content, column by column; empty cells come first.
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

/// Whether a short number is a long one rounded: within half a unit of its last digit, and near.
fn is_rounding(short: Decimal, long: f64) -> bool {
    /// As for decimals (`docs/point-in-time.md`).
    const NEAR: f64 = 1e-4;
    let half = Decimal { mantissa: 5, exponent: short.exponent.saturating_sub(1) }.to_f64(0);
    let short = short.to_f64(0);
    let off = (short - long).abs();
    off <= half && off <= NEAR * short.abs().max(long.abs())
}
