//! One bronze line to cells. Files repeat one layout line after line, so the bytes between the values
//! are learned from a line and then only compared; a line that differs goes to a general parser,
//! which learns its layout. Never here: how the rows of a key are merged.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;

use super::scalars::Scalar;
use super::value::{LineReading, RowError, Target, ValueError, skip, value};

/// Finds the target of a field by its name on the wire; `None` for names that the contract does not list.
pub(super) type Resolve<'r, 't> = dyn FnMut(&str) -> Option<Target<'t>> + 'r;

/// The layout of a file's lines as last seen.
#[derive(Debug, Default)]
pub(super) struct Layout<'t> {
    /// Bytes before each value, and where the value goes.
    pieces: Vec<(Vec<u8>, Option<Target<'t>>)>,
    /// Bytes after the last value.
    tail: Vec<u8>,
}

impl<'t> Layout<'t> {
    /// Reads a line into `row`, which holds one cell a column.
    pub(super) fn read(
        &mut self,
        line: &str,
        row: &mut [Scalar],
        reading: &mut LineReading<'_>,
        resolve: &mut Resolve<'_, 't>,
    ) -> Result<(), RowError> {
        row.fill(Scalar::Absent);
        if !self.pieces.is_empty() {
            if self.scan(line.as_bytes(), row, reading).is_ok() {
                return Ok(());
            }
            row.fill(Scalar::Absent);
            reading.remarks.clear();
        }
        self.learn(line, row, reading, resolve)
    }

    /// The fast way; where it fails, the general parser tells why.
    fn scan(&self, line: &[u8], row: &mut [Scalar], reading: &mut LineReading<'_>) -> Result<(), ValueError> {
        let mut at = 0;
        for (piece, target) in &self.pieces {
            if !line[at..].starts_with(piece) {
                return Err(ValueError::Layout);
            }
            at += piece.len();
            match target {
                Some(target) => {
                    let (cell, len) = value(&line[at..], target, reading)?;
                    row[target.column] = cell;
                    at += len;
                }
                // Values of unknown fields are skipped where that is simple, and left to the parser where not.
                None => at += skip(&line[at..]).ok_or(ValueError::Layout)?,
            }
        }
        if line[at..] == self.tail { Ok(()) } else { Err(ValueError::Layout) }
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
            pieces.push((line.as_bytes()[at..start].to_vec(), target));
            at = start + token.len();
            if let Some(target) = target {
                first = first.and(fill(row, name, token, &target, reading));
            }
        }
        first?;
        self.pieces = pieces;
        self.tail = line.as_bytes()[at..].to_vec();
        Ok(())
    }
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
    use super::super::scalars::Texts;
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
            rows.push(layout.read(line, &mut row, &mut reading, &mut resolve).map(|()| row.to_vec()));
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
