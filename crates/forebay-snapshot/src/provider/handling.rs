//! What a provider is told.

use std::fmt::Debug;
use std::mem;
use std::time::Instant;

use forebay_core::Sequence;

use crate::provider::Provider;
use crate::provider::output::{Marker, NotTaken, ProviderEvent, Unsent};
use crate::{Anchor, Membership, Message, Snapshot};

impl<S: Snapshot, P: Clone + Debug + Ord> Provider<S, P> {
    /// Takes a message of another peer.
    ///
    /// Each request and each fetch that is taken gets one answer.
    ///
    /// # Errors
    ///
    /// [`NotTaken::ForSession`] with an answer, which the session of this peer may await, and
    /// [`NotTaken::Full`] while too many messages wait to be sent.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use forebay_snapshot::{
    ///     Marker, Membership, Message, Provider, ProviderConfig, ProviderOutput, SliceSnapshot,
    /// };
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let now = Instant::now();
    /// let members = Membership::new("leader", ["leader", "laggard"]).with_leader(Some("leader"));
    /// let mut provider = Provider::<SliceSnapshot<u64>, _>::new(ProviderConfig::new(), members)?;
    /// provider.handle_message(now, "laggard", Message::Request { nonce: 1, reconnect: None })?;
    /// let marker = Marker::new("laggard", 1);
    /// assert_eq!(provider.poll_output(), Some(ProviderOutput::Feed(marker)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn handle_message(
        &mut self,
        now: Instant,
        from: P,
        message: Message<P>,
    ) -> Result<(), NotTaken<P>> {
        let now = self.advance(now);
        if !message.is_for_provider() {
            return Err(NotTaken::ForSession(message));
        }
        if self.outbox.len() >= self.config.outputs_max {
            return Err(NotTaken::Full(message));
        }
        if from == *self.membership.local() {
            self.outbox.event(ProviderEvent::FromSelf);
            return Ok(());
        }
        match message {
            Message::Request { nonce, reconnect } => self.request(now, from, nonce, reconnect),
            Message::Fetch {
                id,
                anchor,
                root,
                piece,
            } => self.fetch(now, from, id, anchor, root, piece),
            Message::Done { anchor, root } => self.done(now, &from, anchor, root),
            _ => {}
        }
        Ok(())
    }

    /// Takes the state as it is right after the entry in which a marker was applied.
    ///
    /// Every peer that applies the marker does this, whether it leads or not. Whoever the marker names
    /// is offered the snapshot, and so are those who wait for one and can use it.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use forebay_core::Sequence;
    /// use forebay_snapshot::{
    ///     Anchor, Marker, Membership, Message, Provider, ProviderConfig, ProviderOutput,
    ///     SliceSnapshot,
    /// };
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let now = Instant::now();
    /// let members = Membership::new("leader", ["leader", "laggard"]).with_leader(Some("leader"));
    /// let mut provider = Provider::<SliceSnapshot<u64>, _>::new(ProviderConfig::new(), members)?;
    /// let marker = Marker::new("laggard", 1);
    /// let anchor = Anchor::new(Sequence::new(42), 3);
    /// provider.handle_taken(now, &marker, anchor, vec![10, 20, 30].into());
    /// while provider.work(now, 1_000) {}
    ///
    /// let Some(ProviderOutput::Send { to, message }) = provider.poll_output() else { panic!() };
    /// assert_eq!(to, "laggard");
    /// assert!(matches!(message, Message::Offer { items: 3, .. }));
    /// # Ok(())
    /// # }
    /// ```
    pub fn handle_taken(&mut self, now: Instant, marker: &Marker<P>, anchor: Anchor, state: S) {
        let now = self.advance(now);
        self.taken(now, marker, anchor, state);
    }

    /// Learns that the log did not take a marker.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use forebay_snapshot::{
    ///     Membership, Message, Provider, ProviderConfig, ProviderOutput, Refusal, SliceSnapshot,
    /// };
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let now = Instant::now();
    /// let members = Membership::new("leader", ["leader", "laggard"]).with_leader(Some("leader"));
    /// let mut provider = Provider::<SliceSnapshot<u64>, _>::new(ProviderConfig::new(), members)?;
    /// provider.handle_message(now, "laggard", Message::Request { nonce: 1, reconnect: None })?;
    /// let Some(ProviderOutput::Feed(marker)) = provider.poll_output() else { panic!() };
    /// provider.handle_unfed(now, &marker);
    ///
    /// let Some(ProviderOutput::Send { message, .. }) = provider.poll_output() else { panic!() };
    /// assert!(matches!(message, Message::Refuse { why: Refusal::Unavailable, .. }));
    /// # Ok(())
    /// # }
    /// ```
    pub fn handle_unfed(&mut self, now: Instant, marker: &Marker<P>) {
        let now = self.advance(now);
        if self.marker.as_ref().is_some_and(|(fed, _)| fed == marker) {
            self.give_marker_up(now);
        }
    }

    /// Learns that a message could not be sent, and gets it back.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use forebay_snapshot::{
    ///     Membership, Message, Provider, ProviderConfig, ProviderOutput, SliceSnapshot, Unsent,
    /// };
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let now = Instant::now();
    /// let members = Membership::new("leader", ["leader", "laggard"]).with_leader(Some("leader"));
    /// let mut provider = Provider::<SliceSnapshot<u64>, _>::new(ProviderConfig::new(), members)?;
    /// provider.handle_message(now, "stranger", Message::Request { nonce: 1, reconnect: None })?;
    /// let Some(ProviderOutput::Send { to, message }) = provider.poll_output() else { panic!() };
    /// provider.handle_unsent(now, to, message, Unsent::Full);
    /// assert_eq!(provider.poll_output(), None);
    ///
    /// // It is tried again, a little later.
    /// let later = provider.poll_timeout().unwrap();
    /// provider.handle_timeout(later);
    /// assert!(provider.poll_output().is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn handle_unsent(&mut self, now: Instant, to: P, message: Message<P>, why: Unsent) {
        let now = self.advance(now);
        self.unsent(now, to, message, why);
    }

    /// Learns that a peer cannot be reached, and forgets what it had for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use forebay_snapshot::{
    ///     Anchor, Marker, Membership, Message, Provider, ProviderConfig, ProviderOutput,
    ///     SliceSnapshot,
    /// };
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let now = Instant::now();
    /// let members = Membership::new("leader", ["leader", "laggard"]).with_leader(Some("leader"));
    /// let mut provider = Provider::<SliceSnapshot<u64>, _>::new(ProviderConfig::new(), members)?;
    /// provider.handle_message(now, "laggard", Message::Request { nonce: 1, reconnect: None })?;
    /// provider.handle_peer_gone(now, &"laggard");
    /// assert_eq!(provider.usage().requests, 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn handle_peer_gone(&mut self, now: Instant, peer: &P) {
        self.advance(now);
        self.forget_peer(peer);
        self.outbox.forget(peer);
    }

    /// Learns who leads. If that is no longer this peer, those who wait are sent there.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use forebay_snapshot::{
    ///     Membership, Message, Provider, ProviderConfig, ProviderOutput, Refusal, SliceSnapshot,
    /// };
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let now = Instant::now();
    /// let members = Membership::new("leader", ["leader", "laggard"]).with_leader(Some("leader"));
    /// let mut provider = Provider::<SliceSnapshot<u64>, _>::new(ProviderConfig::new(), members)?;
    /// provider.handle_message(now, "laggard", Message::Request { nonce: 1, reconnect: None })?;
    /// provider.handle_leader(now, None);
    ///
    /// let Some(ProviderOutput::Send { message, .. }) = provider.poll_output() else { panic!() };
    /// let why = Refusal::NotLeader { leader: None };
    /// assert!(matches!(message, Message::Refuse { why: refused, .. } if refused == why));
    /// # Ok(())
    /// # }
    /// ```
    pub fn handle_leader(&mut self, now: Instant, leader: Option<P>) {
        let now = self.advance(now);
        let led = self.membership.is_led_by_local();
        self.membership.set_leader(leader);
        if led && !self.membership.is_led_by_local() {
            self.give_marker_up(now);
        }
    }

    /// Learns who takes part from now on, and who leads. Whoever is no member any more is served no
    /// longer.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use forebay_snapshot::{
    ///     Marker, Membership, Message, Provider, ProviderConfig, ProviderOutput, SliceSnapshot,
    /// };
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let now = Instant::now();
    /// let members = Membership::new("leader", ["leader", "laggard"]).with_leader(Some("leader"));
    /// let mut provider = Provider::<SliceSnapshot<u64>, _>::new(ProviderConfig::new(), members)?;
    /// // Somebody joins, who does not vote yet.
    /// let members = Membership::new("leader", ["leader", "laggard"])
    ///     .with_leader(Some("leader"))
    ///     .with_learners(["learner"]);
    /// provider.handle_membership(now, members);
    ///
    /// provider.handle_message(now, "learner", Message::Request { nonce: 1, reconnect: None })?;
    /// let marker = Marker::new("learner", 1);
    /// assert_eq!(provider.poll_output(), Some(ProviderOutput::Feed(marker)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn handle_membership(&mut self, now: Instant, membership: Membership<P>) {
        let leader = membership.leader().cloned();
        let before = mem::replace(&mut self.membership, membership);
        self.membership.set_leader(before.leader().cloned());
        self.handle_leader(now, leader);
        let now = self.advance(now);
        for peer in before.others() {
            if !self.membership.is_other(peer) {
                self.dismiss(now, peer);
            }
        }
    }

    /// Learns up to where the log is committed.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use forebay_core::Sequence;
    /// use forebay_snapshot::{
    ///     Anchor, Marker, Membership, Provider, ProviderConfig, ProviderEvent, ProviderOutput,
    ///     SliceSnapshot,
    /// };
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let now = Instant::now();
    /// let members = Membership::new("leader", ["leader", "laggard"]).with_leader(Some("leader"));
    /// let mut provider = Provider::<SliceSnapshot<u64>, _>::new(ProviderConfig::new(), members)?;
    /// // The log is read from its start, where it has an old marker.
    /// provider.handle_committed(Sequence::new(1_000_000));
    /// let marker = Marker::new("laggard", 1);
    /// let anchor = Anchor::new(Sequence::new(42), 3);
    /// provider.handle_taken(now, &marker, anchor, vec![10, 20, 30].into());
    /// let stale = ProviderEvent::StaleMarker { anchor };
    /// assert_eq!(provider.poll_output(), Some(ProviderOutput::Event(stale)));
    /// # Ok(())
    /// # }
    /// ```
    pub fn handle_committed(&mut self, committed: Sequence) {
        self.committed = self.committed.max(committed);
    }
}
