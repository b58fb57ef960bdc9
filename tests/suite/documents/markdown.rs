//! A document and its parts: fenced blocks, prose, code spans, links, headings. Never what they say.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The root of the repository.
pub(super) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Whether a path ends in an extension.
pub(super) fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|found| found == extension)
}

/// Every file below a folder, as a path from the root of the repository.
pub(super) fn files(folder: &str) -> Vec<String> {
    let mut all = Vec::new();
    for entry in fs::read_dir(root().join(folder)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{folder}/{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            all.extend(files(&path));
        } else {
            all.push(path);
        }
    }
    all.sort();
    all
}

/// A Markdown file.
pub(super) struct Document {
    /// From the root of the repository.
    pub(super) path: String,
    pub(super) text: String,
}

/// A fenced block.
pub(super) struct Block {
    pub(super) language: String,
    pub(super) text: String,
}

impl Document {
    pub(super) fn read(path: impl AsRef<Path>) -> Self {
        let path = path.as_ref().to_str().unwrap().to_owned();
        let text = fs::read_to_string(root().join(&path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        Self { path, text }
    }

    /// Every document of the repository.
    pub(super) fn all() -> Vec<Self> {
        let single = ["README.md", "README.zh-CN.md", "CONTRIBUTING.md", "CHANGELOG.md", "data/README.md"];
        let docs = files("docs").into_iter().filter(|path| has_extension(path, "md"));
        single.into_iter().map(str::to_owned).chain(docs).map(Self::read).collect()
    }

    /// Those that people write; those of tables are generated.
    pub(super) fn written() -> Vec<Self> {
        let is_written = |document: &Self| !["docs/tables.md", "docs/zh/tables.md"].contains(&document.path.as_str());
        Self::all().into_iter().filter(is_written).collect()
    }

    pub(super) fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut open: Option<Block> = None;
        for line in self.text.lines() {
            match (&mut open, line.strip_prefix("```")) {
                (None, Some(language)) => open = Some(Block { language: language.to_owned(), text: String::new() }),
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (Some(block), None) => block.text.extend([line, "\n"]),
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a block is not closed", self.path);
        blocks
    }

    /// The text without its blocks.
    pub(super) fn prose(&self) -> String {
        let mut is_block = false;
        let mut prose = String::new();
        for line in self.text.lines() {
            if line.starts_with("```") {
                is_block = !is_block;
            } else if !is_block {
                prose.extend([line, "\n"]);
            }
        }
        prose
    }

    /// The code spans of the prose.
    pub(super) fn spans(&self) -> Vec<String> {
        let prose = self.prose();
        let mut spans = Vec::new();
        let mut rest = prose.as_str();
        while let Some(start) = rest.find('`') {
            rest = &rest[start..];
            let ticks = &rest[..rest.len() - rest.trim_start_matches('`').len()];
            let inner = &rest[ticks.len()..];
            let end = inner.find(ticks).unwrap_or_else(|| panic!("{}: an open code span: {inner:.60}", self.path));
            spans.push(inner[..end].split_whitespace().collect::<Vec<_>>().join(" "));
            rest = &inner[end + ticks.len()..];
        }
        spans
    }

    /// The targets of its links.
    fn links(&self) -> Vec<String> {
        let prose = self.prose();
        let after = prose.split("](").skip(1);
        after.map(|rest| rest.split(')').next().unwrap().to_owned()).collect()
    }

    /// The files that its links lead to, from the root of the repository, each with its anchor.
    pub(super) fn targets(&self) -> Vec<(String, String)> {
        let folder = Path::new(&self.path).parent().unwrap();
        let target = |link: String| {
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let path = if file.is_empty() { self.path.clone() } else { folded(&folder.join(file)) };
            (path, anchor.to_owned())
        };
        self.links().into_iter().filter(|link| !link.starts_with("https://")).map(target).collect()
    }

    /// The anchors of its headings, as GitHub makes them.
    pub(super) fn anchors(&self) -> BTreeSet<String> {
        let mut anchors = BTreeSet::new();
        let prose = self.prose();
        for heading in prose.lines().filter(|line| line.starts_with('#')) {
            let keep = |c: char| match c {
                ' ' => Some('-'),
                c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
                _ => None,
            };
            let text = heading.trim_start_matches('#').trim().to_lowercase();
            let slug: String = text.chars().filter_map(keep).collect();
            let free = (0..).map(|n| if n == 0 { slug.clone() } else { format!("{slug}-{n}") });
            let free = free.into_iter().find(|slug| !anchors.contains(slug));
            anchors.extend(free);
        }
        anchors
    }

    /// The rows of its tables: the cells of each.
    pub(super) fn rows(&self) -> Vec<Vec<String>> {
        let prose = self.prose();
        let rows = prose.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
        // A bar in a cell is escaped.
        let cells =
            |row: &str| row.replace("\\|", "\u{0}").split(" | ").map(|cell| cell.replace('\u{0}', "|")).collect();
        rows.map(cells).collect()
    }
}

/// A relative path without its `..`.
fn folded(path: &Path) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.to_str().unwrap().split('/') {
        match part {
            "" | "." => {}
            ".." => _ = parts.pop(),
            part => parts.push(part),
        }
    }
    parts.join("/")
}
