//! The page as a single file: its template, style, script and data. Does not interpret the data.
//!
//! The page contains texts of vendors, so everything is escaped, and the browser runs no script but ours.

use std::fmt::Write as _;

use anyhow::Result;
use sha2::{Digest as _, Sha256};

use super::data::{Page, TableView};
use crate::clock::SHANGHAI;

const TEMPLATE: &str = include_str!("web/page.html");

/// The parts of the style, in order.
const STYLE: [&str; 5] = [
    include_str!("web/theme.css"),
    include_str!("web/page.css"),
    include_str!("web/answers.css"),
    include_str!("web/cells.css"),
    include_str!("web/print.css"),
];

/// The parts of the script, in order: each uses those before it.
const SCRIPT: [&str; 9] = [
    include_str!("web/chinese.js"),
    include_str!("web/text.js"),
    include_str!("web/coverage.js"),
    include_str!("web/grid.js"),
    include_str!("web/overview.js"),
    include_str!("web/calendar.js"),
    include_str!("web/answers.js"),
    include_str!("web/sections.js"),
    include_str!("web/start.js"),
];

/// The page.
pub(super) fn document(page: &Page) -> Result<String> {
    let data = in_script(&serde_json::to_string(page)?);
    // Scripts need this nonce to run. A vendor's text cannot know it.
    let nonce = Sha256::digest(&data).iter().take(16).fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    let (style, script) = (STYLE.concat(), SCRIPT.concat());
    let rows = page.tables.iter().fold(String::new(), |rows, table| rows + &row(table));
    let lake = escaped(&page.lake);
    let now = page.now.with_timezone(&SHANGHAI).format("%Y-%m-%d %H:%M").to_string();
    let parts = [
        ("nonce", nonce.as_str()),
        ("lake", &lake),
        ("now", &now),
        ("style", &style),
        ("script", &script),
        ("data", &data),
        ("rows", &rows),
    ];
    Ok(filled(TEMPLATE, &parts))
}

/// The template with `{{name}}` replaced by the parts. Parts are not expanded again.
fn filled(template: &str, parts: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for (place, piece) in template.split("{{").enumerate() {
        let (name, rest) = if place == 0 { ("", piece) } else { piece.split_once("}}").unwrap_or(("", piece)) };
        out.push_str(parts.iter().find(|part| part.0 == name).map_or("", |part| part.1));
        out.push_str(rest);
    }
    out
}

/// Makes JSON safe inside a script: no text can end the script or start a comment.
fn in_script(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            _ => out.push(c),
        }
    }
    out
}

/// Escapes a text for HTML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

/// A table row for browsers without JavaScript.
fn row(table: &TableView) -> String {
    let text = |value: Option<String>| value.map_or_else(|| "-".to_owned(), |value| escaped(&value));
    let cells = [
        text(table.first.map(|day| day.to_string())),
        text(table.last.map(|day| day.to_string())),
        table.rows.to_string(),
        table.slices.held.to_string(),
        (table.slices.missing + table.slices.failed).to_string(),
        table.rejected.to_string(),
        text(table.fresh.as_ref().map(|fresh| format!("{} {}", fresh.day, if fresh.is_in { "✓" } else { "✗" }))),
    ];
    let cells = cells.iter().fold(String::new(), |out, cell| out + "<td>" + cell + "</td>");
    format!("<tr><th scope=\"row\">{}</th>{cells}</tr>\n", escaped(&table.table))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_the_script() {
        let evil = "</script><script>alert(1)</script><!-- & \u{2028}";
        let json = in_script(&serde_json::to_string(evil).unwrap());
        assert!(!json.contains(['<', '>', '&', '\u{2028}']), "{json}");
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), evil);
        assert_eq!(escaped("<b a=\"'&"), "&lt;b a=&quot;&#39;&amp;");
    }

    #[test]
    fn parts_are_not_looked_at_again() {
        let parts = [("a", "{{b}}"), ("b", "x")];
        assert_eq!(filled("1{{a}}2{{b}}3", &parts), "1{{b}}2x3");
    }

    #[test]
    fn our_own_files_end_no_script_and_name_no_other() {
        for part in SCRIPT.iter().chain(&STYLE) {
            for evil in ["</script", "</style", "<!--", "https:", "url(", "@import", "fetch(", "innerHTML"] {
                assert!(!part.contains(evil), "{evil}");
            }
        }
    }
}
