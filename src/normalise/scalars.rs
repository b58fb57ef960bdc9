//! Rows in memory, column by column, before they become Arrow: numbers as mantissa and exponent,
//! text as numbers of an interner, dates as days since 1970. Never here: where a cell came from.

use std::cmp::Ordering;
use std::hash::BuildHasher as _;

use hashbrown::{DefaultHashBuilder, HashTable};

use pitlake_contract::decimal::Decimal;
use pitlake_contract::exact::Exact;
use pitlake_contract::spelling::instant;

/// One value of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Scalar {
    /// The file has no such column.
    Absent,
    /// The vendor sent no value.
    Null,
    /// Number of a text in [`Texts`].
    Text(u32),
    /// Days since 1970-01-01.
    Date(i32),
    Flag(bool),
    Number(Decimal),
    /// Number of a text in [`Texts`]: a number too long for a [`Decimal`].
    Wide(u32),
}

impl Scalar {
    /// An instant, in microseconds since 1970.
    pub(super) fn instant(micros: i64) -> Self {
        Self::Number(Decimal { mantissa: micros, exponent: 0 })
    }

    /// The day of a date, or of an instant in Shanghai, since 1970.
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

    /// The number of a cell x 10^shift; `None` for other cells.
    pub(super) fn exact(self, shift: i8, texts: &Texts) -> Option<Exact> {
        match self {
            Self::Number(decimal) => Some(Exact::of(decimal, shift)),
            Self::Wide(id) => Exact::of_text(texts.get(id), shift),
            _ => None,
        }
    }

    /// Orders two numbers by value, whatever their lengths.
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

/// Distinct texts, numbered in the order of their arrival.
#[derive(Debug, Default)]
pub(super) struct Texts {
    bytes: String,
    /// End of each text in `bytes`.
    ends: Vec<usize>,
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl Texts {
    pub(super) fn get(&self, id: u32) -> &str {
        let id = id as usize;
        let start = if id == 0 { 0 } else { self.ends[id - 1] };
        &self.bytes[start..self.ends[id]]
    }

    /// The number of a text, new or known.
    pub(super) fn intern(&mut self, text: &str) -> u32 {
        let hash = self.hasher.hash_one(text);
        let Self { bytes, ends, table, hasher } = self;
        let read = |bytes: &str, ends: &[usize], id: u32| {
            let id = id as usize;
            let start = if id == 0 { 0 } else { ends[id - 1] };
            start..ends[id].min(bytes.len())
        };
        if let Some(&id) = table.find(hash, |&id| bytes[read(bytes, ends, id)] == *text) {
            return id;
        }
        let id = u32::try_from(ends.len()).unwrap_or(u32::MAX);
        bytes.push_str(text);
        ends.push(bytes.len());
        table.insert_unique(hash, id, |&id| hasher.hash_one(&bytes[read(bytes, ends, id)]));
        id
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }
}

/// One column of all rows read so far.
#[derive(Debug)]
pub(super) enum ScalarColumn {
    Text(Vec<u32>),
    Date(Vec<i32>),
    Flag(Vec<i8>),
    Number { mantissa: Vec<i64>, exponent: Vec<i8> },
}

// Values that no vendor can send mark the two kinds of empty cells.
const TEXT_NULL: u32 = u32::MAX;
const TEXT_ABSENT: u32 = u32::MAX - 1;
const DATE_NULL: i32 = i32::MIN;
const DATE_ABSENT: i32 = i32::MIN + 1;
const FLAG_NULL: i8 = -1;
const FLAG_ABSENT: i8 = -2;
const EXPONENT_NULL: i8 = i8::MIN;
const EXPONENT_ABSENT: i8 = i8::MIN + 1;
const EXPONENT_WIDE: i8 = i8::MIN + 2;

impl ScalarColumn {
    pub(super) fn push(&mut self, cell: Scalar) {
        match self {
            Self::Text(ids) => ids.push(text(cell)),
            Self::Date(days) => days.push(date(cell)),
            Self::Flag(flags) => flags.push(flag(cell)),
            Self::Number { mantissa, exponent } => {
                let (m, e) = number(cell);
                mantissa.push(m);
                exponent.push(e);
            }
        }
    }

    pub(super) fn set(&mut self, row: usize, cell: Scalar) {
        match self {
            Self::Text(ids) => ids[row] = text(cell),
            Self::Date(days) => days[row] = date(cell),
            Self::Flag(flags) => flags[row] = flag(cell),
            Self::Number { mantissa, exponent } => (mantissa[row], exponent[row]) = number(cell),
        }
    }

    pub(super) fn truncate(&mut self, len: usize) {
        match self {
            Self::Text(ids) => ids.truncate(len),
            Self::Date(days) => days.truncate(len),
            Self::Flag(flags) => flags.truncate(len),
            Self::Number { mantissa, exponent } => {
                mantissa.truncate(len);
                exponent.truncate(len);
            }
        }
    }

    pub(super) fn get(&self, row: usize) -> Scalar {
        match self {
            Self::Text(ids) => match ids[row] {
                TEXT_NULL => Scalar::Null,
                TEXT_ABSENT => Scalar::Absent,
                id => Scalar::Text(id),
            },
            Self::Date(days) => match days[row] {
                DATE_NULL => Scalar::Null,
                DATE_ABSENT => Scalar::Absent,
                day => Scalar::Date(day),
            },
            Self::Flag(flags) => match flags[row] {
                FLAG_NULL => Scalar::Null,
                FLAG_ABSENT => Scalar::Absent,
                flag => Scalar::Flag(flag == 1),
            },
            Self::Number { mantissa, exponent } => match exponent[row] {
                EXPONENT_NULL => Scalar::Null,
                EXPONENT_ABSENT => Scalar::Absent,
                EXPONENT_WIDE => Scalar::Wide(u32::try_from(mantissa[row]).unwrap_or(0)),
                exponent => Scalar::Number(Decimal { mantissa: mantissa[row], exponent }),
            },
        }
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

fn number(cell: Scalar) -> (i64, i8) {
    match cell {
        Scalar::Number(decimal) => (decimal.mantissa, decimal.exponent),
        Scalar::Wide(id) => (i64::from(id), EXPONENT_WIDE),
        Scalar::Absent => (0, EXPONENT_ABSENT),
        _ => (0, EXPONENT_NULL),
    }
}
