//! A published file with the rows of more days merged in. Its own rows are decoded column by column, on demand. Whether
//! that equals a build from all of its bronze is decided in `build`, not here.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use anyhow::{Result, ensure};
use arrow::array::{Array as _, ArrayRef, AsArray as _, Date32Array, MutableArrayData, StringArray, make_array};
use arrow::datatypes::{DataType, Date32Type, SchemaRef};
use arrow::record_batch::RecordBatch;

use super::base::Base;
use super::encoding::Columns;
use crate::normalise::{Finished, NumberedTexts};
use crate::panics::caught;
use crate::parallel::Threads;
use crate::spec::{Column, ColumnType, Table};

/// Days of the new rows, counted from 1970-01-01.
pub type Days = BTreeSet<i32>;

/// A published file and the rows merged into it.
pub struct Extended<'b> {
    base: &'b Base,
    new: &'b Finished<'b>,
    /// Positions of the new rows.
    places: Vec<usize>,
    /// Columns held in memory as a whole: texts, and the days of the key.
    kept: Vec<Option<Kept>>,
    names: Names,
    pub(super) companion: Option<RecordBatch>,
}

/// A column in memory.
#[derive(Debug)]
enum Kept {
    /// As numbers.
    Texts(Vec<i32>),
    Days(Vec<i32>),
}

/// Numbers assigned to distinct texts.
#[derive(Debug, Default)]
struct Names {
    texts: Vec<Box<str>>,
    numbers: HashMap<Box<str>, i32>,
}

impl Names {
    fn number(&mut self, text: &str) -> Result<i32> {
        if let Some(number) = self.numbers.get(text) {
            return Ok(*number);
        }
        let number = i32::try_from(self.texts.len())?;
        self.texts.push(text.into());
        self.numbers.insert(text.into(), number);
        Ok(number)
    }

    fn get(&self, number: i32) -> &str {
        usize::try_from(number).ok().and_then(|number| self.texts.get(number)).map_or("", |text| text)
    }
}

impl<'b> Extended<'b> {
    /// Merges the rows of some days into the file. `None` if that takes more than finding their positions: the file is
    /// damaged, already has rows with these days or keys, or the key is not made of days and texts alone.
    ///
    /// # Errors
    /// When the file cannot be decoded.
    pub fn of(
        base: &'b Base,
        table: &Table,
        new: &'b Finished<'b>,
        (days, threads): (&Days, Threads),
    ) -> Result<Option<Self>> {
        let (is_intact, kept) = threads.both(|| base.is_intact(), || caught(|| kept(base, table)));
        let Some(kept) = kept.filter(|_| is_intact) else { return Ok(None) };
        let Some((own, mut names)) = kept? else { return Ok(None) };
        let Some(more) = of_rows(new, &own, &mut names)? else { return Ok(None) };
        let companion = base.companion(table)?;
        let Some(event) = table.event else { return Ok(None) };
        let is_new = |day: &i32| days.contains(day);
        match (&own[event], &more[event]) {
            (Some(Kept::Days(own)), Some(Kept::Days(more))) if !own.iter().any(is_new) && more.iter().all(is_new) => {}
            _ => return Ok(None),
        }
        if let Some(states) = &companion {
            let of_states = states.column(event).as_primitive_opt::<Date32Type>();
            if of_states.is_none_or(|of_states| of_states.iter().flatten().any(|day| is_new(&day))) {
                return Ok(None);
            }
        }
        let Some(places) = places(table, (&own, &more, &names), (base.num_rows(), new.num_rows())) else {
            return Ok(None);
        };
        let kept = own.into_iter().zip(more).map(|pair| match pair {
            (Some(Kept::Texts(own)), Some(Kept::Texts(more))) => Some(Kept::Texts(placed(&own, &more, &places))),
            (Some(Kept::Days(own)), Some(Kept::Days(more))) => Some(Kept::Days(placed(&own, &more, &places))),
            _ => None,
        });
        let kept = kept.collect();
        Ok(Some(Self { base, new, places, kept, names, companion }))
    }

    /// The number of rows.
    #[must_use]
    pub fn num_rows(&self) -> usize {
        Columns::num_rows(self)
    }
}

/// All text columns, and the days of the key. `None` if the key has other types, or nulls.
fn kept(base: &Base, table: &Table) -> Result<Option<(Vec<Option<Kept>>, Names)>> {
    let mut names = Names::default();
    let mut kept = Vec::new();
    for (index, field) in base.schema().fields().iter().enumerate() {
        let in_key = table.key.contains(&index);
        let one = match field.data_type() {
            DataType::Utf8 => Kept::Texts(base.texts(index, |text| names.number(text))?),
            DataType::Date32 if in_key => {
                let days = base.column(index, 0..base.num_rows())?;
                if days.null_count() > 0 {
                    return Ok(None);
                }
                Kept::Days(days.as_primitive::<Date32Type>().values().to_vec())
            }
            _ if in_key => return Ok(None),
            _ => {
                kept.push(None);
                continue;
            }
        };
        if in_key && one.is_lacking() {
            return Ok(None);
        }
        kept.push(Some(one));
    }
    Ok(Some((kept, names)))
}

