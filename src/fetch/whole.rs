//! From pages to a complete reply: requested until their end is proven, and all over again if they do not fit together.
//!
//! How one call is sent is up to `client`.

use std::collections::HashSet;
use std::sync::atomic::Ordering;

use super::checks::Expect;
use super::client::{Client, Interface};
use super::page::memory;
use super::room::Turn;
use super::{Failure, Reply};
use crate::bronze;
use crate::spec::Paging;
use crate::wire::{Call, Window};

/// Most characters of a row to quote in an error.
const EXCERPT: usize = 200;

/// How often to request pages that do not fit together.
const ATTEMPTS: usize = 5;

/// Part of a reply, not to be kept before it is complete.
#[derive(Debug)]
pub struct Pages {
    turn: Turn,
    reply: Reply,
    /// The lines of each call.
    lines: Vec<Vec<u8>>,
    /// The number of rows on each call's first page.
    open: Vec<usize>,
    /// Key hashes per call. Two calls may return the same row, but not two pages of one call.
    keys: Vec<HashSet<u64>>,
    /// Why rows may be missing if only pages of another size can tell: a row is on two pages although rows may be
    /// alike, or pages do not join.
    doubt: Option<String>,
    /// Whether pages repeat rows of earlier ones.
    overlaps: bool,
}

/// The calls for a slice, and what their rows must show.
#[derive(Clone, Copy)]
struct SliceCalls<'a> {
    interface: &'a Interface,
    calls: &'a [Call],
    expect: &'a Expect,
    turn: &'a Turn,
    /// Rows to request per page.
    limit: usize,
}

impl<'a> SliceCalls<'a> {
    /// One attempt at a reply. Each requests pages of a different size, so that repeats at page boundaries show. A
    /// vendor may send fewer rows than requested.
    fn attempt(asked: (&'a Interface, &'a [Call], &'a Expect), turn: &'a Turn, attempt: usize) -> Self {
        let (interface, calls, expect) = asked;
        let ask = &interface.contract.ask;
        let again = attempt > 0 && ask.paging == Paging::Offset;
        let page =
            if again { ask.page_rows.min(interface.largest.load(Ordering::Relaxed).max(1)) } else { ask.page_rows };
        let fewer = if again { attempt * page.div_ceil(16) } else { 0 };
        Self { interface, calls, expect, turn, limit: page.saturating_sub(fewer).max(1) }
    }
}

impl Client {
    /// Requests the first pages of a slice. Whether they are complete shows once more slices of the interface have
    /// theirs: see [`Client::whole`].
    ///
    /// # Errors
    /// [`Failure`]. One that stops the interface or the vendor is remembered and returned by every later call.
    pub(super) async fn first(
        &self,
        interface: &Interface,
        calls: &[Call],
        expect: &Expect,
        turn: &Turn,
    ) -> Result<Pages, Failure> {
        self.begin(SliceCalls::attempt((interface, calls, expect), turn, 0)).await
    }

    async fn begin(&self, slice: SliceCalls<'_>) -> Result<Pages, Failure> {
        let SliceCalls { interface, calls, .. } = slice;
        let mut pages = Pages {
            turn: slice.turn.clone(),
            reply: Reply { rows_of: vec![0; calls.len()], ..Reply::default() },
            lines: vec![Vec::new(); calls.len()],
            open: Vec::new(),
            keys: vec![HashSet::new(); calls.len()],
            doubt: None,
            overlaps: false,
        };
        for place in 0..calls.len() {
            if let Some(stopped) = self.stopped.get().or_else(|| interface.stopped.get()) {
                return Err(stopped.clone());
            }
            let begun = self.next_page(slice, place, &mut pages, 0).await;
            let page = begun.map_err(|failure| self.remembered(interface, failure))?;
            pages.open.push(page.rows);
        }
        Ok(pages)
    }

