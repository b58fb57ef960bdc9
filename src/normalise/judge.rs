//! Reads the rows of an answer before it is kept. This is the code that builds them, so the same lines give the same
//! keys and rejects. What happens to an answer is decided elsewhere.

use std::collections::BTreeSet;
use std::ops::Range;

use super::key::keys;
use super::scalars::Scalar;
use super::{Builder, Input, Origin, Stop, merge};
use crate::spec::{Table, TableSource};

/// Larger answers are read in pieces of this many bytes, to limit memory. The largest seen are smaller.
const PIECE: usize = 16 << 20;

/// The most reasons to report for an answer read in pieces.
const MOST_REASONS: usize = 1 << 10;

/// The column with the security.
const CODE: &str = "ts_code";

/// The rows of an answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judged {
    /// Distinct keys that reach silver.
    pub keys: usize,
    /// Rows that are exact duplicates.
    pub repeated: usize,
    /// The lines whose rows are rejected, counted from 1, with reasons.
    pub set_aside: Vec<(usize, String)>,
    /// The securities that reach silver.
    pub codes: BTreeSet<String>,
}

/// The lines of an answer, and the calls that returned them.
#[derive(Debug, Clone, Copy)]
pub struct AnswerText<'a> {
    /// One JSON object per line, grouped by call.
    pub lines: &'a [u8],
    /// Parameters of each call.
    pub calls: &'a [Vec<(String, String)>],
    /// Number of rows from each call.
    pub rows_of: &'a [usize],
}

impl AnswerText<'_> {
    /// Number of rows from each call within some lines.
    fn rows_within(&self, lines: &Range<usize>) -> Vec<usize> {
        let mut begin = 0;
        let within = |rows: &usize| {
            let (first, end) = (begin, begin + rows);
            begin = end;
            end.min(lines.end).saturating_sub(first.max(lines.start))
        };
        self.rows_of.iter().map(within).collect()
    }
}

impl Judged {
    /// Adds the result for lines that follow `before` others.
    fn add(&mut self, other: Self, before: usize) {
        self.keys += other.keys;
        self.repeated += other.repeated;
        for (line, reason) in other.set_aside {
            let is_named = self.set_aside.len() < MOST_REASONS;
            self.set_aside.push((before + line, if is_named { reason } else { String::new() }));
        }
        self.codes.extend(other.codes);
    }
}

/// Reads an answer of a source of `table` as a build would, for all partitions. One larger than any known is read in
/// pieces; contradictions between rows of different pieces are left to the build.
///
/// # Errors
/// [`Stop`] if a build would stop.
pub fn judge(table: &Table, source: &TableSource, answer: AnswerText<'_>) -> Result<Judged, Stop> {
    judge_by(PIECE, table, source, answer)
}

fn judge_by(piece: usize, table: &Table, source: &TableSource, answer: AnswerText<'_>) -> Result<Judged, Stop> {
    if answer.lines.len() <= piece {
        return judge_piece(table, source, answer);
    }
    let (mut judged, mut rest, mut before) = (Judged::default(), answer.lines, 0);
    while !rest.is_empty() {
        let most = rest.len().min(piece);
        let end = memchr::memrchr(b'\n', &rest[..most]).or_else(|| memchr::memchr(b'\n', rest));
        let (lines, more) = rest.split_at(end.map_or(rest.len(), |end| end + 1));
        let after = before + memchr::memchr_iter(b'\n', lines).count();
        let rows_of = answer.rows_within(&(before..after));
        judged.add(judge_piece(table, source, AnswerText { lines, rows_of: &rows_of, ..answer })?, before);
        (rest, before) = (more, after);
    }
    Ok(judged)
}

