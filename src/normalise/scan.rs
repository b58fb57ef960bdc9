//! One bronze line to cells. Files repeat one layout line after line, so the bytes between the values are learned from a
//! line and then only compared. A line with the same names in another order is matched name by name, and any other one
//! goes to a general parser. All three read the same lines as the same rows. Never here: how the rows of a key are merged.

use std::borrow::Cow;
use std::fmt;

use hashbrown::HashMap;
use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::row_rules::RowRules;
use super::same::is_same;
use super::scalars::{Scalar, ScalarColumn};
use super::value::{LineReading, RowError, Target, ValueError, skip, value};

use pitlake_contract::decimal;
use pitlake_contract::spelling::code::is_canonical;

/// Finds the target of a field by its name on the wire; `None` for names that the contract does not list.
pub(super) type Resolve<'r, 't> = dyn FnMut(&str) -> Option<Target<'t>> + 'r;

/// What the lines of a file have in common, as far as they were read.
#[derive(Debug, Default)]
pub(super) struct Layout<'t> {
    /// The values of the last line that was laid out anew, in their order.
    pieces: Vec<Piece<'t>>,
    /// Bytes after the last value.
    tail: Vec<u8>,
    /// The columns that none of its values fills.
    others: Vec<usize>,
    /// Where the values of all names go that were read.
    names: HashMap<Vec<u8>, Option<Target<'t>>>,
}

/// A value of a line.
#[derive(Debug)]
struct Piece<'t> {
    /// Bytes before it.
    before: Vec<u8>,
    /// Where it goes; `None` for that of an unknown field.
    target: Option<Target<'t>>,
    /// The last text that was read here, and its cell.
    last: (Vec<u8>, Scalar),
}

/// A line that was read.
pub(super) struct Line<'l> {
    /// As it was written, without its end.
    pub(super) text: &'l str,
    /// Where the next one begins.
    pub(super) next: usize,
    /// Whether its cells could be read, and why not; `None` for a blank line.
    pub(super) read: Option<Result<(), RowError>>,
}

impl<'t> Layout<'t> {
    /// The fast way, for lines that are laid out alike and hold plain rows: appends a cell to each column, and returns the
    /// place of the next line. Where it is `None`, columns may have a cell too many, and [`Layout::read`] tells why.
    #[inline]
    pub(super) fn append(
        &mut self,
        (text, mut at): (&[u8], usize),
        (columns, rules): (&mut [ScalarColumn], &RowRules<'_>),
        of_call: impl Fn(usize) -> Option<Scalar>,
        reading: &mut LineReading<'_>,
    ) -> Option<usize> {
        for piece in &mut self.pieces {
            at = after(text, at, &piece.before)?;
            let rest = &text[at..];
            let Some(target) = &piece.target else {
                at += skip(rest)?;
                continue;
            };
            let column = &mut columns[target.column];
            if target.reader.takes_every_number()
                && let Some((number, len)) = decimal::scan_plain(rest)
            {
                if !rules.admits_number(target.column, number) {
                    return None;
                }
                column.push_number(number);
                at += len;
                continue;
            }
            let (cell, length) = remembered(rest, target, &mut piece.last, reading)?;
            if !rules.admits(target.column, cell) {
                return None;
            }
            column.push(rules.kept(cell));
            at += length;
        }
        let next = after_line(text, after(text, at, &self.tail)?)?;
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

    /// Reads the line at `at` into `row`, which holds one cell a column.
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

    /// The way for lines with the same names in another order, or with blanks between.
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

    /// Reads a line of any layout and remembers the layout if the line is a row. Every name is resolved, even after a
    /// value that is invalid: which columns a file has does not depend on its values.
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
            // Values borrow from the line, so their place is the distance of the two pointers.
            let start = token.as_ptr() as usize - line.as_ptr() as usize;
            let target = resolve(name);
            let before = line.as_bytes()[at..start].to_vec();
            pieces.push(Piece { before, target, last: (Vec::new(), Scalar::Absent) });
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
        self.tail = line.as_bytes()[at..].to_vec();
        Ok(())
    }
}

/// Reads a value that may repeat the one of the line before: days do.
fn remembered(
    text: &[u8],
    target: &Target<'_>,
    (last, cell): &mut (Vec<u8>, Scalar),
    reading: &mut LineReading<'_>,
) -> Option<(Scalar, usize)> {
    if text.first() != Some(&b'"') {
        return value(text, target, reading).ok();
    }
    // A code is not the one of the line before.
    if target.reader.takes_every_code()
        && let Some([code @ .., b'"']) = text.get(1..11)
        && is_canonical(code)
    {
        return Some((Scalar::Text(reading.texts.intern_next(code)?), 11));
    }
    if !last.is_empty() && text.starts_with(last) {
        return Some((*cell, last.len()));
    }
    let remarks = reading.remarks.len();
    let (read, len) = value(text, target, reading).ok()?;
    // What is named to the user is named each time.
    if reading.remarks.len() == remarks {
        last.clear();
        last.extend_from_slice(&text[..len]);
        *cell = read;
    }
    Some((read, len))
}

/// The place after `piece`, where that stands at `at`.
#[inline]
fn after(text: &[u8], at: usize, piece: &[u8]) -> Option<usize> {
    let end = at + piece.len();
    is_same(text.get(at..end)?, piece).then_some(end)
}

/// The place after the blanks at `at`.
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

/// The line at `at`, as [`str::lines`] gives it, and where the next one begins.
pub(super) fn line_at(text: &str, at: usize) -> (&str, usize) {
    let rest = &text[at..];
    let length = memchr::memchr(b'\n', rest.as_bytes()).map_or(rest.len(), |place| place + 1);
    (rest[..length].lines().next().unwrap_or_default(), at + length)
}

/// Puts a whole token into its column.
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
mod tests {
    use super::super::texts::Texts;
    use super::*;
    use crate::spec::FieldType;
    use pitlake_contract::spelling::{Dialect, FieldReader};

