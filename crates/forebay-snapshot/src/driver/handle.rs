use std::error::Error;
use std::fmt;

use forebay_core::Sequence;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot, watch};

use crate::driver::catch_up::{CatchUp, HostSession, Outcome};
use crate::driver::connection::{Disconnected, Stream};
use crate::driver::host::DriverHost;
use crate::driver::usage::DriverUsage;
use crate::{Anchor, Marker, Membership, Progress};

pub(crate) enum Command<H: DriverHost> {
    Attach {
        peer: H::Peer,
        stream: Stream,
        closed: oneshot::Sender<Disconnected>,
    },
    Taken {
        marker: Marker<H::Peer>,
        anchor: Anchor,
        state: H::State,
    },
    Unfed(Marker<H::Peer>),
    Prune {
        committed: Sequence,
        safe: oneshot::Sender<Sequence>,
    },
    Leader(Option<H::Peer>),
    Membership(Membership<H::Peer>),
    Entries {
        after: Anchor,
        entries: Vec<(u64, H::Entry)>,
    },
    CatchUp {
        session: Box<HostSession<H>>,
        progress: watch::Sender<Progress>,
        outcome: oneshot::Sender<Outcome<H>>,
    },
    Cancel,
    Usage(oneshot::Sender<DriverUsage>),
    Shutdown,
}

/// Tells a driver what happens. Clones tell the same one.
///
/// What is told takes effect in order. Each call waits while too many others have not been heard, and
/// returns before it has taken effect.
pub struct DriverHandle<H: DriverHost> {
    commands: mpsc::Sender<Command<H>>,
}

impl<H: DriverHost> DriverHandle<H> {
    pub(super) const fn new(commands: mpsc::Sender<Command<H>>) -> Self {
        Self { commands }
    }

