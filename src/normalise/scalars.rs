//! Rows in memory, column by column, before they become Arrow: numbers as mantissa and exponent, texts as numbers of an
//! interner, dates as days from 1970. Where a cell came from is not known here.

use std::cmp::Ordering;

use super::numbers::{Aligned, Digits, Numbers};
use super::texts::Texts;
use pitlake_contract::decimal::Decimal;
use pitlake_contract::exact::Exact;
use pitlake_contract::scale::Scale;
use pitlake_contract::spelling::instant;

/// A value of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Scalar {
    /// The file lacks the column.
    Absent,
    /// The vendor sent no value.
    Null,
    /// The number of a text in [`Texts`].
    Text(u32),
    /// Days from 1970-01-01.
    Date(i32),
    Flag(bool),
    Number(Decimal),
    /// A number too long for a [`Decimal`], as the number of its text in [`Texts`].
    Wide(u32),
}

impl Scalar {
    /// An instant in microseconds from 1970.
    pub(super) fn instant(micros: i64) -> Self {
        Self::Number(Decimal { mantissa: micros, exponent: 0 })
    }

    /// The day of a date, or of an instant in Shanghai, counted from 1970.
    pub(super) fn day(self) -> Option<i32> {
        match self {
            Self::Date(days) => Some(days),
            Self::Number(micros) => instant::days_of(micros.to_i64(0)?),
            _ => None,
        }
    }

    pub(super) fn is_empty(self) -> bool {
        matches!(self, Self::Absent | Self::Null)
    }

    /// The number in a cell x 10^shift; `None` for other cells.
    pub(super) fn exact(self, shift: i8, texts: &Texts) -> Option<Exact> {
        match self {
            Self::Number(decimal) => Some(Exact::of(decimal, shift)),
            Self::Wide(id) => Exact::of_text(texts.get(id), shift),
            _ => None,
        }
    }

    /// Compares two numbers by value, however long.
    pub(super) fn compare_number(self, other: Self, texts: &Texts) -> Ordering {
        if let (Self::Number(a), Self::Number(b)) = (self, other) {
            let order = a.to_f64(0).total_cmp(&b.to_f64(0));
            if order.is_ne() || a.equals(b) {
                return order;
            }
        }
        self.exact(0, texts).cmp(&other.exact(0, texts))
    }
}

/// A column of all rows read so far.
#[derive(Debug)]
pub(super) enum ScalarColumn {
    Text(Vec<u32>),
    Date(Vec<i32>),
    Flag(Vec<i8>),
    Number(Numbers),
}

// Values that no vendor can send mark the two kinds of empty cells.
const TEXT_NULL: u32 = u32::MAX;
const TEXT_ABSENT: u32 = u32::MAX - 1;
const DATE_NULL: i32 = i32::MIN;
const DATE_ABSENT: i32 = i32::MIN + 1;
const FLAG_NULL: i8 = -1;
const FLAG_ABSENT: i8 = -2;
// Far below any exponent, and below what a double can be scaled by.
const EXPONENT_NULL: i8 = i8::MIN;
const EXPONENT_ABSENT: i8 = i8::MIN + 1;
const EXPONENT_WIDE: i8 = i8::MIN + 2;

