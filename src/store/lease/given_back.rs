//! Leases that go back after whoever held them was dropped: of an object store that takes a request. Never one that is held.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use futures::future::join_all;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

static UNDER_WAY: Mutex<Vec<JoinHandle<()>>> = Mutex::new(Vec::new());

/// How long a process waits for them at its end.
const LONGEST: Duration = Duration::from_secs(10);

/// Gives one back, beside what goes on.
pub(super) fn soon(back: impl Future<Output = ()> + Send + 'static) {
    if let Ok(runtime) = Handle::try_current() {
        let mut under_way = UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.retain(|back| !back.is_finished());
        under_way.push(runtime.spawn(back));
    }
}

/// Awaits those that are on their way; for a process that ends. One that does not arrive ends by itself.
pub async fn given_back() {
    let under_way = std::mem::take(&mut *UNDER_WAY.lock().unwrap_or_else(PoisonError::into_inner));
    let _ = tokio::time::timeout(LONGEST, join_all(under_way)).await;
}
