//! Processes and where they run: who holds a lease, who is still writing a staged file. Never what is held.

use std::sync::OnceLock;

#[cfg(unix)]
use rustix::process::{Pid, test_kill_process};
use serde::{Deserialize, Serialize};

/// A process, told apart from those of other machines, containers and boots, and from later ones with its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Process {
    /// The name of its host.
    pub(super) host: String,
    /// Its number.
    pub(super) pid: u32,
    /// The boot of the machine and the space of numbers: containers may share a host name, and in each the first process
    /// has number 1. Empty where the system does not tell.
    #[serde(default)]
    pub(super) space: String,
    /// When it started, in ticks since the boot; 0 where the system does not tell.
    #[serde(default)]
    pub(super) start: u64,
}

impl Process {
    /// This one.
    pub(super) fn own() -> &'static Self {
        static OWN: OnceLock<Process> = OnceLock::new();
        OWN.get_or_init(|| {
            let pid = std::process::id();
            Self { host: host(), pid, space: space(), start: start(pid).unwrap_or(0) }
        })
    }

    /// Whether it is gone for sure. One of another host, container or boot may be running, as far as this one can tell.
    pub(super) fn is_gone(&self) -> bool {
        let own = Self::own();
        // Former versions wrote no space.
        if self.host != own.host || !(self.space.is_empty() || self.space == own.space) {
            return false;
        }
        let Ok(pid) = i32::try_from(self.pid) else { return true };
        // A number is given anew; the time of the start tells.
        let is_other = self.start != 0 && start(self.pid).is_some_and(|start| start != self.start);
        is_other || !is_alive(pid)
    }

    /// The start of a file name, from which [`Self::parse`] makes it again.
    pub(super) fn name(&self) -> String {
        let Self { host, pid, space, start } = self;
        format!("{host}-{space}-{pid}-{start}")
    }

    /// The process whose name it is. Former versions wrote host and number.
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

/// The boot and the space of process numbers, as Linux tells them.
fn space() -> String {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let numbers = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    format!("{}{}", plain(&boot), plain(&numbers.to_string_lossy()))
}

/// When a process started: the 22nd field, counted after the name, which may hold anything.
fn start(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(19)?.parse().ok()
}

/// Whether a process of this machine still runs.
#[cfg(unix)]
fn is_alive(pid: i32) -> bool {
    let Some(pid) = Pid::from_raw(pid) else { return false };
    // The process of another user exists too: it refuses the signal instead of being unknown.
    !matches!(test_kill_process(pid), Err(rustix::io::Errno::SRCH))
}

/// Nothing tells, so that a lease is waited for until it has expired.
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
        // No process has the number, or a later one has it.
        assert!(other(|process| process.pid = i32::MAX.unsigned_abs()));
        assert!(other(|process| process.start += 1));
        // The same number in another container, on another machine, or after a boot.
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
