//! Each page and its Chinese version have the same headings, tables, blocks, names and links. How well either reads is
//! up to people.

use std::collections::BTreeSet;
use std::fmt::Debug;

use super::markdown::{Document, files, root};

/// Each page that has a Chinese version, together with it.
fn pairs() -> Vec<(Document, Document)> {
    let docs = files("docs/zh").into_iter().map(|path| (path.replace("docs/zh/", "docs/"), path));
    let readme = ("README.md".to_owned(), "README.zh-CN.md".to_owned());
    docs.chain([readme]).map(|(english, chinese)| (Document::read(english), Document::read(chinese))).collect()
}

/// What differs between the two versions of each page.
fn differences<T: PartialEq + Debug>(part: impl Fn(&Document) -> Vec<T>) -> Vec<String> {
    let mut wrong = Vec::new();
    for (english, chinese) in pairs() {
        let (ours, theirs) = (part(&english), part(&chinese));
        let first = ours.iter().zip(&theirs).find(|(one, other)| one != other);
        if first.is_some() || ours.len() != theirs.len() {
            let counts = format!("{} and {}", ours.len(), theirs.len());
            wrong.push(format!("{}, {}: {counts}; first difference: {first:#?}", english.path, chinese.path));
        }
    }
    wrong
}

#[test]
fn both_pages_have_the_same_headings() {
    let levels = |document: &Document| -> Vec<usize> {
        let level = |line: &str| line.len() - line.trim_start_matches('#').len();
        document.prose().lines().map(level).filter(|level| *level > 0).collect()
    };
    let wrong = differences(levels);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn both_pages_have_tables_of_the_same_size() {
    let wrong = differences(|document| document.rows().iter().map(Vec::len).collect());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A line of a block without its comment, which is translated.
fn uncommented(line: &str) -> String {
    // `# schemas/…` is a file name.
    let is_comment = line.starts_with("# ") && !line.contains('/');
    let code = if is_comment { "#" } else { line.split("  # ").next().unwrap() };
    // Explanations follow paths.
    let path = code.split_once("  ").map(|(path, _)| path).filter(|path| path.contains('/'));
    path.unwrap_or(code).trim_end().to_owned()
}

#[test]
fn both_pages_show_the_same_commands_and_code() {
    let lines = |document: &Document| -> Vec<(String, String)> {
        let lines = |text: &str| -> Vec<String> { text.lines().map(uncommented).collect() };
        document.blocks().into_iter().map(|block| (block.language, lines(&block.text).join("\n"))).collect()
    };
    let wrong = differences(lines);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn both_pages_name_the_same_flags_keys_and_values() {
    let mut wrong = Vec::new();
    // The READMEs have the same content at different lengths.
    for (english, chinese) in pairs().into_iter().filter(|(english, _)| english.path != "README.md") {
        let spans = |document: &Document| -> BTreeSet<String> { document.spans().into_iter().collect() };
        let (ours, theirs) = (spans(&english), spans(&chinese));
        let one: Vec<&String> = ours.symmetric_difference(&theirs).collect();
        if !one.is_empty() {
            wrong.push(format!("only one of {}, {} names {one:?}", english.path, chinese.path));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn each_page_links_the_other_below_its_title() {
    for (english, chinese) in pairs() {
        let third = |document: &Document| document.text.lines().nth(2).unwrap_or_default().to_owned();
        let page = |path: &str| path.strip_prefix("docs/").unwrap_or(path).to_owned();
        let back = if chinese.path.starts_with("docs/") { "../" } else { "" };
        assert_eq!(third(&english), format!("[中文]({})", page(&chinese.path)), "{}", english.path);
        assert_eq!(third(&chinese), format!("[English]({back}{})", page(&english.path)), "{}", chinese.path);
    }
}

#[test]
fn chinese_pages_lead_to_chinese_pages() {
    let mut wrong = Vec::new();
    for (english, chinese) in pairs() {
        for (target, _) in chinese.targets().into_iter().filter(|(target, _)| *target != english.path) {
            let own = target.strip_prefix("docs/").map(|name| format!("docs/zh/{name}"));
            if let Some(own) = own.filter(|own| root().join(own).is_file()) {
                wrong.push(format!("{}: `{target}`, not `{own}`", chinese.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
