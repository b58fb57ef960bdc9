//! Displays a position in SQL: its line with a caret below. What is wrong there is not known here.

use std::ops::Range;

use datafusion::common::{Location, Span};
use unicode_width::UnicodeWidthStr as _;

/// The most characters of a line to show before and after the position.
const BEFORE: usize = 40;
const BEHIND: usize = 60;

/// The line of a span with carets below; `None` if the SQL has no such position.
pub(super) fn shown(sql: &str, span: Span) -> Option<String> {
    let at = |number: u64| usize::try_from(number).ok()?.checked_sub(1);
    let (line, first) = (sql.lines().nth(at(span.start.line)?)?, at(span.start.column)?);
    let end = if span.end.line == span.start.line { at(span.end.column)? } else { usize::MAX };
    // Tabs have no fixed width.
    let characters: Vec<char> = line.chars().map(|one| if one == '\t' { ' ' } else { one }).collect();
    if first > characters.len() {
        return None;
    }
    let end = end.clamp(first, characters.len());
    let (from, to) = (first.saturating_sub(BEFORE), characters.len().min(end.min(first + BEHIND) + BEHIND));
    let text = |range: Range<usize>| characters[range].iter().collect::<String>();
    let (before, marked) = (text(from..first), text(first..end.min(to)));
    let cut = |is_cut: bool| if is_cut { "…" } else { "" };
    let (start, rest) = (cut(from > 0), cut(to < characters.len()));
    let blanks = " ".repeat(start.width() + before.width());
    let carets = "^".repeat(marked.width().max(1));
    Some(format!("  {start}{before}{}{rest}\n  {blanks}{carets}", text(first..to)))
}

/// The position that the parser names at the end of a message.
pub(super) fn named(message: &str) -> Option<Span> {
    let (_, place) = message.rsplit_once(" Line: ")?;
    let (line, column) = place.split_once(", Column: ")?;
    let at = Location { line: line.parse().ok()?, column: column.trim().parse().ok()? };
    Some(Span::new(at, at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(line: u64, first: u64, end: u64) -> Span {
        Span::new(Location { line, column: first }, Location { line, column: end })
    }

    #[test]
    fn carets_stand_beneath_the_place() {
        let sql = "SELECT 1,\n\t'平安' AS 名, clos\nFROM x";
        assert_eq!(shown(sql, span(1, 8, 9)).unwrap(), "  SELECT 1,\n         ^");
        assert_eq!(shown(sql, span(2, 13, 17)).unwrap(), "   '平安' AS 名, clos\n                 ^^^^");
        assert_eq!(shown(sql, span(3, 7, 7)).unwrap(), "  FROM x\n        ^");
        for nowhere in [span(0, 0, 0), span(4, 1, 2), span(3, 9, 9)] {
            assert_eq!(shown(sql, nowhere), None);
        }
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let sql = format!("{}clos{}", "a, ".repeat(100), ", b".repeat(100));
        let shown = shown(&sql, span(1, 301, 305)).unwrap();
        let (line, carets) = shown.split_once('\n').unwrap();
        assert!(line.starts_with("  …") && line.ends_with('…') && line.width() < 120, "{shown}");
        let place = carets.find('^').unwrap();
        assert_eq!(line.chars().skip(place).take(4).collect::<String>(), "clos");
        assert!(carets.ends_with(" ^^^^"), "{shown}");
    }

    #[test]
    fn the_parser_names_a_place() {
        assert_eq!(named("Expected: an expression, found: FROM at Line: 1, Column: 8"), Some(span(1, 8, 8)));
        assert_eq!(named("Expected: an expression, found: EOF"), None);
    }
}
