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
    pub fn handle_taken(&mut self, now: Instant, marker: &Marker<P>, anchor: Anchor, state: S) {
        let now = self.advance(now);
        self.taken(now, marker, anchor, state);
    }

    /// Learns that the log did not take a marker.
    pub fn handle_unfed(&mut self, now: Instant, marker: &Marker<P>) {
        let now = self.advance(now);
        if self.marker.as_ref().is_some_and(|(fed, _)| fed == marker) {
            self.give_marker_up(now);
        }
    }

    /// Learns that a message could not be sent, and gets it back.
    pub fn handle_unsent(&mut self, now: Instant, to: P, message: Message<P>, why: Unsent) {
        let now = self.advance(now);
        self.unsent(now, to, message, why);
    }

    /// Learns that a peer cannot be reached, and forgets what it had for it.
    pub fn handle_peer_gone(&mut self, now: Instant, peer: &P) {
        self.advance(now);
        self.forget_peer(peer);
        self.outbox.forget(peer);
    }

    /// Learns who leads. If that is no longer this peer, those who wait are sent there.
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
    pub fn handle_committed(&mut self, committed: Sequence) {
        self.committed = self.committed.max(committed);
    }
}
