use std::time::{Duration, Instant};

use crate::random::Random;

/// What one peer takes for the time: it began somewhere, and goes too fast or too slow.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
    permille: u32,
}

impl Clock {
    pub(crate) fn of(random: &mut Random) -> Self {
        Self {
            start: start() + random.millis(0, 20_000),
            permille: 900 + random.below(201) as u32,
        }
    }

    /// What it shows.
    pub(crate) fn at(self, now: Duration) -> Instant {
        self.start + now * self.permille / 1_000
    }

    /// When it shows that, or did.
    pub(crate) fn when(self, shown: Instant) -> Duration {
        let shown = shown.saturating_duration_since(self.start);
        let now = shown * 1_000 / self.permille;
        // Both divisions round down, and what is due must be so then.
        now + Duration::from_nanos(1)
    }
}

/// The same in every run of a program, and nothing is decided by it.
#[allow(
    clippy::disallowed_methods,
    reason = "time is virtual, but has to begin somewhere"
)]
pub(crate) fn start() -> Instant {
    Instant::now()
}
