//! The numbers of a column: for each its digits and its number of decimal places, in five bytes as long as all digits
//! fit into four. What the places mean where there is no number is decided by the caller.

/// The digits of a number as an integer, and its power of ten.
pub(super) type Digits = (i64, i8);

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

    /// Maps the numbers at some rows, in order.
    pub(super) fn of_rows<T>(&self, rows: &[u32], made: impl Fn(Digits) -> T) -> Vec<T> {
        match self {
            Self::Narrow(cells) => rows.iter().map(|row| made(of_narrow(cells[*row as usize]))).collect(),
            Self::Wide(cells) => rows.iter().map(|row| made(of_wide(cells[*row as usize]))).collect(),
        }
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
        assert_eq!(some, (0u32..).zip(all.iter().copied()).collect::<Vec<_>>());
        all
    }

    proptest! {
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
