//! Whether the user asked the command to stop, and by which signal. How signals arrive is in `cli::signals`; what a
//! command does before it ends is up to the command.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::watch;

/// A signal that asks a command to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// The terminal was closed.
    Hangup,
    /// Ctrl-C.
    Interrupt,
    /// What `kill`, systemd and Airflow send.
    Terminate,
}

impl Signal {
    /// The exit code of a command ended by this signal: 128 plus its number, as in shells.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Hangup => 129,
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Hangup => "SIGHUP",
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
        })
    }
}

/// A command was ended by a signal.
#[derive(Debug, Clone, thiserror::Error)]
#[error("ended by {signal}: {state}")]
pub struct Interrupted {
    /// The signal.
    pub signal: Signal,
    /// What is safe, and how to continue.
    pub state: String,
}

/// Whether a signal has arrived. Clones share this.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    signal: watch::Sender<Option<Signal>>,
    /// How many pieces of work end by themselves once a signal has arrived.
    orderly: AtomicUsize,
}

impl Interrupt {
    /// Records a signal. Only the first one counts.
    pub fn send(&self, signal: Signal) {
        self.shared.signal.send_if_modified(|first| {
            let is_first = first.is_none();
            first.get_or_insert(signal);
            is_first
        });
    }

    /// Waits for a signal.
    pub async fn signalled(&self) -> Signal {
        let mut signal = self.shared.signal.subscribe();
        loop {
            if let Some(signal) = *signal.borrow_and_update() {
                return signal;
            }
            // Cannot fail: `self` holds the sender.
            let _ = signal.changed().await;
        }
    }

    /// Forgets the signal, because it ended a piece of work and not the command.
    pub fn resume(&self) {
        self.shared.signal.send_replace(None);
    }

    /// Waits until no signal is pending.
    pub async fn resumed(&self) {
        let mut signal = self.shared.signal.subscribe();
        while signal.borrow_and_update().is_some() {
            // Cannot fail: `self` holds the sender.
            let _ = signal.changed().await;
        }
    }

    /// Runs a future, and drops it if a signal arrives.
    ///
    /// # Errors
    /// The signal, if one arrived first.
    pub async fn or<T>(&self, work: impl Future<Output = T>) -> Result<T, Signal> {
        tokio::select! {
            biased;
            signal = self.signalled() => Err(signal),
            done = work => Ok(done),
        }
    }

    /// Until this is dropped, the command ends by itself once a signal has arrived.
    #[must_use]
    pub fn orderly(&self) -> Orderly {
        self.shared.orderly.fetch_add(1, Ordering::Relaxed);
        Orderly { shared: Arc::clone(&self.shared) }
    }

    /// Whether the command ends by itself.
    #[must_use]
    pub fn is_orderly(&self) -> bool {
        self.shared.orderly.load(Ordering::Relaxed) > 0
    }
}

/// Work that ends by itself once a signal has arrived.
#[derive(Debug)]
pub struct Orderly {
    shared: Arc<Shared>,
}

impl Drop for Orderly {
    fn drop(&mut self) {
        self.shared.orderly.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_dropped_at_the_first_signal() {
        let interrupt = Interrupt::default();
        assert_eq!(interrupt.or(async { 1 }).await, Ok(1));
        let (other, orderly) = (interrupt.clone(), interrupt.orderly());
        assert!(other.is_orderly());
        drop(orderly);
        assert!(!other.is_orderly());
        let send = async {
            other.send(Signal::Terminate);
            other.send(Signal::Hangup);
        };
        let (done, ()) = tokio::join!(interrupt.or(std::future::pending::<()>()), send);
        assert_eq!(done, Err(Signal::Terminate));
        assert_eq!(interrupt.or(async { 1 }).await, Err(Signal::Terminate));
    }
}
