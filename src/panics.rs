//! Handling of panics: those of decoders and of the query engine are caught here; any other prints a line and ends the
//! process, because a runtime that lost a thread may hang. Expected errors do not come through here.

use std::any::Any;
use std::cell::Cell;
use std::future::poll_fn;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::{process, thread};

use tokio::runtime::Handle;

thread_local! {
    static IS_CAUGHT: Cell<bool> = const { Cell::new(false) };
}

/// The result of `work`, or `None` if it panics.
pub fn caught<T>(work: impl FnOnce() -> T) -> Option<T> {
    let before = IS_CAUGHT.replace(true);
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    IS_CAUGHT.set(before);
    done.ok()
}

/// The panics of the runtime's threads since the first [`survived`] work began. `None` before.
static MET: Mutex<Option<Vec<String>>> = Mutex::new(None);

/// The result of `work`, or what the first panic said meanwhile, be it of the work or of a task on another thread. Tasks
/// may outlive the work, so from then on panics of the runtime's threads no longer end the process: only for commands
/// that end with such work.
///
/// # Errors
/// When anything panicked, even if the work went on: with a task, rows may be lost.
pub async fn survived<T>(work: impl Future<Output = T>) -> Result<T, String> {
    let before = met().get_or_insert_default().len();
    let mut work = pin!(work);
    let polled = |context: &mut Context<'_>| {
        let outer = IS_CAUGHT.replace(true);
        let polled = panic::catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)));
        IS_CAUGHT.set(outer);
        match polled {
            Ok(polled) => polled.map(Ok),
            Err(payload) => Poll::Ready(Err(said(&*payload).replace('\n', " "))),
        }
    };
    let done = poll_fn(polled).await;
    let first = met().iter().flatten().nth(before).cloned();
    first.map_or(done, Err)
}

fn met() -> MutexGuard<'static, Option<Vec<String>>> {
    MET.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether this is a thread of the async runtime, other than the one that runs the command.
fn is_of_runtime() -> bool {
    Handle::try_current().is_ok() && thread::current().name() != Some("main")
}

/// From now on, a panic that is not caught ends the process with this exit code, after `tell` has reported where it
/// happened and why.
pub fn end_with(code: i32, tell: fn(&str)) {
    panic::set_hook(Box::new(move |info| {
        if IS_CAUGHT.get() {
            return;
        }
        let is_survived = is_of_runtime() && met().as_mut().map(|met| met.push(text(info))).is_some();
        if !is_survived {
            tell(&text(info));
            // Otherwise a panic could only exit with 101, and one on a runtime thread would not end the process at all.
            #[allow(clippy::exit)]
            process::exit(code);
        }
    }));
}

fn text(info: &PanicHookInfo<'_>) -> String {
    let said = said(info.payload()).replace('\n', " ");
    let place = info.location().map(|at| format!("{}:{}", at.file(), at.line())).unwrap_or_default();
    format!("{said} ({place})")
}

fn said(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("panic")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_caught_and_what_is_around_it_goes_on() {
        assert_eq!(caught(|| 1), Some(1));
        assert_eq!(caught(|| caught(|| panic!("inner")).unwrap_or(2)), Some(2));
        assert_eq!(caught::<()>(|| panic!("{}", "outer")), None);
        assert!(!IS_CAUGHT.get());
    }

    #[tokio::test]
    async fn a_panic_of_a_future_is_told_and_what_follows_goes_on() {
        assert_eq!(survived(async { 1 }).await, Ok(1));
        assert_eq!(survived(async { panic!("two\nlines") }).await, Err::<(), _>("two lines".to_owned()));
        assert_eq!(survived(async { 2 }).await, Ok(2));
    }
}
