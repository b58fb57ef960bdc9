//! Limits the memory of all replies together, and hands out shares of it to slices. Does not know what replies hold.
//!
//! A slice takes as much as it needs, and waits if there is no more. The oldest slice waits only for answers being
//! gathered for a file, which is kept then, so every slice gets its turn. A single reply is limited by
//! [`Room::of_a_reply`].

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// Limit for all replies together in bytes, unless `jobs.toml` sets one, and as far as the run's memory allows: ten
/// times the largest reply seen.
const USUAL: usize = 64 << 20;

/// Replies take at most this fraction of the run's memory.
const PART: u64 = 4;

/// Slices behind the oldest may hold at most this fraction of the room, together.
const BEHIND: usize = 4;

/// The memory for replies.
#[derive(Debug)]
pub(super) struct Room {
    state: Mutex<State>,
    /// In bytes.
    size: usize,
    freed: Notify,
    pressed: Notify,
    wanted: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// The number of the next slice.
    next: u64,
    /// Bytes held by each slice, oldest first.
    held: BTreeMap<u64, usize>,
    /// Number of slices waiting for memory.
    waiting: usize,
    /// Bytes of answers being gathered for a file.
    gathered: usize,
    /// Whether the oldest slice waits for gathered memory.
    is_wanted: bool,
}

impl Default for Room {
    fn default() -> Self {
        Self::of(None, u64::MAX)
    }
}

impl Room {
    /// A room for `replies` bytes, or the usual number if `None`, in a run that may use `memory` bytes.
    pub(super) fn of(replies: Option<u64>, memory: u64) -> Self {
        let most = replies.unwrap_or(USUAL as u64).min(memory / PART);
        let size = usize::try_from(most).unwrap_or(usize::MAX);
        Self { state: Mutex::default(), size, freed: Notify::new(), pressed: Notify::new(), wanted: Notify::new() }
    }

    /// Limit for one reply in bytes.
    pub(super) fn of_a_reply(&self) -> usize {
        self.size
    }

    /// Limit for the rows of one answer, over all its pages. Each row repeats the names of its fields.
    pub(super) fn of_rows(&self) -> usize {
        self.size / 4 * 7
    }

    /// Bytes of gathered answers beyond which, roughly, their file is kept.
    pub(super) fn of_a_file(&self) -> usize {
        self.size / 4 * 3
    }

    /// Starts the turn of another slice.
    pub(super) fn enter(self: &Arc<Self>) -> Turn {
        let mut state = self.state();
        let number = state.next;
        state.next += 1;
        state.held.insert(number, 0);
        Turn(Arc::new(Entered { room: Arc::clone(self), number }))
    }

    /// Returns once slices wait for memory.
    pub(super) async fn pressed(&self) {
        loop {
            let mut pressed = pin!(self.pressed.notified());
            pressed.as_mut().enable();
            if self.state().waiting > 0 {
                return;
            }
            pressed.await;
        }
    }

    /// Memory for answers gathered for a file. It is held without a turn; whoever gathers keeps the answers once the
    /// memory is [wanted](Room::wanted).
    pub(super) fn gather(self: &Arc<Self>) -> Gathered {
        Gathered { room: Arc::clone(self), bytes: 0 }
    }

