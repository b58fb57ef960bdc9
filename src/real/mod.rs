//! Real time, which waits, limits, retries and leases use whatever `--now` says, and work on a thread of its own. Here alone a
//! run leaves its own course to the machine; in tests of whole runs a simulation takes the machine's place. Never here: the
//! time that dates and stamps follow, which is [`crate::clock`]'s.

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

/// An instant that no change of the machine's clock moves.
#[must_use]
pub fn instant() -> Instant {
    #[cfg(test)]
    if let Some(instant) = simulated::instant() {
        return instant;
    }
    Instant::now()
}

/// Waits for so long.
pub async fn sleep(time: Duration) {
    sleep_until(instant() + time).await;
}

/// Waits until then.
pub async fn sleep_until(instant: Instant) {
    #[cfg(test)]
    if let Some(sleep) = simulated::sleep_until(instant) {
        return sleep.await;
    }
    tokio::time::sleep_until(instant.into()).await;
}

/// What comes of a future, if it comes by then.
pub async fn by<T>(instant: Instant, future: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        done = future => Some(done),
        () = sleep_until(instant) => None,
    }
}

/// A number that nobody foresees, for waits that must not coincide.
#[must_use]
pub fn jitter() -> u64 {
    #[cfg(test)]
    if let Some(jitter) = simulated::jitter() {
        return jitter;
    }
    SysRng.try_next_u64().unwrap_or_default()
}

/// Does work that takes long on a thread that may block.
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

/// The same, while `feed` goes on, which may send it what it waits for: no more at once than a channel holds whose places
/// are [`places`].
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

/// The places of a channel between a thread apart and the rest. In a simulation there is always one more: there the two do
/// not go on at the same time.
#[must_use]
pub fn places(count: usize) -> usize {
    #[cfg(test)]
    if simulated::is_on() {
        return tokio::sync::Semaphore::MAX_PERMITS;
    }
    count
}
