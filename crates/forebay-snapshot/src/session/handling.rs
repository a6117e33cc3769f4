//! What a session is told.

use std::fmt::Debug;
use std::time::Instant;

use crate::session::Session;
use crate::session::event::{Ignored, Phase, Restart};
use crate::session::offers::Target;
use crate::session::plan::Plan;
use crate::session::spool::Spool;
use crate::{Anchor, Membership, Message, NotTaken, Snapshot};

impl<S: Snapshot, P: Clone + Debug + Ord, E, K: Spool> Session<S, P, E, K> {
    /// Takes a message from a peer.
    ///
    /// # Errors
    ///
    /// [`NotTaken::ForProvider`] with a request, a fetch or a release, which the provider of this peer
    /// understands.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use forebay_snapshot::{
    ///     Membership, Message, NotTaken, Session, SessionConfig, SliceSnapshot,
    /// };
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let now = Instant::now();
    /// let members = Membership::new("c", ["a", "b", "c"]);
    /// let mut session =
    ///     Session::<SliceSnapshot<u64>, _, u64>::start(now, SessionConfig::new(), members, 7)?;
    /// // Of answers it takes what is of use. What is for a provider, it gives back.
    /// session.handle_message(now, "a", Message::Data { id: 1, bytes: "nothing".into() })?;
    /// let asked = Message::Request { nonce: 1, reconnect: None };
    /// assert!(matches!(session.handle_message(now, "a", asked), Err(NotTaken::ForProvider(_))));
    /// # Ok(())
    /// # }
    /// ```
    pub fn handle_message(
        &mut self,
        now: Instant,
        from: P,
        message: Message<P>,
    ) -> Result<(), NotTaken<P>> {
        if message.is_for_provider() {
            return Err(NotTaken::ForProvider(message));
        }
        self.set_now(now);
        if !self.membership.is_other_voter(&from) {
            self.ignore(from, Ignored::NotMember);
        } else if self.banned.contains(&from) {
            self.ignore(from, Ignored::Banned);
        } else {
            match message {
                Message::Offer {
                    nonce,
                    anchor,
                    root,
                    ttl,
                    ..
                } => {
                    self.handle_offer(from, nonce, Target { anchor, root }, ttl);
                }
                Message::Refuse {
                    nonce,
                    why,
                    retry_after,
                } => {
                    self.handle_refusal(from, nonce, why, retry_after);
                }
                Message::Data { id, bytes } => self.handle_data(from, id, &bytes),
                Message::Gone { id, why } => self.handle_absence(from, id, why),
                Message::Request { .. } | Message::Fetch { .. } | Message::Done { .. } => {}
            }
        }
        Ok(())
    }

    /// Takes entries of the log that follow each other, each with its term, and `after`: the entry
    /// before the first of them, which this session need not have.
    ///
    /// They may overlap those that are there; of the same term, an entry is the same. One of another
    /// term replaces what is there and everything after it. Where a gap arises, or there is no more
    /// room, the newest entries stay, and the session looks for a snapshot that they follow on. The
    /// same happens where `after` is there in another term: what a leader wrote that was deposed is
    /// not replayed before what its successor wrote.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use forebay_core::Sequence;
    /// use forebay_snapshot::{Anchor, Membership, Session, SessionConfig, SliceSnapshot};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let now = Instant::now();
    /// let members = Membership::new("c", ["a", "b", "c"]);
    /// let mut session =
    ///     Session::<SliceSnapshot<u64>, _, &str>::start(now, SessionConfig::new(), members, 7)?;
    ///
    /// // The leader sends entries 42 and 43, which follow entry 41 of term 2.
    /// let after = Anchor::new(Sequence::new(41), 2);
    /// session.handle_entries(now, after, [(2, "set x"), (3, "set y")]);
    /// assert_eq!(session.usage().entries, 2);
    /// # Ok(())
    /// # }
    /// ```
    pub fn handle_entries(
        &mut self,
        now: Instant,
        after: Anchor,
        entries: impl IntoIterator<Item = (u64, E)>,
    ) {
        self.set_now(now);
        if self.phase.is_final() {
            return;
        }
        let is_whole = self.plan.as_ref().is_some_and(Plan::is_complete);
        let is_pinned = self.phase == Phase::Installing || self.phase.is_fetching() && is_whole;
        let anchor = self.target.map(|target| target.anchor);
        self.buffer
            .push(after, entries, anchor.filter(|_| is_pinned));
        let first = self.buffer.first();
        if self.phase.is_fetching() && anchor.is_some_and(|anchor| !anchor.reconnects(first)) {
            self.restart(Restart::LogMoved);
        }
    }

    /// Learns who takes part from now on, and who leads. Whoever does not vote any more is neither
    /// asked nor believed.
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
    /// let members = Membership::new("c", ["a", "c", "d"]);
    /// session.handle_membership(now, members);
    /// let outputs = std::iter::from_fn(|| session.poll_output());
    /// let asked = outputs.filter_map(|output| match output {
    ///     SessionOutput::Send { to, .. } => Some(to),
    ///     _ => None,
    /// });
    /// assert!(asked.eq(["a", "d"]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn handle_membership(&mut self, now: Instant, membership: Membership<P>) {
        self.set_now(now);
        self.membership = membership;
        let membership = &self.membership;
        self.offers
            .retain_peers(|peer| membership.is_other_voter(peer));
        self.banned.retain(|peer| membership.is_other_voter(peer));
        let gone: Vec<_> = self
            .links
            .keys()
            .filter(|peer| !membership.is_other_voter(peer))
            .cloned()
            .collect();
        for peer in gone {
            self.give_up(|request| request.to == peer);
            self.links.remove(&peer);
        }
        if self.phase.is_asking() {
            self.ask();
        }
        self.go_on();
    }

    /// Learns who leads. What is being fetched is not affected.
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
    /// // It can have a marker written, and is asked at once.
    /// session.handle_leader(now, Some("b"));
    /// assert!(session.poll_output().is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn handle_leader(&mut self, now: Instant, leader: Option<P>) {
        self.set_now(now);
        if self.membership.set_leader(leader) && self.phase.is_asking() {
            self.ask();
        }
    }

    /// Learns that a connection was lost: what the peer was asked for is fetched elsewhere,
    /// and the peer is asked again after a rest.
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
    /// // Others are asked as well, so nothing is lost but time.
    /// session.handle_peer_gone(now, &"a");
    /// assert_eq!(session.phase(), Phase::Requesting);
    /// # Ok(())
    /// # }
    /// ```
    pub fn handle_peer_gone(&mut self, now: Instant, peer: &P) {
        self.set_now(now);
        self.lose(|request| request.to == *peer);
        self.go_on();
    }
}
