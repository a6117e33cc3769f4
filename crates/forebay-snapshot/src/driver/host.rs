use std::error::Error;
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::driver::connection::Disconnected;
use crate::{Anchor, LogEntry, Marker, ProviderEvent, SessionEvent, Snapshot, Spool};

/// What a driver needs of the replica it belongs to.
///
/// The driver waits for each of these calls, and so do all connections, so none may block. What takes
/// long is for another task, to which a channel leads.
pub trait DriverHost: Send + 'static {
    /// The state that is replicated.
    type State: Snapshot;

    /// What names a peer.
    type Peer: Clone + fmt::Debug + Ord + Serialize + DeserializeOwned + Send + Sync + 'static;

    /// What is in the log.
    type Entry: Send + 'static;

    /// Where chunks wait until they are installed.
    type Spool: Spool + 'static;

    /// Puts a marker into the log. Wherever it is applied,
    /// [`taken`](crate::driver::DriverHandle::taken) is to be called with the state as it is right there.
    ///
    /// # Errors
    ///
    /// The marker, if the log does not take it. If that turns out later,
    /// [`unfed`](crate::driver::DriverHandle::unfed) says so.
    fn feed(&mut self, marker: Marker<Self::Peer>) -> Result<(), Marker<Self::Peer>>;

    /// Puts a state in the place of the old one.
    ///
    /// # Errors
    ///
    /// [`NotInstalled`] if that cannot be done. It is asked for once more; then the session fails.
    fn install(&mut self, anchor: Anchor, state: Self::State) -> Result<(), NotInstalled>;

    /// Applies the entries that came in the meantime, after which the replica follows the log: from
    /// the last of them, or from the anchor if there are none. What the driver is handed after this was
    /// decided, it drops.
    fn done(&mut self, anchor: Anchor, replay: Vec<LogEntry<Self::Entry>>);

    /// Takes the news of something that an operator may want to know.
    fn event(&mut self, event: DriverEvent<Self::Peer>) {
        drop(event);
    }
}

/// A state that was not installed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct NotInstalled;

impl NotInstalled {
    /// Creates the error.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::driver::NotInstalled;
    ///
    /// assert_eq!(NotInstalled::new().to_string(), "state was not installed");
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self
    }
}

impl fmt::Display for NotInstalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("state was not installed")
    }
}

impl Error for NotInstalled {}

/// What happened in a driver.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DriverEvent<P> {
    /// There is a connection to a peer.
    Connected {
        /// The peer.
        peer: P,
    },
    /// A connection has ended, or was not served, as [`TooMany`](Disconnected::TooMany).
    Disconnected {
        /// The peer.
        peer: P,
        /// Why it did.
        why: Disconnected,
    },
    /// Something happened in the provider.
    Provider(ProviderEvent<P>),
    /// Something happened in the session.
    Session(SessionEvent<P>),
}