    /// Hands over a connection to a peer, of whose name the caller is sure. Messages go through the
    /// newest one that a peer has.
    ///
    /// # Errors
    ///
    /// [`DriverStopped`], and the connection is closed.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it has completed, the connection is closed.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("example.in")]
    /// // Whatever can be read and written, here a pipe in memory.
    /// let (near, far) = tokio::io::duplex(1 << 10);
    /// let attached = handle.attach("a".to_owned(), near).await?;
    /// drop(far);
    /// println!("{}", attached.ended().await);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn attach(
        &self,
        peer: H::Peer,
        stream: impl AsyncRead + AsyncWrite + Send + 'static,
    ) -> Result<Attached, DriverStopped> {
        let (closed, ended) = oneshot::channel();
        let stream: Stream = Box::pin(stream);
        self.tell(Command::Attach {
            peer,
            stream,
            closed,
        })
        .await?;
        Ok(Attached { ended })
    }

    /// Hands over the state as it is right after the entry in which a marker was applied, whoever led
    /// and whoever asked.
    ///
    /// # Errors
    ///
    /// [`DriverStopped`].
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it has completed, nothing was told.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("example.in")]
    /// // The log applies a marker as its entry 42 of term 3.
    /// let marker = Marker::new("a".to_owned(), 7);
    /// let anchor = Anchor::new(Sequence::new(42), 3);
    /// handle.taken(marker, anchor, vec![10, 20, 30].into()).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn taken(
        &self,
        marker: Marker<H::Peer>,
        anchor: Anchor,
        state: H::State,
    ) -> Result<(), DriverStopped> {
        self.tell(Command::Taken {
            marker,
            anchor,
            state,
        })
        .await
    }

    /// Says that a marker was lost on its way into the log.
    ///
    /// # Errors
    ///
    /// [`DriverStopped`].
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it has completed, nothing was told.
    pub async fn unfed(&self, marker: Marker<H::Peer>) -> Result<(), DriverStopped> {
        self.tell(Command::Unfed(marker)).await
    }

    /// Says up to where the log is committed, and returns up to where it may be removed.
    ///
    /// # Errors
    ///
    /// [`DriverStopped`].
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it has completed, the driver may have been told all the same,
    /// which does no harm.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("example.in")]
    /// let safe = handle.safe_to_prune(Sequence::new(100_000)).await?;
    /// assert!(safe < Sequence::new(100_000));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn safe_to_prune(&self, committed: Sequence) -> Result<Sequence, DriverStopped> {
        let (safe, answer) = oneshot::channel();
        self.tell(Command::Prune { committed, safe }).await?;
        answer.await.map_err(|_| DriverStopped::new())
    }

    /// Says who leads, as far as is known.
    ///
    /// # Errors
    ///
    /// [`DriverStopped`].
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it has completed, nothing was told.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("example.in")]
    /// handle.set_leader(Some("a".to_owned())).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn set_leader(&self, leader: Option<H::Peer>) -> Result<(), DriverStopped> {
        self.tell(Command::Leader(leader)).await
    }

    /// Says who takes part, and who leads.
    ///
    /// # Errors
    ///
    /// [`DriverStopped`].
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it has completed, nothing was told.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("example.in")]
    /// let members = Membership::new("c".to_owned(), ["a", "c", "d"].map(String::from));
    /// handle.set_membership(members.with_leader(Some("a".to_owned()))).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn set_membership(
        &self,
        membership: Membership<H::Peer>,
    ) -> Result<(), DriverStopped> {
        self.tell(Command::Membership(membership)).await
    }

    /// Hands over entries of the log that follow each other, each with its term, and `after`, the entry
    /// before the first of them: for the session to keep until there is a state to apply them to.
    ///
    /// Without a session they are dropped, and so is what is handed over when the session has just
    /// ended: after [`done`](DriverHost::done), read the log again from the last entry that it brought.
    ///
    /// # Errors
    ///
    /// [`DriverStopped`].
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it has completed, nothing was told.
    pub async fn entries(
        &self,
        after: Anchor,
        entries: Vec<(u64, H::Entry)>,
    ) -> Result<(), DriverStopped> {
        self.tell(Command::Entries { after, entries }).await
    }

    /// Runs a session, of which there is one at a time.
    ///
    /// It goes on whether or not anybody waits for it.
    ///
    /// # Errors
    ///
    /// [`DriverStopped`]. What becomes of the session, [`CatchUp::finished`] says.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it has completed, the session is dropped.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("example.in")]
    /// let session = Session::start(now, SessionConfig::new(), members, 7)?;
    /// let catching_up = handle.catch_up(session).await?;
    /// println!("{:?}", catching_up.progress().borrow().phase);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn catch_up(&self, session: HostSession<H>) -> Result<CatchUp<H>, DriverStopped> {
        let (progress, watched) = watch::channel(session.progress());
        let (outcome, finished) = oneshot::channel();
        self.tell(Command::CatchUp {
            session: Box::new(session),
            progress,
            outcome,
        })
        .await?;
        Ok(CatchUp {
            progress: watched,
            finished,
        })
    }

    /// Cancels the session, if there is one. Its providers are told.
    ///
    /// # Errors
    ///
    /// [`DriverStopped`].
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it has completed, nothing was told.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("example.in")]
    /// let session = Session::start(now, SessionConfig::new(), members, 7)?;
    /// let catching_up = handle.catch_up(session).await?;
    /// handle.cancel().await?;
    /// assert!(catching_up.finished().await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn cancel(&self) -> Result<(), DriverStopped> {
        self.tell(Command::Cancel).await
    }

    /// Ends the driver. [`Driver::run`](crate::driver::Driver::run) returns when it has ended.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped before it has completed, nothing was told.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("example.in")]
    /// handle.shutdown().await;
    /// let _replica = running.await?;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn shutdown(&self) {
        // A driver that has stopped need not be told.
        let _ = self.tell(Command::Shutdown).await;
    }

    /// Waits until the driver has begun to stop.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost if the future is dropped.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("example.in")]
    /// handle.shutdown().await;
    /// handle.stopped().await;
    /// assert!(handle.set_leader(None).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn stopped(&self) {
        self.commands.closed().await;
    }

    pub(super) async fn tell(&self, command: Command<H>) -> Result<(), DriverStopped> {
        let sent = self.commands.send(command).await;
        sent.map_err(|_| DriverStopped::new())
    }
}

impl<H: DriverHost> Clone for DriverHandle<H> {
    fn clone(&self) -> Self {
        Self::new(self.commands.clone())
    }
}

impl<H: DriverHost> fmt::Debug for DriverHandle<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DriverHandle").finish_non_exhaustive()
    }
}

/// A connection that a driver serves. Dropping this does not end it.
#[derive(Debug)]
pub struct Attached {
    ended: oneshot::Receiver<Disconnected>,
}

impl Attached {
    /// Waits until the connection has ended, and returns why.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the connection as it is; only the reason is lost.
    ///
    /// # Examples
    ///
    /// See [`accept_tcp`](crate::driver::accept_tcp).
    pub async fn ended(self) -> Disconnected {
        self.ended.await.unwrap_or(Disconnected::Shutdown)
    }
}

/// The driver has stopped, and does nothing of what it is told.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct DriverStopped;

impl DriverStopped {
    pub(super) const fn new() -> Self {
        Self
    }
}

impl fmt::Display for DriverStopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("driver has stopped")
    }
}

impl Error for DriverStopped {}
