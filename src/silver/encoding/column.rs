//! Encodes one column of a row group to bytes and metadata. The data decide the encoding: a dictionary if values
//! repeat, otherwise deltas for integers and plain values for doubles and texts. Where the bytes go is up to the
//! caller.

use std::borrow::Cow;

use anyhow::{Result, ensure};
use arrow::array::{Array, AsArray as _};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use parquet::basic::{BoundaryOrder, Compression, Encoding, PageType, Type, ZstdLevel};
use parquet::column::writer::ColumnCloseResult;
use parquet::file::metadata::{ColumnChunkMetaData, ColumnIndexBuilder, OffsetIndexBuilder, PageEncodingStats};
use parquet::schema::types::ColumnDescPtr;
use zstd::bulk::Compressor;
use zstd::zstd_safe::{CParameter, Strategy};

use super::dictionary::Dictionary;
use super::hybrid;
use super::page::{Page, PageKind};
use super::rank::Ranks;
use super::value::{Number, Value};
use crate::normalise::{Decimals, NumberedTexts};

/// Compression level. Level 1 is no faster and leaves doubles a fifth larger; higher levels cost more time than they
/// save.
const LEVEL: i32 = 2;

/// Doubles mostly share only a few bytes, so search for matches of four bytes or more, in a table with room for every
/// position of a page. For 58 sessions of factors this takes 7 % fewer bytes than [`LEVEL`] alone, for 9 % more CPU;
/// level 3 is worse at both.
const OF_DOUBLES: [CParameter; 3] =
    [CParameter::Strategy(Strategy::ZSTD_fast), CParameter::MinMatch(4), CParameter::HashLog(18)];

/// Rows per page: few enough that a query for one stock skips most of a row group.
const PAGE: usize = 16_384;

/// Buffers that a thread reuses from column to column.
pub(super) struct Workspace {
    compressor: Compressor<'static>,
    /// For doubles written without a dictionary.
    of_doubles: Compressor<'static>,
    compressed: Vec<u8>,
    ranks: Ranks,
}

impl Workspace {
    /// A workspace for one thread.
    pub(super) fn new() -> std::io::Result<Self> {
        let mut of_doubles = Compressor::new(LEVEL)?;
        for parameter in OF_DOUBLES {
            of_doubles.set_parameter(parameter)?;
        }
        Ok(Self { compressor: Compressor::new(LEVEL)?, of_doubles, compressed: Vec::new(), ranks: Ranks::default() })
    }
}

/// An encoded column of a row group.
pub(super) struct EncodedColumn {
    pub(super) bytes: Vec<u8>,
    pub(super) close: ColumnCloseResult,
}

/// Encodes a column of a row group.
pub(super) fn encode(array: &dyn Array, column: &ColumnDescPtr, work: &mut Workspace) -> Result<EncodedColumn> {
    let nulls = array.logical_nulls().filter(|nulls| nulls.null_count() > 0);
    let nulls = nulls.as_ref();
    match array.data_type() {
        DataType::Float64 => values(array.as_primitive::<Float64Type>().values(), nulls, (column, work)),
        DataType::Int64 => values(array.as_primitive::<Int64Type>().values(), nulls, (column, work)),
        DataType::Timestamp(..) => {
            values(array.as_primitive::<TimestampMicrosecondType>().values(), nulls, (column, work))
        }
        DataType::Int32 => values(array.as_primitive::<Int32Type>().values(), nulls, (column, work)),
        DataType::Date32 => values(array.as_primitive::<Date32Type>().values(), nulls, (column, work)),
        DataType::Boolean => {
            let all: Vec<bool> = array.as_boolean().values().iter().collect();
            values(&all, nulls, (column, work))
        }
        DataType::Utf8 => {
            let texts = array.as_string::<i32>();
            let all: Vec<&str> = (0..texts.len()).map(|row| texts.value(row)).collect();
            values(&all, nulls, (column, work))
        }
        other => anyhow::bail!("columns of type {other} are not supported"),
    }
}

