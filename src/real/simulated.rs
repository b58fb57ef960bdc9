//! The machine as a simulation has it: one thread, on which time moves to the next sleeper once nothing else can go on. What
//! happens follows from the seed alone. For tests.

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
    /// Where time was when it began, by both clocks.
    began: (Instant, DateTime<Utc>),
    /// How far time has come since.
    passed: Duration,
    /// By when they wake, in the order in which they lay down.
    sleepers: BTreeMap<(Duration, u64), Waker>,
    lain_down: u64,
    /// Work that is to be done apart.
    work: VecDeque<Box<dyn FnOnce() + Send>>,
}

/// A machine that is simulated on this thread until it is dropped.
pub(crate) struct Simulated(());

#[expect(clippy::unused_self, reason = "whoever has it knows that the machine is on")]
impl Simulated {
    /// Begins at a time.
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

    /// What comes of a future. Whatever it left running is dropped, as when a process is killed.
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

/// Nothing can go on: work that waits is done, or else time moves to the first sleeper.
fn go_on() {
    let work = with(|machine| machine.work.pop_front()).flatten();
    if let Some(work) = work {
        // Not here: it may wait on channels, as no task may.
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

/// How far time has come since the machine began.
pub(crate) fn passed() -> Duration {
    with(|machine| machine.passed).unwrap_or_default()
}

pub(super) fn instant() -> Option<Instant> {
    with(|machine| machine.began.0 + machine.passed)
}

/// Another one each time, the same ones each time.
pub(super) fn jitter() -> Option<u64> {
    with(|machine| {
        machine.lain_down += 1;
        machine.lain_down
    })
}

pub(super) fn sleep_until(instant: Instant) -> Option<Sleep> {
    with(|machine| Sleep { wakes: instant.saturating_duration_since(machine.began.0), place: None })
}

/// Somebody who sleeps.
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
    // Whoever was to wait for it may be gone.
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
