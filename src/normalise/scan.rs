//! Turns a bronze line into cells. The lines of a file usually have the same layout, so the bytes between values are
//! learned once and then only compared. A line with the same names in another order is matched name by name, and any
//! other line goes to a general parser. All three read the same line as the same row. How the rows of a key are merged
//! is decided elsewhere.

use std::borrow::Cow;
use std::fmt;

use hashbrown::HashMap;
use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::row_rules::RowRules;
use super::same::{Needle, is_same};
use super::scalars::{Scalar, ScalarColumn};
use super::value::{LineReading, RowError, Target, ValueError, skip, value};

use pitlake_contract::decimal;
use pitlake_contract::spelling::code::is_canonical;

/// Finds the target of a field by its wire name. `None` for names that the contract does not list.
pub(super) type Resolve<'r, 't> = dyn FnMut(&str) -> Option<Target<'t>> + 'r;

/// What the lines of a file read so far have in common.
#[derive(Debug, Default)]
pub(super) struct Layout<'t> {
    /// The values of the last line whose layout was learned, in order.
    pieces: Vec<Piece<'t>>,
    /// The bytes after the last value.
    tail: Needle,
    /// The columns that none of its values fills.
    others: Vec<usize>,
    /// The target of every name read so far.
    names: HashMap<Vec<u8>, Option<Target<'t>>>,
}

/// A value of a line.
#[derive(Debug)]
struct Piece<'t> {
    /// The bytes before it.
    before: Needle,
    /// Where it goes; `None` for an unknown field.
    target: Option<Target<'t>>,
    /// Which values can be stored without further checks.
    plain: Plain,
    /// The last text or null read here, and its cell.
    last: (Vec<u8>, Scalar),
}

/// Values that mean the same in any line of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plain {
    /// All numbers.
    Numbers,
    /// All security codes.
    Codes,
    /// None.
    None,
}

/// A line that was read.
pub(super) struct Line<'l> {
    /// The line as written, without its line break.
    pub(super) text: &'l str,
    /// Where the next line begins.
    pub(super) next: usize,
    /// Whether its cells could be read, or why not; `None` for a blank line.
    pub(super) read: Option<Result<(), RowError>>,
}

impl<'t> Layout<'t> {
    /// The fast path, for lines with the same layout and plain rows. Appends a cell to each column and returns the
    /// position of the next line. If it returns `None`, columns may have an extra cell, and [`Layout::read`] tells why.
    #[inline]
    pub(super) fn append(
        &mut self,
        (text, mut at): (&[u8], usize),
        (columns, rules): (&mut [ScalarColumn], &RowRules<'_>),
        of_call: impl Fn(usize) -> Option<Scalar>,
        reading: &mut LineReading<'_>,
    ) -> Option<usize> {
        for piece in &mut self.pieces {
            at = piece.before.after(text, at)?;
            let rest = &text[at..];
            let Some(target) = &piece.target else {
                at += skip(rest)?;
                continue;
            };
            let column = &mut columns[target.column];
            if piece.plain == Plain::Numbers
                && let Some((number, len)) = decimal::scan_plain(rest)
            {
                if !rules.admits_number(target.column, number) {
                    return None;
                }
                column.push_number(number);
                at += len;
                continue;
            }
            if piece.plain == Plain::Codes
                && let Some([b'"', code @ .., b'"']) = rest.first_chunk::<11>()
                && is_canonical(code)
            {
                column.push_text(reading.texts.intern_code(code));
                at += 11;
                continue;
            }
            // Dates and nulls often repeat from line to line.
            let (last, kept) = &piece.last;
            if !last.is_empty()
                && let Some(next) = after(text, at, last)
            {
                column.push_again(kept);
                at = next;
                continue;
            }
            let remarks = reading.remarks.len();
            let (cell, length) = value(rest, target, reading).ok()?;
            if !rules.admits(target.column, cell) {
                return None;
            }
            let kept = rules.kept(cell);
            column.push(kept);
            // Not remembered: values with remarks, which are reported each time, and numbers, which may continue after
            // the same digits.
            if matches!(rest.first(), Some(b'"' | b'n')) && reading.remarks.len() == remarks {
                piece.last.0.clear();
                piece.last.0.extend_from_slice(&rest[..length]);
                piece.last.1 = kept;
            }
            at += length;
        }
        let next = after_line(text, self.tail.after(text, at)?)?;
        if self.pieces.is_empty() {
            return None;
        }
        for &column in &self.others {
            let cell = of_call(column)?;
            if !rules.admits(column, cell) {
                return None;
            }
            columns[column].push(rules.kept(cell));
        }
        Some(next)
    }

    /// Reads the line at `at` into `row`, which has one cell per column.
    pub(super) fn read<'l>(
        &mut self,
        (text, at): (&'l str, usize),
        row: &mut [Scalar],
        reading: &mut LineReading<'_>,
        resolve: &mut Resolve<'_, 't>,
    ) -> Line<'l> {
        row.fill(Scalar::Absent);
        let (line, next) = line_at(text, at);
        if line.trim().is_empty() {
            return Line { text: line, next, read: None };
        }
        if self.match_names(line.as_bytes(), row, reading).is_some() {
            return Line { text: line, next, read: Some(Ok(())) };
        }
        row.fill(Scalar::Absent);
        reading.remarks.clear();
        Line { text: line, next, read: Some(self.learn(line, row, reading, resolve)) }
    }

