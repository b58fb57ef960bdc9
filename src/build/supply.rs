//! Hands the bodies of a round to the threads that read them: in order, each to the first thread that is free, and only
//! a few ahead of the builder. What a body holds is not known here.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use anyhow::Result;
use bytes::Bytes;
use tokio::sync::mpsc;

use super::bodies::Body;
use crate::store::LocalFiles;

/// How many bodies for each reader may be ahead of the builder, counting those being read.
const AHEAD: usize = 2;

/// Where bodies come from.
pub(super) enum Queue {
    /// The async runtime reads them from an object store.
    Fed(Mutex<mpsc::Receiver<(usize, Result<Bytes>)>>),
    /// The threads read them.
    Local(LocalFiles),
}

/// The bodies of a round.
pub(super) struct Supply<'b> {
    bodies: &'b [Body],
    queue: Queue,
    readers: usize,
    progress: Mutex<Progress>,
    changed: Condvar,
}

#[derive(Default)]
struct Progress {
    /// How many bodies were handed out.
    taken: usize,
    /// How many the builder is done with.
    added: usize,
    stopped: bool,
}

/// Hands out no more bodies once it is dropped: nobody must wait for a thread that has ended, whether it panicked or
/// not. Those that were handed out are still read.
pub(super) struct Stops<'s, 'b>(pub(super) &'s Supply<'b>);

impl<'b> Supply<'b> {
    /// The bodies, for this many readers.
    pub(super) fn new(bodies: &'b [Body], queue: Queue, readers: usize) -> Self {
        Self { bodies, queue, readers, progress: Mutex::default(), changed: Condvar::new() }
    }

    /// All of them, in order.
    pub(super) fn bodies(&self) -> &'b [Body] {
        self.bodies
    }

    /// Waits for the next body, and returns its place with what `read` makes of it. `None` if there are no more.
    pub(super) fn next<T>(
        &self,
        buffer: &mut Vec<u8>,
        read: impl FnOnce(&'b Body, Result<&[u8]>) -> T,
    ) -> Option<(usize, T)> {
        let place = self.turn()?;
        match &self.queue {
            Queue::Local(files) => {
                let body = &self.bodies[place];
                // The system reads this one from the disk while the threads read those before it.
                if let Some(later) = self.bodies.get(place + self.readers) {
                    files.expect(&later.path);
                }
                let bytes = files.read(&body.path, buffer);
                Some((place, read(body, bytes.map(|()| buffer.as_slice()))))
            }
            Queue::Fed(queue) => {
                let fed = queue.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
                let (place, bytes) = fed?;
                let body = &self.bodies[place];
                Some((
                    place,
                    match bytes {
                        Ok(bytes) => read(body, Ok(&bytes)),
                        Err(error) => read(body, Err(error)),
                    },
                ))
            }
        }
    }

    /// Waits for a turn, and numbers it. For local files, the number is the place of the body.
    fn turn(&self) -> Option<usize> {
        let is_far =
            |progress: &mut Progress| !progress.stopped && progress.taken >= progress.added + AHEAD * self.readers;
        let waited = self.changed.wait_while(self.progress(), is_far);
        let mut progress = waited.unwrap_or_else(PoisonError::into_inner);
        let place = progress.taken;
        progress.taken += 1;
        (!progress.stopped && place < self.bodies.len()).then_some(place)
    }

    /// The builder is done with one more body.
    pub(super) fn added(&self) {
        self.progress().added += 1;
        self.changed.notify_one();
    }

    fn stop(&self) {
        self.progress().stopped = true;
        self.changed.notify_all();
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Stops<'_, '_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc::channel;
    use std::thread;

    use super::*;

    /// A lake with numbered files, and these files as bodies.
    fn bodies(count: usize) -> (tempfile::TempDir, crate::store::Store, Vec<Body>) {
        let folder = tempfile::tempdir().unwrap();
        let store = crate::store::Store::open(folder.path().to_str().unwrap()).unwrap();
        let paths = (0..count).map(|number| format!("tushare/{number}"));
        let bodies: Vec<Body> = paths.map(|path| Body { path, readers: Vec::new() }).collect();
        std::fs::create_dir(folder.path().join("tushare")).unwrap();
        for body in &bodies {
            std::fs::write(folder.path().join(&body.path), &body.path).unwrap();
        }
        (folder, store, bodies)
    }

    #[test]
    fn each_body_is_handed_out_once_and_not_far_ahead() {
        let (_folder, store, bodies) = bodies(40);
        let supply = Supply::new(&bodies, Queue::Local(store.files().unwrap()), 2);
        let added = AtomicUsize::new(0);
        let mut places = Vec::new();
        thread::scope(|scope| {
            let (sent, done) = channel();
            for _ in 0..2 {
                let (supply, sent, added) = (&supply, sent.clone(), &added);
                scope.spawn(move || {
                    let mut buffer = Vec::new();
                    let is_own = |body: &Body, read: Result<&[u8]>| read.unwrap() == body.path.as_bytes();
                    while let Some((place, is_own)) = supply.next(&mut buffer, is_own) {
                        assert!(is_own && place < added.load(Ordering::SeqCst) + 2 * AHEAD);
                        sent.send(place).unwrap();
                    }
                });
            }
            drop(sent);
            for place in done {
                places.push(place);
                added.fetch_add(1, Ordering::SeqCst);
                supply.added();
            }
        });
        places.sort_unstable();
        assert_eq!(places, (0..40).collect::<Vec<_>>());
    }

    #[test]
    fn nobody_waits_once_it_was_stopped() {
        let (_folder, store, bodies) = bodies(9);
        let supply = Supply::new(&bodies, Queue::Local(store.files().unwrap()), 1);
        let mut buffer = Vec::new();
        let mut next = || supply.next(&mut buffer, |_, _| ()).map(|(place, ())| place);
        assert_eq!([next(), next()], [Some(0), Some(1)]);
        drop(Stops(&supply));
        assert_eq!(next(), None);
    }

    #[test]
    fn bodies_of_an_object_store_come_in_their_order_until_the_feed_ends() {
        let (_folder, _, bodies) = bodies(5);
        let (feed, taken) = mpsc::channel(1);
        let supply = Supply::new(&bodies, Queue::Fed(Mutex::new(taken)), 1);
        thread::scope(|scope| {
            scope.spawn(move || {
                for place in 0..2 {
                    feed.blocking_send((place, Ok(Bytes::from(place.to_string())))).unwrap();
                }
            });
            let mut buffer = Vec::new();
            let mut next = || supply.next(&mut buffer, |_, read| String::from_utf8(read.unwrap().to_vec()).unwrap());
            assert_eq!([next(), next()], [Some((0, "0".to_owned())), Some((1, "1".to_owned()))]);
            supply.added();
            assert_eq!(next(), None);
        });
    }

    #[test]
    fn nobody_waits_for_an_object_store_once_it_was_stopped() {
        let (_folder, _, bodies) = bodies(5);
        let (feed, taken) = mpsc::channel(1);
        let supply = Supply::new(&bodies, Queue::Fed(Mutex::new(taken)), 1);
        drop(Stops(&supply));
        feed.blocking_send((0, Ok(Bytes::new()))).unwrap();
        assert_eq!(supply.next(&mut Vec::new(), |_, _| ()), None);
        drop(supply);
        assert!(feed.blocking_send((1, Ok(Bytes::new()))).is_err());
    }
}
