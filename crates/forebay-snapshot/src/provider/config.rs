use std::time::Duration;

use crate::chunk::queued_bytes_min;
use crate::{ConfigError, Limits};

/// The longest time that can be set, so that no deadline leaves the range of the clock.
const TIME_MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How much a provider may do and keep.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use forebay_snapshot::ProviderConfig;
///
/// let config = ProviderConfig::new()
///     .ttl(Duration::from_secs(30))
///     .snapshots_max(2)
///     .total_bytes_per_second(100 << 20)
///     .marker_wait(Duration::from_secs(20))
///     .retry_after(Duration::from_secs(1))
///     .marker_lag_max(50_000);
/// assert_eq!(config.check(), Ok(()));
/// assert!(config.ttl(Duration::ZERO).check().is_err());
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ProviderConfig {
    pub(crate) ttl: Duration,
    age_max: Option<Duration>,
    pub(crate) snapshots_max: usize,
    pub(crate) followers_max: usize,
    pub(crate) cached_bytes_max: usize,
    pub(crate) queued_bytes_max: usize,
    pub(crate) outputs_max: usize,
    pub(crate) window: usize,
    pub(crate) follower_rate: Option<u64>,
    pub(crate) total_rate: Option<u64>,
    pub(crate) retry_after: Duration,
    pub(crate) marker_wait: Duration,
    pub(crate) trailing: u64,
    pub(crate) marker_lag_max: u64,
    pub(crate) limits: Limits,
}

impl ProviderConfig {
    const AGE_TTLS: u32 = 30;