fn judge_piece(table: &Table, source: &TableSource, answer: AnswerText<'_>) -> Result<Judged, Stop> {
    let AnswerText { lines, calls, rows_of } = answer;
    let mut builder = Builder::of_all(table);
    let path = "the answer";
    builder.add(Input { span: true, calls, rows_of, ..Input::new(path, source) }, lines)?;
    let mut judged = Judged::default();
    let Builder { rows, rejects, .. } = &mut builder;
    judged.set_aside = rejects.drain(..).map(|reject| (reject.line, reject.reason)).collect();
    let kept: Vec<u32> = if table.versions.is_some() || table.occurrence {
        let keys = keys(rows, &table.key);
        let mut order: Vec<(u64, u32)> = keys.into_iter().zip(0u32..).collect();
        order.sort_unstable();
        order.dedup_by_key(|(key, _)| *key);
        order.into_iter().map(|(_, row)| row).collect()
    } else {
        let contradict = |Origin { line, .. }, reason| judged.set_aside.push((line as usize, reason));
        let kept: Vec<u32> = merge::merge(rows, |_, _| true, contradict).into_iter().map(|kept| kept.row).collect();
        judged.repeated = rows.len() - kept.len() - judged.set_aside.len().min(rows.len() - kept.len());
        kept
    };
    judged.keys = kept.len();
    if let Some(code) = table.columns.iter().position(|column| column.name == CODE) {
        let codes = kept.iter().filter_map(|row| match rows.cell(code, *row) {
            Scalar::Text(id) => Some(rows.texts.get(id).to_owned()),
            _ => None,
        });
        judged.codes = codes.collect();
    }
    Ok(judged)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Catalog;
    use std::sync::Arc;

    fn judged(lines: &[&str]) -> Judged {
        let table = Arc::clone(Catalog::load(&[], None).unwrap().0.table("adj_factor").unwrap());
        let lines = lines.join("\n");
        let calls = [vec![("trade_date".to_owned(), "20240102".to_owned())]];
        let answer = AnswerText { lines: lines.as_bytes(), calls: &calls, rows_of: &[] };
        judge(&table, &table.sources[0], answer).unwrap()
    }

    fn row(code: &str, factor: &str) -> String {
        format!(r#"{{"ts_code":"{code}","trade_date":"20240102","adj_factor":{factor}}}"#)
    }

    #[test]
    fn repeats_are_counted_and_contradictions_are_set_aside() {
        let rows = [row("600001.SH", "1"), row("600001.SH", "1.0"), row("600002.SH", "2")];
        let judged_rows = judged(&rows.each_ref().map(String::as_str));
        assert_eq!((judged_rows.keys, judged_rows.repeated, judged_rows.set_aside.len()), (2, 1, 0));
        assert_eq!(judged_rows.codes.len(), 2);
        let rows = [row("600001.SH", "1"), row("600001.SH", "3"), row("600002.SH", "2")];
        let contradicting = judged(&rows.each_ref().map(String::as_str));
        assert_eq!((contradicting.keys, contradicting.repeated, contradicting.set_aside.len()), (1, 0, 2));
        assert_eq!(contradicting.codes.into_iter().collect::<Vec<_>>(), ["600002.SH"]);
    }

    #[test]
    fn an_unreadable_row_is_set_aside_with_its_line_and_its_reason() {
        let rows = [row("600001.SH", "1"), row("600002.SH", "\"nan\"")];
        let judged = judged(&rows.each_ref().map(String::as_str));
        assert_eq!((judged.keys, judged.set_aside[0].0), (1, 2));
        assert!(judged.set_aside[0].1.contains("adj_factor"), "{:?}", judged.set_aside);
    }

    #[test]
    fn an_answer_in_pieces_is_judged_as_in_one() {
        let table = Arc::clone(Catalog::load(&[], None).unwrap().0.table("adj_factor").unwrap());
        let mut lines: Vec<String> = (0..40).map(|code| row(&format!("{:06}.SH", 600_000 + code), "1.5")).collect();
        lines[17] = row("600017.SH", "\"nan\"");
        let lines = lines.join("\n") + "\n";
        let calls = ["20240102", "20240103"].map(|day| vec![("trade_date".to_owned(), day.to_owned())]);
        let answer = AnswerText { lines: lines.as_bytes(), calls: &calls, rows_of: &[25, 15] };
        let by = |piece| judge_by(piece, &table, &table.sources[0], answer).unwrap();
        let whole = by(usize::MAX);
        assert_eq!((whole.keys, whole.set_aside.len(), whole.set_aside[0].0), (39, 1, 18));
        for piece in [1, 100, 700, 2_000] {
            assert_eq!(by(piece), whole, "{piece}");
        }
        assert_eq!(answer.rows_within(&(20..30)), [5, 5]);
    }

    #[test]
    fn rows_of_every_partition_count() {
        let old = row("600001.SH", "1").replace("2024", "2015");
        assert_eq!(judged(&[&old, &row("600001.SH", "1")]).keys, 2);
    }
}
