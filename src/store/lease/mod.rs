//! Leases: one per vendor while fetching, one per table while building, so that two runs never write the same
//! files. They lie in the lake, under `leases/`, and use real time even where `--now` is given.
//!
//! A lease is replaced only if it is still the one that was read, so exactly one of many contenders gets it. A holder
//! that was stopped for longer than its lease lasts learns of it before it writes again. What a lease is needed for is
//! up to the caller.

mod given_back;
mod guard;
mod holder;
mod term;

use std::time::Duration;

use anyhow::{Result, bail};

use super::Store;
use crate::real;
pub use given_back::given_back;
pub use guard::{Guard, LeaseLost};
pub use holder::LeaseHeld;
use holder::{Holder, State};
use term::{LASTS, RENEWAL, shown};

/// How often to retry a lease that others keep taking and releasing.
const TRIES: usize = 100;

/// How often to look at a lease while waiting for it.
const LOOKS: Duration = Duration::from_secs(1);

/// How long to wait before confirming a new lease, on a store without conditional puts.
const SETTLES: Duration = Duration::from_secs(2);

/// A lease that is ours until released or dropped, or until this process ends.
#[derive(Debug)]
pub struct Lease {
    guard: Guard,
    renewal: tokio::task::JoinHandle<()>,
    is_released: bool,
}

impl Lease {
    /// Takes the lease. If its holder is known to have ended, it is replaced at once, otherwise when it expires. Waits
    /// up to `wait` for a lease that is held.
    ///
    /// # Errors
    /// [`LeaseHeld`], or when the lake cannot be written.
    pub async fn take(store: &Store, name: &str, wait: Duration) -> Result<Self> {
        let began = real::instant();
        let mut is_told = false;
        let guard = loop {
            match Self::try_take(store, name).await? {
                Ok(guard) => break guard,
                Err(held) if real::instant() - began >= wait => return Err(held.into()),
                Err(held) => {
                    if !is_told {
                        tracing::info!("waiting: {held}");
                        is_told = true;
                    }
                    real::sleep(LOOKS.min(wait)).await;
                }
            }
        };
        let renewed = guard.clone();
        let renewal = tokio::spawn(async move {
            loop {
                real::sleep(RENEWAL).await;
                match renewed.renew().await {
                    Ok(()) => {}
                    Err(error) if error.is::<LeaseLost>() => return,
                    Err(error) => tracing::warn!("cannot renew a lease: {error:#}"),
                }
            }
        });
        Ok(Self { guard, renewal, is_released: false })
    }

    async fn try_take(store: &Store, name: &str) -> Result<Result<Guard, LeaseHeld>> {
        let path = format!("leases/{name}.json");
        for _ in 0..TRIES {
            let (mine, body) = Holder::new(real::now() + LASTS)?;
            if store.create(&path, body.clone()).await? {
                match Self::settled(Guard::new(store, &path, mine)).await? {
                    Some(guard) => return Ok(Ok(guard)),
                    None => continue,
                }
            }
            // Nothing to read means that the holder released it between the two calls: the lease is free.
            let Some(found) = store.versioned(&path).await? else { continue };
            let holder = Holder::read(&found);
            match holder.state(real::now(), LASTS) {
                State::Free => {
                    // Of many that see it free, one replaces what all of them read; the others look again.
                    if store.replace(&path, &found, body).await?
                        && let Some(guard) = Self::settled(Guard::new(store, &path, mine)).await?
                    {
                        return Ok(Ok(guard));
                    }
                }
                State::Unbelievable => {
                    // It was written by a clock that was years ahead. From now on it lasts as long as any other, unless
                    // renewed.
                    let until = real::now() + LASTS;
                    store.replace(&path, &found, holder.until(until).body()?).await?;
                    tracing::warn!(
                        "the lease `{name}` claims to last until {}, so its holder's clock is wrong; it ends at {} \
                         unless it is renewed",
                        shown(holder.end()),
                        shown(until)
                    );
                    return Ok(Err(holder.until(until).held(name)));
                }
                State::Held => return Ok(Err(holder.held(name))),
            }
        }
        bail!("cannot take the lease `{name}`: `{path}` is not a readable file; move it away")
    }

    /// The lease, if it is still ours. On a store without conditions, the last of those that took it at the same time
    /// has it.
    async fn settled(guard: Guard) -> Result<Option<Guard>> {
        if guard.is_exclusive() {
            return Ok(Some(guard));
        }
        real::sleep(SETTLES).await;
        Ok(guard.is_ours().await?.then_some(guard))
    }

    /// Tells whether the lease still holds, before each write under it.
    #[must_use]
    pub fn guard(&self) -> Guard {
        self.guard.clone()
    }

    /// Releases the lease.
    ///
    /// # Errors
    /// When its file cannot be deleted.
    pub async fn release(mut self) -> Result<()> {
        self.renewal.abort();
        self.is_released = true;
        self.guard.release().await
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewal.abort();
        if !self.is_released {
            self.guard.release_now();
        }
    }
}

#[cfg(test)]
mod tests;
