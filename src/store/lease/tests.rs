//! Who gets a lease, and who loses one. The rest of a run is tested elsewhere.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::*;
use crate::store::unreliable::{Knows, Unreliable};
use crate::store::{Fence as _, host};

const PATH: &str = "leases/fetch-tushare.json";

fn holder(host: &str, pid: u32, minutes: i64) -> Bytes {
    let until = real::now() + TimeDelta::minutes(minutes);
    json!({ "host": host, "pid": pid, "until": until, "token": "theirs" }).to_string().into()
}

async fn taken(store: &Store) -> Result<Lease> {
    Lease::take(store, "fetch-tushare", Duration::ZERO).await
}

#[tokio::test]
async fn a_living_holder_keeps_the_lease_and_a_dead_one_loses_it() {
    let store = Store::memory();
    let lease = taken(&store).await.unwrap();
    let held = taken(&store).await.unwrap_err();
    assert!(held.downcast_ref::<LeaseHeld>().is_some());
    lease.release().await.unwrap();
    store.put(PATH, holder(&host(), i32::MAX.unsigned_abs(), 5)).await.unwrap();
    taken(&store).await.unwrap();
    store.put(PATH, holder("elsewhere", 1, 5)).await.unwrap();
    assert!(taken(&store).await.is_err());
    store.put(PATH, holder("elsewhere", 1, -1)).await.unwrap();
    taken(&store).await.unwrap();
}

#[tokio::test]
async fn process_1_of_another_container_is_neither_dead_nor_this_one() {
    let store = Store::memory();
    let until = real::now() + TimeDelta::minutes(4);
    for pid in [1, std::process::id(), i32::MAX.unsigned_abs()] {
        let other = json!({ "host": host(), "pid": pid, "space": "another", "start": 7, "until": until, "token": "t" });
        store.put(PATH, other.to_string().into()).await.unwrap();
        assert!(taken(&store).await.unwrap_err().is::<LeaseHeld>(), "{pid}");
    }
}

#[tokio::test]
async fn a_lease_to_the_year_2999_lasts_as_long_as_any() {
    let store = Store::memory();
    store.put(PATH, holder("elsewhere", 1, 60 * 24 * 365 * 900)).await.unwrap();
    assert!(taken(&store).await.unwrap_err().is::<LeaseHeld>());
    let found: Value = serde_json::from_slice(&store.read(PATH).await.unwrap()).unwrap();
    let until: DateTime<Utc> = found["until"].as_str().unwrap().parse().unwrap();
    assert!(until <= real::now() + LASTS, "{found}");
    assert_eq!((&found["host"], &found["token"]), (&json!("elsewhere"), &json!("theirs")), "its holder may renew it");
}

#[tokio::test]
async fn a_lease_that_cannot_be_read_lasts_from_when_it_was_written() {
    let store = Store::memory();
    store.put(PATH, Bytes::from_static(b"not JSON")).await.unwrap();
    let held = taken(&store).await.unwrap_err();
    assert!(held.to_string().contains("an unknown host"), "{held}");
}

/// Six runs find the lease of a dead one, in memory and in a folder.
#[tokio::test(flavor = "multi_thread")]
async fn of_six_that_find_a_dead_holder_exactly_one_gets_the_lease() {
    let folder = tempfile::tempdir().unwrap();
    for store in [Store::memory(), Store::open(folder.path().to_str().unwrap()).unwrap()] {
        for round in 0..50 {
            store.put(PATH, holder("elsewhere", 1, -1)).await.unwrap();
            let start = Arc::new(tokio::sync::Barrier::new(6));
            let tries = (0..6).map(|_| {
                let (store, start) = (store.clone(), Arc::clone(&start));
                tokio::spawn(async move {
                    start.wait().await;
                    taken(&store).await
                })
            });
            let tries = futures::future::join_all(tries).await;
            let got: Vec<Lease> = tries.into_iter().filter_map(|tried| tried.unwrap().ok()).collect();
            assert_eq!(got.len(), 1, "round {round}");
            drop(got);
            // The test now overwrites a lease that still lasts, which no run does: wait until it was released.
            given_back().await;
        }
    }
}

#[tokio::test]
async fn a_holder_that_lost_its_lease_writes_nothing_more() {
    let store = Store::memory();
    let lease = taken(&store).await.unwrap();
    let fenced = store.fenced(lease.guard());
    fenced.put("a", Bytes::new()).await.unwrap();
    // While it was stopped, its lease expired and another run took it.
    store.put(PATH, holder("elsewhere", 1, 5)).await.unwrap();
    assert!(lease.guard().renew().await.unwrap_err().is::<LeaseLost>());
    for done in [fenced.put("b", Bytes::new()).await, fenced.create("b", Bytes::new()).await.map(drop)] {
        assert!(done.unwrap_err().is::<LeaseLost>());
    }
    assert!(fenced.delete("a").await.unwrap_err().is::<LeaseLost>());
    assert!(store.read("a").await.is_ok() && store.read("b").await.is_err());
    // It must not release the other's lease.
    lease.release().await.unwrap();
    assert!(store.read(PATH).await.is_ok());
}

#[tokio::test]
async fn a_lease_that_nobody_took_is_renewed_after_a_long_stop() {
    let store = Store::memory();
    let lease = taken(&store).await.unwrap();
    let guard = lease.guard();
    guard.stop_for(LASTS.to_std().unwrap());
    guard.check().await.unwrap();
    store.put(PATH, holder("elsewhere", 1, 5)).await.unwrap();
    guard.check().await.unwrap();
    guard.stop_for(LASTS.to_std().unwrap());
    assert!(guard.check().await.unwrap_err().is::<LeaseLost>());
}

#[tokio::test]
async fn a_lease_is_waited_for() {
    let store = Store::memory();
    let lease = taken(&store).await.unwrap();
    let waiting = store.clone();
    let waiting = tokio::spawn(async move { Lease::take(&waiting, "fetch-tushare", Duration::from_secs(30)).await });
    tokio::task::yield_now().await;
    lease.release().await.unwrap();
    waiting.await.unwrap().unwrap();
}

/// On a store without conditions, the last of those that take it at the same time has it.
#[tokio::test]
async fn without_conditions_one_of_six_has_the_lease_after_all() {
    let store = Store::over("test", Unreliable::new(Knows::None));
    store.put(PATH, holder("elsewhere", 1, -1)).await.unwrap();
    let tries = futures::future::join_all((0..6).map(|_| taken(&store))).await;
    assert_eq!(tries.iter().filter(|tried| tried.is_ok()).count(), 1);
}

#[tokio::test]
async fn a_lease_of_an_object_store_goes_back_when_it_is_dropped() {
    let store = Store::memory();
    drop(taken(&store).await.unwrap());
    given_back().await;
    assert!(store.list("leases").await.unwrap().is_empty());
}
