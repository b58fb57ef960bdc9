//! The calls of the last minute, which a vendor still counts when the next run starts. Uses the machine's time whatever
//! `--now` says. Whether a call may be sent is not decided here.

use std::collections::BTreeMap;

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};
use futures::{StreamExt as _, stream};
use serde::Deserialize;

use crate::store::Store;

/// Calls sent recently, by interface and by the end of the step in which they were sent.
pub type Lately = BTreeMap<String, BTreeMap<DateTime<Utc>, u64>>;

/// Calls are counted per step of this many milliseconds, to keep reports small.
const STEP: i64 = 5_000;

/// How long they are kept: a minute, plus a margin for clocks that differ.
const KEPT: TimeDelta = TimeDelta::seconds(70);

/// Reports last written longer ago are not read. The margin is for the store's clock.
const FRESH: TimeDelta = TimeDelta::minutes(10);

/// Reports read concurrently.
const AT_ONCE: usize = 16;

/// Adds calls sent at `now`, and drops those older than a minute.
pub fn add(calls: u64, now: DateTime<Utc>, lately: &mut BTreeMap<DateTime<Utc>, u64>) {
    let step = (now.timestamp_millis() / STEP + 1) * STEP;
    if calls > 0 {
        *lately.entry(DateTime::from_timestamp_millis(step).unwrap_or(now)).or_default() += calls;
    }
    lately.retain(|at, _| is_kept(*at, now));
}

fn is_kept(at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    // A time in the future was written by another clock.
    (now - at).abs() < KEPT
}

/// The recent calls in a report.
#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    lately: Lately,
}

/// Calls sent by runs of the lake in the minute before `now`; of a killed run, those its last report lists. Unreadable
/// reports count as none: at worst a call is refused and sent again a minute later.
pub async fn lately(store: &Store, now: DateTime<Utc>) -> Lately {
    let read = read(store, now).await;
    read.inspect_err(|error| tracing::debug!("the calls of the last minute are unknown: {error:#}")).unwrap_or_default()
}

async fn read(store: &Store, now: DateTime<Utc>) -> Result<Lately> {
    let mut entries = store.list("runs").await?;
    entries.retain(|entry| entry.path.strip_suffix(".json").is_some() && now - entry.modified < FRESH);
    let bodies = stream::iter(&entries).map(|entry| store.read(&entry.path)).buffered(AT_ONCE);
    let bodies: Vec<_> = bodies.collect().await;
    let mut all = Lately::new();
    for told in bodies.into_iter().flatten().filter_map(|body| serde_json::from_slice::<Told>(&body).ok()) {
        for (interface, steps) in told.lately {
            let of = all.entry(interface).or_default();
            for (at, calls) in steps.into_iter().filter(|(at, _)| is_kept(*at, now)) {
                *of.entry(at).or_default() += calls;
            }
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::report::Journal;

    #[tokio::test]
    async fn reports_tell_the_calls_of_the_last_minute_whatever_clock_the_run_had() {
        let store = Store::memory();
        let at = |seconds| "2024-01-02T10:00:01Z".parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(seconds);
        let mut steps = BTreeMap::new();
        for (calls, seconds) in [(2, 0), (1, 3), (4, 5), (0, 60)] {
            add(calls, at(seconds), &mut steps);
        }
        assert_eq!(steps, [(at(4), 3), (at(9), 4)].into());
        let sent: Lately = [("tushare/daily".to_owned(), steps)].into();
        for (day, is_killed) in [("2020-01-02T10:00:00Z", false), ("2021-01-02T10:00:00Z", true)] {
            let journal = Journal::begin(&store, Clock::fixed(day.parse().unwrap()), "run", &[]).await.unwrap();
            journal.lately(sent.clone()).await;
            journal.save(BTreeMap::new()).await.unwrap();
            if !is_killed {
                journal.end(BTreeMap::new(), None).await.unwrap();
            }
        }
        store.put("runs/other.json", "no report".into()).await.unwrap();
        for (seconds, told) in [(9, vec![6, 8]), (73, vec![6, 8]), (74, vec![8]), (79, vec![]), (-3600, vec![])] {
            let lately = lately(&store, at(seconds)).await;
            assert_eq!(lately["tushare/daily"].values().copied().collect::<Vec<_>>(), told, "{seconds}");
        }
    }
}
