//! Translates the comments of a `jobs.toml`. Keys and values are left alone.

use super::columns::wrapped;

/// The maximum width of a paragraph of comments.
const COLUMNS: usize = 110;

/// A configuration with each paragraph of comments, and each comment after a value, translated by `local`.
pub(super) fn commented(text: &str, local: &dyn Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut paragraph: Vec<&str> = Vec::new();
    for line in text.lines() {
        if let Some(prose) = prose(line) {
            paragraph.push(prose);
            continue;
        }
        end(&mut out, &mut paragraph, local);
        match line.rfind(" # ").filter(|at| !line[..*at].trim().is_empty()) {
            Some(at) => out.extend([&line[..at], " # ", &local(&line[at + 3..])]),
            None => out.push_str(line),
        }
        out.push('\n');
    }
    end(&mut out, &mut paragraph, local);
    out
}

/// Writes a paragraph, wrapped.
fn end(out: &mut String, paragraph: &mut Vec<&str>, local: &dyn Fn(&str) -> String) {
    if !paragraph.is_empty() {
        for line in wrapped(&local(&paragraph.join(" ")), "", COLUMNS).lines() {
            out.extend(["# ", line, "\n"]);
        }
        paragraph.clear();
    }
}

/// A line of a paragraph of text. `None` for one that holds a commented-out key, table or table name.
fn prose(line: &str) -> Option<&str> {
    let text = line.strip_prefix("# ")?;
    let is_key = text.split_once(" = ").is_some_and(|(name, _)| !name.contains(' '));
    let is_text = text.starts_with(|c: char| c.is_alphanumeric() || c == '`');
    (is_text && !is_key).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_comments_are_translated() {
        let text =
            "# One\n# `two`.\nversion = 1\n\n# [vendors.x]\n# points = 5   # of it\nkey = \"a # b\"   # the key\n";
        let said = commented(text, &|text| format!("<{text}>"));
        assert_eq!(
            said,
            "# <One `two`.>\nversion = 1\n\n# [vendors.x]\n# points = 5   # <of it>\nkey = \"a # b\"   # <the key>\n"
        );
    }
}
