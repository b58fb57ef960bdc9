//! Releases leases on an object store after they were dropped, in the background because each takes a request. Does not
//! touch leases still held.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

static UNDER_WAY: Mutex<Vec<JoinHandle<()>>> = Mutex::new(Vec::new());

/// How long the process waits for them before it exits.
const LONGEST: Duration = Duration::from_secs(10);

/// Runs the release in the background.
pub(super) fn soon(back: impl Future<Output = ()> + Send + 'static) {
    if let Ok(runtime) = Handle::try_current() {
        let mut under_way = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.retain(|back| !back.is_finished());
        under_way.push(runtime.spawn(back));
    }
}

/// Waits for pending releases before the process exits. A lease that is not released in time expires.
pub async fn given_back() {
    let under_way = std::mem::take(&mut *UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner));
    let _ = tokio::time::timeout(LONGEST, join_all(under_way)).await;
}
