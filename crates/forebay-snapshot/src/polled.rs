//! A provider for a loop that polls.

mod cursors;
mod host;
mod reading;

use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use forebay_core::Sequence;

use crate::polled::cursors::Cursors;
use crate::{
    Anchor, ConfigError, Marker, Membership, Message, NotTaken, Provider, ProviderConfig,
    ProviderOutput, ProviderUsage, Snapshot, Unsent,
};

pub use crate::polled::host::{Host, SendError};

/// How many items are cut into pieces in one poll.
const WORK_ITEMS: usize = 1_024;

/// A [`Provider`] that the loop of a replicated log polls.
///
/// It is for a loop that has a log, a transport and a timer already, and runs on any executor or on
/// none. It decides nothing by itself: a poll tells the provider what time it is and what has come
/// in, and has the [`Host`] do what the provider wants done.
///
/// Whoever follows has a [`Session`](crate::Session) beside it, which gets the messages that
/// [`receive`](Self::receive) does not take.
///
/// # Examples
///
/// A leader whose log takes everything, and a peer that fell behind:
///
/// ```
/// use std::task::{Context, Poll, Waker};
/// use std::time::Instant;
///
/// use forebay_core::Sequence;
/// use forebay_snapshot::{
///     Anchor, Host, Marker, Message, PolledProvider, ProviderConfig, SendError, SliceSnapshot,
/// };
///
/// struct Replica {
///     now: Instant,
///     log: Vec<Marker<&'static str>>,
///     sent: Vec<(&'static str, Message<&'static str>)>,
/// }
///
/// impl Host<&'static str> for Replica {
///     fn now(&self) -> Instant {
///         self.now
///     }
///
///     fn poll_timer(&mut self, _: &mut Context<'_>, at: Option<Instant>) -> Poll<()> {
///         // A loop that has nothing else to do sleeps until then. This one is polled by hand.
///         match at {
///             Some(at) if at <= self.now => Poll::Ready(()),
///             _ => Poll::Pending,
///         }
///     }
///
///     fn local_id(&self) -> &&'static str {
///         &"leader"
///     }
///
///     fn leader(&self) -> Option<&&'static str> {
///         Some(&"leader")
///     }
///
///     fn members(&self) -> &[&'static str] {
///         &["laggard", "leader"]
///     }
///
///     fn committed(&self) -> Sequence {
///         Sequence::new(self.log.len() as u64)
///     }
///
///     fn feed_command(
///         &mut self,
///         marker: Marker<&'static str>,
///     ) -> Result<(), Marker<&'static str>> {
///         self.log.push(marker);
///         Ok(())
///     }
///
///     fn send_to(
///         &mut self,
///         peer: &&'static str,
///         message: Message<&'static str>,
///     ) -> Result<(), SendError<&'static str>> {
///         self.sent.push((*peer, message));
///         Ok(())
///     }
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let now = Instant::now();
/// let mut replica = Replica { now, log: Vec::new(), sent: Vec::new() };
/// let mut provider = PolledProvider::new(ProviderConfig::new(), &replica)?;
/// let mut cx = Context::from_waker(Waker::noop());
///
/// provider.receive("laggard", Message::Request { nonce: 1, reconnect: None })?;
/// while provider.poll(&mut cx, &mut replica).is_ready() {}
///
/// // The marker is in the log, and is applied there.
/// let state = SliceSnapshot::from(vec![10_u64, 20, 30]);
/// let marker = replica.log[0].clone();
/// provider.taken(&replica, &marker, Anchor::new(Sequence::new(1), 3), state);
/// while provider.poll(&mut cx, &mut replica).is_ready() {}
///
/// let (to, message) = &replica.sent[0];
/// assert_eq!(*to, "laggard");
/// assert!(matches!(message, Message::Offer { nonce: 1, items: 3, .. }));
/// # Ok(())
/// # }
/// ```
pub struct PolledProvider<S: Snapshot, P> {
    provider: Provider<S, P>,
    /// The latest time that the host told.
    now: Instant,
    leader: Option<P>,
    members: Vec<P>,
    inbox: VecDeque<(P, Message<P>)>,
    inbox_max: usize,
    /// What the host had no room for in the last poll.
    unsent: Vec<(P, Message<P>)>,
    /// Whether a snapshot may have to be cut.
    has_work: bool,
    cursors: Cursors<S::Place>,
    /// Who polled last, if nothing has happened since.
    waker: Option<Waker>,
}

