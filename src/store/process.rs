//! Identifies processes and where they run: the holder of a lease, the writer of a staged file. Does not know what they
//! hold or write.

use std::sync::OnceLock;

#[cfg(unix)]
use rustix::process::{Pid, test_kill_process};
use serde::{Deserialize, Serialize};

/// A process, distinct from any on other machines, in other containers or boots, and from a later one with the same
/// PID.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Process {
    /// The host name.
    pub(super) host: String,
    /// The PID.
    pub(super) pid: u32,
    /// The boot and the PID namespace: containers may share a host name, and the first process in each has PID 1. Empty
    /// where the system does not tell.
    #[serde(default)]
    pub(super) space: String,
    /// Start time in clock ticks since boot; 0 where the system does not tell.
    #[serde(default)]
    pub(super) start: u64,
}

impl Process {
    /// The current process.
    pub(super) fn own() -> &'static Self {
        static OWN: OnceLock<Process> = OnceLock::new();
        OWN.get_or_init(|| {
            let pid = std::process::id();
            Self { host: host(), pid, space: space(), start: start(pid).unwrap_or(0) }
        })
    }

    /// Whether it has certainly ended. One on another host, in another container or boot may still run, for all we
    /// know.
    pub(super) fn is_gone(&self) -> bool {
        let own = Self::own();
        // Former versions did not write the namespace.
        if self.host != own.host || !(self.space.is_empty() || self.space == own.space) {
            return false;
        }
        let Ok(pid) = i32::try_from(self.pid) else { return true };
        // PIDs are reused; the start time tells processes apart.
        let is_other = self.start != 0 && start(self.pid).is_some_and(|start| start != self.start);
        is_other || !is_alive(pid)
    }

    /// The prefix of a file name. [`Self::parse`] reads it back.
    pub(super) fn name(&self) -> String {
        let Self { host, pid, space, start } = self;
        format!("{host}-{space}-{pid}-{start}")
    }

    /// Parses the prefix of a file name. Former versions wrote only host and PID.
    pub(super) fn parse(name: &str) -> Option<Self> {
        let full = || {
            let mut parts = name.rsplitn(4, '-');
            let (start, pid) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            let (space, host) = (parts.next()?.to_owned(), parts.next()?.to_owned());
            Some(Self { host, pid, space, start })
        };
        let former = || {
            let (host, pid) = name.rsplit_once('-')?;
            Some(Self { host: host.to_owned(), pid: pid.parse().ok()?, space: String::new(), start: 0 })
        };
        full().or_else(former)
    }
}

/// The host name, without slashes.
#[cfg(unix)]
#[must_use]
pub fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().replace('/', "_")
}

/// The host name.
#[cfg(not(unix))]
#[must_use]
pub fn host() -> String {
    std::env::var("COMPUTERNAME").unwrap_or_else(|_| "localhost".to_owned())
}

/// The boot id and PID namespace, from Linux.
fn space() -> String {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let numbers = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    format!("{}{}", plain(&boot), plain(&numbers.to_string_lossy()))
}

/// Start time of a process: field 22 of `stat`, counted after the name, which may contain anything.
fn start(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

/// Whether a process on this machine still runs.
#[cfg(unix)]
fn is_alive(pid: i32) -> bool {
    let Some(pid) = Pid::from_raw(pid) else { return false };
    // Another user's process exists too: signalling it fails, but not with `ESRCH`.
    !matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH))
}

/// There is no way to tell here, so a lease is waited for until it expires.
#[cfg(not(unix))]
fn is_alive(_: i32) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_gone_only_where_that_can_be_told() {
        let own = Process::own();
        assert!(!own.is_gone());
        let other = |change: fn(&mut Process)| {
            let mut other = own.clone();
            change(&mut other);
            other.is_gone()
        };
        // No process has this PID, or a later one does.
        assert!(other(|process| process.pid = i32::MAX.unsigned_abs()));
        assert!(other(|process| process.start += 1));
        // The same PID in another container, on another machine or after a reboot.
        assert!(!other(|process| process.space += "1"));
        assert!(!other(|process| process.host += "1"));
    }

    #[test]
    fn names_are_read_back() {
        let own = Process::own();
        assert_eq!(Process::parse(&own.name()).as_ref(), Some(own));
        let dashed = Process { host: "a-b.c".into(), pid: 7, space: String::new(), start: 0 };
        assert_eq!(Process::parse(&dashed.name()), Some(dashed));
        let former = Process { host: "a-b".into(), pid: 12, space: String::new(), start: 0 };
        assert_eq!(Process::parse("a-b-12"), Some(former));
        assert_eq!(Process::parse("host"), None);
    }
}
