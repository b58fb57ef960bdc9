//! A vendor in the same process, which receives what would go over the network. For tests of whole runs.

use std::cell::RefCell;
use std::sync::Arc;

use async_trait::async_trait;

pub(crate) use super::http::NoResponse;
use crate::wire::Request;

thread_local! {
    static VENDOR: RefCell<Option<Arc<dyn Vendor>>> = const { RefCell::new(None) };
}

/// A vendor in the same process.
#[async_trait]
pub(crate) trait Vendor: Send + Sync {
    /// Responds to a request.
    async fn respond(&self, request: Request) -> Result<reqwest::Response, NoResponse>;
}

/// From now on this thread's requests go to `vendor`, or to the network if `None`.
pub(crate) fn set(vendor: Option<Arc<dyn Vendor>>) {
    VENDOR.set(vendor);
}

pub(super) fn vendor() -> Option<Arc<dyn Vendor>> {
    VENDOR.with_borrow(Clone::clone)
}