impl<S: Snapshot, P: Clone + fmt::Debug + Ord> PolledProvider<S, P> {
    /// Creates the provider of this host's peer.
    ///
    /// # Errors
    ///
    /// What [`ProviderConfig::check`] finds.
    pub fn new(config: ProviderConfig, host: &dyn Host<P>) -> Result<Self, ConfigError> {
        Ok(Self {
            provider: Provider::new(config, Membership::new(host.local_id().clone(), []))?,
            now: host.now(),
            leader: None,
            members: Vec::new(),
            inbox: VecDeque::new(),
            inbox_max: config.outputs_max,
            unsent: Vec::new(),
            has_work: false,
            cursors: Cursors::new(),
            waker: None,
        })
    }

    /// Does what there is to do, a little at a time.
    ///
    /// `Ready` says that something was done, and that there may be more: poll again, at once or after
    /// something more urgent. `Pending` says that there is nothing to do; the task is woken when a
    /// message or a state is handed in, and by the timer of the host. With nothing to wait for there
    /// is no timer either.
    ///
    /// Whatever has expired is gone when this returns, whether it had other things to do or not. It
    /// looks at what is due and not at all that is kept, takes one message, and cuts some items.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("polled/example.in")]
    /// provider.taken(&replica, &marker, anchor, vec![10, 20, 30].into());
    /// // Until there is nothing to do at the moment.
    /// while provider.poll(&mut cx, &mut replica).is_ready() {}
    /// assert_eq!(provider.usage().snapshots, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn poll(&mut self, cx: &mut Context<'_>, host: &mut dyn Host<P>) -> Poll<()> {
        self.learn(host);
        let now = self.now;
        let is_due = |at: Instant| at <= now;
        let mut has_done = self.provider.poll_timeout().is_some_and(is_due);
        if has_done {
            self.provider.handle_timeout(now);
        }
        for (to, message) in mem::take(&mut self.unsent) {
            has_done = true;
            if let Err((to, message)) = self.send(host, to, message) {
                self.provider.handle_unsent(now, to, message, Unsent::Full);
            }
        }
        has_done |= self.take_message();
        if self.has_work {
            self.has_work = self.provider.work(now, WORK_ITEMS);
            has_done = true;
        }
        has_done |= self.carry_out(host);
        if has_done {
            return Poll::Ready(());
        }
        let at = self.provider.poll_timeout();
        if host.poll_timer(cx, at).is_ready()
            && let Some(at) = at
        {
            // The timer may be ahead of the clock. What it says has to count, or this would go on
            // until the clock agrees.
            self.now = at.max(now);
            self.provider.handle_timeout(self.now);
            return Poll::Ready(());
        }
        match &mut self.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// Takes a message of another peer, to be looked at in the next poll.
    ///
    /// # Errors
    ///
    /// [`NotTaken::ForSession`] with a message that only a session understands, and
    /// [`NotTaken::Full`] while as many messages wait as may wait to be sent.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("polled/example.in")]
    /// provider.receive("laggard", Message::Request { nonce: 1, reconnect: None })?;
    /// assert!(provider.poll(&mut cx, &mut replica).is_ready());
    /// # Ok(())
    /// # }
    /// ```
    pub fn receive(&mut self, from: P, message: Message<P>) -> Result<(), NotTaken<P>> {
        if !message.is_for_provider() {
            return Err(NotTaken::ForSession(message));
        }
        if self.inbox.len() >= self.inbox_max {
            return Err(NotTaken::Full(message));
        }
        self.inbox.push_back((from, message));
        self.wake();
        Ok(())
    }

    /// Takes the state as it is right after the entry in which a marker was applied, on every peer.
    ///
    /// A marker from long ago, which is met again when a log is replayed, is left out of account.
    ///
    /// # Examples
    ///
    /// See [`PolledProvider`].
    pub fn taken(&mut self, host: &dyn Host<P>, marker: &Marker<P>, anchor: Anchor, state: S) {
        self.learn(host);
        self.provider.handle_taken(self.now, marker, anchor, state);
        self.has_work = true;
        self.wake();
    }

