//! The numbers of a column: for each its digits and its number of decimal places, in five bytes as long as all digits
//! fit into four. What the places mean where there is no number is decided by the caller.

/// The digits of a number as an integer, and its power of ten.
pub(super) type Digits = (i64, i8);

/// Number of rows that are looked at to guess the finest number.
const SAMPLE: usize = 64;

/// Numbers as multiples of one power of ten.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Aligned {
    pub(super) numbers: Vec<i32>,
    pub(super) exponent: i8,
    /// The places of cells without a number, which are 0.
    pub(super) missing: Vec<usize>,
}

/// A sequence of numbers.
#[derive(Debug)]
pub(super) enum Numbers {
    Narrow(Vec<[u8; 5]>),
    Wide(Vec<[u8; 9]>),
}

#[inline]
fn narrow(mantissa: i32, exponent: i8) -> [u8; 5] {
    let [a, b, c, d] = mantissa.to_le_bytes();
    [a, b, c, d, exponent.cast_unsigned()]
}

#[inline]
fn wide(mantissa: i64, exponent: i8) -> [u8; 9] {
    let mut cell = [exponent.cast_unsigned(); 9];
    cell[..8].copy_from_slice(&mantissa.to_le_bytes());
    cell
}

#[inline]
fn of_narrow([a, b, c, d, exponent]: [u8; 5]) -> Digits {
    (i64::from(i32::from_le_bytes([a, b, c, d])), exponent.cast_signed())
}

#[inline]
fn of_wide(cell: [u8; 9]) -> Digits {
    let mut mantissa = [0; 8];
    mantissa.copy_from_slice(&cell[..8]);
    (i64::from_le_bytes(mantissa), cell[8].cast_signed())
}

