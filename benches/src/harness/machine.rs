//! The machine that a report comes from, as far as it tells.

use std::fs;
use std::thread::available_parallelism;

use crate::report::model::Machine;

/// Describes this machine. What the system does not tell stays empty.
pub(crate) fn describe() -> Machine {
    let cpu = entry("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.into());
    let memory = entry("/proc/meminfo", "MemTotal");
    let kilobytes = memory.and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    Machine {
        cpu,
        cores: cores(),
        memory_bytes: kilobytes.unwrap_or_default() * 1024,
        os: format!("{} {}", std::env::consts::OS, kernel.trim())
            .trim()
            .into(),
    }
}

/// Returns how many cores the program may use.
pub(crate) fn cores() -> u32 {
    available_parallelism().map_or(1, |cores| cores.get() as u32)
}

/// Returns a warning if more wants to run than there are cores.
///
/// `own` is how many of those are the program's own doing.
pub(crate) fn busy_warning(own: f64) -> Option<String> {
    let loads = fs::read_to_string("/proc/loadavg").ok()?;
    let load: f64 = loads.split(' ').next()?.parse().ok()?;
    let cores = cores();
    (load - own > f64::from(cores)).then(|| {
        format!("the machine was busy: load {load:.1} on {cores} cores; times may be too long")
    })
}

/// Returns what a file of `name : value` lines says of a name.
fn entry(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let mut entries = text.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = entries.find(|(found, _)| found.trim() == name)?;
    Some(value.trim().to_owned())
}
