//! The file of a lease: who holds it, and until when. Who gets it next is decided in `mod`, not here.

use anyhow::Result;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use rand::TryRng as _;
use rand::rngs::SysRng;
use serde::{Deserialize, Serialize};

use super::term::{LASTS, shown};
use crate::store::Versioned;
use crate::store::process::Process;

/// Another run holds the lease. Exit code 7.
#[derive(Debug, Clone, thiserror::Error)]
#[error(
    "another run holds the lease `{name}` (process {pid} on {host}, until {until} in Shanghai): wait for it to end, then \
     run again"
)]
pub struct LeaseHeld {
    name: String,
    host: String,
    pid: u32,
    until: String,
}

/// The holder of a lease.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Holder {
    #[serde(flatten)]
    process: Process,
    until: DateTime<Utc>,
    /// Random, so that no two leases are equal.
    #[serde(default)]
    pub(super) token: String,
}

/// What can be done with a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Its holder has ended, or it has expired.
    Free,
    /// It is held.
    Held,
    /// It claims to last longer than any lease can.
    Unbelievable,
}

impl Holder {
    /// A lease of this process, and its file.
    pub(super) fn new(until: DateTime<Utc>) -> Result<(Self, Bytes)> {
        let token = format!("{:016x}{:016x}", SysRng.try_next_u64()?, SysRng.try_next_u64()?);
        let holder = Self { process: Process::own().clone(), until, token };
        let body = holder.body()?;
        Ok((holder, body))
    }

    /// Parses the file of a lease. One that cannot be read counts as held by someone unknown since it was written.
    pub(super) fn read(found: &Versioned) -> Self {
        serde_json::from_slice(&found.body).unwrap_or_else(|_| {
            let process = Process { host: "an unknown host".into(), pid: 0, space: String::new(), start: 0 };
            Self { process, until: found.modified + LASTS, token: String::new() }
        })
    }

    /// The same holder with another end.
    pub(super) fn until(&self, until: DateTime<Utc>) -> Self {
        Self { until, ..self.clone() }
    }

    /// When it ends.
    pub(super) fn end(&self) -> DateTime<Utc> {
        self.until
    }

    pub(super) fn body(&self) -> Result<Bytes> {
        Ok(serde_json::to_vec(self)?.into())
    }

    /// The state of the lease at `now`, given how long leases last.
    pub(super) fn state(&self, now: DateTime<Utc>, lasts: TimeDelta) -> State {
        if self.until <= now || self.process.is_gone() {
            State::Free
        } else if self.until > now + lasts + lasts {
            // Tolerate clocks that differ by less than a lease lasts.
            State::Unbelievable
        } else {
            State::Held
        }
    }

    pub(super) fn held(&self, name: &str) -> LeaseHeld {
        LeaseHeld {
            name: name.to_owned(),
            host: self.process.host.clone(),
            pid: self.process.pid,
            until: shown(self.until),
        }
    }
}
