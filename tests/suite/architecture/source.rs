//! A Rust file as seen by the other checks: the modules it declares, the items it defines, what it imports, and which
//! paths it uses. Comments, strings and code under `#[cfg(test)]` are left out.

use std::collections::BTreeSet;
use std::iter;

/// A name that a `use` brings into the file.
#[derive(Debug, Clone)]
pub(super) struct Import {
    /// The path as written, with groups resolved: `["crate", "spec", "Table"]`. One to another crate may begin with
    /// `""`.
    pub(super) path: Vec<String>,
    /// The name it has in this file; `None` for `*`.
    pub(super) name: Option<String>,
    /// `pub use`, of any visibility.
    pub(super) is_public: bool,
}

/// What a file declares and uses.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// Modules with a file of their own.
    pub(super) modules: BTreeSet<String>,
    /// Names of types, functions, constants and macros.
    pub(super) items: BTreeSet<String>,
    /// Every import, including those inside functions.
    pub(super) imports: Vec<Import>,
    /// Every other path of two or more names.
    pub(super) paths: Vec<Vec<String>>,
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    /// The contents of a string literal, as written.
    Text(String),
    Colons,
    Mark(char),
}

impl Token {
    fn is(&self, word: &str) -> bool {
        matches!(self, Self::Word(text) if text == word)
    }
}

impl Source {
    pub(super) fn parse(text: &str) -> Self {
        let tokens = without_tests(&tokens(text));
        let mut source = Self::default();
        let mut at = 0;
        while at < tokens.len() {
            at = source.read(&tokens, at);
        }
        source
    }

    /// Reads what begins at a token, and returns the position after it.
    fn read(&mut self, tokens: &[Token], at: usize) -> usize {
        let Token::Word(word) = &tokens[at] else { return at + 1 };
        let next = match tokens.get(at + 1) {
            Some(Token::Word(name)) => Some(name),
            _ => None,
        };
        match (word.as_str(), next) {
            ("const", Some(name)) if name == "fn" => at + 1,
            // Not `impl Trait + use<'a>`.
            ("use", _) if tokens.get(at + 1) != Some(&Token::Mark('<')) => {
                let end = at + tokens[at..].iter().position(|token| *token == Token::Mark(';')).unwrap_or(0);
                let is_public = at > 0 && (tokens[at - 1].is("pub") || tokens[at - 1] == Token::Mark(')'));
                tree(&tokens[at + 1..end], &[], is_public, &mut self.imports);
                end + 1
            }
            ("mod", Some(name)) if tokens.get(at + 2) == Some(&Token::Mark(';')) => {
                self.modules.insert(name.clone());
                at + 3
            }
            ("struct" | "enum" | "trait" | "type" | "const" | "static" | "fn" | "union", Some(name)) => {
                self.items.insert(name.clone());
                at + 2
            }
            ("macro_rules", _) => {
                if let Some(Token::Word(name)) = tokens.get(at + 2) {
                    self.items.insert(name.clone());
                }
                at + 3
            }
            _ => {
                let path = path(&tokens[at..]);
                let length = path.len();
                if at == 0 || tokens[at - 1] != Token::Colons {
                    if length > 1 {
                        self.paths.push(path);
                    }
                } else if at == 1 || !matches!(tokens[at - 2], Token::Word(_) | Token::Mark('>')) {
                    self.paths.push([vec![String::new()], path].concat());
                }
                at + 2 * length - 1
            }
        }
    }
}

/// The strings in a file outside of tests, each with the word before it: `bail` for `bail!("…")`.
pub(super) fn texts(text: &str) -> Vec<(String, String)> {
    let tokens = without_tests(&tokens(text));
    let text = |(place, token): (usize, &Token)| {
        let Token::Text(text) = token else { return None };
        let word = tokens[..place].iter().rev().find_map(|token| match token {
            Token::Word(word) => Some(word.clone()),
            _ => None,
        });
        Some((word.unwrap_or_default(), text.clone()))
    };
    tokens.iter().enumerate().filter_map(text).collect()
}

/// The names joined by `::` at the start of some tokens.
fn path(tokens: &[Token]) -> Vec<String> {
    let mut names = Vec::new();
    for pair in tokens.chunks(2) {
        let Token::Word(name) = &pair[0] else { break };
        names.push(name.clone());
        if pair.get(1) != Some(&Token::Colons) {
            break;
        }
    }
    names
}

/// Reads `a::{b, c::*, d as e}` below a path.
fn tree(tokens: &[Token], above: &[String], is_public: bool, imports: &mut Vec<Import>) {
    if tokens.first() == Some(&Token::Colons) {
        return tree(&tokens[1..], &[String::new()], is_public, imports);
    }
    let names = path(tokens);
    let full: Vec<String> = above.iter().chain(&names).cloned().collect();
    let rest = &tokens[tokens.len().min(names.len() * 2)..];
    let after = names.len().checked_sub(1).and_then(|last| tokens.get(last * 2 + 1));
    let mut import = |path: Vec<String>, name: Option<String>| imports.push(Import { path, name, is_public });
    match rest.first() {
        Some(Token::Mark('{')) => {
            for part in branches(&rest[1..rest.len() - 1]) {
                tree(part, &full, is_public, imports);
            }
        }
        Some(Token::Mark('*')) => import(full, None),
        // `a as b`: the word after `a` is not part of the path.
        _ if after.is_some_and(|token| token.is("as")) => {
            if let Some(Token::Word(name)) = tokens.get(names.len() * 2) {
                import(full, Some(name.clone()));
            }
        }
        _ => {
            let mut path = full;
            // `a::{self}` means `a`.
            if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
                path.pop();
            }
            let name = path.last().cloned();
            import(path, name);
        }
    }
}

