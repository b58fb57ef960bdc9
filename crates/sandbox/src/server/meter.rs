//! Limits on calls in fixed stretches of time, such as minutes of the clock.

use std::collections::BTreeMap;

/// So many calls in so many seconds; 0 calls for no limit.
#[derive(Clone, Copy)]
pub(super) struct Rate {
    pub(super) calls: u32,
    pub(super) seconds: u64,
}

/// The calls of the latest stretch, by the name of what is limited.
#[derive(Default)]
pub(super) struct Meter(BTreeMap<String, (u64, u32)>);

impl Meter {
    /// Counts a call: how many are left after it, or the seconds until there are some again.
    pub(super) fn pass(&mut self, name: &str, rate: Rate, now: u64) -> Result<u32, u64> {
        let Rate { calls: allowed, seconds } = rate;
        if allowed == 0 {
            return Ok(u32::MAX);
        }
        let (stretch, calls) = self.0.entry(name.to_owned()).or_default();
        if *stretch != now / seconds {
            (*stretch, *calls) = (now / seconds, 0);
        }
        if *calls >= allowed {
            return Err((*stretch + 1) * seconds - now);
        }
        *calls += 1;
        Ok(allowed - *calls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_and_stretch_has_its_own_calls() {
        let (day, open) = (Rate { calls: 2, seconds: 86_400 }, Rate { calls: 0, seconds: 60 });
        let mut meter = Meter::default();
        let passed = [86_400, 86_401, 86_500].map(|now| meter.pass("one", day, now));
        assert_eq!(passed, [Ok(1), Ok(0), Err(86_300)]);
        assert_eq!(meter.pass("two", day, 86_500), Ok(1));
        assert_eq!(meter.pass("one", day, 2 * 86_400), Ok(1));
        assert!((0..1000).all(|_| meter.pass("one", open, 7).is_ok()));
    }
}