impl Numbers {
    pub(super) const fn new() -> Self {
        Self::Narrow(Vec::new())
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Narrow(cells) => cells.len(),
            Self::Wide(cells) => cells.len(),
        }
    }

    pub(super) fn reserve(&mut self, more: usize) {
        match self {
            Self::Narrow(cells) => cells.reserve(more),
            Self::Wide(cells) => cells.reserve(more),
        }
    }

    #[inline]
    pub(super) fn push(&mut self, (mantissa, exponent): Digits) {
        match self {
            Self::Narrow(cells) => match i32::try_from(mantissa) {
                Ok(mantissa) => cells.push(narrow(mantissa, exponent)),
                Err(_) => self.widen().push(wide(mantissa, exponent)),
            },
            Self::Wide(cells) => cells.push(wide(mantissa, exponent)),
        }
    }

    #[inline]
    pub(super) fn get(&self, row: usize) -> Digits {
        match self {
            Self::Narrow(cells) => of_narrow(cells[row]),
            Self::Wide(cells) => of_wide(cells[row]),
        }
    }

    pub(super) fn set(&mut self, row: usize, (mantissa, exponent): Digits) {
        match self {
            Self::Narrow(cells) => match i32::try_from(mantissa) {
                Ok(mantissa) => cells[row] = narrow(mantissa, exponent),
                Err(_) => self.widen()[row] = wide(mantissa, exponent),
            },
            Self::Wide(cells) => cells[row] = wide(mantissa, exponent),
        }
    }

    /// Truncates to `len`. An empty column is narrow again.
    pub(super) fn truncate(&mut self, len: usize) {
        match self {
            Self::Narrow(cells) => cells.truncate(len),
            Self::Wide(_) if len == 0 => *self = Self::new(),
            Self::Wide(cells) => cells.truncate(len),
        }
    }

    /// Appends the numbers of another column.
    pub(super) fn append(&mut self, more: &Self) {
        match (&mut *self, more) {
            (Self::Narrow(cells), Self::Narrow(more)) => cells.extend_from_slice(more),
            (_, Self::Narrow(more)) => self.widen().extend(more.iter().map(|cell| widened(*cell))),
            (_, Self::Wide(more)) => self.widen().extend_from_slice(more),
        }
    }

    /// Appends the numbers at some rows of another column.
    pub(super) fn append_ordered(&mut self, more: &Self, order: &[u32]) {
        match (&mut *self, more) {
            (Self::Narrow(cells), Self::Narrow(more)) => cells.extend(order.iter().map(|row| more[*row as usize])),
            (_, Self::Narrow(more)) => self.widen().extend(order.iter().map(|row| widened(more[*row as usize]))),
            (_, Self::Wide(more)) => self.widen().extend(order.iter().map(|row| more[*row as usize])),
        }
    }

    /// Whether any number has this exponent.
    pub(super) fn has_exponent(&self, exponent: i8) -> bool {
        match self {
            Self::Narrow(cells) => cells.iter().any(|cell| of_narrow(*cell).1 == exponent),
            Self::Wide(cells) => cells.iter().any(|cell| of_wide(*cell).1 == exponent),
        }
    }

    /// Passes all numbers to `take`.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call for each number takes as long as the number itself")]
    pub(super) fn all(&self, mut take: impl FnMut(Digits)) {
        match self {
            Self::Narrow(cells) => cells.iter().for_each(|cell| take(of_narrow(*cell))),
            Self::Wide(cells) => cells.iter().for_each(|cell| take(of_wide(*cell))),
        }
    }

    /// Passes the numbers at some rows to `take`, in order.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "a call for each number takes as long as the number itself")]
    pub(super) fn each(&self, rows: &[u32], mut take: impl FnMut(u32, Digits)) {
        match self {
            Self::Narrow(cells) => rows.iter().for_each(|&row| take(row, of_narrow(cells[row as usize]))),
            Self::Wide(cells) => rows.iter().for_each(|&row| take(row, of_wide(cells[row as usize]))),
        }
    }

    /// Maps all numbers.
    pub(super) fn map<T>(&self, made: impl Fn(Digits) -> T) -> Vec<T> {
        match self {
            Self::Narrow(cells) => cells.iter().map(|cell| made(of_narrow(*cell))).collect(),
            Self::Wide(cells) => cells.iter().map(|cell| made(of_wide(*cell))).collect(),
        }
    }

    /// Maps the numbers at some rows, in order.
    pub(super) fn of_rows<T>(&self, rows: &[u32], made: impl Fn(Digits) -> T) -> Vec<T> {
        match self {
            Self::Narrow(cells) => rows.iter().map(|row| made(of_narrow(cells[*row as usize]))).collect(),
            Self::Wide(cells) => rows.iter().map(|row| made(of_wide(cells[*row as usize]))).collect(),
        }
    }

    /// The numbers at some rows as multiples of the same power of ten. `is_missing` tells which exponents mean that there
    /// is no number. `None` if a number is too long for that.
    pub(super) fn aligned(&self, rows: &[u32], is_missing: impl Fn(i8) -> bool) -> Option<Aligned> {
        let Self::Narrow(cells) = self else { return None };
        let least = |rows: &mut dyn Iterator<Item = &u32>| {
            rows.map(|row| of_narrow(cells[*row as usize]).1).filter(|exponent| !is_missing(*exponent)).min()
        };
        let exponent = least(&mut rows.iter().step_by(rows.len() / SAMPLE + 1)).unwrap_or(0);
        if let Some((numbers, 0)) = multiples(cells, rows, exponent) {
            return Some(Aligned { numbers, exponent, missing: Vec::new() });
        }
        // Numbers are missing, or the sample lacked the finest.
        let exponent = least(&mut rows.iter()).unwrap_or(0);
        let is_missing = |(_, row): &(usize, &u32)| is_missing(of_narrow(cells[**row as usize]).1);
        let missing: Vec<usize> = rows.iter().enumerate().filter(is_missing).map(|(place, _)| place).collect();
        let (numbers, others) = multiples(cells, rows, exponent)?;
        (others == missing.len()).then_some(Aligned { numbers, exponent, missing })
    }

    /// Widens the numbers to nine bytes each.
    #[cold]
    fn widen(&mut self) -> &mut Vec<[u8; 9]> {
        if let Self::Narrow(cells) = self {
            let mut wide = Vec::with_capacity(cells.capacity());
            wide.extend(cells.iter().map(|cell| widened(*cell)));
            *self = Self::Wide(wide);
        }
        match self {
            Self::Wide(cells) => cells,
            Self::Narrow(_) => unreachable!("it was widened"),
        }
    }
}

/// The numbers of some rows as multiples of a power of ten, and how many of the rows have none that can be written so:
/// these become 0. `None` if a multiple does not fit into 32 bits.
fn multiples(cells: &[[u8; 5]], rows: &[u32], exponent: i8) -> Option<(Vec<i32>, usize)> {
    // For each exponent, what to multiply by. 0 stands for those that are too fine or too coarse.
    let mut factors = [0i64; 256];
    let mut factor = 1;
    for exponent in (exponent..=i8::MAX).take(10) {
        factors[usize::from(exponent.cast_unsigned())] = factor;
        factor *= 10;
    }
    let (mut others, mut is_long) = (0, false);
    let mut numbers = vec![0; rows.len()];
    // A closure would keep both results in memory, which takes longer than everything else here.
    for (number, row) in numbers.iter_mut().zip(rows) {
        let (mantissa, exponent) = of_narrow(cells[*row as usize]);
        let factor = factors[usize::from(exponent.cast_unsigned())];
        let multiple = mantissa * factor;
        others += usize::from(factor == 0);
        let [a, b, c, d, ..] = multiple.to_le_bytes();
        *number = i32::from_le_bytes([a, b, c, d]);
        is_long |= i64::from(*number) != multiple;
    }
    (!is_long).then_some((numbers, others))
}

