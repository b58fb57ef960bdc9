//! A simulated machine: one thread, on which time jumps to the next sleeper once nothing else can proceed. Everything
//! that happens follows from the seed. For tests.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

thread_local! {
    static MACHINE: RefCell<Option<Machine>> = const { RefCell::new(None) };
}

struct Machine {
    /// When it started, by both clocks.
    began: (Instant, DateTime<Utc>),
    /// Time elapsed since then.
    passed: Duration,
    /// By wake-up time, then in the order in which they went to sleep.
    sleepers: BTreeMap<(Duration, u64), Waker>,
    lain_down: u64,
    /// Work for other threads.
    work: VecDeque<Box<dyn FnOnce() + Send>>,
}

/// Simulates the machine on this thread until dropped.
pub(crate) struct Simulated(());

#[expect(clippy::unused_self, reason = "whoever has it knows that the machine is on")]
impl Simulated {
    /// Starts a simulation at `time`.
    pub(crate) fn at(time: DateTime<Utc>) -> Self {
        let machine = Machine {
            began: (Instant::now(), time),
            passed: Duration::ZERO,
            sleepers: BTreeMap::new(),
            lain_down: 0,
            work: VecDeque::new(),
        };
        MACHINE.with_borrow_mut(|on| assert!(on.replace(machine).is_none()));
        Self(())
    }

    /// Runs a future to completion. Whatever it spawned is dropped, as when a process is killed.
    pub(crate) fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().on_thread_park(go_on).build().expect("a runtime");
        let done = runtime.block_on(future);
        drop(runtime);
        with(|machine| machine.work.clear());
        done
    }

    /// Lets time pass while nothing runs.
    pub(crate) fn pass(&self, time: Duration) {
        with(|machine| machine.passed += time);
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        MACHINE.with_borrow_mut(|on| *on = None);
    }
}

fn with<T>(act: impl FnOnce(&mut Machine) -> T) -> Option<T> {
    MACHINE.with_borrow_mut(|on| on.as_mut().map(act))
}

/// Called when nothing can proceed: does pending work, or else moves time to the first sleeper.
fn go_on() {
    let work = with(|machine| machine.work.pop_front()).flatten();
    if let Some(work) = work {
        // On a thread of its own, because it may block on channels, which panics within a task.
        thread::scope(|scope| scope.spawn(work).join()).unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        return;
    }
    let first = with(|machine| {
        let ((at, _), waker) = machine.sleepers.pop_first()?;
        machine.passed = machine.passed.max(at);
        Some(waker)
    });
    match first.flatten() {
        Some(waker) => waker.wake(),
        None => panic!("nothing can ever go on"),
    }
}

pub(super) fn is_on() -> bool {
    with(|_| ()).is_some()
}

pub(crate) fn now() -> Option<DateTime<Utc>> {
    with(|machine| machine.began.1 + machine.passed)
}

/// Time elapsed since the machine started.
pub(crate) fn passed() -> Duration {
    with(|machine| machine.passed).unwrap_or_default()
}

pub(super) fn instant() -> Option<Instant> {
    with(|machine| machine.began.0 + machine.passed)
}

/// A different number on each call, but the same sequence in each simulation.
pub(super) fn jitter() -> Option<u64> {
    with(|machine| {
        machine.lain_down += 1;
        machine.lain_down
    })
}

pub(super) fn sleep_until(instant: Instant) -> Option<Sleep> {
    with(|machine| Sleep { wakes: instant.saturating_duration_since(machine.began.0), place: None })
}

/// A future that sleeps.
pub(super) struct Sleep {
    wakes: Duration,
    place: Option<(Duration, u64)>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let place = with(|machine| {
            if let Some(place) = self.place.take() {
                machine.sleepers.remove(&place);
            }
            (machine.passed < self.wakes).then(|| {
                machine.lain_down += 1;
                let place = (self.wakes, machine.lain_down);
                machine.sleepers.insert(place, context.waker().clone());
                place
            })
        });
        self.place = place.flatten();
        if self.place.is_some() { Poll::Pending } else { Poll::Ready(()) }
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            with(|machine| machine.sleepers.remove(&place));
        }
    }
}

pub(super) async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = oneshot::channel();
    // The receiver may be gone.
    let work = Box::new(move || drop(done.send(work())));
    with(|machine| machine.work.push_back(work));
    result.await.expect("the work was done")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::real;

    #[test]
    fn a_day_passes_at_once_and_in_order() {
        let simulated = Simulated::at("2024-01-02T10:00:00Z".parse().unwrap());
        let order = RefCell::new(Vec::new());
        let sleep = async |seconds| {
            real::sleep(Duration::from_secs(seconds)).await;
            order.borrow_mut().push(seconds);
        };
        let work = async {
            let thread = real::apart(|| thread::current().id()).await.unwrap();
            assert_ne!(thread, thread::current().id());
            order.borrow_mut().push(0);
        };
        simulated.run(async { tokio::join!(sleep(86_400), sleep(2), sleep(1), work) });
        assert_eq!(*order.borrow(), [0, 1, 2, 86_400]);
        assert_eq!(real::now().to_rfc3339(), "2024-01-03T10:00:00+00:00");
        drop(simulated);
        assert!(now().is_none());
    }

    #[test]
    fn who_is_dropped_wakes_nobody() {
        let simulated = Simulated::at("2024-01-02T10:00:00Z".parse().unwrap());
        simulated.run(async {
            let soon = real::sleep(Duration::from_secs(1));
            let late = real::sleep(Duration::from_mins(1));
            tokio::select! { () = soon => {}, () = late => panic!("the later one") }
        });
        assert_eq!(passed(), Duration::from_secs(1));
        assert_eq!(with(|machine| machine.sleepers.len()), Some(0));
    }
}
