//! The processor time that was spent, which a busy neighbour changes less than the time of day.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Returns the processor time that this thread has used.
pub(crate) fn thread_time() -> Duration {
    since_start(ClockId::ThreadCPUTime)
}

/// Returns the processor time that all threads of this process have used.
pub(crate) fn process_time() -> Duration {
    since_start(ClockId::ProcessCPUTime)
}

fn since_start(clock: ClockId) -> Duration {
    let now = clock_gettime(clock);
    // Neither clock is ever negative, so that the fallbacks never show.
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(now.tv_nsec).unwrap_or(0))
}
