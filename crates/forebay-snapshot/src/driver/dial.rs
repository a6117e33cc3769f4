//! Connections that come back.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::{select, time};

use crate::driver::handle::DriverHandle;
use crate::driver::host::DriverHost;

/// How long to wait before another attempt to connect.
///
/// Each attempt waits twice as long as the one before it. After a connection that lasted longer than
/// the longest wait, it begins anew.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Backoff {
    first: Duration,
    max: Duration,
}

impl Backoff {
    /// Less would be a loop that does nothing else.
    const FIRST_MIN: Duration = Duration::from_millis(1);

    /// So long that nobody sees the end of it, and no further than any clock goes.
    const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

    /// Creates the waits that start with the first one and never exceed the other.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use forebay_snapshot::driver::Backoff;
    ///
    /// let patient = Backoff::new(Duration::from_secs(1), Duration::from_secs(60));
    /// assert_ne!(patient, Backoff::default());
    /// ```
    #[must_use]
    pub fn new(first: Duration, max: Duration) -> Self {
        let first = first.clamp(Self::FIRST_MIN, Self::LONGEST);
        let max = max.clamp(first, Self::LONGEST);
        Self { first, max }
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new(Duration::from_millis(100), Duration::from_secs(5))
    }
}

/// Keeps a connection to a peer, and makes another whenever it ends, until the driver stops.
///
/// `connect` is [`connect_tcp`](crate::driver::connect_tcp), or whatever else leads to that peer. An attempt
/// takes as long as `connect` lets it.
///
/// # Cancel safety
///
/// If the future is dropped, the connection that there is stays, and no other will follow it.
///
/// # Examples
///
/// A connection that is cut, and the one after it:
///
/// ```
#[doc = include_str!("example.in")]
/// use std::time::Duration;
///
/// use forebay_snapshot::driver::{Backoff, keep_connected};
///
/// let (remote, mut far_ends) = tokio::sync::mpsc::unbounded_channel();
/// let connect = async move || {
///     let (near, far) = tokio::io::duplex(64 << 10);
///     remote.send(far).map_err(std::io::Error::other)?;
///     Ok(near)
/// };
/// let backoff = Backoff::new(Duration::from_millis(1), Duration::from_secs(1));
/// let kept = tokio::spawn(keep_connected(handle.clone(), "a".to_owned(), backoff, connect));
///
/// drop(far_ends.recv().await);
/// assert!(far_ends.recv().await.is_some());
/// handle.shutdown().await;
/// kept.await?;
/// # Ok(())
/// # }
/// ```
pub async fn keep_connected<H, S>(
    handle: DriverHandle<H>,
    peer: H::Peer,
    backoff: Backoff,
    mut connect: impl AsyncFnMut() -> io::Result<S>,
) where
    H: DriverHost,
    S: AsyncRead + AsyncWrite + Send + 'static,
{
    let mut delay = backoff.first;
    loop {
        let begun = time::Instant::now();
        let connected = select! {
            connected = connect() => connected,
            () = handle.stopped() => return,
        };
        if let Ok(stream) = connected {
            let Ok(attached) = handle.attach(peer.clone(), stream).await else {
                return;
            };
            attached.ended().await;
            if begun.elapsed() > backoff.max {
                delay = backoff.first;
            }
        }
        let again = time::Instant::now() + delay;
        select! {
            () = time::sleep_until(again) => {}
            () = handle.stopped() => return,
        }
        delay = delay.saturating_mul(2).min(backoff.max);
    }
}
