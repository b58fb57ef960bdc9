//! Pages to a whole answer: asked on until something proves the end, and anew where they do not fit together.
//!
//! Never here: how one call is sent.

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use super::{Client, Expect, Failure, Interface, Reply};
use crate::spec::Paging;
use crate::vendor::{Call, Window};

/// How often a slice whose pages do not fit together is asked anew.
const ATTEMPTS: usize = 5;

/// A part of an answer: not to be kept before it is whole.
#[derive(Debug, Default)]
pub struct Pages {
    reply: Reply,
    /// The lines of each call.
    lines: Vec<Vec<u8>>,
    /// Rows of the first page of each call.
    open: Vec<usize>,
    /// The keys of each call: calls may answer alike, pages of one may not.
    keys: Vec<HashSet<Box<[u8]>>>,
    /// A row that came on two pages.
    repeated: Option<String>,
}

impl Client {
    /// The first pages of a slice. Whether they are the whole answer shows when more slices of the
    /// interface have theirs: see [`Client::whole`].
    ///
    /// # Errors
    /// [`Failure`]; what stops the interface or the vendor is remembered and given at once to whoever
    /// asks next.
    pub async fn first(&self, interface: &Interface, calls: &[Call], expect: &Expect) -> Result<Pages, Failure> {
        let mut pages =
            Pages { lines: vec![Vec::new(); calls.len()], keys: vec![HashSet::new(); calls.len()], ..Pages::default() };
        pages.reply.rows_of = vec![0; calls.len()];
        for (place, call) in calls.iter().enumerate() {
            if let Some(stopped) = self.stopped.get().or_else(|| interface.stopped.get()) {
                return Err(stopped.clone());
            }
            let begun = self.next_page(interface, (place, call), expect, &mut pages, 0).await;
            let rows = begun.inspect_err(|failure| self.remember(interface, failure))?;
            pages.open.push(rows);
        }
        Ok(pages)
    }

    /// Asks on until the answer is whole. What does not fit together is asked anew.
    ///
    /// # Errors
    /// As [`Client::first`].
    pub async fn whole(
        &self,
        interface: &Interface,
        calls: &[Call],
        expect: &Expect,
        first: Pages,
    ) -> Result<Reply, Failure> {
        let mut last = Failure::Untrusted("never asked".into());
        let mut begun = Some(first);
        // Twins at a page's border look like a row that came twice; but then all rows come again, alike. An
        // order that changes between pages gives as many rows, and others.
        let mut repeated: Option<Vec<u8>> = None;
        for _ in 0..ATTEMPTS {
            let pages = match begun.take() {
                Some(pages) => pages,
                None => self.first(interface, calls, expect).await?,
            };
            match self.finish(interface, calls, expect, pages).await {
                Ok(pages) => {
                    let came_twice = pages.repeated.clone();
                    let reply = pages.whole();
                    let Some(row) = came_twice else { return Ok(reply) };
                    let rows = sorted(&reply.lines);
                    if expect.repeats && repeated.as_ref() == Some(&rows) {
                        return Ok(reply);
                    }
                    repeated = Some(rows);
                    last = Failure::Untrusted(format!("the row {row} came on two pages: others may be lost"));
                }
                Err(failure @ Failure::Untrusted(_)) => last = failure,
                Err(failure) => {
                    self.remember(interface, &failure);
                    return Err(failure);
                }
            }
        }
        Err(last)
    }

    fn remember(&self, interface: &Interface, failure: &Failure) {
        if failure.stops_vendor() {
            let _ = self.stopped.set(failure.clone());
        } else if failure.stops_interface() {
            let _ = interface.stopped.set(failure.clone());
        }
    }

    /// Every page of every call. The end is proven by an empty page, by one shorter than another page that
    /// this interface gave in this run, or by the rows that were expected: caps cut in silence, `has_more`
    /// lies.
    async fn finish(
        &self,
        interface: &Interface,
        calls: &[Call],
        expect: &Expect,
        mut pages: Pages,
    ) -> Result<Pages, Failure> {
        let limit = interface.contract.ask.page_rows;
        match interface.contract.ask.paging {
            Paging::Offset => {}
            Paging::Whole => return Ok(pages),
            Paging::Limit => {
                if let Some(rows) = pages.open.iter().find(|rows| **rows >= limit) {
                    let message = format!("a page of {rows} rows is full, and the interface has no second one");
                    return Err(Failure::Untrusted(message));
                }
                return Ok(pages);
            }
        }
        let all: usize = pages.open.iter().sum();
        let is_expected = (calls.len() == 1 && expect.rows.most == Some(all)) || expect.rows.before == Some(all);
        if is_expected && pages.open.iter().all(|rows| *rows < limit) {
            return Ok(pages);
        }
        for ((place, call), first) in calls.iter().enumerate().zip(pages.open.clone()) {
            let (mut offset, mut rows) = (first, first);
            while rows > 0 && rows >= interface.largest.load(Ordering::Relaxed) {
                rows = self.next_page(interface, (place, call), expect, &mut pages, offset).await?;
                offset += rows;
                if calls.len() == 1 && rows > 0 && rows < limit && expect.rows.most == Some(offset) {
                    break;
                }
            }
        }
        Ok(pages)
    }

    /// Adds one page; returns its rows.
    async fn next_page(
        &self,
        interface: &Interface,
        (place, call): (usize, &Call),
        expect: &Expect,
        pages: &mut Pages,
        offset: usize,
    ) -> Result<usize, Failure> {
        let window = Window { limit: interface.contract.ask.page_rows, offset };
        let page = self.page(interface, call, window, expect).await?;
        interface.largest.fetch_max(page.rows, Ordering::Relaxed);
        if page.rows == 0 {
            return Ok(0);
        }
        // Twins at a border are a few rows; a whole page of them would come for ever.
        if offset > 0 && page.keys.iter().all(|key| pages.keys[place].contains(key)) {
            let message = format!("the page from row {offset} on repeats rows that came before: is `offset` ignored?");
            return Err(Failure::Untrusted(message));
        }
        if pages.repeated.is_none() {
            let repeated = page.keys.iter().find(|key| pages.keys[place].contains(*key));
            pages.repeated = repeated.map(|key| String::from_utf8_lossy(key).trim_end().to_owned());
        }
        pages.keys[place].extend(page.keys);
        pages.lines[place].extend_from_slice(&page.lines);
        let reply = &mut pages.reply;
        reply.rows += page.rows;
        reply.rows_of[place] += page.rows;
        reply.pages += 1;
        reply.unknown.extend(page.unknown);
        reply.absent.extend(page.absent);
        reply.events.extend(page.events);
        Ok(page.rows)
    }
}

impl Pages {
    /// All calls, one after the other.
    fn whole(mut self) -> Reply {
        self.reply.lines = self.lines.concat();
        self.reply
    }
}

/// The lines in order: two answers with the same rows are alike, however they came.
fn sorted(lines: &[u8]) -> Vec<u8> {
    let mut all: Vec<&[u8]> = lines.split_inclusive(|byte| *byte == b'\n').collect();
    all.sort_unstable();
    all.concat()
}