    fn read(lines: &[&str]) -> Vec<Result<Vec<Scalar>, RowError>> {
        let mut layout = Layout::default();
        let (mut texts, mut remarks) = (Texts::default(), Vec::new());
        let mut resolve = |name: &str| {
            let kinds = [
                ("code", FieldType::Text),
                ("day", FieldType::Date),
                ("x", FieldType::Number),
                ("open", FieldType::Flag),
            ];
            let column = kinds.iter().position(|(n, _)| n.eq_ignore_ascii_case(name))?;
            Some(Target { column, reader: FieldReader::of_type(kinds[column].1, Dialect::Answer) })
        };
        let mut rows = Vec::new();
        for line in lines {
            let mut row = [Scalar::Absent; 4];
            let mut reading = LineReading { texts: &mut texts, remarks: &mut remarks };
            let line = layout.read((line, 0), &mut row, &mut reading, &mut resolve);
            rows.push(line.read.unwrap().map(|()| row.to_vec()));
        }
        rows
    }

    fn x(row: &Result<Vec<Scalar>, RowError>) -> Scalar {
        row.as_ref().unwrap()[2]
    }

    #[test]
    fn other_orders_spaces_and_missing_columns_are_the_same_rows() {
        let rows = read(&[
            r#"{"code":"a","day":"20240102","x":9.390,"open":1}"#,
            r#"{"code":"a","day":"20240102","x":9.390,"open":1}"#,
            r#"{"day": "2024-01-02", "CODE": "a", "open": "1", "x": "9.390"}"#,
            r#"{"day": 20240102, "CODE": "a", "open": true, "x": 9.390}"#,
        ]);
        for row in &rows {
            assert_eq!(row, &rows[0]);
        }
        let short = read(&[r#"{"code":"a","x":null}"#]);
        assert_eq!(short[0].as_ref().unwrap()[1..3], [Scalar::Absent, Scalar::Null]);
    }

    #[test]
    fn unknown_fields_are_skipped() {
        let rows =
            read(&[r#"{"y":"a,b}","code":"a","x":1,"z":[1,{"x":3}]}"#, r#"{"y":"a\"","code":"a","x":2,"z":[1,2]}"#]);
        assert_ne!(x(&rows[0]), x(&rows[1]));
    }

    #[test]
    fn escaped_and_plain_texts_are_equal() {
        let rows = read(&["{\"code\":\"\\u5e73\\\"\",\"x\":1}", "{\"code\":\"平\\\"\",\"x\":1}"]);
        assert_eq!(rows[0], rows[1]);
    }

    #[test]
    fn a_missing_value_has_several_spellings() {
        let rows = read(&[r#"{"code":"","day":"0","x":"","open":null}"#, r#"{"code":"a","day":"","x":"None"}"#]);
        assert_eq!(rows[0].as_ref().unwrap(), &[Scalar::Null; 4]);
        assert_eq!(x(&rows[1]), Scalar::Null);
    }

    #[test]
    fn an_invalid_line_is_rejected_with_its_reason() {
        let rows = read(&[
            r#"{"code":"a","x":"nan"}"#,
            r#"{"code":"a","x":NaN}"#,
            r#"{"code":"a","x":1"#,
            r#"{"code":"a","x":1,"X":2}"#,
            r#"{"code":"a","day":"20240230"}"#,
            r#"{"code":["a"],"x":1}"#,
            r"[1]",
        ]);
        let reasons: Vec<&str> = rows.iter().map(|r| r.as_ref().unwrap_err().0.as_str()).collect();
        assert_eq!(reasons[0], "`x`: invalid number `nan`: expected decimal digits");
        assert!(reasons[1].starts_with("not a JSON object"), "{}", reasons[1]);
        assert!(reasons[2].starts_with("not a JSON object"), "{}", reasons[2]);
        assert_eq!(reasons[3], "duplicate field `X`");
        assert_eq!(reasons[4], "`day`: invalid date `20240230`: expected YYYYMMDD or YYYY-MM-DD");
        assert_eq!(reasons[5], "`code`: invalid text `[\"a\"]`: expected a string");
    }

    #[test]
    fn a_reason_names_its_field_whichever_line_it_is_on() {
        let rows = read(&[
            r#"{"code":"a","day":"20240102"}"#,
            r#"{"code":"a","day":"soon"}"#,
            r#"{"code":"a","day":"20240103"}"#,
        ]);
        assert_eq!(rows[1].as_ref().unwrap_err().0, "`day`: invalid date `soon`: expected YYYYMMDD or YYYY-MM-DD");
        assert!(rows[2].is_ok());
    }
}
