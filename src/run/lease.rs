//! Who is writing: one lease a vendor while fetching, one a table while building. Leases use real
//! time, whatever `--now` says.

use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::store::{Store, host, is_alive};

/// How long a lease holds without being renewed.
const HOLDS: TimeDelta = TimeDelta::minutes(5);

/// How often it is renewed.
const RENEWED: Duration = Duration::from_mins(1);

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Holder {
    host: String,
    pid: u32,
    until: DateTime<Utc>,
}

/// Another run is at work: exit 7.
#[derive(Debug, Clone, thiserror::Error)]
#[error("another run holds the lease `{name}`: process {pid} on {host}, until {until}; wait for it, or run again then")]
pub struct Held {
    name: String,
    host: String,
    pid: u32,
    until: String,
}

/// A lease that is ours until it is released, or until this process is gone.
#[derive(Debug)]
pub(super) struct Lease {
    store: Store,
    path: String,
    renewal: tokio::task::JoinHandle<()>,
}

impl Lease {
    /// Takes the lease; a dead holder on this host is replaced at once, another one when its lease ends.
    pub(super) async fn take(store: &Store, name: &str) -> Result<Self> {
        let path = format!("leases/{name}.json");
        if !store.create(&path, mine()?).await? {
            // A holder that releases between the two calls leaves nothing to read: then it is free.
            let holder: Option<Holder> = match store.read(&path).await {
                Ok(body) => serde_json::from_slice(&body).ok(),
                Err(_) => None,
            };
            if let Some(holder) = holder {
                let dead = holder.host == host() && !i32::try_from(holder.pid).is_ok_and(is_alive);
                if !dead && real_time() < holder.until {
                    let until = holder.until.format("%H:%M:%S UTC").to_string();
                    return Err(Held { name: name.to_owned(), host: holder.host, pid: holder.pid, until }.into());
                }
            }
            store.put(&path, mine()?).await?;
        }
        let (renewed, place) = (store.clone(), path.clone());
        let renewal = tokio::spawn(async move {
            loop {
                tokio::time::sleep(RENEWED).await;
                let put = match mine() {
                    Ok(body) => renewed.put(&place, body).await,
                    Err(error) => Err(error),
                };
                if let Err(error) = put {
                    tracing::warn!("the lease `{place}` could not be renewed: {error:#}");
                }
            }
        });
        Ok(Self { store: store.clone(), path, renewal })
    }

    /// Gives the lease back.
    pub(super) async fn release(self) -> Result<()> {
        self.renewal.abort();
        self.store.delete(&self.path).await
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

fn mine() -> Result<Bytes> {
    let holder = Holder { host: host(), pid: std::process::id(), until: real_time() + HOLDS };
    Ok(serde_json::to_vec(&holder)?.into())
}

#[allow(clippy::disallowed_methods)]
fn real_time() -> DateTime<Utc> {
    Utc::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(host: String, pid: u32, minutes: i64) -> Bytes {
        let holder = Holder { host, pid, until: real_time() + TimeDelta::minutes(minutes) };
        serde_json::to_vec(&holder).unwrap().into()
    }

    #[tokio::test]
    async fn a_living_holder_keeps_it_and_a_dead_one_does_not() {
        let store = Store::memory();
        let lease = Lease::take(&store, "fetch-tushare").await.unwrap();
        let held = Lease::take(&store, "fetch-tushare").await.unwrap_err();
        assert!(held.downcast_ref::<Held>().is_some());
        lease.release().await.unwrap();
        let path = "leases/fetch-tushare.json";
        store.put(path, put(host(), i32::MAX.unsigned_abs(), 5)).await.unwrap();
        Lease::take(&store, "fetch-tushare").await.unwrap();
        store.put(path, put("elsewhere".into(), 1, 5)).await.unwrap();
        assert!(Lease::take(&store, "fetch-tushare").await.is_err());
        store.put(path, put("elsewhere".into(), 1, -1)).await.unwrap();
        Lease::take(&store, "fetch-tushare").await.unwrap();
    }
}
