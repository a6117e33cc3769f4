//! How much processor time was taken, user and system.

use rustix::time::{ClockId, clock_gettime};

/// Returns that of the whole process.
pub(crate) fn process_ns() -> u64 {
    nanoseconds(ClockId::ProcessCPUTime)
}

/// Returns that of the thread that asks.
pub(crate) fn thread_ns() -> u64 {
    nanoseconds(ClockId::ThreadCPUTime)
}

fn nanoseconds(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    time.tv_sec.unsigned_abs() * 1_000_000_000 + time.tv_nsec.unsigned_abs()
}
