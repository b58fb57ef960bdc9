//! How long leases last, by the machine's own clock. Knows nothing of holders.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use pitlake_contract::spelling::instant::SHANGHAI;

/// How long a lease lasts without renewal.
pub(super) const LASTS: TimeDelta = TimeDelta::minutes(5);

/// How often it is renewed.
pub(super) const RENEWAL: Duration = Duration::from_mins(1);

/// A time in Shanghai, with its date.
pub(super) fn shown(at: DateTime<Utc>) -> String {
    at.with_timezone(&SHANGHAI).format("%Y-%m-%d %H:%M:%S").to_string()
}
