//! Templates for sentences that vary, and the splitting of texts into parts. Whole catalogues are in `catalogue`.
//!
//! A template has `{}` where a sentence varies, `{w}` for one word or `{n}` for a number. Its translation has `{}` in
//! order, or `{1}`, `{2}`. The inserted text is translated itself, unless it is quoted or a name; `{t}` is translated
//! even if it is a single word.

use std::cmp::Reverse;

/// What separates sentences and their parts, in English and in Chinese.
const JOINTS: [(&str, &str); 3] = [("; ", "；"), (": ", "："), (", ", "，")];

/// A sentence that varies.
#[derive(Debug)]
pub(super) struct Template {
    /// The texts around the places: one more than there are places.
    pub(super) around: Vec<String>,
    /// What each place may hold.
    pub(super) places: Vec<Varying>,
    pub(super) translation: Vec<Piece>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Varying {
    /// A text.
    Text,
    /// Any text, even one that looks like a name.
    Phrase,
    /// Text in quotes: a name, a path, what a vendor wrote.
    Quoted,
    /// Text without spaces: a name, a day.
    Word,
    /// Digits.
    Number,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Literal text.
    Text(String),
    /// The index of a place, from 0.
    Place(usize),
}

impl Template {
    pub(super) fn new(english: &str, translation: &str) -> Self {
        let (around, kinds) = split(english);
        let varying = |place: usize| match (&around[place], &around[place + 1]) {
            _ if kinds[place] != Varying::Text => kinds[place],
            (before, after) if before.ends_with(['`', '\'']) && after.starts_with(['`', '\'']) => Varying::Quoted,
            _ => Varying::Text,
        };
        let places = (0..kinds.len()).map(varying).collect();
        Self { places, translation: pieces(translation), around }
    }

    /// Templates that begin with literal text come first, then those with more letters.
    pub(super) fn rank(&self) -> (bool, Reverse<usize>, usize) {
        let letters = self.around.iter().map(String::len).sum();
        let texts = self.places.iter().filter(|place| **place == Varying::Text).count();
        (self.begins_anyhow(), Reverse(letters), texts)
    }

    /// The translation, for a sentence that does not vary.
    pub(super) fn translation_alone(&self) -> String {
        let texts = self.translation.iter().map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Place(_) => "",
        });
        texts.collect()
    }

    /// Whether it begins with a place.
    fn begins_anyhow(&self) -> bool {
        self.around.first().is_some_and(String::is_empty)
    }

    /// What fills the places of the template, as short as possible.
    pub(super) fn captures<'a>(&self, text: &'a str) -> Option<Vec<&'a str>> {
        let (first, others) = self.around.split_first()?;
        let (last, between) = others.split_last()?;
        let mut rest = text.strip_prefix(first.as_str())?;
        let mut captures = Vec::with_capacity(self.places.len());
        for part in between {
            let at = rest.find(part.as_str())?;
            captures.push(&rest[..at]);
            rest = &rest[at + part.len()..];
        }
        captures.push(rest.strip_suffix(last.as_str())?);
        let fits = |(capture, place): (&&str, &Varying)| match place {
            Varying::Number => is_number(capture),
            Varying::Word => !capture.is_empty() && !capture.contains(' '),
            Varying::Phrase => ends(capture).count() == 1,
            // A list of quoted names is allowed, a sentence is not.
            Varying::Quoted => !capture.replace("`, `", "").contains('`'),
            Varying::Text => true,
        };
        if self.begins_anyhow() && !is_one(captures[0]) {
            return None;
        }
        captures.iter().zip(&self.places).all(fits).then_some(captures)
    }
}

