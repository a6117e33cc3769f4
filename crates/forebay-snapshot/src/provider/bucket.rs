use std::time::{Duration, Instant};

/// How much may be sent at once after a pause.
const BURST: Duration = Duration::from_millis(100);

/// A bound on bytes in time: the virtual scheduling of ATM's generic cell rate algorithm.
///
/// It keeps the moment at which everything sent so far would have been paid for at the allowed rate.
/// Nothing more is sent before that moment, and one answer may go beyond it, however large, so that
/// even the slowest rate lets every piece through some day.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Bucket {
    paid_at: Option<Instant>,
}

impl Bucket {
    /// How long nothing more may be sent; zero if something may.
    pub(crate) fn wait(&self, now: Instant) -> Duration {
        self.paid_at
            .map_or(Duration::ZERO, |at| at.saturating_duration_since(now))
    }

    /// When there will be nothing left to remember.
    pub(crate) const fn paid_at(&self) -> Option<Instant> {
        self.paid_at
    }

    pub(crate) fn charge(&mut self, now: Instant, bytes: usize, rate: Option<u64>) {
        let Some(rate) = rate else { return };
        let nanos = (bytes as u128).saturating_mul(1_000_000_000) / u128::from(rate.max(1));
        let cost = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        let floor = now.checked_sub(BURST).unwrap_or(now);
        let from = self.paid_at.map_or(floor, |at| at.max(floor));
        self.paid_at = Some(from.checked_add(cost).unwrap_or(from));
    }
}
