//! Lays out text in terminal columns, of which a Chinese character takes two. What the text says does not matter.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Characters that a line must not begin with.
const CLOSING: &str = "，。；：、？！）】》”’…,.;:?!)]}`";

/// Characters that a line must not end with.
const OPENING: &str = "（【《“‘([{";

/// The width of a text in columns.
pub(in crate::cli) fn width(text: &str) -> usize {
    text.width()
}

/// Pads a text with spaces to a width.
pub(in crate::cli) fn padded(text: &str, columns: usize) -> String {
    format!("{text}{:1$}", "", columns.saturating_sub(text.width()))
}

/// Wraps a text into lines of at most `columns`, after a mark; continuation lines are indented by its width. A command
/// in backticks stays on one line, however long, so that it can be pasted.
pub(in crate::cli) fn wrapped(text: &str, mark: &str, columns: usize) -> String {
    lines(&pieces(text, true), mark, columns)
}

/// Like [`wrapped`], but also breaks commands, for help, which must not be wider.
pub(super) fn folded(text: &str, mark: &str, columns: usize) -> String {
    lines(&pieces(text, false), mark, columns)
}

fn lines(pieces: &[&str], mark: &str, columns: usize) -> String {
    let indent = mark.width();
    let (mut out, mut line, mut at) = (String::new(), mark.to_owned(), indent);
    for piece in pieces {
        let inner = piece.trim_start();
        if at > indent && at + piece.width() > columns {
            out.push_str(line.trim_end());
            out.push('\n');
            line = format!("{:indent$}{inner}", "");
            at = indent + inner.width();
        } else {
            line.push_str(piece);
            at += piece.width();
        }
    }
    out + &line
}

/// Splits a text where a line may end: into words with the spaces before them, and Chinese characters. A command in
/// backticks is not split if `is_kept`.
fn pieces(text: &str, is_kept: bool) -> Vec<&str> {
    let (mut pieces, mut from) = (Vec::new(), 0);
    let mut before: Option<char> = None;
    let mut is_command = false;
    for (at, next) in text.char_indices() {
        is_command ^= next == '`';
        if let Some(before) = before
            && !(is_command && is_kept)
            && may_end(before, next)
        {
            pieces.push(&text[from..at]);
            from = at;
        }
        before = Some(next);
    }
    if from < text.len() {
        pieces.push(&text[from..]);
    }
    pieces
}

/// Whether a line may end between two characters.
fn may_end(before: char, next: char) -> bool {
    let is_wide = |c: char| c.width() == Some(2);
    if next == ' ' {
        return before != ' ';
    }
    (is_wide(before) || is_wide(next))
        && before != ' '
        && !CLOSING.contains(next)
        && !OPENING.contains(before)
        && !(before == '`' || next == '`')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_takes_two_columns() {
        assert_eq!(width("交易日 1"), 8);
        assert_eq!(padded("表", 5), "表   ");
        assert_eq!(padded("table", 3), "table");
    }

    #[test]
    fn english_breaks_at_spaces() {
        assert_eq!(wrapped("one two three four", "! ", 10), "! one two\n  three\n  four");
        assert_eq!(wrapped("averyverylongword two", "", 5), "averyverylongword\ntwo");
        assert_eq!(wrapped("", "! ", 5), "! ");
    }

    #[test]
    fn a_command_stays_in_one_line() {
        assert_eq!(wrapped("run `pitlake run a b` now", "! ", 12), "! run\n  `pitlake run a b`\n  now");
    }

    #[test]
    fn chinese_breaks_anywhere_but_before_a_comma() {
        assert_eq!(
            folded("缺少交易日，请运行 `pitlake run`", "! ", 12),
            "! 缺少交易\n  日，请运行\n  `pitlake\n  run`"
        );
        assert_eq!(wrapped("甲乙丙丁。戊", "", 8), "甲乙丙\n丁。戊");
    }
}