/// Encodes a column of numbered texts to the same bytes as [`encode`], looking at the texts of a dictionary only once.
pub(super) fn encode_texts(
    texts: &NumberedTexts<'_>,
    column: &ColumnDescPtr,
    work: &mut Workspace,
) -> Result<EncodedColumn> {
    ensure!(column.physical_type() == Type::BYTE_ARRAY, "the column `{}` has another type", column.name());
    let NumberedTexts { numbers, text } = texts;
    let is_there = |number: &i32| *number != NumberedTexts::MISSING;
    let nulls: Option<NullBuffer> = (!numbers.iter().all(is_there)).then(|| numbers.iter().map(is_there).collect());
    let present: Cow<'_, [i32]> = match nulls {
        None => numbers.into(),
        Some(_) => numbers.iter().copied().filter(is_there).collect(),
    };
    let named = |numbers: &[i32]| -> Vec<&str> { numbers.iter().map(|number| text(*number)).collect() };
    let dictionary = Dictionary::of(&present, &mut work.ranks).map(|dictionary| dictionary.of_others(&named));
    let present = if dictionary.is_none() { named(&present) } else { Vec::new() };
    put(numbers.len(), nulls.as_ref(), (&present, dictionary), (column, work))
}

/// Encodes a column of decimals to the same bytes as [`encode`]. `None` if they have to be given as values.
pub(super) fn encode_decimals(
    decimals: &Decimals,
    column: &ColumnDescPtr,
    work: &mut Workspace,
) -> Option<Result<EncodedColumn>> {
    match column.physical_type() {
        Type::DOUBLE => numbers::<f64>(decimals, column, work),
        Type::INT64 => numbers::<i64>(decimals, column, work),
        _ => None,
    }
}

fn numbers<T: Number>(
    Decimals { numbers, power, nulls }: &Decimals,
    column: &ColumnDescPtr,
    work: &mut Workspace,
) -> Option<Result<EncodedColumn>> {
    let times = T::times(*power)?;
    let nulls = nulls.as_ref();
    let present: Cow<'_, [i32]> = match nulls {
        None => numbers.into(),
        Some(nulls) => nulls.valid_indices().map(|row| numbers[row]).collect(),
    };
    let dictionary = Dictionary::of_numbers(&present, times, &mut work.ranks);
    let present =
        if dictionary.is_none() { present.iter().map(|number| T::of(*number, times)).collect() } else { Vec::new() };
    Some(put(numbers.len(), nulls, (&present, dictionary), (column, work)))
}

fn values<T: Value>(
    all: &[T],
    nulls: Option<&NullBuffer>,
    (column, work): (&ColumnDescPtr, &mut Workspace),
) -> Result<EncodedColumn> {
    ensure!(column.physical_type() == T::TYPE, "the column `{}` has another type", column.name());
    let present: Cow<'_, [T]> = match nulls {
        None => all.into(),
        Some(nulls) => nulls.valid_indices().map(|row| all[row]).collect(),
    };
    let dictionary = Dictionary::of(&present, &mut work.ranks);
    put(all.len(), nulls, (&present, dictionary), (column, work))
}

