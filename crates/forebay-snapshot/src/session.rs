mod asking;
mod assembly;
mod buffer;
mod config;
mod error;
mod event;
mod fetching;
mod handling;
mod installing;
mod jitter;
mod links;
mod observe;
mod offers;
mod outputs;
mod plan;
mod receiving;
mod reporting;
mod requests;
mod resume;
mod spool;
mod stock;
mod trust;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::time::{Duration, Instant};

use crate::session::asking::Asking;
use crate::session::assembly::Assembly;
use crate::session::buffer::Buffer;
use crate::session::jitter::Jitter;
use crate::session::links::Link;
use crate::session::observe::Observer;
use crate::session::offers::{Offers, Target};
use crate::session::outputs::Outputs;
use crate::session::plan::Plan;
use crate::session::requests::Requests;
use crate::session::stock::Stock;
use crate::{ConfigError, Membership, Snapshot};

pub use crate::session::buffer::LogEntry;
pub use crate::session::config::SessionConfig;
pub use crate::session::error::SessionError;
pub use crate::session::event::{
    Ignored, Phase, Progress, Restart, SessionEvent, SessionOutput, SessionUsage,
};
pub use crate::session::resume::ResumeState;
pub use crate::session::spool::{MemorySpool, Spool, SpoolError};
pub use crate::session::trust::Trust;

/// Whoever sets a longer time means for ever, and a clock may not be able to tell that.
const DELAY_MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Brings a replica that fell behind up to date: finds a snapshot, fetches it in verified pieces
/// from all who have it, hands it over to be installed, and gives back the log after it.
///
/// It does no I/O and reads no clock. Its host
///
/// 1. gives it what happens: messages, entries of the log, changes of members and leader;
/// 2. calls [`work`](Self::work) until there is none left;
/// 3. does what [`poll_output`](Self::poll_output) says until there is nothing left to do;
/// 4. sleeps until something happens or [`poll_timeout`](Self::poll_timeout), and then calls
///    [`handle_timeout`](Self::handle_timeout).
///
/// A call too many does nothing. A time before that of an earlier call counts as that one.
///
/// In every phase but the final two there is a time at which it goes on by itself, so there is none
/// in which it waits for what may never come.
pub struct Session<S: Snapshot, P, E, K = MemorySpool> {
    config: SessionConfig,
    membership: Membership<P>,
    jitter: Jitter,
    now: Instant,
    deadline: Option<Instant>,
    phase: Phase,
    asking: Asking<P>,
    offers: Offers<P>,
    banned: BTreeSet<P>,
    links: BTreeMap<P, Link>,
    /// The snapshot that is being fetched, or was last.
    target: Option<Target>,
    plan: Option<Plan>,
    requests: Requests<P>,
    stock: Stock<K>,
    assembly: Option<Assembly<S>>,
    built: Option<S>,
    installs: u32,
    buffer: Buffer<E>,
    /// When the last piece was verified, or else when fetching began.
    verified_at: Instant,
    /// When to look for another snapshot, or to say that this one still waits to be installed.
    patience_until: Instant,
    /// Whether anything was verified since the last snapshot was chosen.
    has_progressed: bool,
    is_progress_due: bool,
    outputs: Outputs<S, P, E>,
    usage: SessionUsage,
}

