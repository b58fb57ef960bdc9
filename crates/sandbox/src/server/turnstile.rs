//! A limit for all calls of a vendor in a fixed stretch of time; the clock is the caller's.

/// Lets so many calls through in a stretch.
pub(super) struct Turnstile {
    /// 0 for no limit.
    allowed: u32,
    /// Seconds of a stretch.
    stretch: u64,
    /// The stretch of the last call, and how many it had.
    last: u64,
    calls: u32,
}

impl Turnstile {
    pub(super) fn new(allowed: u32, stretch: u64) -> Self {
        Self { allowed, stretch, last: 0, calls: 0 }
    }

    /// Calls left after this one, or the seconds until there are some again.
    pub(super) fn pass(&mut self, seconds: u64) -> Result<u32, u64> {
        if self.allowed == 0 {
            return Ok(u32::MAX);
        }
        let now = seconds / self.stretch;
        if self.last != now {
            (self.last, self.calls) = (now, 0);
        }
        if self.calls >= self.allowed {
            return Err((now + 1) * self.stretch - seconds);
        }
        self.calls += 1;
        Ok(self.allowed - self.calls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stretch_has_its_own_calls() {
        let mut day = Turnstile::new(2, 86_400);
        assert_eq!([day.pass(86_400), day.pass(86_401), day.pass(86_500)], [Ok(1), Ok(0), Err(86_300)]);
        assert_eq!(day.pass(2 * 86_400), Ok(1));
        let mut open = Turnstile::new(0, 60);
        assert!((0..1000).all(|_| open.pass(7).is_ok()));
    }
}
