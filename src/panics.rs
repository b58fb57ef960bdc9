//! Handling of panics: those of decoders and of the query engine are caught here; any other prints a line and ends the
//! process, because a runtime that lost a thread may hang. Expected errors do not come through here.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::process;
use std::sync::{Mutex, PoisonError};

use futures::FutureExt as _;

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

/// The panics that [`survived`] work met on any thread, and how many such works run.
static MET: Mutex<(usize, Vec<String>)> = Mutex::new((0, Vec::new()));

/// The result of `work`, which may spawn tasks, or what the first panic on any thread said meanwhile. Only for programs
/// that do nothing else at the time.
///
/// # Errors
/// When anything panicked, even if the work went on: with a task, rows may be lost.
pub async fn survived<T>(work: impl Future<Output = T>) -> Result<T, String> {
    let met = || MET.lock().unwrap_or_else(PoisonError::into_inner);
    let before = {
        let mut met = met();
        met.0 += 1;
        met.1.len()
    };
    let done = AssertUnwindSafe(work).catch_unwind().await;
    let mut met = met();
    met.0 -= 1;
    match (done, met.1.get(before)) {
        (Ok(done), None) => Ok(done),
        (_, Some(text)) => Err(text.clone()),
        (Err(payload), None) => Err(said(&*payload).replace('\n', " ")),
    }
}

/// From now on, a panic that is not caught ends the process with this exit code, after `tell` has reported where it
/// happened and why.
pub fn end_with(code: i32, tell: fn(&str)) {
    panic::set_hook(Box::new(move |info| {
        if IS_CAUGHT.get() {
            return;
        }
        let mut met = MET.lock().unwrap_or_else(PoisonError::into_inner);
        if met.0 > 0 {
            met.1.push(text(info));
        } else {
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
