//! A partition whose files are being added to its builder, in order. How a file is read is up to `read`.

use anyhow::Result;

use super::input::{AnsweredCalls, TaskFile};
use super::read::{builder, input, source_of};
use crate::normalise::{Builder, Partition, Stop, TextIds};
use crate::parallel::Threads;
use crate::spec::{Table, TableSource};

/// A partition being filled.
pub(super) struct Filling<'t, 'f> {
    table: &'t Table,
    pub(super) builder: Builder<'t>,
    files: &'f [TaskFile],
    /// Position of the next file.
    next: usize,
    /// One per reading thread.
    pub(super) ids: Vec<TextIds>,
    problems: Vec<anyhow::Error>,
    /// Why it was abandoned.
    pub(super) stopped: Option<anyhow::Error>,
}

impl<'t, 'f> Filling<'t, 'f> {
    pub(super) fn new(table: &'t Table, partition: Partition, files: &'f [TaskFile], threads: Threads) -> Self {
        Self {
            table,
            builder: builder(table, partition, files),
            files,
            next: 0,
            ids: (0..threads.count()).map(|_| TextIds::default()).collect(),
            problems: Vec::new(),
            stopped: None,
        }
    }

    /// Adds the files before `place`, none of which has a body to read.
    fn add_until(&mut self, place: usize) {
        let (table, files) = (self.table, self.files);
        for file in &files[self.next..place] {
            let source = match source_of(table, file) {
                Ok(source) => source,
                Err(error) => {
                    self.stopped = Some(error);
                    return;
                }
            };
            match &file.repeats {
                Some(answered) => {
                    let added = self.builder.add(input(source, file, (answered, None), true), &[]);
                    self.note(file, added.map_err(anyhow::Error::from));
                }
                None => {
                    self.builder.add_again(input(source, file, (&AnsweredCalls::default(), None), false));
                }
            }
        }
        self.next = place;
    }

    /// Adds the file at `place`, with what was read from its body.
    pub(super) fn add(
        &mut self,
        place: usize,
        add: impl FnOnce(&mut Self, &'f TaskFile, &'t TableSource) -> Result<()>,
    ) {
        self.add_until(place);
        if self.stopped.is_some() {
            return;
        }
        let (table, files) = (self.table, self.files);
        let file = &files[place];
        match source_of(table, file) {
            Ok(source) => {
                let added = add(self, file, source);
                self.note(file, added);
                self.next = place + 1;
            }
            Err(error) => self.stopped = Some(error),
        }
    }

    fn note(&mut self, file: &TaskFile, added: Result<()>) {
        match added {
            Err(error) if file.is_former => {
                self.builder.forget(&file.path);
                tracing::warn!("{error:#}; the file is no longer counted, and its former states are not available");
            }
            added => self.problems.extend(added.err()),
        }
    }

    /// The builder, if every file could be added.
    pub(super) fn filled(mut self) -> Result<Builder<'t>> {
        if self.stopped.is_none() {
            self.add_until(self.files.len());
        }
        match self.stopped {
            Some(error) => Err(error),
            None if self.problems.is_empty() => Ok(self.builder),
            None => Err(joined(self.problems)),
        }
    }
}

/// Joins all errors that stopped a partition. The result is a failed check if any of them is.
fn joined(mut problems: Vec<anyhow::Error>) -> anyhow::Error {
    let first = problems.iter().position(anyhow::Error::is::<Stop>).unwrap_or(0);
    let first = problems.remove(first);
    let others: Vec<String> = problems.iter().map(|problem| format!("{problem:#}")).collect();
    if others.is_empty() { first } else { first.context(format!("{}; and", others.join("; "))) }
}
