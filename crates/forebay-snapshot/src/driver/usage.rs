use tokio::sync::oneshot;

use crate::driver::handle::{Command, DriverHandle, DriverStopped};
use crate::driver::{Driver, DriverHost};
use crate::{ProviderUsage, SessionUsage};

/// How much a driver has of everything that is bounded.
///
/// Beside this, at most 64 commands of the host and 64 messages of peers wait to be looked at.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct DriverUsage {
    /// What the provider has.
    pub provider: ProviderUsage,
    /// What the session has, from its start until another one, unless it failed.
    pub session: Option<SessionUsage>,
    /// Connections, with those that were replaced and have not ended, at most
    /// [`connections_max`](crate::driver::DriverConfig::connections_max).
    pub connections: usize,
    /// Messages that wait to be written, at most
    /// [`queue_max`](crate::driver::DriverConfig::queue_max) for each connection.
    pub queued: usize,
}

impl<H: DriverHost> Driver<H> {
    pub(super) fn usage(&self) -> DriverUsage {
        let running = self.running.as_ref();
        DriverUsage {
            provider: self.provider.usage(),
            session: running.map(|running| running.session.usage()),
            connections: self.links.len(),
            queued: self.links.queued(),
        }
    }
}

impl<H: DriverHost> DriverHandle<H> {
    /// Returns how much the driver has of everything that is bounded, to be watched beside the bounds.
    ///
    /// # Errors
    ///
    /// [`DriverStopped`].
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if the future is dropped.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("example.in")]
    /// let usage = handle.usage().await?;
    /// assert_eq!((usage.connections, usage.provider.snapshots), (0, 0));
    /// assert!(usage.session.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn usage(&self) -> Result<DriverUsage, DriverStopped> {
        let (told, answer) = oneshot::channel();
        self.tell(Command::Usage(told)).await?;
        answer.await.map_err(|_| DriverStopped::new())
    }
}