impl<S: Snapshot, P: Clone + Debug + Ord, E> Session<S, P, E> {
    /// Starts a session that keeps chunks in memory, and asks everybody for a snapshot.
    ///
    /// The seed decides delays and the numbers of messages, and nothing else. It should differ from
    /// one session to the next, or a late answer to this one would look like a wrong one to the next.
    ///
    /// # Errors
    ///
    /// What [`SessionConfig::check`] finds.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use std::time::Instant;
    ///
    /// use forebay_snapshot::{Membership, Session, SessionConfig, SessionOutput, SliceSnapshot};
    ///
    /// let members = Membership::new("c", ["a", "b", "c"]);
    /// let now = Instant::now();
    /// let mut session =
    ///     Session::<SliceSnapshot<u64>, _, String>::start(now, SessionConfig::new(), members, 7)?;
    ///
    /// // It asks everybody, and asks again in a while.
    /// let mut asked = Vec::new();
    /// while let Some(output) = session.poll_output() {
    ///     if let SessionOutput::Send { to, .. } = output {
    ///         asked.push(to);
    ///     }
    /// }
    /// assert_eq!(asked, ["a", "b"]);
    /// assert!(session.poll_timeout().is_some());
    /// # Ok::<(), forebay_snapshot::ConfigError>(())
    /// ```
    pub fn start(
        now: Instant,
        config: SessionConfig,
        membership: Membership<P>,
        seed: u64,
    ) -> Result<Self, ConfigError> {
        let nothing = ResumeState::default();
        Self::resume(now, config, membership, seed, MemorySpool::new(), &nothing)
    }
}

