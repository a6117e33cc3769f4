use std::time::Duration;

use crate::chunk::SEGMENT_BYTES;
use crate::session::trust::Trust;
use crate::{ConfigError, Limits};

/// How a session chooses, fetches and waits, and how much it may hold.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// use forebay_snapshot::{SessionConfig, Trust};
///
/// let config = SessionConfig::new()
///     .trust(Trust::Crash)
///     .stall_timeout(Duration::from_secs(5))
///     .deadline(Duration::from_secs(600));
/// assert!(config.check().is_ok());
/// assert!(config.window_max(0).check().is_err());
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SessionConfig {
    pub(crate) trust: Trust,
    pub(crate) offer_window: Duration,
    pub(crate) request_timeout: Duration,
    pub(crate) request_timeout_max: Duration,
    pub(crate) fetch_timeout_min: Duration,
    pub(crate) fetch_timeout_max: Duration,
    pub(crate) stall_timeout: Duration,
    pub(crate) deadline: Option<Duration>,
    pub(crate) window_max: u32,
    pub(crate) fetch_bytes: u32,
    pub(crate) limits: Limits,
    pub(crate) spool_bytes_max: u64,
    pub(crate) entries_max: usize,
}

impl SessionConfig {
    /// Creates the settings that most groups need.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::SessionConfig;
    ///
    /// assert_eq!(SessionConfig::new().check(), Ok(()));
    /// assert_eq!(SessionConfig::new(), SessionConfig::default());
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self {
            trust: Trust::Quorum,
            offer_window: Duration::from_millis(50),
            request_timeout: Duration::from_secs(1),
            request_timeout_max: Duration::from_secs(30),
            fetch_timeout_min: Duration::from_millis(250),
            fetch_timeout_max: Duration::from_secs(30),
            stall_timeout: Duration::from_secs(15),
            deadline: None,
            window_max: 8,
            fetch_bytes: SEGMENT_BYTES as u32,
            limits: Limits::new(),
            spool_bytes_max: 1 << 30,
            entries_max: 1 << 16,
        }
    }

    /// Sets how many peers must agree on a root; a [`Quorum`](Trust::Quorum) by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::{SessionConfig, Trust};
    ///
    /// // All replicas are run by one hand, and may crash but not lie.
    /// let config = SessionConfig::new().trust(Trust::Crash);
    /// assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub const fn trust(mut self, trust: Trust) -> Self {
        self.trust = trust;
        self
    }

    /// Sets how long to wait for more offers after the first one of use; 50 milliseconds by default.
    ///
    /// More providers make a transfer faster. It does not wait once everybody has answered.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use forebay_snapshot::SessionConfig;
    ///
    /// let config = SessionConfig::new().offer_window(Duration::from_millis(200));
    /// assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub const fn offer_window(mut self, window: Duration) -> Self {
        self.offer_window = window;
        self
    }

    /// Sets how long to wait for offers before asking again: the first time, and at most; one second and
    /// thirty by default. Each wait is twice as long as the one before it.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use forebay_snapshot::SessionConfig;
    ///
    /// let (first, max) = (Duration::from_millis(300), Duration::from_secs(5));
    /// let config = SessionConfig::new().request_timeouts(first, max);
    /// assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub const fn request_timeouts(mut self, first: Duration, max: Duration) -> Self {
        self.request_timeout = first;
        self.request_timeout_max = max;
        self
    }

    /// Sets the bounds on how long to wait for what was fetched; 250 milliseconds and thirty seconds by
    /// default. Between them, it is four times as long as the provider took lately.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use forebay_snapshot::SessionConfig;
    ///
    /// let (min, max) = (Duration::from_secs(1), Duration::from_secs(60));
    /// let config = SessionConfig::new().fetch_timeouts(min, max);
    /// assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub const fn fetch_timeouts(mut self, min: Duration, max: Duration) -> Self {
        self.fetch_timeout_min = min;
        self.fetch_timeout_max = max;
        self
    }

    /// Sets after how long without anything verified the session looks for another snapshot; fifteen
    /// seconds by default. Providers that say when to come back put that off, for some times as long.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use forebay_snapshot::SessionConfig;
    ///
    /// let config = SessionConfig::new().stall_timeout(Duration::from_secs(60));
    /// assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub const fn stall_timeout(mut self, timeout: Duration) -> Self {
        self.stall_timeout = timeout;
        self
    }

    /// Sets how long the whole may take until it is handed over to be installed. By default it goes on
    /// for as long as it takes.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use forebay_snapshot::SessionConfig;
    ///
    /// let config = SessionConfig::new().deadline(Duration::from_secs(3_600));
    /// assert_eq!(config.check(), Ok(()));
    /// assert!(config.deadline(Duration::ZERO).check().is_err());
    /// ```
    #[must_use]
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Sets how many fetches a provider may have to answer at once; eight by default. It begins with
    /// one.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::SessionConfig;
    ///
    /// let config = SessionConfig::new().window_max(4);
    /// assert_eq!(config.check(), Ok(()));
    /// assert!(config.window_max(0).check().is_err());
    /// ```
    #[must_use]
    pub const fn window_max(mut self, window: u32) -> Self {
        self.window_max = window;
        self
    }

    /// Sets how many bytes of chunks are asked for at once; 256 kibibytes by default. A larger chunk is
    /// asked for alone. Nobody sends more than that at once.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::SessionConfig;
    ///
    /// let config = SessionConfig::new().fetch_bytes(128 << 10);
    /// assert_eq!(config.check(), Ok(()));
    /// assert!(config.fetch_bytes(0).check().is_err());
    /// ```
    #[must_use]
    pub const fn fetch_bytes(mut self, bytes: u32) -> Self {
        self.fetch_bytes = bytes;
        self
    }

    /// Sets how large a snapshot and its pieces may be. What is above that is not fetched: the
    /// session fails instead.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::{Limits, SessionConfig};
    ///
    /// let limits = Limits::new().pages_max(1_000);
    /// let config = SessionConfig::new().limits(limits);
    /// assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets how many bytes of chunks may wait to be installed; one gibibyte by default. Those that are
    /// part of the new state already are kept only as long as there is room.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::SessionConfig;
    ///
    /// let config = SessionConfig::new().spool_bytes_max(64 << 20);
    /// assert_eq!(config.check(), Ok(()));
    /// assert!(config.spool_bytes_max(1_000).check().is_err());
    /// ```
    #[must_use]
    pub const fn spool_bytes_max(mut self, bytes: u64) -> Self {
        self.spool_bytes_max = bytes;
        self
    }

    /// Sets how many entries of the log may wait for the state that they follow; 65,536 by default.
    ///
    /// Of more, the oldest make room, and the session looks for a later snapshot.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::SessionConfig;
    ///
    /// let config = SessionConfig::new().entries_max(1_000_000);
    /// assert_eq!(config.check(), Ok(()));
    /// assert!(config.entries_max(0).check().is_err());
    /// ```
    #[must_use]
    pub const fn entries_max(mut self, entries: usize) -> Self {
        self.entries_max = entries;
        self
    }

    /// Checks the settings, as starting a session does.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Zero`] for a setting with which nothing could ever happen,
    /// [`ConfigError::TooLarge`] for a wait that is longer than the longest, and
    /// [`ConfigError::TooSmall`] for a spool that holds no piece. What [`Limits::check`] finds, too.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::{ConfigError, SessionConfig};
    ///
    /// let refused = SessionConfig::new().entries_max(0).check();
    /// assert_eq!(refused, Err(ConfigError::Zero { setting: "entries_max" }));
    /// ```
    pub fn check(&self) -> Result<(), ConfigError> {
        self.limits.check()?;
        let is_zero = [
            ("request_timeout", self.request_timeout.is_zero()),
            ("fetch_timeout_min", self.fetch_timeout_min.is_zero()),
            ("stall_timeout", self.stall_timeout.is_zero()),
            (
                "deadline",
                self.deadline.is_some_and(|deadline| deadline.is_zero()),
            ),
            ("window_max", self.window_max == 0),
            ("fetch_bytes", self.fetch_bytes == 0),
            ("spool_bytes_max", self.spool_bytes_max == 0),
            ("entries_max", self.entries_max == 0),
        ];
        if let Some((setting, _)) = is_zero.into_iter().find(|(_, is_zero)| *is_zero) {
            return Err(ConfigError::Zero { setting });
        }
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let min = self.limits.piece_bytes_max as u64;
        let (setting, max) = if self.request_timeout > self.request_timeout_max {
            ("request_timeout", milliseconds(self.request_timeout_max))
        } else if self.fetch_timeout_min > self.fetch_timeout_max {
            ("fetch_timeout_min", milliseconds(self.fetch_timeout_max))
        } else if self.spool_bytes_max < min {
            let setting = "spool_bytes_max";
            return Err(ConfigError::TooSmall { setting, min });
        } else {
            return Ok(());
        };
        Err(ConfigError::TooLarge { setting, max })
    }
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self::new()
    }
}
