//! Checks whether a lease still holds, before each file written under it. Who may take a lease is decided in `mod`, not
//! here.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::given_back;
use super::holder::Holder;
use super::term::{LASTS, RENEWAL};
use crate::real;
use crate::store::{Fence, Store};

/// The lease was lost. Exit code 7. What was written before is safe.
#[derive(Debug, Clone, thiserror::Error)]
#[error(
    "the lease `{path}` was lost: this run was suspended for longer than the lease lasts, and another run may have \
     taken it; run again"
)]
pub struct LeaseLost {
    path: String,
}

/// Tells whether a lease still holds. Clones share it.
#[derive(Debug, Clone)]
pub struct Guard {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    store: Store,
    path: String,
    holder: Holder,
    /// When it was last taken or renewed, by two clocks: one stops while the machine sleeps, the other can be set.
    /// `None` once it is lost.
    renewed: Mutex<Option<(Instant, DateTime<Utc>)>>,
}

impl Guard {
    pub(super) fn new(store: &Store, path: &str, holder: Holder) -> Self {
        let shared = Shared { store: store.clone(), path: path.to_owned(), holder, renewed: Mutex::new(Some(now())) };
        Self { shared: Arc::new(shared) }
    }

    /// Time since it was renewed; `None` once it is lost.
    fn age(&self) -> Option<Duration> {
        let (instant, time) = (*self.shared.renewed.lock().unwrap_or_else(PoisonError::into_inner))?;
        Some((real::instant() - instant).max((real::now() - time).to_std().unwrap_or_default()))
    }

    /// Renews the lease if it is still ours.
    pub(super) async fn renew(&self) -> Result<()> {
        let Shared { store, path, holder, renewed } = &*self.shared;
        let began = now();
        let found = store.versioned(path).await?;
        let ours = found.filter(|found| Holder::read(found).token == holder.token);
        let is_renewed = match ours {
            Some(found) => store.replace(path, &found, holder.until(real::now() + LASTS).body()?).await?,
            None => false,
        };
        // If another run corrected its end in between, it is still ours and the next renewal finds it.
        let is_lost = !is_renewed && !self.is_ours().await?;
        let mut renewed = renewed.lock().unwrap_or_else(PoisonError::into_inner);
        if is_lost {
            *renewed = None;
            return Err(self.lost());
        }
        *renewed = Some(began);
        Ok(())
    }

    /// As if the process had been stopped for `time`.
    #[cfg(test)]
    pub(super) fn stop_for(&self, time: Duration) {
        let mut renewed = self.shared.renewed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((instant, clock)) = *renewed {
            *renewed = instant.checked_sub(time).map(|instant| (instant, clock - time));
        }
    }

    /// Whether the store ensures that nobody else took it at the same time.
    pub(super) fn is_exclusive(&self) -> bool {
        self.shared.store.creates() && self.shared.store.swaps()
    }

    /// Whether its file is still ours.
    pub(super) async fn is_ours(&self) -> Result<bool> {
        let found = self.shared.store.versioned(&self.shared.path).await?;
        Ok(found.is_some_and(|found| Holder::read(&found).token == self.shared.holder.token))
    }

    fn lost(&self) -> anyhow::Error {
        LeaseLost { path: self.shared.path.clone() }.into()
    }

    /// Releases the lease if it is still ours.
    pub(super) async fn release(&self) -> Result<()> {
        let Shared { store, path, .. } = &*self.shared;
        if !store.is_remote() {
            return self.release_local();
        }
        // The store deletes whatever is there. A lease that passed the check lasts a while longer, so nobody else can
        // take it between the look and the deletion.
        match self.check().await {
            Err(error) if error.is::<LeaseLost>() => return Ok(()),
            checked => checked?,
        }
        if self.is_ours().await? { store.delete(path).await } else { Ok(()) }
    }

    /// Like [`Self::release`], without awaiting: at once in a local lake, otherwise in the background.
    pub(super) fn release_now(&self) {
        // A file left behind does no harm: the lease expires.
        let told = |released: Result<()>| {
            if let Err(error) = released {
                tracing::debug!("cannot release a lease: {error:#}");
            }
        };
        if !self.shared.store.is_remote() {
            return told(self.release_local());
        }
        let guard = self.clone();
        given_back::soon(async move { told(guard.release().await) });
    }

    fn release_local(&self) -> Result<()> {
        let Shared { store, path, holder, .. } = &*self.shared;
        store
            .delete_if(path, |body| serde_json::from_slice(body).is_ok_and(|found: Holder| found.token == holder.token))
    }
}

#[async_trait]
impl Fence for Guard {
    /// Succeeds if the lease holds for a while yet, renewing it if its end is near. Otherwise [`LeaseLost`].
    async fn check(&self) -> Result<()> {
        match self.age() {
            None => Err(self.lost()),
            Some(age) if age < RENEWAL * 3 => Ok(()),
            Some(_) => self.renew().await,
        }
    }
}

fn now() -> (Instant, DateTime<Utc>) {
    (real::instant(), real::now())
}
