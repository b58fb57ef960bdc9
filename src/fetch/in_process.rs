//! A vendor in the same process, which is sent what would go over the network. For tests of whole runs.

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
    /// What it responds.
    async fn respond(&self, request: Request) -> Result<reqwest::Response, NoResponse>;
}

/// From now on what this thread sends goes to `vendor`, or to the network again.
pub(crate) fn set(vendor: Option<Arc<dyn Vendor>>) {
    VENDOR.set(vendor);
}

pub(super) fn vendor() -> Option<Arc<dyn Vendor>> {
    VENDOR.with_borrow(Clone::clone)
}
