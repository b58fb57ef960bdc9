//! Turns a line of a nested reply into rows: one per element of a list, or one for the object itself. Elements also
//! take the scalars around them. Lists that the source does not name are skipped.
//!
//! Flat lines are read faster by [`super::scan`].

use serde_json::value::RawValue;

use super::scalars::Scalar;
use super::scan::{Resolve, fill, members};
use super::value::{LineReading, RowError};
use crate::spec::{Contract, TableSource};

/// An element of a line.
pub(super) struct Element<'l> {
    /// Its row, or why it has none.
    pub(super) row: Result<Vec<Scalar>, RowError>,
    /// Its part of the line.
    pub(super) text: &'l str,
}

/// Whether the lines of a source are nested.
pub(super) fn is_nested(source: &TableSource) -> bool {
    let contract = &source.contract;
    source.rows.is_some() || contract.lists().next().is_some() || contract.fields.iter().any(|f| f.name.contains('.'))
}

/// Reads a line.
pub(super) fn read<'l>(
    line: &'l str,
    source: &TableSource,
    columns: usize,
    reading: &mut LineReading<'_>,
    resolve: &mut Resolve<'_, '_>,
) -> Vec<Element<'l>> {
    let rows = source.rows.as_deref().unwrap_or_default();
    let mut walk = Walk { contract: &source.contract, rows, reading, resolve, elements: Vec::new() };
    walk.element(line, "", vec![Scalar::Absent; columns]);
    walk.elements
}

struct Walk<'w, 'l, 'c, 'r, 't> {
    contract: &'w Contract,
    /// The path of the list whose elements are the rows; empty for the line itself.
    rows: &'w str,
    reading: &'w mut LineReading<'c>,
    resolve: &'w mut Resolve<'r, 't>,
    elements: Vec<Element<'l>>,
}

impl<'l> Walk<'_, 'l, '_, '_, '_> {
    /// Visits the line, or the list element, at `path`. `row` holds the scalars around it.
    fn element(&mut self, text: &'l str, path: &str, mut row: Vec<Scalar>) {
        let mut list = None;
        let read = self.object(text, path, &mut row, &mut list);
        match (read, list) {
            (Err(error), _) if path.is_empty() => self.push(Err(error), text),
            (Err(RowError(reason)), _) => self.push(Err(RowError(format!("in `{path}`: {reason}"))), text),
            (Ok(()), _) if path == self.rows => self.push(Ok(row), text),
            (Ok(()), None) => {}
            (Ok(()), Some((path, list))) => match serde_json::from_str::<Vec<&RawValue>>(list) {
                Ok(elements) => elements.into_iter().for_each(|e| self.element(e.get(), &path, row.clone())),
                Err(error) => self.push(Err(RowError(format!("`{path}` is not a list: {error}"))), text),
            },
        }
    }

    fn push(&mut self, row: Result<Vec<Scalar>, RowError>, text: &'l str) {
        self.elements.push(Element { row, text });
    }

    /// Reads the scalars of an object and of objects inside it. `list` is the list on the way to the rows.
    fn object(
        &mut self,
        text: &'l str,
        path: &str,
        row: &mut [Scalar],
        list: &mut Option<(String, &'l str)>,
    ) -> Result<(), RowError> {
        // As in flat lines, every name is resolved, even after an error.
        let mut first = Ok(());
        for (name, raw) in members(text)? {
            let path = if path.is_empty() { name.into_owned() } else { format!("{path}.{name}") };
            let token = raw.get();
            match token.as_bytes() {
                [b'[', ..] if path == self.rows || is_below(&path, self.rows) => *list = Some((path, token)),
                [b'[', ..] if self.contract.lists().any(|list| list == path) => {}
                [b'{', ..] if self.is_inner(&path) => first = first.and(self.object(token, &path, row, list)),
                b"null" if self.is_inner(&path) => {}
                _ => {
                    if let Some(target) = (self.resolve)(&path) {
                        first = first.and(fill(row, &path, token, &target, self.reading));
                    }
                }
            }
        }
        first
    }

    /// Whether a path leads towards a field or list of the contract.
    fn is_inner(&self, path: &str) -> bool {
        let fields = self.contract.fields.iter().map(|field| field.name.as_str());
        self.contract.lists().any(|list| list == path) || fields.chain(self.contract.lists()).any(|f| is_below(path, f))
    }
}

/// Whether `path` lies below `outer`.
fn is_below(outer: &str, path: &str) -> bool {
    path.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'))
}
