//! The digits of a column of numbers, four bytes each as long as all of them fit. Never where the decimal point is.

/// Whole numbers.
#[derive(Debug)]
pub(super) enum Mantissas {
    Narrow(Vec<i32>),
    Wide(Vec<i64>),
}

impl Mantissas {
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
    pub(super) fn push(&mut self, value: i64) {
        match self {
            Self::Narrow(cells) => match i32::try_from(value) {
                Ok(value) => cells.push(value),
                Err(_) => self.widen().push(value),
            },
            Self::Wide(cells) => cells.push(value),
        }
    }

    #[inline]
    pub(super) fn get(&self, row: usize) -> i64 {
        match self {
            Self::Narrow(cells) => i64::from(cells[row]),
            Self::Wide(cells) => cells[row],
        }
    }

    pub(super) fn set(&mut self, row: usize, value: i64) {
        match self {
            Self::Narrow(cells) => match i32::try_from(value) {
                Ok(value) => cells[row] = value,
                Err(_) => self.widen()[row] = value,
            },
            Self::Wide(cells) => cells[row] = value,
        }
    }

    /// Takes back all from `len` on; nothing at all is narrow again.
    pub(super) fn truncate(&mut self, len: usize) {
        match self {
            Self::Narrow(cells) => cells.truncate(len),
            Self::Wide(_) if len == 0 => *self = Self::new(),
            Self::Wide(cells) => cells.truncate(len),
        }
    }

    /// Appends those of another column.
    pub(super) fn append(&mut self, more: &Self) {
        match (&mut *self, more) {
            (Self::Narrow(cells), Self::Narrow(more)) => cells.extend_from_slice(more),
            (_, Self::Narrow(more)) => self.widen().extend(more.iter().copied().map(i64::from)),
            (_, Self::Wide(more)) => self.widen().extend_from_slice(more),
        }
    }

    /// Appends those of some rows of another column.
    pub(super) fn append_ordered(&mut self, more: &Self, order: &[u32]) {
        match (&mut *self, more) {
            (Self::Narrow(cells), Self::Narrow(more)) => cells.extend(order.iter().map(|row| more[*row as usize])),
            (_, Self::Narrow(more)) => self.widen().extend(order.iter().map(|row| i64::from(more[*row as usize]))),
            (_, Self::Wide(more)) => self.widen().extend(order.iter().map(|row| more[*row as usize])),
        }
    }

    /// The values in eight bytes each.
    #[cold]
    fn widen(&mut self) -> &mut Vec<i64> {
        if let Self::Narrow(cells) = self {
            let mut wide = Vec::with_capacity(cells.capacity());
            wide.extend(cells.iter().copied().map(i64::from));
            *self = Self::Wide(wide);
        }
        match self {
            Self::Wide(cells) => cells,
            Self::Narrow(_) => unreachable!("it was widened"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values(cells: &Mantissas) -> Vec<i64> {
        (0..cells.len()).map(|row| cells.get(row)).collect()
    }

    proptest! {
        #[test]
        fn columns_of_any_width_hold_what_they_were_given(
            columns in prop::collection::vec(prop::collection::vec(prop_oneof![-9i64..9, any::<i64>()], 0..9), 1..5),
            at in any::<prop::sample::Index>(),
        ) {
            let (mut all, mut expected) = (Mantissas::new(), Vec::new());
            for (place, column) in columns.iter().enumerate() {
                let mut cells = Mantissas::new();
                for value in column {
                    cells.push(*value);
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
                prop_assert_eq!(values(&all), expected.clone());
            }
            if !expected.is_empty() {
                let row = at.index(expected.len());
                all.set(row, i64::MAX);
                expected[row] = i64::MAX;
                all.truncate(row + 1);
                expected.truncate(row + 1);
                prop_assert_eq!(values(&all), expected);
            }
        }
    }
}
