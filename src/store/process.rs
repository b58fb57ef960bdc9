//! Hosts and processes: who holds a lease, who is still writing a staged file.

#[cfg(unix)]
use rustix::process::{Pid, test_kill_process};

/// This machine's name, without slashes.
#[cfg(unix)]
#[must_use]
pub fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().replace('/', "_")
}

/// This machine's name.
#[cfg(not(unix))]
#[must_use]
pub fn host() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_else(|_| "localhost".to_owned())
}

/// Whether a process of this machine still runs.
#[cfg(unix)]
pub(super) fn is_alive(pid: i32) -> bool {
    let Some(pid) = Pid::from_raw(pid) else { return false };
    // The process of another user exists too: it refuses the signal instead of being unknown.
    !matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH))
}

/// Nothing tells, so that a lease is waited for until it has expired.
#[cfg(not(unix))]
pub(super) fn is_alive(_: i32) -> bool {
    true
}