/// The parts of a group, separated by commas outside of inner groups.
fn branches(tokens: &[Token]) -> Vec<&[Token]> {
    let mut depth = 0;
    let parts = tokens.split(|token| {
        match token {
            Token::Mark('{') => depth += 1,
            Token::Mark('}') => depth -= 1,
            _ => {}
        }
        depth == 0 && *token == Token::Mark(',')
    });
    parts.filter(|part| !part.is_empty()).collect()
}

/// Removes every item under `#[cfg(test)]`.
fn without_tests(tokens: &[Token]) -> Vec<Token> {
    let attribute: Vec<Token> = self::tokens("#[cfg(test)]");
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at..].starts_with(&attribute) {
            at += attribute.len();
            at += item(&tokens[at..]);
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    kept
}

/// The number of tokens in the item at the start, up to its `;` or closing brace.
fn item(tokens: &[Token]) -> usize {
    let first = tokens.iter().find(|token| matches!(token, Token::Word(word) if word != "pub" && word != "crate"));
    let is_use = first.is_some_and(|token| token.is("use"));
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Mark('{' | '(' | '[') => depth += 1,
            Token::Mark('}' | ')' | ']') => depth -= 1,
            _ => {}
        }
        let is_end = *token == Token::Mark(';') || (*token == Token::Mark('}') && !is_use);
        if depth == 0 && is_end {
            return at + 1;
        }
    }
    tokens.len()
}

fn tokens(text: &str) -> Vec<Token> {
    let text: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        at += match rest {
            ['/', '/', ..] => rest.iter().position(|c| *c == '\n').unwrap_or(rest.len()),
            ['/', '*', ..] => block_comment(rest),
            ['"', ..] => {
                let length = string(rest);
                tokens.push(Token::Text(rest[1..length - 1].iter().collect()));
                length
            }
            ['r', '"', ..] | ['r', '#', '"' | '#', ..] => raw_string(&rest[1..]) + 1,
            ['b', 'r', '"' | '#', ..] => raw_string(&rest[2..]) + 2,
            ['\'', '\\', ..] => rest.iter().skip(3).position(|c| *c == '\'').map_or(rest.len(), |end| end + 4),
            ['\'', _, '\'', ..] => 3,
            // A lifetime.
            ['\'', ..] => 1 + word(&rest[1..]),
            [':', ':', ..] => {
                tokens.push(Token::Colons);
                2
            }
            [c, ..] if c.is_alphanumeric() || *c == '_' => {
                let length = word(rest);
                tokens.push(Token::Word(rest[..length].iter().collect()));
                length
            }
            [c, ..] => {
                tokens.extend(iter::once(Token::Mark(*c)).filter(|_| !c.is_whitespace()));
                1
            }
            [] => 1,
        };
    }
    tokens
}

fn word(text: &[char]) -> usize {
    text.iter().position(|c| !(c.is_alphanumeric() || *c == '_')).unwrap_or(text.len())
}

fn string(text: &[char]) -> usize {
    let mut at = 1;
    while at < text.len() && text[at] != '"' {
        at += if text[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// `#"…"#` with any number of `#`, including none.
fn raw_string(text: &[char]) -> usize {
    let hashes = text.iter().position(|c| *c != '#').unwrap_or(0);
    let end: Vec<char> = iter::once('"').chain(iter::repeat_n('#', hashes)).collect();
    let body = &text[(hashes + 1).min(text.len())..];
    hashes + 1 + body.windows(end.len()).position(|part| part == end).map_or(body.len(), |at| at + end.len())
}

fn block_comment(text: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < text.len() {
        let step = match &text[at..] {
            ['/', '*', ..] => 1,
            ['*', '/', ..] => -1,
            _ => 0,
        };
        depth += step;
        at += if step == 0 { 1 } else { 2 };
        if depth == 0 {
            break;
        }
    }
    at
}

#[test]
fn imports_are_seen_in_every_form() {
    let source = Source::parse(
        r#"
        pub(crate) use b::{self, c::{D, E as F}, g::*};
        use crate::h as i;
        mod j;
        // use crate::comment::X;
        /* use crate::comment::Y; /* nested */ */
        const TEXT: &str = "use crate::string::X; \" 'a";
        const RAW: &str = r"use crate::string::Y \";
        fn f<'a>(x: &'a str) -> char { crate::k::l(x); m::<u8>(); super::n::o!(); ::p::q(); '"' }
        #[cfg(test)]
        use crate::tests_only::{A, B};
        #[cfg(test)]
        mod tests { use crate::tests_only::C; fn g() { h::i(); } }
        struct P;
        "#,
    );
    let imports: Vec<String> = source
        .imports
        .iter()
        .map(|import| {
            let name = import.name.as_deref().unwrap_or("*");
            format!("{}{} as {name}", if import.is_public { "pub " } else { "" }, import.path.join("::"))
        })
        .collect();
    let expected = ["pub b as b", "pub b::c::D as D", "pub b::c::E as F", "pub b::g as *", "crate::h as i"];
    assert_eq!(imports, expected);
    let paths: Vec<String> = source.paths.iter().map(|path| path.join("::")).collect();
    assert_eq!(paths, ["crate::k::l", "super::n::o", "::p::q"]);
    assert_eq!(source.modules, BTreeSet::from(["j".to_owned()]));
    assert_eq!(source.items, ["P", "RAW", "TEXT", "f"].map(str::to_owned).into());
}