    /// Returns once the oldest slice waits for gathered memory.
    pub(super) async fn wanted(&self) {
        loop {
            let mut wanted = pin!(self.wanted.notified());
            wanted.as_mut().enable();
            if self.state().is_wanted {
                return;
            }
            wanted.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The turn of a slice. Older ones go first. Ends when the last clone is dropped.
#[derive(Debug, Clone)]
pub(super) struct Turn(Arc<Entered>);

#[derive(Debug)]
struct Entered {
    room: Arc<Room>,
    number: u64,
}

impl Drop for Entered {
    fn drop(&mut self) {
        let mut state = self.room.state();
        if state.is_oldest(self.number) {
            state.is_wanted = false;
        }
        state.held.remove(&self.number);
        drop(state);
        self.room.freed.notify_waiters();
    }
}

impl State {
    fn is_oldest(&self, number: u64) -> bool {
        self.held.keys().next() == Some(&number)
    }
}

/// Memory of answers gathered for a file, held until dropped.
#[derive(Debug)]
pub(super) struct Gathered {
    room: Arc<Room>,
    bytes: usize,
}

impl Gathered {
    /// Adds bytes without waiting, because a slice's turn held them until now.
    pub(super) fn add(&mut self, bytes: usize) {
        self.room.state().gathered += bytes;
        self.bytes += bytes;
    }

    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Gathered {
    fn drop(&mut self) {
        self.room.state().gathered -= self.bytes;
        self.room.freed.notify_waiters();
    }
}

impl Turn {
    /// A share that holds nothing yet.
    pub(super) fn share(&self) -> Share {
        Share { turn: self.clone(), bytes: 0 }
    }
}

/// Bytes held until dropped.
#[derive(Debug)]
pub(super) struct Share {
    turn: Turn,
    bytes: usize,
}

impl Share {
    /// Bytes held.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes held by other shares of the same turn.
    pub(super) fn beside(&self) -> usize {
        let Entered { room, number } = &*self.turn.0;
        room.state().held.get(number).map_or(0, |held| held.saturating_sub(self.bytes))
    }

    /// Limit for a reply in bytes. What its answer holds already is subtracted.
    pub(super) fn of_a_reply(&self) -> usize {
        let room = &self.turn.0.room;
        room.of_a_reply().min(room.of_rows().saturating_sub(self.beside()))
    }

    /// Takes bytes if available.
    fn try_take(&mut self, bytes: usize) -> bool {
        let Entered { room, number } = &*self.turn.0;
        let mut state = room.state();
        if state.is_oldest(*number) {
            let held = state.held.get(number).copied().unwrap_or_default();
            state.is_wanted = state.gathered > 0 && state.gathered + held + bytes > room.size;
            if state.is_wanted {
                room.wanted.notify_waiters();
                return false;
            }
        } else if state.held.values().skip(1).sum::<usize>() + bytes > room.size / BEHIND {
            return false;
        }
        *state.held.entry(*number).or_default() += bytes;
        drop(state);
        self.bytes += bytes;
        true
    }

    /// Takes bytes, waiting for them if needed. `meanwhile` is called before waiting.
    pub(super) async fn take(&mut self, bytes: usize, meanwhile: impl FnOnce()) {
        if self.try_take(bytes) {
            return;
        }
        meanwhile();
        let turn = self.turn.clone();
        let room = &turn.0.room;
        let _waiting = Waiting::begin(room);
        loop {
            let mut freed = pin!(room.freed.notified());
            freed.as_mut().enable();
            if self.try_take(bytes) {
                return;
            }
            freed.await;
        }
    }

    /// Sets the bytes held, without waiting: what was read is already held in another form.
    pub(super) fn hold(&mut self, bytes: usize) {
        let Entered { room, number } = &*self.turn.0;
        if let Some(held) = room.state().held.get_mut(number) {
            *held = (*held + bytes).saturating_sub(self.bytes);
        }
        self.bytes = bytes;
        room.freed.notify_waiters();
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.hold(0);
    }
}

/// Marks a slice as waiting for memory while it exists.
struct Waiting<'r>(&'r Room);

impl<'r> Waiting<'r> {
    fn begin(room: &'r Room) -> Self {
        room.state().waiting += 1;
        room.pressed.notify_waiters();
        Self(room)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.state().waiting -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt as _;

    #[test]
    fn replies_take_what_is_allowed_and_a_part_of_the_memory_at_most() {
        assert_eq!(Room::of(None, 64 << 20).of_a_reply(), 16 << 20);
        assert_eq!(Room::of(None, 64 << 30).of_a_reply(), USUAL);
        assert_eq!(Room::of(Some(256 << 20), 64 << 30).of_a_reply(), 256 << 20);
        assert_eq!(Room::of(Some(256 << 20), 512 << 20).of_a_reply(), 128 << 20);
        assert_eq!(Room::of(Some(8 << 20), 64 << 30).of_a_reply(), 8 << 20);
        assert_eq!(Room::default().of_a_reply(), USUAL);
    }

    #[test]
    fn the_oldest_never_waits_and_the_others_do_until_it_is_gone() {
        let room = Arc::new(Room::of(None, 16 << 20));
        assert_eq!(room.size, 4 << 20);
        let [first, second, third] = [room.enter(), room.enter(), room.enter()];
        let [mut of_first, mut of_second, mut of_third] = [first.share(), second.share(), third.share()];
        let take = |share: &mut Share, bytes| share.take(bytes, || ()).now_or_never().is_some();
        assert!(take(&mut of_second, 1 << 20), "a quarter is for those behind the oldest");
        assert!(!take(&mut of_third, 1));
        assert!(take(&mut of_first, 9 << 20) && take(&mut of_first, 1 << 20));
        of_second.hold(1 << 19);
        assert!(take(&mut of_third, 1 << 19) && !take(&mut of_third, 1));
        drop((of_first, first));
        // The second is the oldest by now, and only the third is behind it.
        assert!(take(&mut of_second, 9 << 20) && take(&mut of_third, 1 << 19) && !take(&mut of_third, 1));
        drop((of_second, second, of_third, third));
        assert!(room.state().held.is_empty());
    }

    #[test]
    fn the_oldest_waits_for_what_is_gathered_and_no_longer() {
        let room = Arc::new(Room::of(None, 16 << 20));
        let (first, second, mut gathered) = (room.enter(), room.enter(), room.gather());
        let [mut of_first, mut of_second] = [first.share(), second.share()];
        gathered.add(3 << 20);
        assert_eq!((gathered.bytes(), room.of_a_file()), (3 << 20, 3 << 20));
        assert!(of_first.take(1 << 20, || ()).now_or_never().is_some() && room.wanted().now_or_never().is_none());
        assert_eq!((of_first.beside(), first.share().beside()), (0, 1 << 20));
        assert_eq!((of_first.of_a_reply(), first.share().of_a_reply()), (4 << 20, 4 << 20));
        of_first.hold(6 << 20);
        assert_eq!(first.share().of_a_reply(), 1 << 20);
        of_first.hold(1 << 20);
        // Waiting slices behind it are no reason to let go.
        assert!(of_second.take(2 << 20, || ()).now_or_never().is_none() && room.wanted().now_or_never().is_none());
        let mut more = Box::pin(of_first.take(1, || ()));
        assert!(more.as_mut().now_or_never().is_none() && room.wanted().now_or_never().is_some());
        drop(gathered);
        assert!(more.as_mut().now_or_never().is_some() && room.wanted().now_or_never().is_none());
        drop(more);
        // Once it gives up, gathered memory is no longer wanted.
        let mut gathered = room.gather();
        gathered.add(3 << 20);
        assert!(of_first.take(1, || ()).now_or_never().is_none() && room.wanted().now_or_never().is_some());
        drop((of_first, first));
        assert!(room.wanted().now_or_never().is_none());
        drop(gathered);
        assert_eq!(room.state().gathered, 0);
    }

    #[test]
    fn those_who_wait_are_told_of_and_get_what_is_freed() {
        let room = Arc::new(Room::of(None, 16 << 20));
        let [first, second] = [room.enter(), room.enter()];
        let (mut share, mut told) = (second.share(), 0);
        let mut more = Box::pin(share.take(2 << 20, || told += 1));
        assert!(room.pressed().now_or_never().is_none());
        assert!(more.as_mut().now_or_never().is_none());
        assert!(room.pressed().now_or_never().is_some());
        drop(first);
        assert!(more.as_mut().now_or_never().is_some());
        drop(more);
        assert!(room.pressed().now_or_never().is_none());
        assert_eq!(told, 1);
    }
}
