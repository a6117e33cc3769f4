use std::time::{Duration, Instant};

use crate::session::config::SessionConfig;
use crate::session::jitter::Jitter;

/// How long a provider is thought to take before it has answered anything.
const LATENCY_FIRST: Duration = Duration::from_millis(250);

/// Answers that wait behind each other for no longer than this do no harm.
const QUEUED_MIN: Duration = Duration::from_millis(5);

/// A provider that let a fetch time out rests between these.
const REST_MIN: Duration = Duration::from_millis(100);
const REST_MAX: Duration = Duration::from_secs(5);

/// A fetch is tried so often before silence is a stall, unless answers are known to take long. Where a
/// third of all messages is lost, half of all fetches is, and one in sixteen would be lost four times.
const TRIES_BEFORE_STALL: u32 = 8;

/// What a session knows of one provider.
///
/// It outlives the snapshot: how fast a provider is does not depend on what it provides. Its window
/// grows by one and is halved, as in TCP, and stops growing when answers queue, as in TCP Vegas.
#[derive(Debug)]
pub(crate) struct Link {
    /// Whether it has the snapshot that is being fetched, as far as is known.
    pub(crate) is_provider: bool,
    /// Whether it was asked for any of that snapshot, so that it may keep it for this session.
    pub(crate) has_lease: bool,
    /// How many fetches it is answering.
    pub(crate) in_flight: u32,
    window: u32,
    successes: u32,
    /// How long it took lately, as far as that was measured.
    latency: Option<Duration>,
    is_known: bool,
    /// The least time a full answer took.
    latency_min: Duration,
    /// How often it was let rest, one timeout after the other, since it last answered in time.
    rests: u32,
    resting_until: Option<Instant>,
}

impl Link {
    pub(crate) const fn new() -> Self {
        Self {
            is_provider: false,
            has_lease: false,
            in_flight: 0,
            window: 1,
            successes: 0,
            latency: None,
            is_known: false,
            latency_min: Duration::MAX,
            rests: 0,
            resting_until: None,
        }
    }

    pub(crate) fn latency(&self) -> Duration {
        self.latency.unwrap_or(LATENCY_FIRST)
    }

    /// Whether it has answered anything.
    pub(crate) const fn is_known(&self) -> bool {
        self.is_known
    }

    /// When it may be asked again, if it rests.
    pub(crate) fn resting_until(&self, now: Instant) -> Option<Instant> {
        self.resting_until.filter(|until| now < *until)
    }

    pub(crate) fn has_room(&self, now: Instant) -> bool {
        self.is_provider && self.in_flight < self.window && self.resting_until(now).is_none()
    }

    /// How long to wait for it. More after each timeout, since it may have become slower than it was;
    /// but that is a guess, and must not make a stall of a few lost messages.
    pub(crate) fn timeout(&self, config: &SessionConfig) -> Duration {
        let measured = self.latency().saturating_mul(4);
        let least = measured.max(config.fetch_timeout_min);
        let guessed = least.saturating_mul(1 << self.rests.min(16));
        let timeout = guessed
            .min(config.stall_timeout / TRIES_BEFORE_STALL)
            .max(measured);
        timeout.clamp(config.fetch_timeout_min, config.fetch_timeout_max)
    }

    pub(crate) fn fetch_sent(&mut self) {
        self.in_flight = self.in_flight.saturating_add(1);
        self.has_lease = true;
    }

    pub(crate) fn fetch_over(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// It answered in time, with what was asked for; with as much as ever, if `is_full`.
    pub(crate) fn succeeded(&mut self, took: Duration, is_full: bool, window_max: u32) {
        self.measure(took, is_full);
        self.rests = 0;
        self.resting_until = None;
        self.successes = self.successes.saturating_add(1);
        // One more for each full window, so that a provider at its limit is not pushed far over it;
        // and none once answers mostly wait behind each other, for that makes it no faster, and at
        // the end others would have to wait for it.
        let is_queued = took > self.latency_min.saturating_mul(2).max(QUEUED_MIN);
        if self.successes >= self.window && self.window < window_max && !is_queued {
            self.window += 1;
            self.successes = 0;
        }
    }

    /// It answered, so it lives, and takes this long. Once it is known how long it takes for much, that
    /// it takes less for little says little.
    pub(crate) fn measure(&mut self, took: Duration, is_full: bool) {
        if is_full {
            let is_first = self.latency_min == Duration::MAX;
            self.latency_min = self.latency_min.min(took);
            let latency = self.latency.filter(|_| !is_first).unwrap_or(took);
            self.latency = Some(latency.saturating_add(took) / 2);
        } else if !self.is_known {
            self.latency = Some(took);
        } else if took > self.latency() {
            self.latency = Some(self.latency().saturating_add(took) / 2);
        } else {
            self.latency = Some(self.latency().saturating_mul(7).saturating_add(took) / 8);
        }
        self.is_known = true;
    }

    /// A fetch timed out, as those did that were sent with it. It is given a rest.
    pub(crate) fn timed_out(&mut self, now: Instant, jitter: &mut Jitter) {
        self.slow_down();
        if self.resting_until(now).is_none() {
            let rest = REST_MIN
                .saturating_mul(1 << self.rests.min(16))
                .min(REST_MAX);
            self.rests = self.rests.saturating_add(1);
            self.rest(now, jitter.spread(rest));
        }
    }

    /// It has too much to do.
    pub(crate) fn is_busy(&mut self, now: Instant, retry_after: Duration, jitter: &mut Jitter) {
        self.slow_down();
        // Whoever is told to come back at once, or never, comes back anyway.
        let rest = retry_after.clamp(REST_MIN / 10, REST_MAX);
        self.rest(now, jitter.spread(rest));
    }

    fn slow_down(&mut self) {
        self.window = (self.window / 2).max(1);
        self.successes = 0;
    }

    fn rest(&mut self, now: Instant, rest: Duration) {
        let until = now.checked_add(rest);
        self.resting_until = self.resting_until.max(until);
    }
}
