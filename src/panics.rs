//! Handling of panics: those of decoders on damaged data are caught here; any other prints a line and ends the process,
//! because a runtime that lost a thread may hang. Expected errors do not come through here.

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::process;

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

/// From now on, a panic that is not caught ends the process with this exit code, after `tell` has reported where it
/// happened and why.
pub fn end_with(code: i32, tell: fn(&str)) {
    panic::set_hook(Box::new(move |info| {
        if !IS_CAUGHT.get() {
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
}
