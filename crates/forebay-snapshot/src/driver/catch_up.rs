use std::error::Error;
use std::fmt;

use tokio::sync::{oneshot, watch};

use crate::driver::host::DriverHost;
use crate::driver::{Driver, Running};
use crate::{Anchor, Progress, Session, SessionError};

/// A session of the kind that a host has.
pub type HostSession<H> = Session<
    <H as DriverHost>::State,
    <H as DriverHost>::Peer,
    <H as DriverHost>::Entry,
    <H as DriverHost>::Spool,
>;

pub(super) type Outcome<H> = Result<Anchor, CatchUpError<H>>;

/// A session that a driver runs. Dropping this does not end it.
pub struct CatchUp<H: DriverHost> {
    pub(super) progress: watch::Receiver<Progress>,
    pub(super) finished: oneshot::Receiver<Outcome<H>>,
}

impl<H: DriverHost> CatchUp<H> {
    /// Returns how far the session is, and will be.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("example.in")]
    /// let session = Session::start(now, SessionConfig::new(), members, 7)?;
    /// let mut progress = handle.catch_up(session).await?.progress();
    /// println!("{:?}", progress.borrow_and_update());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.clone()
    }

    /// Waits until the state is installed and the entries after it were handed to the host, and
    /// returns where the state was taken.
    ///
    /// # Errors
    ///
    /// [`CatchUpError::Running`] if another session was, [`CatchUpError::Over`] if this one had ended
    /// before, [`CatchUpError::Failed`] if it gave up, each with the session, and
    /// [`CatchUpError::Stopped`] if the driver was dropped.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves the session as it is; only its outcome is lost.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("example.in")]
    /// let session = Session::start(now, SessionConfig::new(), members, 7)?;
    /// let catching_up = handle.catch_up(session).await?;
    /// handle.shutdown().await;
    /// assert!(catching_up.finished().await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn finished(self) -> Result<Anchor, CatchUpError<H>> {
        self.finished
            .await
            .unwrap_or_else(|_| Err(CatchUpError::Stopped))
    }
}

impl<H: DriverHost> Driver<H> {
    /// Begins to run a session, unless nothing can come of it; then it is given back.
    pub(super) fn start(
        &mut self,
        session: HostSession<H>,
        progress: watch::Sender<Progress>,
        outcome: oneshot::Sender<Outcome<H>>,
    ) {
        let is_over = |session: &HostSession<H>| session.phase().is_final();
        let running = self.running.as_ref();
        let refused = if running.is_some_and(|running| !is_over(&running.session)) {
            let session = Box::new(session);
            CatchUpError::Running { session }
        } else if is_over(&session) {
            let session = Box::new(session);
            CatchUpError::Over { session }
        } else {
            self.running = Some(Running {
                session,
                progress,
                outcome: Some(outcome),
            });
            return;
        };
        // Whoever asked may have gone away.
        let _ = outcome.send(Err(refused));
    }
}

impl<H: DriverHost> fmt::Debug for CatchUp<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CatchUp")
            .field("progress", &*self.progress.borrow())
            .finish_non_exhaustive()
    }
}

/// Why no state was installed.
#[non_exhaustive]
pub enum CatchUpError<H: DriverHost> {
    /// Another session is running; this one was not started.
    Running {
        /// The session, as it was.
        session: Box<HostSession<H>>,
    },
    /// The session had ended before it was to be run. Another can go on from what it achieved.
    Over {
        /// The session, as it was.
        session: Box<HostSession<H>>,
    },
    /// The session has failed. Another can go on from what it achieved.
    Failed {
        /// Why it has.
        error: SessionError,
        /// The session, with [`resume_state`](Session::resume_state) and its spool.
        session: Box<HostSession<H>>,
    },
    /// The driver was dropped.
    Stopped,
}

impl<H: DriverHost> fmt::Debug for CatchUpError<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Running { .. } => f.debug_struct("Running").finish_non_exhaustive(),
            Self::Over { .. } => f.debug_struct("Over").finish_non_exhaustive(),
            Self::Failed { error, .. } => f
                .debug_struct("Failed")
                .field("error", error)
                .finish_non_exhaustive(),
            Self::Stopped => f.write_str("Stopped"),
        }
    }
}

impl<H: DriverHost> fmt::Display for CatchUpError<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running { .. } => "another session is running",
            Self::Over { .. } => "session had ended before",
            Self::Failed { .. } => "session has failed",
            Self::Stopped => "driver has stopped",
        })
    }
}

impl<H: DriverHost> Error for CatchUpError<H> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed { error, .. } => Some(error),
            Self::Running { .. } | Self::Over { .. } | Self::Stopped => None,
        }
    }
}