    /// Creates the settings that are used unless others are given.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::ProviderConfig;
    ///
    /// assert_eq!(ProviderConfig::new().check(), Ok(()));
    /// assert_eq!(ProviderConfig::new(), ProviderConfig::default());
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self {
            ttl: Duration::from_secs(10),
            age_max: None,
            snapshots_max: 4,
            followers_max: 64,
            cached_bytes_max: 64 << 20,
            queued_bytes_max: 64 << 20,
            outputs_max: 1 << 10,
            window: 4,
            follower_rate: None,
            total_rate: None,
            retry_after: Duration::from_millis(100),
            marker_wait: Duration::from_secs(5),
            trailing: 1_000,
            marker_lag_max: 10_000,
            limits: Limits::new(),
        }
    }

    /// Sets how long a snapshot is kept after it was last fetched from; ten seconds by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use forebay_snapshot::ProviderConfig;
    ///
    /// let config = ProviderConfig::new().ttl(Duration::from_secs(30));
    /// assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub const fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// Sets how long a snapshot is kept whoever fetches from it; 30 times the `ttl` by default.
    ///
    /// It bounds how long anybody can hold on to a state and to the log after it.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use forebay_snapshot::ProviderConfig;
    ///
    /// let config = ProviderConfig::new().age_max(Duration::from_secs(600));
    /// assert_eq!(config.check(), Ok(()));
    /// // No shorter than the time without a fetch.
    /// assert!(config.ttl(Duration::from_secs(601)).check().is_err());
    /// ```
    #[must_use]
    pub const fn age_max(mut self, age: Duration) -> Self {
        self.age_max = Some(age);
        self
    }

    /// Sets how many snapshots are kept at once; four by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::ProviderConfig;
    ///
    /// let config = ProviderConfig::new().snapshots_max(1);
    /// assert_eq!(config.check(), Ok(()));
    /// assert!(config.snapshots_max(0).check().is_err());
    /// ```
    #[must_use]
    pub const fn snapshots_max(mut self, snapshots: usize) -> Self {
        self.snapshots_max = snapshots;
        self
    }

    /// Sets how many followers may fetch at once, and how many may wait for a snapshot; 64 by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::ProviderConfig;
    ///
    /// let config = ProviderConfig::new().followers_max(8);
    /// assert_eq!(config.check(), Ok(()));
    /// assert!(config.followers_max(0).check().is_err());
    /// ```
    #[must_use]
    pub const fn followers_max(mut self, followers: usize) -> Self {
        self.followers_max = followers;
        self
    }

    /// Sets how many bytes of encoded chunks are kept for the next follower; 64 mebibytes by default.
    ///
    /// What is not kept is encoded again.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::ProviderConfig;
    ///
    /// let config = ProviderConfig::new().cached_bytes_max(256 << 20);
    /// assert_eq!(config.check(), Ok(()));
    /// // With none, each follower has its chunks encoded anew.
    /// assert_eq!(config.cached_bytes_max(0).check(), Ok(()));
    /// ```
    #[must_use]
    pub const fn cached_bytes_max(mut self, bytes: usize) -> Self {
        self.cached_bytes_max = bytes;
        self
    }

    /// Sets how many bytes may wait to be sent; 64 mebibytes by default.
    ///
    /// Chunks are encoded and kept together with those beside them, and count as long as any of them
    /// waits. The least is the size of a piece and a quarter of a mebibyte.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::ProviderConfig;
    ///
    /// let config = ProviderConfig::new().queued_bytes_max(8 << 20);
    /// assert_eq!(config.check(), Ok(()));
    /// assert!(config.queued_bytes_max(1 << 20).check().is_err());
    /// ```
    #[must_use]
    pub const fn queued_bytes_max(mut self, bytes: usize) -> Self {
        self.queued_bytes_max = bytes;
        self
    }

    /// Sets how many messages may wait to be sent before no more are taken; 1,024 by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::ProviderConfig;
    ///
    /// let config = ProviderConfig::new().outputs_max(64);
    /// assert_eq!(config.check(), Ok(()));
    /// assert!(config.outputs_max(0).check().is_err());
    /// ```
    #[must_use]
    pub const fn outputs_max(mut self, outputs: usize) -> Self {
        self.outputs_max = outputs;
        self
    }

    /// Sets how many answers with data may wait to be sent to one follower; four by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::ProviderConfig;
    ///
    /// let config = ProviderConfig::new().window(8);
    /// assert_eq!(config.check(), Ok(()));
    /// assert!(config.window(0).check().is_err());
    /// ```
    #[must_use]
    pub const fn window(mut self, answers: usize) -> Self {
        self.window = answers;
        self
    }

    /// Sets how fast one follower may fetch; not bounded by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::ProviderConfig;
    ///
    /// let config = ProviderConfig::new().follower_bytes_per_second(20 << 20);
    /// assert_eq!(config.check(), Ok(()));
    /// assert!(config.follower_bytes_per_second(0).check().is_err());
    /// ```
    #[must_use]
    pub const fn follower_bytes_per_second(mut self, bytes: u64) -> Self {
        self.follower_rate = Some(bytes);
        self
    }

    /// Sets how fast all followers together may fetch; not bounded by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::ProviderConfig;
    ///
    /// let config = ProviderConfig::new().total_bytes_per_second(100 << 20);
    /// assert_eq!(config.check(), Ok(()));
    /// assert!(config.total_bytes_per_second(0).check().is_err());
    /// ```
    #[must_use]
    pub const fn total_bytes_per_second(mut self, bytes: u64) -> Self {
        self.total_rate = Some(bytes);
        self
    }

    /// Sets when those who are refused may ask again; 100 milliseconds by default.
    ///
    /// # Examples
    ///
    /// See [`ProviderConfig`].
    #[must_use]
    pub const fn retry_after(mut self, time: Duration) -> Self {
        self.retry_after = time;
        self
    }

    /// Sets how long a marker may take through the log; five seconds by default.
    ///
    /// Whoever waits for it then learns that nothing came of it.
    ///
    /// # Examples
    ///
    /// See [`ProviderConfig`].
    #[must_use]
    pub const fn marker_wait(mut self, time: Duration) -> Self {
        self.marker_wait = time;
        self
    }

    /// Sets how many entries of the log are kept for those who are a little behind; 1,000 by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::ProviderConfig;
    ///
    /// let config = ProviderConfig::new().trailing(100_000);
    /// assert_eq!(config.check(), Ok(()));
    /// assert_eq!(config.trailing(0).check(), Ok(()));
    /// ```
    #[must_use]
    pub const fn trailing(mut self, entries: u64) -> Self {
        self.trailing = entries;
        self
    }

    /// Sets how far behind the end of the log a marker is still heeded; 10,000 entries by default.
    ///
    /// A peer that replays its log meets markers whose askers are long gone.
    ///
    /// # Examples
    ///
    /// See [`ProviderConfig`].
    #[must_use]
    pub const fn marker_lag_max(mut self, entries: u64) -> Self {
        self.marker_lag_max = entries;
        self
    }

    /// Sets how large a snapshot and its pieces may be.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::{Limits, ProviderConfig};
    ///
    /// let limits = Limits::new().piece_bytes_max(4 << 20);
    /// let config = ProviderConfig::new().limits(limits);
    /// assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Checks that something can happen with these settings.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Zero`] and [`ConfigError::TooSmall`] if nothing ever could, and
    /// [`ConfigError::TooLarge`] for a time beyond a year.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::{ConfigError, ProviderConfig};
    ///
    /// let refused = ProviderConfig::new().window(0).check();
    /// assert_eq!(refused, Err(ConfigError::Zero { setting: "window" }));
    /// ```
    pub fn check(&self) -> Result<(), ConfigError> {
        self.limits.check()?;
        let counts = [
            ("snapshots_max", self.snapshots_max as u64),
            ("followers_max", self.followers_max as u64),
            ("outputs_max", self.outputs_max as u64),
            ("window", self.window as u64),
            ("follower_bytes_per_second", self.follower_rate.unwrap_or(1)),
            ("total_bytes_per_second", self.total_rate.unwrap_or(1)),
        ];
        let times = [
            ("ttl", self.ttl),
            ("age_max", self.oldest()),
            ("retry_after", self.retry_after),
            ("marker_wait", self.marker_wait),
        ];
        let nanos = times.map(|(setting, time)| (setting, u64::from(!time.is_zero())));
        for (setting, value) in counts.into_iter().chain(nanos) {
            if value == 0 {
                return Err(ConfigError::Zero { setting });
            }
        }
        for (setting, time) in times {
            if time > TIME_MAX {
                let max = TIME_MAX.as_secs();
                return Err(ConfigError::TooLarge { setting, max });
            }
        }
        let min = queued_bytes_min(&self.limits) as u64;
        if (self.queued_bytes_max as u64) < min {
            let setting = "queued_bytes_max";
            return Err(ConfigError::TooSmall { setting, min });
        }
        if self.oldest() < self.ttl {
            let setting = "age_max";
            let min = self.ttl.as_secs();
            return Err(ConfigError::TooSmall { setting, min });
        }
        Ok(())
    }

    pub(crate) fn oldest(&self) -> Duration {
        let default = || self.ttl.saturating_mul(Self::AGE_TTLS).min(TIME_MAX);
        self.age_max.unwrap_or_else(default)
    }
}

impl Default for ProviderConfig {
    fn default() -> Self {
        Self::new()
    }
}
