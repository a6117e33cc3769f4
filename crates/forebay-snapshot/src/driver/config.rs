use std::time::Duration;

use crate::{ConfigError, Limits};

/// How much a driver queues, and how long it waits.
///
/// # Examples
///
/// ```
/// use forebay_snapshot::driver::DriverConfig;
///
/// assert!(DriverConfig::new().queue_max(4).check().is_ok());
/// assert!(DriverConfig::new().queue_max(0).check().is_err());
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DriverConfig {
    pub(crate) queue_max: usize,
    pub(crate) connections_max: usize,
    pub(crate) work_items_max: usize,
    pub(crate) write_timeout: Duration,
    pub(crate) linger: Duration,
    pub(crate) limits: Limits,
}

impl DriverConfig {
    /// Creates the settings that most groups need.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::driver::DriverConfig;
    ///
    /// assert_eq!(DriverConfig::new().check(), Ok(()));
    /// assert_eq!(DriverConfig::new(), DriverConfig::default());
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self {
            queue_max: 16,
            connections_max: 256,
            work_items_max: 1_000,
            write_timeout: Duration::from_secs(30),
            linger: Duration::from_secs(5),
            limits: Limits::new(),
        }
    }

    /// Sets how many messages wait to be sent on one connection; sixteen by default. Each has at most
    /// as many bytes as a piece may have.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::driver::DriverConfig;
    ///
    /// let config = DriverConfig::new().queue_max(4);
    /// assert_eq!(config.check(), Ok(()));
    /// assert!(config.queue_max(0).check().is_err());
    /// ```
    #[must_use]
    pub const fn queue_max(mut self, messages: usize) -> Self {
        self.queue_max = messages;
        self
    }

    /// Sets how many connections there may be; 256 by default. More are turned away.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::driver::DriverConfig;
    ///
    /// let config = DriverConfig::new().connections_max(16);
    /// assert_eq!(config.check(), Ok(()));
    /// assert!(config.connections_max(0).check().is_err());
    /// ```
    #[must_use]
    pub const fn connections_max(mut self, connections: usize) -> Self {
        self.connections_max = connections;
        self
    }

    /// Sets how many items are cut or put together before messages are looked at again; 1,000 by
    /// default.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::driver::DriverConfig;
    ///
    /// let config = DriverConfig::new().work_items_max(100);
    /// assert_eq!(config.check(), Ok(()));
    /// assert!(config.work_items_max(0).check().is_err());
    /// ```
    #[must_use]
    pub const fn work_items_max(mut self, items: usize) -> Self {
        self.work_items_max = items;
        self
    }

    /// Sets how long the other end may take to read one frame; thirty seconds by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use forebay_snapshot::driver::DriverConfig;
    ///
    /// let config = DriverConfig::new().write_timeout(Duration::from_secs(5));
    /// assert_eq!(config.check(), Ok(()));
    /// assert!(config.write_timeout(Duration::ZERO).check().is_err());
    /// ```
    #[must_use]
    pub const fn write_timeout(mut self, timeout: Duration) -> Self {
        self.write_timeout = timeout;
        self
    }

    /// Sets for how long a driver that stops goes on sending what is queued; five seconds by default.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use forebay_snapshot::driver::DriverConfig;
    ///
    /// let config = DriverConfig::new().linger(Duration::ZERO);
    /// assert_eq!(config.check(), Ok(()));
    /// ```
    #[must_use]
    pub const fn linger(mut self, linger: Duration) -> Self {
        self.linger = linger;
        self
    }

    /// Sets how large messages may be. The provider and the session should have the same limits.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::Limits;
    /// use forebay_snapshot::driver::DriverConfig;
    ///
    /// let limits = Limits::new().piece_bytes_max(4 << 20);
    /// assert_eq!(DriverConfig::new().limits(limits).check(), Ok(()));
    /// ```
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Checks that the settings make sense.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Zero`] if nothing could ever happen, and [`ConfigError::TooLarge`] for a queue
    /// that cannot be counted. What [`Limits::check`] finds, too.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::ConfigError;
    /// use forebay_snapshot::driver::DriverConfig;
    ///
    /// let refused = DriverConfig::new().queue_max(0).check();
    /// assert_eq!(refused, Err(ConfigError::Zero { setting: "queue_max" }));
    /// ```
    pub fn check(&self) -> Result<(), ConfigError> {
        let must_not_be_zero = [
            ("queue_max", self.queue_max == 0),
            ("connections_max", self.connections_max == 0),
            ("work_items_max", self.work_items_max == 0),
            ("write_timeout", self.write_timeout.is_zero()),
        ];
        if let Some((setting, _)) = must_not_be_zero.into_iter().find(|(_, is_zero)| *is_zero) {
            return Err(ConfigError::Zero { setting });
        }
        // More than a semaphore of tokio can count, which would panic.
        let max = usize::MAX >> 3;
        if self.queue_max > max {
            return Err(ConfigError::TooLarge {
                setting: "queue_max",
                max: max as u64,
            });
        }
        self.limits.check()
    }
}

impl Default for DriverConfig {
    fn default() -> Self {
        Self::new()
    }
}