    /// Requests pages until the reply is complete, and all of them again if they do not fit together.
    ///
    /// # Errors
    /// As for a first page.
    pub async fn whole(
        &self,
        interface: &Interface,
        calls: &[Call],
        expect: &Expect,
        first: Pages,
    ) -> Result<Reply, Failure> {
        let mut last = Failure::Untrusted("no page was requested".into());
        let turn = first.turn.clone();
        let mut begun = Some(first);
        // Twin rows at a page boundary look like a repeated row, but then pages of another size give the same rows. If
        // the order changed between pages, they give as many rows, but different ones.
        let mut doubted: Option<String> = None;
        for attempt in 0..ATTEMPTS {
            let slice = SliceCalls::attempt((interface, calls, expect), &turn, attempt);
            let pages = match begun.take() {
                Some(pages) => pages,
                None => self.begin(slice).await?,
            };
            match self.finish(slice, pages).await {
                Ok(pages) => {
                    let doubt = pages.doubt.clone();
                    let reply = pages.whole();
                    let Some(doubt) = doubt else { return Ok(reply) };
                    let rows = bronze::digest(&reply.lines);
                    if doubted.as_ref() == Some(&rows) {
                        return Ok(reply);
                    }
                    doubted = Some(rows);
                    last = Failure::Untrusted(format!("{doubt}: other rows may be missing"));
                }
                Err(failure @ Failure::Untrusted(_)) => last = failure,
                Err(failure) => return Err(self.remembered(interface, failure)),
            }
        }
        Err(last)
    }

    /// The failure, or the one that stopped the vendor or the interface before it, so that all calls in flight fail
    /// with the same message.
    fn remembered(&self, interface: &Interface, failure: Failure) -> Failure {
        if failure.stops_vendor() {
            self.stopped.get_or_init(|| failure).clone()
        } else if failure.stops_interface() {
            interface.stopped.get_or_init(|| failure).clone()
        } else {
            failure
        }
    }

