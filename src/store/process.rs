//! Hosts and processes: who holds a lease, who is still writing a staged file.

use rustix::process::{Pid, test_kill_process};

/// This machine's name, without slashes.
#[must_use]
pub fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().replace('/', "_")
}

/// Whether a process of this machine still runs.
pub(super) fn is_alive(pid: i32) -> bool {
    let Some(pid) = Pid::from_raw(pid) else { return false };
    // The process of another user exists too: it refuses the signal instead of being unknown.
    !matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH))
}