impl ScalarColumn {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Text(ids) => ids.len(),
            Self::Date(days) => days.len(),
            Self::Flag(flags) => flags.len(),
            Self::Number(numbers) => numbers.len(),
        }
    }

    /// Appends a number to a column of numbers.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call for each number takes as long as the number itself")]
    pub(super) fn push_number(&mut self, decimal: Decimal) {
        match self {
            Self::Number(numbers) => numbers.push((decimal.mantissa, decimal.exponent)),
            _ => self.push(Scalar::Number(decimal)),
        }
    }

    /// Appends a text to a column of texts.
    #[inline]
    pub(super) fn push_text(&mut self, id: u32) {
        match self {
            Self::Text(ids) => ids.push(id),
            _ => self.push(Scalar::Text(id)),
        }
    }

    /// Appends a cell that is pushed repeatedly, without copying it.
    #[inline]
    pub(super) fn push_again(&mut self, cell: &Scalar) {
        match (self, cell) {
            (Self::Text(ids), Scalar::Text(id)) => ids.push(*id),
            (Self::Date(days), Scalar::Date(day)) => days.push(*day),
            (Self::Number(numbers), Scalar::Null) => numbers.push((0, EXPONENT_NULL)),
            (Self::Number(numbers), Scalar::Absent) => numbers.push((0, EXPONENT_ABSENT)),
            (cells, cell) => cells.push(*cell),
        }
    }

    pub(super) fn reserve(&mut self, more: usize) {
        match self {
            Self::Text(ids) => ids.reserve(more),
            Self::Date(days) => days.reserve(more),
            Self::Flag(flags) => flags.reserve(more),
            Self::Number(numbers) => numbers.reserve(more),
        }
    }

    #[inline]
    pub(super) fn push(&mut self, cell: Scalar) {
        match self {
            Self::Text(ids) => ids.push(text(cell)),
            Self::Date(days) => days.push(date(cell)),
            Self::Flag(flags) => flags.push(flag(cell)),
            Self::Number(numbers) => numbers.push(number(cell)),
        }
    }

    /// Appends the cells of another column of the same kind.
    pub(super) fn append(&mut self, more: &Self) {
        match (self, more) {
            (Self::Text(ids), Self::Text(more)) => ids.extend_from_slice(more),
            (Self::Date(days), Self::Date(more)) => days.extend_from_slice(more),
            (Self::Flag(flags), Self::Flag(more)) => flags.extend_from_slice(more),
            (Self::Number(numbers), Self::Number(more)) => numbers.append(more),
            _ => unreachable!("columns of one table are of one kind"),
        }
    }

    /// Appends cells of another column of the same kind in some order. `new` maps its text numbers to those here.
    pub(super) fn append_ordered(&mut self, more: &Self, order: &[u32], new: &[u32]) {
        fn ordered<'o, T: Copy>(cells: &'o [T], order: &'o [u32]) -> impl Iterator<Item = T> + 'o {
            order.iter().map(|row| cells[*row as usize])
        }
        match (self, more) {
            (Self::Text(ids), Self::Text(more)) => ids.extend(ordered(more, order).map(|id| renumbered(id, new))),
            (Self::Date(days), Self::Date(more)) => days.extend(ordered(more, order)),
            (Self::Flag(flags), Self::Flag(more)) => flags.extend(ordered(more, order)),
            (Self::Number(numbers), Self::Number(more)) => {
                let first = numbers.len();
                numbers.append_ordered(more, order);
                if more.has_exponent(EXPONENT_WIDE) {
                    for row in first..numbers.len() {
                        if let (id, EXPONENT_WIDE) = numbers.get(row) {
                            let id = usize::try_from(id).map_or(0, |id| new[id]);
                            numbers.set(row, (i64::from(id), EXPONENT_WIDE));
                        }
                    }
                }
            }
            _ => unreachable!("columns of one table are of one kind"),
        }
    }

    /// The numbers in `new` of the texts of a text column, as the upper halves of keys.
    pub(super) fn renumbered(&self, new: &[u32]) -> Option<Vec<u64>> {
        let Self::Text(ids) = self else { return None };
        Some(ids.iter().map(|id| u64::from(renumbered(*id, new)) << 32).collect())
    }

    pub(super) fn set(&mut self, row: usize, cell: Scalar) {
        match self {
            Self::Text(ids) => ids[row] = text(cell),
            Self::Date(days) => days[row] = date(cell),
            Self::Flag(flags) => flags[row] = flag(cell),
            Self::Number(numbers) => numbers.set(row, number(cell)),
        }
    }

    pub(super) fn truncate(&mut self, len: usize) {
        match self {
            Self::Text(ids) => ids.truncate(len),
            Self::Date(days) => days.truncate(len),
            Self::Flag(flags) => flags.truncate(len),
            Self::Number(numbers) => numbers.truncate(len),
        }
    }

    #[inline]
    pub(super) fn get(&self, row: usize) -> Scalar {
        match self {
            Self::Text(ids) => text_cell(ids[row]),
            Self::Date(days) => date_cell(days[row]),
            Self::Flag(flags) => flag_cell(flags[row]),
            Self::Number(numbers) => number_cell(numbers.get(row)),
        }
    }

    /// All numbers as doubles, and the others as [`ScalarColumn::doubles`] gives them.
    pub(super) fn all_doubles(&self, scale: &Scale) -> Vec<f64> {
        let Self::Number(numbers) = self else { return vec![f64::NAN; self.len()] };
        numbers.map(|(mantissa, exponent)| scale.double(mantissa, exponent))
    }

    /// The numbers at some rows as doubles; NaN if a cell has none, or one that needs more than one operation.
    pub(super) fn doubles(&self, rows: &[u32], scale: &Scale) -> Vec<f64> {
        let Self::Number(numbers) = self else { return vec![f64::NAN; rows.len()] };
        numbers.of_rows(rows, |(mantissa, exponent)| scale.double(mantissa, exponent))
    }

    /// The numbers at some rows as multiples of one power of ten. `None` if this is not a column of numbers, or one of
    /// them is too long for that.
    pub(super) fn aligned(&self, rows: &[u32]) -> Option<Aligned> {
        let Self::Number(numbers) = self else { return None };
        let aligned = numbers.aligned(rows, |exponent| matches!(exponent, EXPONENT_NULL | EXPONENT_ABSENT));
        aligned.filter(|aligned| aligned.exponent != EXPONENT_WIDE)
    }

    /// The text numbers at some rows, -1 if there is none. `None` if this is not a text column.
    pub(super) fn numbers_of_texts(&self, rows: &[u32]) -> Option<Vec<i32>> {
        let Self::Text(ids) = self else { return None };
        // Both markers of empty cells are far beyond the number of texts that fit into memory, and become -1.
        Some(rows.iter().map(|row| ids[*row as usize].cast_signed().max(-1)).collect())
    }

    /// Passes all cells to `take`.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call for each cell takes as long as the cell itself")]
    pub(super) fn all(&self, mut take: impl FnMut(Scalar)) {
        match self {
            Self::Text(ids) => ids.iter().for_each(|&id| take(text_cell(id))),
            Self::Date(days) => days.iter().for_each(|&day| take(date_cell(day))),
            Self::Flag(flags) => flags.iter().for_each(|&flag| take(flag_cell(flag))),
            Self::Number(numbers) => numbers.all(|digits| take(number_cell(digits))),
        }
    }

    /// Passes the cells at some rows to `take`, in order.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call for each cell takes as long as the cell itself")]
    pub(super) fn each(&self, rows: &[u32], mut take: impl FnMut(u32, Scalar)) {
        match self {
            Self::Text(ids) => rows.iter().for_each(|&row| take(row, text_cell(ids[row as usize]))),
            Self::Date(days) => rows.iter().for_each(|&row| take(row, date_cell(days[row as usize]))),
            Self::Flag(flags) => rows.iter().for_each(|&row| take(row, flag_cell(flags[row as usize]))),
            Self::Number(numbers) => numbers.each(rows, |row, digits| take(row, number_cell(digits))),
        }
    }
}

