//! The machine's clock.

use std::thread;
use std::time::{Duration, Instant};

use crate::harness::interrupt;

/// How long a sender sleeps at most, so that it notices an interrupt.
const SLEEP_MAX: Duration = Duration::from_millis(50);

/// A clock that starts at 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(Instant);

impl Clock {
    /// Starts one.
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now_ns(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Sleeps until something is due; returns whether it is still wanted.
    pub(crate) fn wait_until(&self, due_ns: u64) -> bool {
        loop {
            let left_ns = due_ns.saturating_sub(self.now_ns());
            if left_ns == 0 {
                return !interrupt::requested();
            }
            if interrupt::requested() {
                return false;
            }
            thread::sleep(Duration::from_nanos(left_ns).min(SLEEP_MAX));
        }
    }
}

/// Returns what one look at the machine's clock takes, on average.
pub(crate) fn cost_ns() -> f64 {
    const LOOKS: u32 = 10_000;
    let clock = Clock::start();
    for _ in 0..LOOKS {
        std::hint::black_box(clock.now_ns());
    }
    clock.now_ns() as f64 / f64::from(LOOKS)
}
