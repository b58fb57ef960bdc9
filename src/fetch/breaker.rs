//! Decides when to leave a vendor in trouble alone, from the number of consecutive failed pages. How often one page is
//! retried is up to `client`.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::Failure;
use crate::wire::Refusal;

/// Consecutive failed pages, each tried several times, after which an interface rests.
const OF_INTERFACE: usize = 5;

/// The same across interfaces, after which the vendor rests.
const OF_VENDOR: usize = 10;

/// Counts consecutive failed pages.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    failed: AtomicUsize,
}

impl Breaker {
    /// Records a successful page.
    pub(super) fn reset(&self) {
        self.failed.store(0, Ordering::Relaxed);
    }

    /// Records a failed page.
    fn count(&self) -> usize {
        self.failed.fetch_add(1, Ordering::Relaxed) + 1
    }
}

/// What a failed page means for later calls: either just the failure, or that the interface or the vendor rests.
pub(super) fn judged(failure: Failure, interface: (&Breaker, &str), vendor: (&Breaker, &str)) -> Failure {
    let Failure::Refused(Refusal::Transient(last)) = &failure else { return failure };
    let (of_interface, of_vendor) = (interface.0.count(), vendor.0.count());
    let resting =
        |what: &str, is_vendor, count| Failure::Resting { what: what.to_owned(), is_vendor, count, last: last.clone() };
    if of_vendor >= OF_VENDOR {
        resting(vendor.1, true, of_vendor)
    } else if of_interface >= OF_INTERFACE {
        resting(interface.1, false, of_interface)
    } else {
        failure
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_rests_before_its_vendor_does_and_a_page_that_comes_begins_anew() {
        let broken = || Failure::from(Refusal::Transient("status 502".into()));
        let (vendor, daily, income) = (Breaker::default(), Breaker::default(), Breaker::default());
        let of = |interface: &Breaker| judged(broken(), (interface, "tushare/daily"), (&vendor, "tushare"));
        for _ in 0..OF_INTERFACE - 1 {
            assert_eq!(of(&daily), broken());
        }
        let resting = of(&daily);
        assert!(resting.stops_interface() && !resting.stops_vendor(), "{resting}");
        for _ in 0..OF_VENDOR - OF_INTERFACE - 1 {
            assert_eq!(of(&income), broken());
        }
        assert!(of(&income).stops_vendor());
        daily.reset();
        vendor.reset();
        assert_eq!(of(&daily), broken());
        let refused = Failure::from(Refusal::BadCall("no such parameter".into()));
        assert_eq!(judged(refused.clone(), (&daily, ""), (&vendor, "")), refused);
    }
}