impl<S: Snapshot, P: Clone + Debug + Ord, E, K: Spool> Session<S, P, E, K> {
    /// Starts a session that keeps chunks in a spool and goes on from what an earlier one achieved.
    ///
    /// # Errors
    ///
    /// What [`SessionConfig::check`] finds.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use forebay_snapshot::{
    ///     Membership, MemorySpool, ResumeState, Session, SessionConfig, SliceSnapshot,
    /// };
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let now = Instant::now();
    /// let members = Membership::new("c", ["a", "b", "c"]);
    /// let config = SessionConfig::new();
    /// let mut session =
    ///     Session::<SliceSnapshot<u64>, _, ()>::start(now, config.clone(), members.clone(), 7)?;
    /// session.cancel(now);
    ///
    /// // Another one fetches only what this one has not.
    /// let state: ResumeState = session.resume_state();
    /// let spool: MemorySpool = session.into_spool();
    /// let session =
    ///     Session::<SliceSnapshot<u64>, _, ()>::resume(now, config, members, 8, spool, &state)?;
    /// assert_eq!(session.usage().reused_bytes, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn resume(
        now: Instant,
        config: SessionConfig,
        membership: Membership<P>,
        seed: u64,
        spool: K,
        state: &ResumeState,
    ) -> Result<Self, ConfigError> {
        config.check()?;
        let mut jitter = Jitter::new(seed);
        let observer = Observer::new(now, membership.local());
        let mut stock = Stock::new(spool, config.spool_bytes_max, state.kept_chunks());
        let plan = state.plan(&config.limits, &stock);
        // As when the last page comes. What is not listed would take up room for ever.
        if let Some(plan) = plan.as_ref().filter(|plan| plan.is_listed()) {
            stock.retain_listed(plan);
        }
        let mut session = Self {
            deadline: config
                .deadline
                .and_then(|deadline| now.checked_add(deadline)),
            asking: Asking::new(now, jitter.number()),
            requests: Requests::new(jitter.number()),
            buffer: Buffer::new(config.entries_max),
            plan,
            membership,
            jitter,
            now,
            phase: Phase::Requesting,
            offers: Offers::new(),
            banned: BTreeSet::new(),
            links: BTreeMap::new(),
            target: None,
            stock,
            assembly: None,
            built: None,
            installs: 0,
            verified_at: now,
            patience_until: now,
            has_progressed: false,
            is_progress_due: true,
            outputs: Outputs::new(observer),
            usage: SessionUsage::default(),
            config,
        };
        session.ask();
        Ok(session)
    }

    /// Ends the session, and tells the providers that they need not keep anything for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use forebay_snapshot::{
    ///     Membership, Session, SessionConfig, SessionError, SessionOutput, SliceSnapshot,
    /// };
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let now = Instant::now();
    /// let members = Membership::new("c", ["a", "b", "c"]);
    /// let mut session =
    ///     Session::<SliceSnapshot<u64>, _, u64>::start(now, SessionConfig::new(), members, 7)?;
    /// session.cancel(now);
    /// assert!(session.phase().is_final());
    /// assert_eq!(session.poll_timeout(), None);
    /// # Ok(())
    /// # }
    /// ```
    pub fn cancel(&mut self, now: Instant) {
        self.set_now(now);
        self.fail(SessionError::Cancelled);
    }

    /// Returns what is to be done next, if anything.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use forebay_snapshot::{Membership, Session, SessionConfig, SessionOutput, SliceSnapshot};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let now = Instant::now();
    /// let members = Membership::new("c", ["a", "b", "c"]);
    /// let mut session =
    ///     Session::<SliceSnapshot<u64>, _, u64>::start(now, SessionConfig::new(), members, 7)?;
    /// while let Some(output) = session.poll_output() {
    ///     match output {
    ///         SessionOutput::Send { to, message } => println!("to {to}: {message:?}"),
    ///         SessionOutput::Install { anchor, .. } => println!("to be installed: {anchor}"),
    ///         SessionOutput::Done { replay, .. } => println!("{} entries after it", replay.len()),
    ///         SessionOutput::Failed(error) => println!("{error}"),
    ///         SessionOutput::Progress(progress) => println!("{progress:?}"),
    ///         SessionOutput::Event(event) => println!("for whoever operates it: {event:?}"),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn poll_output(&mut self) -> Option<SessionOutput<S, P, E>> {
        self.outputs.used(&self.usage);
        let output = self.outputs.pop();
        if output.is_some() || !std::mem::take(&mut self.is_progress_due) {
            return output;
        }
        Some(SessionOutput::Progress(self.progress()))
    }

    /// Returns when [`handle_timeout`](Self::handle_timeout) is to be called, unless something else
    /// happens first; nothing once the session has ended.
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
    /// // Until it has ended, there is always a time at which it goes on by itself.
    /// assert!(session.poll_timeout().is_some());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let phase = match self.phase {
            Phase::Done | Phase::Failed => return None,
            Phase::Installing => return Some(self.patience_until),
            Phase::Requesting | Phase::Choosing => self.asking.timeout(),
            Phase::Listing | Phase::Fetching => self.fetching_timeout(),
        };
        Some(self.deadline.map_or(phase, |deadline| deadline.min(phase)))
    }

    /// Does what is due by now.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use forebay_snapshot::{Membership, Session, SessionConfig, SessionOutput, SliceSnapshot};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let now = Instant::now();
    /// let members = Membership::new("c", ["a", "b", "c"]);
    /// let mut session =
    ///     Session::<SliceSnapshot<u64>, _, u64>::start(now, SessionConfig::new(), members, 7)?;
    /// while session.poll_output().is_some() {}
    ///
    /// // Nobody has answered, so everybody is asked again.
    /// let later = session.poll_timeout().unwrap();
    /// session.handle_timeout(later);
    /// assert!(matches!(session.poll_output(), Some(SessionOutput::Send { to: "a", .. })));
    /// # Ok(())
    /// # }
    /// ```
    pub fn handle_timeout(&mut self, now: Instant) {
        self.set_now(now);
        match self.phase {
            Phase::Done | Phase::Failed => {}
            Phase::Installing => self.wait_for_install(),
            _ if self.deadline.is_some_and(|deadline| self.now >= deadline) => {
                self.fail(SessionError::Deadline);
            }
            Phase::Requesting | Phase::Choosing => self.asking_timed_out(),
            Phase::Listing | Phase::Fetching => self.fetching_timed_out(),
        }
    }

    /// Returns what the session is doing.
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
    /// assert_eq!(session.phase(), Phase::Requesting);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub const fn phase(&self) -> Phase {
        self.phase
    }

    fn set_now(&mut self, now: Instant) {
        self.now = self.now.max(now);
    }

    fn after(&self, delay: Duration) -> Instant {
        self.now
            .checked_add(delay.min(DELAY_MAX))
            .unwrap_or(self.now)
    }

    fn ignore(&mut self, peer: P, why: Ignored) {
        self.outputs.event(SessionEvent::Ignored { peer, why });
    }

    fn set_phase(&mut self, phase: Phase) {
        self.is_progress_due |= self.phase != phase;
        self.phase = phase;
    }
}
