//! The account behind the token: which interfaces its points open and how often it may call.
//!
//! Limits are per interface and fixed minute (vendor page `doc_id` 290); the clock is the caller's.

use super::reply::Denial;
use crate::Settings;
use crate::tables::served::Served;
use std::collections::BTreeMap;

/// Points and the calls of the minute under way.
pub(crate) struct Subscriber {
    points: u32,
    rpm: u32,
    /// Last minute with a call, and how many it had.
    minutes: BTreeMap<String, (u64, u32)>,
}

impl Subscriber {
    /// An account that has not called yet.
    pub(crate) fn new(settings: &Settings) -> Self {
        Self { points: settings.points, rpm: settings.rpm, minutes: BTreeMap::new() }
    }

    /// Lets one call through or says why not. `minute` counts from any fixed time.
    pub(crate) fn admit(&mut self, interface: &Served, minute: u64) -> Result<(), Denial> {
        if self.points < interface.contract.points {
            return Err(Denial::Points);
        }
        let Some(allowed) = self.allowed(interface) else {
            return Ok(());
        };
        let (last, calls) = self.minutes.entry(interface.name().to_owned()).or_default();
        if *last != minute {
            (*last, *calls) = (minute, 0);
        }
        if *calls >= allowed {
            return Err(Denial::TooOften(allowed));
        }
        *calls += 1;
        Ok(())
    }

    /// Calls a minute, if there is a limit.
    fn allowed(&self, interface: &Served) -> Option<u32> {
        let by_points = match self.points {
            0..2000 => 50,
            2000..5000 => 200,
            5000.. => u32::MAX,
        };
        let reached = interface.contract.limits.iter().rfind(|limit| limit.points <= self.points);
        let own = reached.map(|limit| limit.requests_per_minute);
        (self.rpm > 0).then(|| self.rpm.min(by_points).min(own.unwrap_or(u32::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::catalog::find_shipped as find;

    #[test]
    fn limits_follow_points_interface_and_minute() {
        for (points, rpm, interface, expected) in [
            (120, 500, "daily", 50),
            (2000, 500, "daily", 200),
            (5000, 500, "daily", 500),
            (5000, 30, "daily", 30),
            (5000, 500, "stock_basic", 50),
            (5000, 0, "stock_basic", 1000),
            (120, 0, "moneyflow", 0),
        ] {
            let (mut account, factor) =
                (Subscriber::new(&Settings { points, rpm, ..Settings::default() }), "adj_factor");
            let mut calls = |interface, minute| {
                (0..1000).filter(|_| account.admit(find(interface).unwrap(), minute).is_ok()).count()
            };
            assert_eq!(calls(interface, 7), expected, "{interface} with {points} points");
            assert_eq!(calls(interface, 8), expected, "a minute later");
            assert!(points < 2000 || calls(factor, 8) > 0, "another interface");
        }
    }
}