/// Lays out rows whose values are either all given or all in a dictionary.
fn put<T: Value>(
    all: usize,
    nulls: Option<&NullBuffer>,
    (present, dictionary): (&[T], Option<Dictionary<T>>),
    (column, work): (&ColumnDescPtr, &mut Workspace),
) -> Result<EncodedColumn> {
    let mut pages = Vec::new();
    if let Some(Dictionary { distinct, .. }) = &dictionary {
        let mut body = Vec::new();
        for value in distinct {
            value.put(&mut body);
        }
        let encoding = Encoding::PLAIN_DICTIONARY;
        pages.push(Page { kind: PageKind::Dictionary, count: distinct.len(), encoding, body });
    }
    let mut bounds = Vec::new();
    let mut from = 0;
    for start in (0..all).step_by(PAGE) {
        let rows = PAGE.min(all - start);
        let mut body = Vec::with_capacity(rows * if dictionary.is_some() { 4 } else { 8 });
        let missing = levels(nulls, start, rows, &mut body);
        let range = from..from + rows - missing;
        from = range.end;
        let (encoding, of) = match &dictionary {
            None => (T::put_all(&present[range.clone()], &mut body), T::bounds(&present[range])),
            Some(Dictionary { distinct, places }) => {
                let width = hybrid::width(u32::try_from(distinct.len().saturating_sub(1))?);
                body.push(width.to_le_bytes()[0]);
                hybrid::put(&places[range.clone()], width, &mut body);
                // Dictionary values are sorted, so the smallest and largest index give the bounds.
                let value = |place: u32| distinct[place as usize];
                let ends = |(least, most): (u32, u32), place: &u32| (least.min(*place), most.max(*place));
                let (least, most) = places[range.clone()].iter().fold((u32::MAX, 0), ends);
                (Encoding::PLAIN_DICTIONARY, (!range.is_empty()).then(|| (value(least), value(most))))
            }
        };
        pages.push(Page { kind: PageKind::Data, count: rows, encoding, body });
        bounds.push(Bounds { of, nulls: missing });
    }
    Layout { column, rows: all }.put(&pages, &bounds, work)
}

/// Appends the definition levels, with their length in front. Returns the number of nulls.
fn levels(nulls: Option<&NullBuffer>, start: usize, rows: usize, out: &mut Vec<u8>) -> usize {
    let at = out.len();
    out.extend([0; 4]);
    let missing = match nulls.map(|nulls| nulls.slice(start, rows)).filter(|nulls| nulls.null_count() > 0) {
        None => {
            hybrid::put_run(1, rows, 1, out);
            0
        }
        Some(nulls) if nulls.null_count() == rows => {
            hybrid::put_run(0, rows, 1, out);
            rows
        }
        Some(nulls) => {
            let levels: Vec<u32> = nulls.iter().map(u32::from).collect();
            hybrid::put(&levels, 1, out);
            nulls.null_count()
        }
    };
    let length = u32::try_from(out.len() - at - 4).unwrap_or(u32::MAX);
    out[at..at + 4].copy_from_slice(&length.to_le_bytes());
    missing
}

/// Smallest and largest value of a page, if it has any, and the number of nulls.
struct Bounds<T> {
    of: Option<(T, T)>,
    nulls: usize,
}

/// The column and its number of rows.
struct Layout<'c> {
    column: &'c ColumnDescPtr,
    rows: usize,
}

