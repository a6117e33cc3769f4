//! What a session says about itself.

use std::fmt;

use crate::Snapshot;
use crate::session::Session;
use crate::session::event::{Progress, SessionUsage};
use crate::session::plan::Plan;
use crate::session::resume::ResumeState;
use crate::session::spool::Spool;

impl<S: Snapshot, P: Clone + fmt::Debug + Ord, E, K: Spool> Session<S, P, E, K> {
    /// Returns how far it is.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use forebay_snapshot::{Membership, Phase, Session, SessionConfig, SliceSnapshot};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let now = Instant::now();
    /// let members = Membership::new("c", ["a", "b", "c"]);
    /// let mut session =
    ///     Session::<SliceSnapshot<u64>, _, u64>::start(now, SessionConfig::new(), members, 7)?;
    /// let progress = session.progress();
    /// assert_eq!((progress.phase, progress.items_total), (Phase::Requesting, None));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn progress(&self) -> Progress {
        let index = self.plan.as_ref().and_then(Plan::index);
        let verified = self.plan.as_ref().map(Plan::verified).unwrap_or_default();
        Progress {
            phase: self.phase,
            items: verified.items,
            items_total: index.map(|index| index.items()),
            bytes: verified.bytes,
            bytes_total: index.map(|index| index.bytes()),
            providers: self.links.values().filter(|link| link.is_provider).count(),
        }
    }

    /// Returns how much it holds, and what it has cost.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use forebay_snapshot::{Membership, Session, SessionConfig, SliceSnapshot};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let now = Instant::now();
    /// let members = Membership::new("c", ["a", "b", "c"]);
    /// let mut session =
    ///     Session::<SliceSnapshot<u64>, _, u64>::start(now, SessionConfig::new(), members, 7)?;
    /// assert_eq!(session.usage().spool_bytes, 0);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn usage(&self) -> SessionUsage {
        SessionUsage {
            spool_bytes: self.stock.bytes(),
            requested_bytes: self.requests.bytes(),
            entries: self.buffer.len(),
            offers: self.offers.len(),
            fetches: self.requests.len(),
            outputs: self.outputs.len(),
            events_dropped: self.outputs.events_dropped(),
            ..self.usage
        }
    }

    /// Returns what was achieved, for another session to go on from.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use forebay_snapshot::{Membership, ResumeState, Session, SessionConfig, SliceSnapshot};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let now = Instant::now();
    /// let members = Membership::new("c", ["a", "b", "c"]);
    /// let mut session =
    ///     Session::<SliceSnapshot<u64>, _, u64>::start(now, SessionConfig::new(), members, 7)?;
    /// // To be written down now and then, and read by who comes after a crash.
    /// let state: ResumeState = session.resume_state();
    /// assert_eq!(state.chunks(), 0);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn resume_state(&self) -> ResumeState {
        let anchor = self.target.map(|target| target.anchor);
        ResumeState::save(anchor, self.plan.as_ref(), &self.stock)
    }

    /// Ends the session and returns its spool.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use forebay_snapshot::{Membership, MemorySpool, Session, SessionConfig, SliceSnapshot};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let now = Instant::now();
    /// let members = Membership::new("c", ["a", "b", "c"]);
    /// let mut session =
    ///     Session::<SliceSnapshot<u64>, _, u64>::start(now, SessionConfig::new(), members, 7)?;
    /// session.cancel(now);
    /// let state = session.resume_state();
    /// let spool: MemorySpool = session.into_spool();
    /// assert_eq!(state.chunks(), spool.len());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn into_spool(self) -> K {
        self.stock.into_spool()
    }
}

impl<S: Snapshot, P: fmt::Debug, E, K> fmt::Debug for Session<S, P, E, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("phase", &self.phase)
            .field("membership", &self.membership)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}