/// Positions where a part of a text may end, and the separator that follows. Brackets and quotes are not split.
pub(super) fn ends(text: &str) -> impl Iterator<Item = (usize, Option<(&'static str, &'static str)>)> {
    let joint = |at: usize| JOINTS.into_iter().find(|(between, _)| text[at..].starts_with(between));
    let (mut brackets, mut is_quoted) = (0_usize, false);
    let joints = text.char_indices().filter_map(move |(at, c)| {
        match c {
            '`' => is_quoted = !is_quoted,
            '(' if !is_quoted => brackets += 1,
            ')' if !is_quoted => brackets = brackets.saturating_sub(1),
            _ => {}
        }
        if brackets == 0 && !is_quoted { Some((at, Some(joint(at)?))) } else { None }
    });
    joints.chain([(text.len(), None)])
}

/// Whether a text is a single part, or a list of names followed by a part: a sentence does not begin in the middle of
/// another.
fn is_one(text: &str) -> bool {
    let mut from = 0;
    let count = |bracket: char| text.chars().filter(|c| *c == bracket).count();
    count('(') == count(')')
        && ends(text).all(|(at, joint)| {
            let part = &text[from..at];
            from = at + joint.map_or(0, |(between, _)| between.len());
            joint.is_none() || is_name(part) || (part.starts_with('`') && part.ends_with('`'))
        })
}

/// Appends a piece, with a space between Chinese and Latin letters, and none between Chinese characters.
pub(super) fn append(out: &mut String, piece: &str) {
    let is_han = |c: char| ('\u{3400}'..='\u{9fff}').contains(&c);
    let is_latin = |c: char| c.is_ascii_alphanumeric() || c == '`';
    let (end, begin) = (out.trim_end_matches(' '), piece.trim_start_matches(' '));
    let (Some(last), Some(first)) = (end.chars().next_back(), begin.chars().next()) else { return out.push_str(piece) };
    if is_han(last) && is_han(first) {
        out.truncate(end.len());
        out.push_str(begin);
        return;
    }
    let is_mixed = (is_han(last) && is_latin(first)) || (is_latin(last) && is_han(first));
    if is_mixed && !out.ends_with(' ') && !piece.starts_with(' ') {
        out.push(' ');
    }
    out.push_str(piece);
}

pub(super) fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(|c| c.is_ascii_digit() || c == '.' || c == ',')
}

/// Whether a text is a table, a column, a day or another name: a single word that is not part of a sentence.
pub(super) fn is_name(text: &str) -> bool {
    !text.contains(' ')
}

/// The texts around the places of a template, and what each place may hold.
fn split(template: &str) -> (Vec<String>, Vec<Varying>) {
    let (mut around, mut kinds) = (vec![String::new()], Vec::new());
    for piece in pieces_of(template) {
        match piece {
            Ok(text) => around.last_mut().into_iter().for_each(|last| last.push_str(text)),
            Err(inner) => {
                kinds.push(match inner {
                    "n" => Varying::Number,
                    "w" => Varying::Word,
                    "t" => Varying::Phrase,
                    _ => Varying::Text,
                });
                around.push(String::new());
            }
        }
    }
    (around, kinds)
}

fn pieces(translation: &str) -> Vec<Piece> {
    let mut next = 0;
    let piece = |piece: Result<&str, &str>| match piece {
        Ok(text) => Piece::Text(text.to_owned()),
        Err(inner) => {
            let place = inner.parse::<usize>().map_or(next, |place| place - 1);
            next += 1;
            Piece::Place(place)
        }
    };
    pieces_of(translation).into_iter().map(piece).collect()
}

/// Splits a template into literal text and the contents of braces. `{{` and `}}` are literal braces, as in Rust.
fn pieces_of(text: &str) -> Vec<Result<&str, &str>> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while let Some(at) = rest.find(['{', '}']) {
        pieces.push(Ok(&rest[..at]));
        let is_brace = rest[at + 1..].starts_with(&rest[at..=at]);
        let end = rest[at..].find('}').map_or(rest.len(), |end| at + end);
        if is_brace || rest[at..].starts_with('}') {
            pieces.push(Ok(&rest[at..=at]));
            rest = &rest[at + if is_brace { 2 } else { 1 }..];
        } else {
            pieces.push(Err(&rest[at + 1..end]));
            rest = rest.get(end + 1..).unwrap_or_default();
        }
    }
    pieces.push(Ok(rest));
    pieces
}