fn widened(cell: [u8; 5]) -> [u8; 9] {
    let (mantissa, exponent) = of_narrow(cell);
    wide(mantissa, exponent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn digits(cells: &Numbers) -> Vec<Digits> {
        let mut all = Vec::new();
        cells.all(|cell| all.push(cell));
        assert_eq!(all, (0..cells.len()).map(|row| cells.get(row)).collect::<Vec<_>>());
        let rows: Vec<u32> = (0u32..).take(cells.len()).collect();
        let mut some = Vec::new();
        cells.each(&rows, |row, cell| some.push((row, cell)));
        assert_eq!(cells.of_rows(&rows, |cell| cell), all);
        assert_eq!(cells.map(|cell| cell), all);
        assert_eq!(some, (0u32..).zip(all.iter().copied()).collect::<Vec<_>>());
        all
    }

    /// What `aligned` should give.
    fn aligned(cells: &[Digits], rows: &[u32]) -> Option<Aligned> {
        let (mut numbers, mut missing) = (Vec::new(), Vec::new());
        let exponent = rows.iter().map(|row| cells[*row as usize].1).filter(|exponent| *exponent > -100).min();
        let exponent = exponent.unwrap_or(0);
        for (place, row) in rows.iter().enumerate() {
            match cells[*row as usize] {
                (_, ..=-100) => {
                    missing.push(place);
                    numbers.push(0);
                }
                (mantissa, own) => {
                    let power = 10i128.checked_pow(u32::from(own.abs_diff(exponent)))?;
                    // Nine more places are as many as are kept.
                    i32::try_from(power).ok()?;
                    numbers.push(i32::try_from(i128::from(mantissa) * power).ok()?);
                }
            }
        }
        Some(Aligned { numbers, exponent, missing })
    }

    proptest! {
        #[test]
        fn numbers_are_multiples_of_the_finest(
            cells in prop::collection::vec((-3000..3000i32, -4..3i8), 1..400),
            odd in prop::collection::vec(
                (any::<prop::sample::Index>(), prop_oneof![-9..9i32, any::<i32>()], prop_oneof![-120..-100i8, -9..9i8]),
                0..3,
            ),
            rows in prop::collection::vec(any::<prop::sample::Index>(), 0..400),
        ) {
            let mut cells: Vec<Digits> = cells.into_iter().map(|(mantissa, exponent)| (mantissa.into(), exponent)).collect();
            for (at, mantissa, exponent) in odd {
                let at = at.index(cells.len());
                cells[at] = (mantissa.into(), exponent);
            }
            let mut numbers = Numbers::new();
            for cell in &cells {
                numbers.push(*cell);
            }
            let rows: Vec<u32> = rows.iter().map(|row| u32::try_from(row.index(cells.len())).unwrap()).collect();
            prop_assert_eq!(numbers.aligned(&rows, |exponent| exponent <= -100), aligned(&cells, &rows));
        }

        #[test]
        fn columns_of_any_width_hold_what_they_were_given(
            columns in prop::collection::vec(
                prop::collection::vec((prop_oneof![-9i64..9, any::<i64>()], any::<i8>()), 0..9),
                1..5,
            ),
            at in any::<prop::sample::Index>(),
        ) {
            let (mut all, mut expected) = (Numbers::new(), Vec::new());
            for (place, column) in columns.iter().enumerate() {
                let mut cells = Numbers::new();
                for cell in column {
                    cells.push(*cell);
                }
                if place % 2 == 0 {
                    all.append(&cells);
                    expected.extend(column);
                } else {
                    let mut order: Vec<u32> = (0u32..).take(column.len()).collect();
                    order.reverse();
                    all.append_ordered(&cells, &order);
                    expected.extend(column.iter().rev());
                }
                prop_assert_eq!(digits(&all), expected.clone());
            }
            if let Some((_, exponent)) = expected.first() {
                prop_assert!(all.has_exponent(*exponent));
                let row = at.index(expected.len());
                all.set(row, (i64::MAX, 7));
                expected[row] = (i64::MAX, 7);
                all.truncate(row + 1);
                expected.truncate(row + 1);
                prop_assert_eq!(digits(&all), expected);
            }
        }
    }
}
