//! Leases: one per vendor while fetching, one per table while building, so that two runs never write the same
//! files. They lie in the lake, under `leases/`, and use real time even where `--now` is given.

use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::Store;
use super::process::{host, is_alive};

/// How long a lease lasts without renewal.
const LASTS: TimeDelta = TimeDelta::minutes(5);

/// How often it is renewed.
const RENEWAL: Duration = Duration::from_mins(1);

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Holder {
    host: String,
    pid: u32,
    until: DateTime<Utc>,
}

/// Another run holds the lease: exit 7.
#[derive(Debug, Clone, thiserror::Error)]
#[error(
    "another run holds the lease `{name}` (process {pid} on {host}, until {until}): wait for it to end, then run again"
)]
pub struct LeaseHeld {
    name: String,
    host: String,
    pid: u32,
    until: String,
}

/// A lease that is ours until it is released or dropped, or this process ends.
#[derive(Debug)]
pub struct Lease {
    store: Store,
    path: String,
    renewal: tokio::task::JoinHandle<()>,
    is_released: bool,
}

impl Lease {
    /// Takes the lease. A holder on this host that no longer runs is replaced at once, any other when its lease
    /// ends.
    ///
    /// # Errors
    /// [`LeaseHeld`], or when the lake cannot be written.
    pub async fn take(store: &Store, name: &str) -> Result<Self> {
        let path = format!("leases/{name}.json");
        if !store.create(&path, mine()?).await? {
            // A holder that releases it between the two calls leaves nothing to read: the lease is free.
            let holder: Option<Holder> = match store.read(&path).await {
                Ok(body) => serde_json::from_slice(&body).ok(),
                Err(_) => None,
            };
            if let Some(holder) = holder {
                let is_dead = holder.host == host() && !i32::try_from(holder.pid).is_ok_and(is_alive);
                if !is_dead && real_time() < holder.until {
                    let until = holder.until.format("%H:%M:%S UTC").to_string();
                    return Err(LeaseHeld { name: name.to_owned(), host: holder.host, pid: holder.pid, until }.into());
                }
            }
            store.put(&path, mine()?).await?;
        }
        let (renewed, file) = (store.clone(), path.clone());
        let renewal = tokio::spawn(async move {
            loop {
                tokio::time::sleep(RENEWAL).await;
                let put = match mine() {
                    Ok(body) => renewed.put(&file, body).await,
                    Err(error) => Err(error),
                };
                if let Err(error) = put {
                    tracing::warn!("cannot renew the lease `{file}`: {error:#}");
                }
            }
        });
        Ok(Self { store: store.clone(), path, renewal, is_released: false })
    }

    /// Gives the lease back.
    ///
    /// # Errors
    /// When its file cannot be deleted.
    pub async fn release(mut self) -> Result<()> {
        self.renewal.abort();
        self.is_released = true;
        self.store.delete(&self.path).await
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewal.abort();
        if !self.is_released {
            self.store.delete_now(&self.path);
        }
    }
}

fn mine() -> Result<Bytes> {
    let holder = Holder { host: host(), pid: std::process::id(), until: real_time() + LASTS };
    Ok(serde_json::to_vec(&holder)?.into())
}

#[allow(clippy::disallowed_methods)]
fn real_time() -> DateTime<Utc> {
    Utc::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holder(host: String, pid: u32, minutes: i64) -> Bytes {
        let holder = Holder { host, pid, until: real_time() + TimeDelta::minutes(minutes) };
        serde_json::to_vec(&holder).unwrap().into()
    }

    #[tokio::test]
    async fn a_living_holder_keeps_the_lease_and_a_dead_one_loses_it() {
        let store = Store::memory();
        let lease = Lease::take(&store, "fetch-tushare").await.unwrap();
        let held = Lease::take(&store, "fetch-tushare").await.unwrap_err();
        assert!(held.downcast_ref::<LeaseHeld>().is_some());
        lease.release().await.unwrap();
        let path = "leases/fetch-tushare.json";
        store.put(path, holder(host(), i32::MAX.unsigned_abs(), 5)).await.unwrap();
        Lease::take(&store, "fetch-tushare").await.unwrap();
        store.put(path, holder("elsewhere".into(), 1, 5)).await.unwrap();
        assert!(Lease::take(&store, "fetch-tushare").await.is_err());
        store.put(path, holder("elsewhere".into(), 1, -1)).await.unwrap();
        Lease::take(&store, "fetch-tushare").await.unwrap();
    }
}
