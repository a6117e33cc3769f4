pub(crate) mod retrying;

use std::num::NonZeroU32;
use std::time::Duration;

pub use self::retrying::{Doing, Retrying};

/// How often something that failed is tried again, and how long to wait before.
///
/// Each wait is twice the one before, up to a longest, and then shortened by chance by up to a half, so
/// that many consumers of one store or service do not come back at the same moment. After a success
/// they begin anew, as short as at first.
///
/// By default that is ten attempts in less than a minute, with waits of 100 milliseconds, 200 and so on.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use forebay_consumer::Retry;
///
/// let retry = Retry::exponential(Duration::from_millis(50), Duration::from_secs(10)).attempts(8);
/// let patient = retry.forever();
/// let strict = Retry::never();
/// # let _ = (patient, strict);
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct Retry {
    first: Duration,
    longest: Duration,
    /// `None` has no end.
    attempts: Option<NonZeroU32>,
}

/// As long as a consumer is patient with something unless it is told otherwise.
const ATTEMPTS: NonZeroU32 = NonZeroU32::new(10).unwrap();

impl Retry {
    /// Tries ten times, and waits for about `first` before the second time and for at most `longest`
    /// before any.
    ///
    /// A `first` that is longer than `longest` is as long as that. Zero does not wait, and lets other
    /// tasks run all the same.
    ///
    /// # Examples
    ///
    /// Waits of one second, two, four and so on, each up to a half shorter:
    ///
    /// ```
    /// # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/examples/orders.rs"));
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> { futures::executor::block_on(async {
    /// use std::future::ready;
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    ///
    /// use forebay_consumer::{Batch, Consumer, Retry, batches};
    ///
    /// let second = Duration::from_secs(1);
    /// let (waits, waited) = mpsc::sync_channel(100);
    /// let busy = batches(|_: Batch<'_, u64>| ready(Err::<(), _>("busy")));
    /// let consumer = Consumer::builder(orders(1..=5), position(), busy)
    ///     .retry(Retry::exponential(second, 8 * second))
    ///     .on_retry(move |retrying| _ = waits.try_send(retrying.wait))
    /// #   .runtime(clock())
    ///     .build()?;
    /// assert!(consumer.run().await.is_err());
    ///
    /// let longest = [1, 2, 4, 8, 8, 8, 8, 8, 8];
    /// let waited: Vec<_> = waited.try_iter().collect();
    /// assert_eq!(waited.len(), longest.len());
    /// for (wait, longest) in waited.into_iter().zip(longest) {
    ///     assert!(wait <= longest * second && wait >= longest * second / 2);
    /// }
    /// # Ok(())
    /// # }) }
    /// ```
    pub const fn exponential(first: Duration, longest: Duration) -> Self {
        Self {
            first,
            longest,
            attempts: Some(ATTEMPTS),
        }
    }

    /// Tries once: the first failure is the last. For a process that is started again anyway, and by
    /// somebody who waits himself.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use forebay_consumer::Retry;
    ///
    /// assert_eq!(Retry::never(), Retry::exponential(Duration::ZERO, Duration::ZERO).attempts(1));
    /// ```
    pub const fn never() -> Self {
        Self::exponential(Duration::ZERO, Duration::ZERO).attempts(1)
    }

    /// Tries so many times in all; none would be one.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_consumer::Retry;
    ///
    /// assert_eq!(Retry::default(), Retry::default().attempts(10));
    /// assert_eq!(Retry::never(), Retry::never().attempts(0));
    /// ```
    pub const fn attempts(self, attempts: u32) -> Self {
        let attempts = match NonZeroU32::new(attempts) {
            Some(attempts) => attempts,
            None => NonZeroU32::MIN,
        };
        Self {
            attempts: Some(attempts),
            ..self
        }
    }

    /// Tries until it succeeds, or the consumer is stopped. What cannot be done then holds everything
    /// behind it up for ever, so watch [`Stats`](crate::Stats) or [`on_retry`](crate::Builder::on_retry).
    ///
    /// # Examples
    ///
    /// See [`Builder::retry`](crate::Builder::retry).
    pub const fn forever(self) -> Self {
        Self {
            attempts: None,
            ..self
        }
    }

    /// Returns how long to wait after so many failures, or `None` to give up.
    pub(crate) fn wait(&self, failures: u32, random: &mut Random) -> Option<Duration> {
        if self
            .attempts
            .is_some_and(|attempts| failures >= attempts.get())
        {
            return None;
        }
        let doublings = failures.saturating_sub(1).min(31);
        let wait = self.first.saturating_mul(1 << doublings).min(self.longest);
        Some(wait - wait.mul_f64(random.fraction() / 2.0))
    }
}

impl Default for Retry {
    /// Waits for about 100 milliseconds, and at most half a minute.
    fn default() -> Self {
        Self::exponential(Duration::from_millis(100), Duration::from_secs(30))
    }
}

/// Numbers by chance that are the same for the same seed. The generator is `SplitMix64`.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns a number from zero up to, but not including, one.
    fn fraction(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waits_double_up_to_the_longest_and_lose_at_most_a_half() {
        let retry = Retry::exponential(SECOND, 60 * SECOND).forever();
        let mut random = Random::new(7);
        for failures in 1..200 {
            let most = SECOND
                .saturating_mul(1 << (failures - 1).min(6))
                .min(60 * SECOND);
            let wait = retry.wait(failures, &mut random).unwrap();
            assert!(wait <= most && wait > most / 2, "{failures}: {wait:?}");
        }
    }

    #[test]
    fn a_seed_gives_the_same_waits_and_another_gives_others() {
        let waits = |seed| {
            let mut random = Random::new(seed);
            (1..9)
                .map(|failures| Retry::default().wait(failures, &mut random))
                .collect::<Vec<_>>()
        };
        assert_eq!(waits(7), waits(7));
        assert_ne!(waits(7), waits(8));
    }

    #[test]
    fn attempts_count_the_first_one() {
        let gives_up = |retry: Retry, failures| retry.wait(failures, &mut Random::new(1)).is_none();
        assert!(gives_up(Retry::never(), 1));
        assert!(gives_up(Retry::default().attempts(0), 1));
        assert!(!gives_up(Retry::default().attempts(3), 2));
        assert!(gives_up(Retry::default().attempts(3), 3));
        assert!(!gives_up(Retry::default().forever(), u32::MAX));
    }
}