#[inline]
fn renumbered(id: u32, new: &[u32]) -> u32 {
    new.get(id as usize).copied().unwrap_or(id)
}

#[inline]
fn text_cell(id: u32) -> Scalar {
    match id {
        TEXT_NULL => Scalar::Null,
        TEXT_ABSENT => Scalar::Absent,
        id => Scalar::Text(id),
    }
}

#[inline]
fn date_cell(day: i32) -> Scalar {
    match day {
        DATE_NULL => Scalar::Null,
        DATE_ABSENT => Scalar::Absent,
        day => Scalar::Date(day),
    }
}

#[inline]
fn flag_cell(flag: i8) -> Scalar {
    match flag {
        FLAG_NULL => Scalar::Null,
        FLAG_ABSENT => Scalar::Absent,
        flag => Scalar::Flag(flag == 1),
    }
}

#[inline]
fn number_cell((mantissa, exponent): Digits) -> Scalar {
    match exponent {
        EXPONENT_NULL => Scalar::Null,
        EXPONENT_ABSENT => Scalar::Absent,
        EXPONENT_WIDE => Scalar::Wide(u32::try_from(mantissa).unwrap_or(0)),
        exponent => Scalar::Number(Decimal { mantissa, exponent }),
    }
}

fn text(cell: Scalar) -> u32 {
    match cell {
        Scalar::Text(id) => id,
        Scalar::Absent => TEXT_ABSENT,
        _ => TEXT_NULL,
    }
}

fn date(cell: Scalar) -> i32 {
    match cell {
        Scalar::Date(day) => day,
        Scalar::Absent => DATE_ABSENT,
        _ => DATE_NULL,
    }
}

fn flag(cell: Scalar) -> i8 {
    match cell {
        Scalar::Flag(flag) => i8::from(flag),
        Scalar::Absent => FLAG_ABSENT,
        _ => FLAG_NULL,
    }
}

fn number(cell: Scalar) -> Digits {
    match cell {
        Scalar::Number(decimal) => (decimal.mantissa, decimal.exponent),
        Scalar::Wide(id) => (i64::from(id), EXPONENT_WIDE),
        Scalar::Absent => (0, EXPONENT_ABSENT),
        _ => (0, EXPONENT_NULL),
    }
}
