//! Operating system signals: the first asks the command to end in good order, the second ends it at once. What a
//! command does before it ends is up to the command.

use std::io;
use std::process::exit;
use std::time::Duration;

use crate::interrupt::{Interrupt, Signal};

/// How long a command may take to end in good order.
const LONGEST: Duration = Duration::from_secs(2);

/// Listens for signals on a separate thread, because a computing query may occupy all others.
///
/// # Errors
/// When the system refuses.
pub(super) fn listen(interrupt: Interrupt) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut signals = {
        let _within = runtime.enter();
        Signals::new()?
    };
    let heard = async move {
        let last = loop {
            let first = signals.next().await;
            interrupt.send(first);
            tokio::select! {
                second = signals.next() => break second,
                () = tokio::time::sleep(LONGEST) => break first,
                () = interrupt.resumed() => {}
            }
        };
        // Safe, because a lake survives a kill at any moment.
        #[allow(clippy::exit)]
        exit(i32::from(last.code()));
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || runtime.block_on(heard))?;
    Ok(())
}

/// The signals that end a command.
#[cfg(unix)]
struct Signals {
    hangup: Option<tokio::signal::unix::Signal>,
    interrupt: Option<tokio::signal::unix::Signal>,
    terminate: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let ignored = ignored();
        // `nohup` ignores SIGHUP, and a shell ignores SIGINT for background jobs: keep it that way.
        let heard = |kind: SignalKind| {
            let is_ignored = ignored >> (kind.as_raw_value() - 1) & 1 == 1;
            if is_ignored { Ok(None) } else { signal(kind).map(Some) }
        };
        Ok(Self {
            hangup: heard(SignalKind::hangup())?,
            interrupt: heard(SignalKind::interrupt())?,
            terminate: heard(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            () = one(&mut self.hangup) => Signal::Hangup,
            () = one(&mut self.interrupt) => Signal::Interrupt,
            () = one(&mut self.terminate) => Signal::Terminate,
        }
    }
}

#[cfg(unix)]
async fn one(signal: &mut Option<tokio::signal::unix::Signal>) {
    let heard = match signal {
        Some(signal) => signal.recv().await,
        None => None,
    };
    if heard.is_none() {
        std::future::pending::<()>().await;
    }
}

/// The signals that were ignored when the process started, one bit each. None if the system does not tell.
#[cfg(unix)]
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// Only Ctrl-C on other systems.
#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Signal {
        match tokio::signal::ctrl_c().await {
            Ok(()) => Signal::Interrupt,
            Err(_) => std::future::pending().await,
        }
    }
}