/// The positions of the new rows among the file's own. `None` if a key occurs in both.
fn places(
    table: &Table,
    (own, more, names): (&[Option<Kept>], &[Option<Kept>], &Names),
    (all, count): (usize, usize),
) -> Option<Vec<usize>> {
    let compare = |a: usize, b: usize| {
        let of_column = |column: &usize| match (&own[*column], &more[*column]) {
            (Some(Kept::Texts(own)), Some(Kept::Texts(more))) if own[a] == more[b] => Ordering::Equal,
            (Some(Kept::Texts(own)), Some(Kept::Texts(more))) => names.get(own[a]).cmp(names.get(more[b])),
            (Some(Kept::Days(own)), Some(Kept::Days(more))) => own[a].cmp(&more[b]),
            _ => Ordering::Equal,
        };
        table.key.iter().map(of_column).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    };
    let (mut places, mut before) = (Vec::with_capacity(count), 0);
    for row in 0..count {
        before += partition_point(before..all, |own| compare(own, row).is_lt());
        if before < all && compare(before, row).is_eq() {
            return None;
        }
        places.push(before + row);
    }
    Some(places)
}

impl Kept {
    /// Whether it has nulls.
    fn is_lacking(&self) -> bool {
        matches!(self, Self::Texts(numbers) if numbers.contains(&NumberedTexts::MISSING))
    }
}

/// The number of leading elements of a range that are `less`.
fn partition_point(range: Range<usize>, less: impl Fn(usize) -> bool) -> usize {
    let (mut least, mut most) = (range.start, range.end);
    while least < most {
        let middle = usize::midpoint(least, most);
        if less(middle) {
            least = middle + 1;
        } else {
            most = middle;
        }
    }
    least - range.start
}

/// The columns of the new rows that match the kept ones. `None` if the key has nulls.
fn of_rows(new: &Finished<'_>, own: &[Option<Kept>], names: &mut Names) -> Result<Option<Vec<Option<Kept>>>> {
    let mut more = Vec::with_capacity(own.len());
    for (index, of_base) in own.iter().enumerate() {
        let Some(of_base) = of_base else {
            more.push(None);
            continue;
        };
        let column = new.column(index, 0..new.num_rows());
        let one = match of_base {
            Kept::Texts(_) => {
                let number = |text: Option<&str>| text.map_or(Ok(NumberedTexts::MISSING), |text| names.number(text));
                Kept::Texts(column.as_string::<i32>().iter().map(number).collect::<Result<_>>()?)
            }
            Kept::Days(_) if column.null_count() > 0 => return Ok(None),
            Kept::Days(_) => Kept::Days(column.as_primitive::<Date32Type>().values().to_vec()),
        };
        if of_base.is_lacking() || !one.is_lacking() {
            more.push(Some(one));
        } else {
            return Ok(None);
        }
    }
    Ok(Some(more))
}

/// `own` with `more` inserted at the given positions.
fn placed(own: &[i32], more: &[i32], places: &[usize]) -> Vec<i32> {
    let mut all = Vec::with_capacity(own.len() + more.len());
    let mut taken = 0;
    for (before, (place, value)) in places.iter().zip(more).enumerate() {
        all.extend_from_slice(&own[taken..place - before]);
        taken = place - before;
        all.push(*value);
    }
    all.extend_from_slice(&own[taken..]);
    all
}

impl Columns for Extended<'_> {
    fn schema(&self) -> SchemaRef {
        self.new.schema()
    }

    fn num_rows(&self) -> usize {
        self.base.num_rows() + self.places.len()
    }

    fn column(&self, index: usize, rows: Range<usize>) -> Result<ArrayRef> {
        match &self.kept[index] {
            Some(Kept::Days(days)) => return Ok(Arc::new(Date32Array::from(days[rows].to_vec()))),
            Some(Kept::Texts(numbers)) => {
                let text = |number: &i32| (*number != NumberedTexts::MISSING).then(|| self.names.get(*number));
                return Ok(Arc::new(numbers[rows].iter().map(text).collect::<StringArray>()));
            }
            None => {}
        }
        let [first, end] = [rows.start, rows.end].map(|row| self.places.partition_point(|place| *place < row));
        let own = rows.start - first..rows.end - end;
        let new = self.new.column(index, first..end).to_data();
        if own.is_empty() {
            return Ok(make_array(new));
        }
        let own = self.base.column(index, own)?.to_data();
        ensure!(own.data_type() == new.data_type(), "a published column has another type");
        let mut all = MutableArrayData::new(vec![&own, &new], false, rows.len());
        let mut taken = 0;
        for (number, place) in self.places[first..end].iter().enumerate() {
            let before = place - rows.start - number;
            all.try_extend(0, taken, before)?;
            all.try_extend(1, number, number + 1)?;
            taken = before;
        }
        all.try_extend(0, taken, own.len())?;
        Ok(make_array(all.freeze()))
    }

    fn texts(&self, index: usize, rows: Range<usize>) -> Option<NumberedTexts<'_>> {
        let Some(Kept::Texts(numbers)) = &self.kept[index] else { return None };
        Some(NumberedTexts { numbers: numbers[rows].to_vec(), text: Box::new(|number| self.names.get(number)) })
    }
}

/// Whether rows can be merged into a table in key order without looking at what else they hold.
#[must_use]
pub fn can_be_extended(table: &Table) -> bool {
    let is_plain = |column: &Column| matches!(column.kind, ColumnType::Utf8 | ColumnType::Date);
    let common = table.common_key();
    let is_of_days = |event: usize| common.contains(&event) && table.columns[event].kind == ColumnType::Date;
    table.versions.is_none()
        && table.event.is_some_and(is_of_days)
        && table.key.iter().all(|column| is_plain(&table.columns[*column]))
}
