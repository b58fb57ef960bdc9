//! The machine's memory, how the allocator keeps it, and how sizes are written. Who uses the memory is not decided
//! here.

use std::fs;
use std::path::{Path, PathBuf};

#[cfg(all(target_os = "linux", target_env = "gnu"))]
use crate::parallel::Threads;

/// Assumed if the machine does not tell.
const ASSUMED: u64 = 8 << 30;

/// Units and their sizes in bytes, longer names first.
const UNITS: [(&str, u64); 12] = [
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
    ("tib", 1 << 40),
    ("kb", 1_000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("tb", 1_000_000_000_000),
    ("k", 1 << 10),
    ("m", 1 << 20),
    ("g", 1 << 30),
    ("t", 1 << 40),
];

/// A quarter of the machine's memory, or of the cgroup's limit if that is lower.
#[must_use]
pub fn quarter() -> u64 {
    machine().unwrap_or(ASSUMED) / 4
}

/// Makes the allocator return large buffers as soon as they are freed, and keep small ones in a few arenas per core, each
/// of which holds on to a few megabytes. By default, glibc keeps freed buffers for the thread that freed them: ten years of
/// `stock_daily_cn` took 1,240 MiB instead of 200, and a sixth longer. If arenas hold on to nothing, a sixth more pages
/// come fresh from the kernel. With a single arena per core, threads wait for each other: `status` of 300,000 files takes
/// a sixth longer. Call this before starting any threads.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[expect(unsafe_code, reason = "glibc has no other way")]
pub fn return_freed() {
    const LARGE: libc::c_int = 1 << 20;
    const KEPT: libc::c_int = 4 << 20;
    const ARENAS: usize = 4;
    let arenas = libc::c_int::try_from(ARENAS * Threads::available().count()).unwrap_or(libc::c_int::MAX);
    // SAFETY: `mallopt` only sets numbers and refuses invalid ones, and no other thread allocates yet.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT);
        libc::mallopt(libc::M_ARENA_MAX, arenas);
    }
}

/// Does nothing for other allocators.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn return_freed() {}

/// Parses a size: a number and a unit. `G` means `GiB`.
///
/// # Errors
/// For any other text.
pub fn size(text: &str) -> Result<u64, String> {
    let lower = text.trim().to_ascii_lowercase();
    let unit = UNITS.iter().find_map(|(name, bytes)| Some((lower.strip_suffix(name)?, bytes)));
    let read = unit.and_then(|(number, bytes)| {
        let number = number.trim_end();
        let (whole, tenths) = number.split_once('.').unwrap_or((number, "0"));
        let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !is_number(whole) || !is_number(tenths) || tenths.len() > 9 {
            return None;
        }
        let part = u128::from(*bytes) * tenths.parse::<u128>().ok()? / 10u128.pow(u32::try_from(tenths.len()).ok()?);
        whole.parse::<u64>().ok()?.checked_mul(*bytes)?.checked_add(u64::try_from(part).ok()?)
    });
    read.filter(|bytes| *bytes > 0)
        .ok_or_else(|| format!("invalid size `{text}`: expected a number and a unit, such as 512MiB or 2GiB"))
}

/// The machine's memory, as far as this process's cgroup allows.
fn machine() -> Option<u64> {
    let total = total(&fs::read_to_string("/proc/meminfo").ok()?)?;
    let groups = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let limit = |path: PathBuf| fs::read_to_string(path).ok()?.trim().parse::<u64>().ok();
    Some(limits(&groups).into_iter().filter_map(limit).fold(total, u64::min))
}

/// The total memory in `/proc/meminfo`.
fn total(meminfo: &str) -> Option<u64> {
    let total = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    total.trim().strip_suffix("kB")?.trim_end().parse::<u64>().ok()?.checked_mul(1 << 10)
}

/// The files with the memory limits of the cgroups in `/proc/self/cgroup` and of their ancestors.
fn limits(groups: &str) -> Vec<PathBuf> {
    let of = |line: &str| {
        let mut parts = line.splitn(3, ':').skip(1);
        let (controllers, group) = (parts.next()?, parts.next()?.to_owned());
        let (root, name) = match controllers {
            "" => ("/sys/fs/cgroup", "memory.max"),
            _ if controllers.split(',').any(|one| one == "memory") => {
                ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
            }
            _ => return None,
        };
        let inner = Path::new(group.trim_start_matches('/')).to_owned();
        Some(inner.ancestors().map(|group| Path::new(root).join(group).join(name)).collect::<Vec<_>>())
    };
    groups.lines().filter_map(of).flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_a_number_and_a_unit() {
        for (text, bytes) in [
            ("512MiB", 512 << 20),
            ("2GiB", 2 << 30),
            ("4G", 4 << 30),
            ("1.5g", 3 << 29),
            (" 64 KiB ", 64 << 10),
            ("1TB", 1_000_000_000_000),
            ("0.5k", 512),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "512", "GiB", "2 Gi", "-1GiB", "1e3M", "1.GiB", ".5GiB", "0GiB", "99999999999T", "2GiB/s"] {
            let expected = format!("invalid size `{text}`: expected a number and a unit, such as 512MiB or 2GiB");
            assert_eq!(size(text), Err(expected));
        }
    }

    #[test]
    fn the_limits_of_a_cgroup_and_of_those_around_it_are_read() {
        let read = |groups| limits(groups).iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
        let inner = ["/sys/fs/cgroup/a/b/memory.max", "/sys/fs/cgroup/a/memory.max", "/sys/fs/cgroup/memory.max"];
        assert_eq!(read("0::/a/b\n"), inner);
        let former = ["/sys/fs/cgroup/memory/c/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.limit_in_bytes"];
        assert_eq!(read("12:cpu,cpuacct:/c\n7:memory:/c\n"), former);
        assert_eq!(total("MemTotal:       24576000 kB\nMemFree: 1 kB\n"), Some(24_576_000 << 10));
        assert!(quarter() > 0);
    }
}