    /// The path for lines with the same names in another order, or with blanks in between.
    fn match_names(&self, line: &[u8], row: &mut [Scalar], reading: &mut LineReading<'_>) -> Option<()> {
        let mut at = blanks(line, after(line, blanks(line, 0), b"{")?);
        loop {
            at = after(line, at, b"\"")?;
            let end = at + memchr::memchr(b'"', &line[at..])?;
            let target = self.names.get(&line[at..end])?;
            at = blanks(line, after(line, blanks(line, end + 1), b":")?);
            match target {
                Some(target) if row[target.column] != Scalar::Absent => return None,
                Some(target) => {
                    let (cell, len) = value(&line[at..], target, reading).ok()?;
                    row[target.column] = cell;
                    at += len;
                }
                None => at += skip(&line[at..])?,
            }
            at = blanks(line, at);
            match line.get(at)? {
                b',' => at = blanks(line, at + 1),
                b'}' if blanks(line, at + 1) == line.len() => return Some(()),
                _ => return None,
            }
        }
    }

    /// Reads a line of any layout, and remembers the layout if the line is a row. All names are resolved, even after an
    /// invalid value, because the columns of a file must not depend on its values.
    fn learn(
        &mut self,
        line: &str,
        row: &mut [Scalar],
        reading: &mut LineReading<'_>,
        resolve: &mut Resolve<'_, 't>,
    ) -> Result<(), RowError> {
        let object = members(line)?;
        let mut pieces = Vec::with_capacity(object.len());
        let mut at = 0;
        let mut first = Ok(());
        for (name, raw) in &object {
            let token = raw.get();
            // Values borrow from the line, so pointer distance gives their position.
            let start = token.as_ptr() as usize - line.as_ptr() as usize;
            let target = resolve(name);
            let before = Needle::new(line.as_bytes()[at..start].to_vec());
            let plain = match target {
                Some(target) if target.reader.takes_every_number() => Plain::Numbers,
                Some(target) if target.reader.takes_every_code() => Plain::Codes,
                _ => Plain::None,
            };
            pieces.push(Piece { before, target, plain, last: (Vec::new(), Scalar::Absent) });
            at = start + token.len();
            if let Some(target) = target {
                first = first.and(fill(row, name, token, &target, reading));
            }
        }
        first?;
        for ((name, _), piece) in object.iter().zip(&pieces) {
            self.names.insert(name.as_bytes().to_vec(), piece.target);
        }
        let is_filled = |column: &usize| pieces.iter().any(|piece| piece.target.is_some_and(|t| t.column == *column));
        self.others = (0..row.len()).filter(|column| !is_filled(column)).collect();
        self.pieces = pieces;
        self.tail = Needle::new(line.as_bytes()[at..].to_vec());
        Ok(())
    }
}

/// The position after `piece`, if that is at `at`.
#[inline]
fn after(text: &[u8], at: usize, piece: &[u8]) -> Option<usize> {
    let end = at + piece.len();
    is_same(text.get(at..end)?, piece).then_some(end)
}

/// The position after the blanks at `at`.
fn blanks(text: &[u8], at: usize) -> usize {
    at + text[at..].iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count()
}

/// Where the next line begins, if a line ends at `end`.
fn after_line(text: &[u8], end: usize) -> Option<usize> {
    match text[end..] {
        [] => Some(end),
        [b'\n', ..] => Some(end + 1),
        [b'\r', b'\n', ..] => Some(end + 2),
        _ => None,
    }
}

/// The line at `at`, as [`str::lines`] would give it, and where the next one begins.
pub(super) fn line_at(text: &str, at: usize) -> (&str, usize) {
    let rest = &text[at..];
    match memchr::memchr(b'\n', rest.as_bytes()) {
        Some(end) => (rest[..end].strip_suffix('\r').unwrap_or(&rest[..end]), at + end + 1),
        None => (rest, text.len()),
    }
}

/// Stores a whole token in its column.
pub(super) fn fill(
    row: &mut [Scalar],
    name: &str,
    token: &str,
    target: &Target<'_>,
    reading: &mut LineReading<'_>,
) -> Result<(), RowError> {
    if row[target.column] != Scalar::Absent {
        return Err(RowError(format!("duplicate field `{name}`")));
    }
    let RowError(reason) = match value(token.as_bytes(), target, reading) {
        Ok((cell, len)) if len == token.len() => {
            row[target.column] = cell;
            return Ok(());
        }
        Err(ValueError::Invalid(error)) => error,
        _ => target.reader.invalid(token).into(),
    };
    Err(RowError(format!("`{name}`: {reason}")))
}

/// The members of an object, with their values as written.
pub(super) fn members(line: &str) -> Result<Vec<(Cow<'_, str>, &RawValue)>, RowError> {
    struct ObjectVisitor;
    impl<'de> Visitor<'de> for ObjectVisitor {
        type Value = Vec<(Cow<'de, str>, &'de RawValue)>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a JSON object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut object = Vec::new();
            while let Some(entry) = map.next_entry::<FieldName<'de>, &'de RawValue>()? {
                object.push((entry.0.0, entry.1));
            }
            Ok(object)
        }
    }
    #[derive(serde::Deserialize)]
    struct FieldName<'a>(#[serde(borrow)] Cow<'a, str>);
    let mut json = serde_json::Deserializer::from_str(line);
    let object = json.deserialize_map(ObjectVisitor).map_err(|e| RowError(format!("not a JSON object: {e}")))?;
    json.end().map_err(|e| RowError(format!("unexpected text after the JSON object: {e}")))?;
    Ok(object)
}

#[cfg(test)]
mod tests;