    /// Requests every page of every call. The end is proven by an empty page, by one shorter than another page of the
    /// interface in this run, or by the expected number of rows: vendors truncate silently, and `has_more` is
    /// unreliable.
    async fn finish(&self, slice: SliceCalls<'_>, mut pages: Pages) -> Result<Pages, Failure> {
        let SliceCalls { interface, calls, expect, limit, .. } = slice;
        match interface.contract.ask.paging {
            Paging::Offset => {}
            Paging::Whole => return Ok(pages),
            Paging::Limit => {
                if let Some(rows) = pages.open.iter().find(|rows| **rows >= limit) {
                    let message = format!(
                        "the reply is full ({rows} rows) and may be truncated: the interface has no second page"
                    );
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
        for (place, first) in pages.open.clone().into_iter().enumerate() {
            let (mut offset, mut rows) = (first, first);
            // If pages overlap, only an empty page is the end.
            while rows > 0 && (pages.overlaps || rows >= interface.largest.load(Ordering::Relaxed).min(limit)) {
                let page = self.next_page(slice, place, &mut pages, offset).await?;
                rows = page.rows;
                // Repeated rows must not move the offset past rows that were never seen.
                offset += page.new;
                if calls.len() == 1 && rows > 0 && rows < limit && expect.rows.most == Some(offset) {
                    break;
                }
            }
        }
        Ok(pages)
    }

    /// Adds one page of the call at `place`. Each later page starts with the last row of the one before, so that a row
    /// lost in between shows.
    async fn next_page(
        &self,
        slice: SliceCalls<'_>,
        place: usize,
        pages: &mut Pages,
        offset: usize,
    ) -> Result<PageSize, Failure> {
        let SliceCalls { interface, calls, expect, turn, limit } = slice;
        // A page of one row has no room for that.
        let overlap = usize::from(offset > 0 && limit > 1);
        let window = Window { limit, offset: offset - overlap };
        let (mut page, mut share) = self.page(interface, (&calls[place], window), expect, turn).await?;
        let received = page.rows;
        interface.largest.fetch_max(received, Ordering::Relaxed);
        let joins = overlap > 0 && last_line(&pages.lines[place]) == first_line(&page.lines);
        if overlap > 0 {
            if joins {
                page.drop_first();
            } else if !expect.judged || expect.repeats {
                let doubt = || format!("the page at offset {offset} does not follow the one before it");
                pages.doubt.get_or_insert_with(doubt);
            }
        }
        if page.rows == 0 {
            return Ok(PageSize { rows: 0, new: 0 });
        }
        let known: Vec<bool> = page.keys.iter().map(|key| pages.keys[place].contains(key)).collect();
        // A page with only known rows would go on forever, unless it joins the one before: then its rows are twins.
        if offset > 0 && known.iter().all(|is_known| *is_known) && !(expect.repeats && joins) {
            // Earlier pages left out rows. Judging the answer will notice any that must be there.
            if expect.judged && !expect.repeats && received < interface.largest.load(Ordering::Relaxed).min(limit) {
                return Ok(PageSize { rows: 0, new: 0 });
            }
            let message = format!("the page at offset {offset} repeats earlier rows: is `offset` ignored?");
            return Err(Failure::Untrusted(message));
        }
        let mut new = page.rows;
        if let Some(first) = known.iter().position(|known| *known) {
            let row = page.lines.split_inclusive(|byte| *byte == b'\n').nth(first).unwrap_or_default();
            let row = String::from_utf8_lossy(row).trim_end().chars().take(EXCERPT).collect::<String>();
            // Only if keys are unique does the same key mean the same row.
            if expect.repeats {
                pages.doubt.get_or_insert_with(|| format!("two pages have the row {row}"));
                pages.lines[place].extend_from_slice(&page.lines);
            } else {
                for (line, is_known) in page.lines.split_inclusive(|byte| *byte == b'\n').zip(&known) {
                    if !is_known {
                        pages.lines[place].extend_from_slice(line);
                    } else if !contains_line(&pages.lines[place], line) {
                        return Err(Failure::Untrusted(format!("two pages have the row {row} with different values")));
                    }
                }
                new = known.iter().filter(|is_known| !**is_known).count();
                pages.overlaps = true;
            }
        } else if pages.lines[place].is_empty() {
            pages.lines[place] = std::mem::take(&mut page.lines);
        } else {
            pages.lines[place].extend_from_slice(&page.lines);
        }
        let bytes = pages.lines.iter().map(Vec::len).sum();
        share.hold(memory(bytes, pages.reply.rows + new).saturating_sub(pages.reply.held()));
        pages.reply.shares.push(share);
        pages.keys[place].extend(page.keys);
        let reply = &mut pages.reply;
        reply.rows += new;
        reply.rows_of[place] += new;
        reply.pages += 1;
        reply.unknown.extend(page.unknown);
        reply.absent.extend(page.absent);
        reply.events.extend(page.events);
        Ok(PageSize { rows: received, new })
    }
}

/// Number of rows in a page.
#[derive(Debug, Clone, Copy)]
struct PageSize {
    rows: usize,
    /// Rows on no earlier page.
    new: usize,
}

fn first_line(lines: &[u8]) -> Option<&[u8]> {
    lines.split_inclusive(|byte| *byte == b'\n').next()
}

fn last_line(lines: &[u8]) -> Option<&[u8]> {
    lines.split_inclusive(|byte| *byte == b'\n').next_back()
}

fn contains_line(lines: &[u8], line: &[u8]) -> bool {
    lines.split_inclusive(|byte| *byte == b'\n').any(|known| known == line)
}

impl Pages {
    /// The rows of all calls, call by call.
    fn whole(mut self) -> Reply {
        let mut lines = self.lines.into_iter();
        self.reply.lines = lines.next().unwrap_or_default();
        lines.for_each(|more| self.reply.lines.extend_from_slice(&more));
        self.reply
    }
}
