//! Real time, used by waits, limits, retries and leases whatever `--now` says, and work on other threads. This is the
//! only place where a run depends on the machine, so that tests can put a simulation in its place. The time that dates
//! and timestamps follow is in [`crate::clock`], not here.

#[cfg(test)]
pub(crate) mod simulated;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use rand::TryRng as _;
use rand::rngs::SysRng;
use tokio::task::JoinError;

/// The machine's time.
#[must_use]
#[allow(clippy::disallowed_methods)]
pub fn now() -> DateTime<Utc> {
    #[cfg(test)]
    if let Some(now) = simulated::now() {
        return now;
    }
    Utc::now()
}

/// A monotonic instant: setting the machine's clock does not move it.
#[must_use]
pub fn instant() -> Instant {
    #[cfg(test)]
    if let Some(instant) = simulated::instant() {
        return instant;
    }
    Instant::now()
}

/// Waits for a duration.
pub async fn sleep(time: Duration) {
    sleep_until(instant() + time).await;
}

/// Waits until an instant.
pub async fn sleep_until(instant: Instant) {
    #[cfg(test)]
    if let Some(sleep) = simulated::sleep_until(instant) {
        return sleep.await;
    }
    tokio::time::sleep_until(instant.into()).await;
}

/// The result of a future, if it completes before `instant`.
pub async fn by<T>(instant: Instant, future: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        done = future => Some(done),
        () = sleep_until(instant) => None,
    }
}

/// A random number, for waits that must not coincide.
#[must_use]
pub fn jitter() -> u64 {
    #[cfg(test)]
    if let Some(jitter) = simulated::jitter() {
        return jitter;
    }
    SysRng.try_next_u64().unwrap_or_default()
}

/// Runs long work on a blocking thread.
///
/// # Errors
/// When it panics.
pub async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, JoinError> {
    #[cfg(test)]
    if simulated::is_on() {
        return Ok(simulated::apart(work).await);
    }
    tokio::task::spawn_blocking(work).await
}

/// Like [`apart`], while `feed` runs alongside and may send the work what it waits for, through a channel with
/// [`places`].
///
/// # Errors
/// When it panics.
pub async fn beside<T: Send + 'static>(
    feed: impl Future<Output = ()>,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, JoinError> {
    #[cfg(test)]
    if simulated::is_on() {
        feed.await;
        return apart(work).await;
    }
    tokio::join!(feed, tokio::task::spawn_blocking(work)).1
}

/// The capacity of a channel between [`apart`] work and the rest. Unbounded in a simulation, where the two do not run
/// at the same time.
#[must_use]
pub fn places(count: usize) -> usize {
    #[cfg(test)]
    if simulated::is_on() {
        return tokio::sync::Semaphore::MAX_PERMITS;
    }
    count
}