    /// Learns up to where the log is committed, between two polls.
    pub fn committed(&mut self, anchor: Anchor) {
        self.provider.handle_committed(anchor.sequence());
    }

    /// Returns up to where the log may be removed, given up to where it is committed.
    ///
    /// Of the time since the last poll it knows nothing, so it may keep more than it has to.
    ///
    /// # Examples
    ///
    /// ```
    #[doc = include_str!("polled/example.in")]
    /// provider.taken(&replica, &marker, anchor, vec![10, 20, 30].into());
    /// while provider.poll(&mut cx, &mut replica).is_ready() {}
    /// // The laggard that was offered the snapshot needs what comes after it.
    /// let safe = provider.safe_to_prune_prefix(Sequence::new(100_000));
    /// assert_eq!(safe, anchor.sequence());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn safe_to_prune_prefix(&mut self, committed: Sequence) -> Sequence {
        self.provider.safe_to_prune(self.now, committed)
    }

    /// Returns how many messages wait to be looked at, at most
    /// [`outputs_max`](ProviderConfig::outputs_max).
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.inbox.len()
    }

    /// Returns how much there is of everything else that is bounded; what found no room is queued.
    #[must_use]
    pub fn usage(&self) -> ProviderUsage {
        let mut usage = self.provider.usage();
        let held = self.unsent.iter().map(|(_, message)| message.held());
        usage.queued = usage.queued.saturating_add(self.unsent.len());
        usage.queued_bytes = held.fold(usage.queued_bytes, usize::saturating_add);
        usage
    }

    /// Asks the host for all that may have changed.
    fn learn(&mut self, host: &dyn Host<P>) {
        self.now = self.now.max(host.now());
        let local = host.local_id();
        let leader = if host.is_leader() {
            Some(local)
        } else {
            host.leader().filter(|leader| *leader != local)
        };
        let is_new_leader = self.leader.as_ref() != leader;
        if is_new_leader {
            self.leader = leader.cloned();
        }
        let members = host.members();
        if *self.members != *members {
            self.members = members.to_vec();
            let membership = Membership::new(local.clone(), self.members.iter().cloned());
            let membership = membership.with_leader(self.leader.clone());
            self.provider.handle_membership(self.now, membership);
        } else if is_new_leader {
            self.provider.handle_leader(self.now, self.leader.clone());
        }
        self.provider.handle_committed(host.committed());
    }

    /// Hands the provider a message, unless too much waits to be sent. Then the timer for that is set.
    fn take_message(&mut self) -> bool {
        let Some((from, message)) = self.inbox.pop_front() else {
            return false;
        };
        let taken = self
            .provider
            .handle_message(self.now, from.clone(), message);
        if let Err(NotTaken::Full(message)) = taken {
            self.inbox.push_front((from, message));
            return false;
        }
        true
    }

    /// Does what the provider wants done, and returns whether there was anything.
    fn carry_out(&mut self, host: &mut dyn Host<P>) -> bool {
        let mut has_done = false;
        while let Some(output) = self.provider.poll_output() {
            has_done = true;
            match output {
                ProviderOutput::Send { to, message } => {
                    let unsent = self.send(host, to, message);
                    self.unsent.extend(unsent.err());
                }
                ProviderOutput::Feed(marker) => {
                    if let Err(marker) = host.feed_command(marker) {
                        self.provider.handle_unfed(self.now, &marker);
                    }
                }
                ProviderOutput::Event(event) => host.event(event),
            }
        }
        has_done
    }

    /// Sends a message, and returns it if there is no room for it.
    fn send(
        &mut self,
        host: &mut dyn Host<P>,
        to: P,
        message: Message<P>,
    ) -> Result<(), (P, Message<P>)> {
        match host.send_to(&to, message) {
            Ok(()) => {}
            Err(SendError::Full(message)) => return Err((to, message)),
            Err(SendError::TooLarge(message)) => {
                self.provider
                    .handle_unsent(self.now, to, message, Unsent::TooLarge);
            }
            Err(SendError::Closed) => self.provider.handle_peer_gone(self.now, &to),
        }
        Ok(())
    }

    fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

impl<S: Snapshot, P: fmt::Debug> fmt::Debug for PolledProvider<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolledProvider")
            .field("provider", &self.provider)
            .field("waiting", &self.inbox.len())
            .finish_non_exhaustive()
    }
}
