//! Making a state of verified chunks, and having it installed.

use std::fmt::Debug;
use std::time::Instant;

use crate::chunk::Index;
use crate::session::Session;
use crate::session::assembly::{Assembly, Step};
use crate::session::error::SessionError;
use crate::session::event::{Phase, SessionEvent, SessionOutput};
use crate::session::plan::Part;
use crate::session::spool::Spool;
use crate::{PieceError, Snapshot};

/// How often the host is asked to install a state.
const INSTALLS_MAX: u32 = 2;

impl<S: Snapshot, P: Clone + Debug + Ord, E, K: Spool> Session<S, P, E, K> {
    /// Decodes chunks that have come, until about so many items are part of the new state. Returns
    /// whether there is more to do.
    ///
    /// This is where nearly all the time of a session goes, so it is for the host to say how much of
    /// it is spent at once.
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
    /// // There is nothing to put together yet.
    /// assert!(!session.work(now, 1_000));
    /// # Ok(())
    /// # }
    /// ```
    pub fn work(&mut self, now: Instant, items_max: usize) -> bool {
        self.set_now(now);
        let items_max = u64::try_from(items_max).unwrap_or(u64::MAX);
        let mut items: u64 = 0;
        let mut is_lost = false;
        while self.has_work() {
            if items >= items_max.max(1) {
                return true;
            }
            match self.step() {
                Ok(Step::Added(added)) => items = items.saturating_add(added.into()),
                Ok(Step::Missing) => break,
                Ok(Step::Lost(number)) => {
                    is_lost = true;
                    if let Some(plan) = &mut self.plan {
                        plan.reopen(number);
                    }
                }
                Err(error) => self.fail(SessionError::Content(error)),
            }
        }
        if items > 0 || is_lost {
            // What is part of the state leaves room for what comes after it.
            self.go_on();
        }
        false
    }

    /// Learns that the state was installed.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("example.in")]
    /// // The host has put this state in the place of the old one.
    /// assert_eq!(state[..], [1, 2]);
    /// session.handle_installed(now);
    /// assert_eq!(session.phase(), Phase::Done);
    /// # Ok(())
    /// # }
    /// ```
    pub fn handle_installed(&mut self, now: Instant) {
        self.set_now(now);
        let (Phase::Installing, Some(target)) = (self.phase, self.target) else {
            return;
        };
        self.release_all();
        self.stock.retain(|_| false);
        self.built = None;
        self.set_phase(Phase::Done);
        let anchor = target.anchor;
        let replay = self.buffer.take_after(anchor);
        self.outputs
            .push(self.now, SessionOutput::Done { anchor, replay });
    }

    /// Learns that the state was not installed. It is handed over once more; after that, the
    /// session fails.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("example.in")]
    /// while session.poll_output().is_some() {}
    /// session.handle_install_failed(now);
    ///
    /// // It is handed over once more, and then there is no point.
    /// assert!(matches!(session.poll_output(), Some(SessionOutput::Install { .. })));
    /// session.handle_install_failed(now);
    /// assert_eq!(session.phase(), Phase::Failed);
    /// # Ok(())
    /// # }
    /// ```
    pub fn handle_install_failed(&mut self, now: Instant) {
        self.set_now(now);
        if self.phase != Phase::Installing {
            return;
        }
        if self.installs < INSTALLS_MAX {
            self.install();
        } else {
            self.fail(SessionError::Install);
        }
    }

    /// Whether a chunk is there that can be decoded, or all of them were.
    pub(super) fn has_work(&self) -> bool {
        let Some(plan) = self.plan.as_ref().filter(|_| self.phase.is_fetching()) else {
            return false;
        };
        let next = self.assembly.as_ref().map_or(0, Assembly::next);
        let chunks = plan.index().map(Index::chunks);
        plan.is_verified(Part::Chunk(next)) || plan.is_listed() && chunks == Some(next)
    }

    pub(super) fn wait_for_install(&mut self) {
        if self.now >= self.patience_until {
            let since = self.now.saturating_duration_since(self.verified_at);
            self.outputs.event(SessionEvent::InstallPending { since });
            self.patience_until = self.after(self.config.stall_timeout);
        }
    }

    fn step(&mut self) -> Result<Step, PieceError> {
        let Some((plan, index)) = self
            .plan
            .as_ref()
            .and_then(|plan| Some((plan, plan.index()?)))
        else {
            return Ok(Step::Missing);
        };
        let items = index.items();
        let is_built = index.chunks() == self.assembly.as_ref().map_or(0, Assembly::next);
        let assembly = self.assembly.get_or_insert_with(|| Assembly::new(items));
        if !is_built {
            return assembly.step(plan, &mut self.stock);
        }
        let state = self
            .assembly
            .take()
            .map_or(Err(PieceError::Items), Assembly::finish)?;
        if state.len() != items {
            return Err(PieceError::Totals);
        }
        self.built = Some(state);
        self.give_up(|_| true);
        self.verified_at = self.now;
        self.set_phase(Phase::Installing);
        self.install();
        Ok(Step::Missing)
    }

    fn install(&mut self) {
        let (Some(target), Some(built)) = (self.target, &self.built) else {
            return;
        };
        self.installs += 1;
        let state = built.clone();
        let anchor = target.anchor;
        self.outputs
            .push(self.now, SessionOutput::Install { anchor, state });
        self.patience_until = self.after(self.config.stall_timeout);
    }
}