impl Layout<'_> {
    fn put<T: Value>(&self, pages: &[Page], bounds: &[Bounds<T>], work: &mut Workspace) -> Result<EncodedColumn> {
        let Workspace { compressor, of_doubles, compressed, .. } = work;
        compressed.clear();
        let mut lengths = Vec::with_capacity(pages.len());
        for page in pages {
            let is_of_doubles = T::TYPE == Type::DOUBLE && page.encoding == Encoding::PLAIN;
            let compressor = if is_of_doubles { &mut *of_doubles } else { &mut *compressor };
            lengths.push(page.compress(compressor, compressed)?);
        }
        let plain = pages.iter().map(|page| page.body.len()).sum::<usize>();
        // Packed bits seldom shrink. Spare readers the decompression then.
        let is_compressed = compressed.len() < plain;
        let size = plain.min(compressed.len()) + 64 * pages.len();
        let (mut bytes, mut uncompressed, mut rest) = (Vec::with_capacity(size), 0, compressed.as_slice());
        let mut offsets = OffsetIndexBuilder::new();
        let mut data_at = None;
        for (page, length) in pages.iter().zip(lengths) {
            let (compressed, after) = rest.split_at(length);
            rest = after;
            let data = if is_compressed { compressed } else { &page.body };
            let header = page.header(data);
            if page.kind == PageKind::Data {
                data_at.get_or_insert(bytes.len());
                offsets.append_offset_and_size(i64::try_from(bytes.len())?, i32::try_from(header.len() + data.len())?);
                offsets.append_row_count(i64::try_from(page.count)?);
            }
            uncompressed += header.len() + page.body.len();
            bytes.extend_from_slice(&header);
            bytes.extend_from_slice(data);
        }
        let has_dictionary = pages.first().is_some_and(|page| page.kind == PageKind::Dictionary);
        let whole = bounds.iter().filter_map(|page| page.of).reduce(|(a, b), (c, d)| {
            (if c.compare(a).is_lt() { c } else { a }, if d.compare(b).is_gt() { d } else { b })
        });
        let nulls: usize = bounds.iter().map(|page| page.nulls).sum();
        let mut encodings: Vec<Encoding> = pages.iter().map(|page| page.encoding).chain([Encoding::RLE]).collect();
        encodings.sort_unstable();
        encodings.dedup();
        let statistics = pages.iter().map(|page| PageEncodingStats {
            page_type: if page.kind == PageKind::Dictionary { PageType::DICTIONARY_PAGE } else { PageType::DATA_PAGE },
            encoding: page.encoding,
            count: 1,
        });
        let mut of_pages: Vec<PageEncodingStats> = Vec::new();
        for one in statistics {
            match of_pages.last_mut() {
                Some(last) if last.page_type == one.page_type => last.count += 1,
                _ => of_pages.push(one),
            }
        }
        let compression =
            if is_compressed { Compression::ZSTD(ZstdLevel::try_new(LEVEL)?) } else { Compression::UNCOMPRESSED };
        let metadata = ColumnChunkMetaData::builder(self.column.clone())
            .set_compression(compression)
            .set_encodings(encodings)
            .set_page_encoding_stats(of_pages)
            .set_statistics(T::statistics(whole, nulls as u64))
            .set_num_values(i64::try_from(self.rows)?)
            .set_total_compressed_size(i64::try_from(bytes.len())?)
            .set_total_uncompressed_size(i64::try_from(uncompressed)?)
            .set_dictionary_page_offset(has_dictionary.then_some(0))
            .set_data_page_offset(i64::try_from(data_at.unwrap_or_default())?)
            .build()?;
        let close = ColumnCloseResult {
            bytes_written: bytes.len() as u64,
            rows_written: self.rows as u64,
            metadata,
            bloom_filter: None,
            column_index: index(bounds)?,
            offset_index: Some(offsets.build()),
        };
        Ok(EncodedColumn { bytes, close })
    }
}

/// The column index. `None` if the bounds of a page are too long.
fn index<T: Value>(
    pages: &[Bounds<T>],
) -> Result<Option<parquet::file::page_index::column_index::ColumnIndexMetaData>> {
    let mut index = ColumnIndexBuilder::new(T::TYPE);
    for page in pages {
        let nulls = i64::try_from(page.nulls)?;
        match page.of.map(|(least, most)| least.bound().zip(most.bound())) {
            None => index.append(true, Vec::new(), Vec::new(), nulls),
            Some(Some((least, most))) => index.append(false, least, most, nulls),
            Some(None) => return Ok(None),
        }
    }
    index.set_boundary_order(order(pages));
    Ok(Some(index.build()?))
}

/// Whether the bounds of pages ascend or descend.
fn order<T: Value>(pages: &[Bounds<T>]) -> BoundaryOrder {
    let bounds: Vec<(T, T)> = pages.iter().filter_map(|page| page.of).collect();
    let all = |is_wrong: fn(std::cmp::Ordering) -> bool| {
        bounds.windows(2).all(|pair| !is_wrong(pair[0].0.compare(pair[1].0)) && !is_wrong(pair[0].1.compare(pair[1].1)))
    };
    if all(std::cmp::Ordering::is_gt) {
        BoundaryOrder::ASCENDING
    } else if all(std::cmp::Ordering::is_lt) {
        BoundaryOrder::DESCENDING
    } else {
        BoundaryOrder::UNORDERED
    }
}
