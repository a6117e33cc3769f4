//! Asking for snapshots, and choosing one of those that are offered.

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::time::{Duration, Instant};

use forebay_core::Sequence;

use crate::chunk::Index;
use crate::session::Session;
use crate::session::error::SessionError;
use crate::session::event::{Ignored, Phase, Restart, SessionEvent};
use crate::session::links::Link;
use crate::session::offers::Target;
use crate::session::plan::Plan;
use crate::session::spool::Spool;
use crate::{Message, Refusal, Snapshot};

/// A refusal makes the session ask again no sooner than this.
const RETRY_MIN: Duration = Duration::from_millis(50);

/// An offer is believed to stand for no longer than this.
const OFFER_TTL_MAX: Duration = Duration::from_secs(60 * 60);

/// After so many rounds without a choice, a newer snapshot is asked for than any that is offered: in
/// one round, and in the next one for offers of it that were lost.
const ROUNDS_OF_OLD: u32 = 3;

/// Where the session stands with its requests.
#[derive(Debug)]
pub(super) struct Asking<P> {
    nonce_first: u64,
    nonces: u64,
    /// How often it has asked since it last chose.
    rounds: u32,
    retry_at: Instant,
    choose_at: Option<Instant>,
    answered: BTreeSet<P>,
}

impl<P> Asking<P> {
    pub(super) const fn new(now: Instant, nonce_first: u64) -> Self {
        Self {
            nonce_first,
            nonces: 0,
            rounds: 0,
            retry_at: now,
            choose_at: None,
            answered: BTreeSet::new(),
        }
    }

    pub(super) fn timeout(&self) -> Instant {
        let choose_at = self.choose_at.unwrap_or(self.retry_at);
        choose_at.min(self.retry_at)
    }

    /// Whether those who have the newest snapshot are too few. As long as they have it, the leader sees
    /// no need for another one.
    const fn wants_newer(&self) -> bool {
        self.rounds > ROUNDS_OF_OLD && self.rounds.is_multiple_of(2)
    }

    const fn is_own(&self, nonce: u64) -> bool {
        nonce.wrapping_sub(self.nonce_first) < self.nonces
    }
}

impl<S: Snapshot, P: Clone + Debug + Ord, E, K: Spool> Session<S, P, E, K> {
    /// Asks everybody.
    ///
    /// Only the leader has a new snapshot taken. But whoever has one already says so, and without
    /// that an offer that was lost once could never be had again.
    pub(super) fn ask(&mut self) {
        let nonce = self.asking.nonce_first.wrapping_add(self.asking.nonces);
        self.asking.nonces = self.asking.nonces.saturating_add(1);
        self.asking.rounds = self.asking.rounds.saturating_add(1);
        self.asking.answered.clear();
        self.offers.expire(self.now);
        self.release_useless();
        let reconnect = self.reconnect();
        // Those who were banned, too: if one of them leads, nobody else can have a marker written.
        for peer in self.membership.other_voters() {
            let message = Message::Request { nonce, reconnect };
            self.outputs.send(peer.clone(), message);
        }
        self.asking.retry_at = self.next_retry();
    }

    pub(super) fn handle_offer(&mut self, from: P, nonce: u64, target: Target, ttl: Duration) {
        if !self.asking.is_own(nonce) {
            self.ignore(from, Ignored::Unasked);
            return;
        }
        let Target { anchor, root } = target;
        if self.phase.is_final() {
            self.outputs.send(from, Message::Done { anchor, root });
            return;
        }
        let expires_at = self.after(ttl.min(OFFER_TTL_MAX));
        self.offers.insert(from.clone(), target, expires_at);
        for (anchor, roots) in self.offers.divergences() {
            self.outputs
                .event(SessionEvent::Divergence { anchor, roots });
        }
        let is_useful = anchor.reconnects(self.buffer.first());
        if self.phase.is_fetching() && self.target == Some(target) {
            self.links.entry(from).or_insert_with(Link::new).is_provider = true;
            self.is_progress_due = true;
            self.go_on();
        } else if self.phase.is_asking() {
            self.asking.answered.insert(from);
            if is_useful {
                self.set_phase(Phase::Choosing);
                self.choose_soon();
            } else {
                self.release_useless();
            }
            self.choose_if_all_answered();
        }
    }

    pub(super) fn handle_refusal(
        &mut self,
        from: P,
        nonce: u64,
        why: Refusal<P>,
        retry_after: Duration,
    ) {
        if !self.asking.is_own(nonce) || !self.phase.is_asking() {
            self.ignore(from, Ignored::Unasked);
            return;
        }
        self.asking.answered.insert(from.clone());
        // Only the leader's word on when to come back is of use: nobody else has a marker written.
        if self
            .membership
            .leader()
            .is_none_or(|leader| *leader == from)
        {
            let is_led_by_other = matches!(why, Refusal::NotLeader { .. });
            let retry_at = self.after(retry_after.max(RETRY_MIN));
            if !is_led_by_other {
                self.asking.retry_at = self.asking.retry_at.min(retry_at);
            }
        }
        self.outputs
            .event(SessionEvent::Refused { peer: from, why });
        self.choose_if_all_answered();
    }

    pub(super) fn asking_timed_out(&mut self) {
        if self
            .asking
            .choose_at
            .is_some_and(|choose_at| self.now >= choose_at)
        {
            self.choose();
        }
        if self.phase.is_asking() && self.now >= self.asking.retry_at {
            self.ask();
        }
    }

    /// Gives up the snapshot that is being fetched, keeps what was verified, and looks for another.
    pub(super) fn restart(&mut self, why: Restart) {
        let Some(target) = self.target else { return };
        let anchor = target.anchor;
        self.outputs.event(SessionEvent::Restarted { anchor, why });
        self.give_up(|_| true);
        // Whoever still has it will say so.
        self.offers.remove(target);
        for link in self.links.values_mut() {
            link.is_provider = false;
        }
        self.set_phase(Phase::Requesting);
        self.asking.choose_at = None;
        // Peers that offer what they do not have must not keep it busy, so only what was verified
        // makes it ask before it is time, and often.
        if std::mem::take(&mut self.has_progressed) {
            self.asking.rounds = 0;
            self.ask();
        } else if self.now >= self.asking.retry_at {
            self.ask();
        }
        if self.offers.len() > 0 {
            self.choose_soon();
        }
    }

    /// Ends the session without a state.
    pub(super) fn fail(&mut self, error: SessionError) {
        if !self.phase.is_final() {
            self.release_all();
            self.set_phase(Phase::Failed);
            self.outputs
                .push(self.now, crate::SessionOutput::Failed(error));
        }
    }

    /// Tells everybody who keeps something for this session that it needs nothing more.
    pub(super) fn release_all(&mut self) {
        self.give_up(|_| true);
        if let Some(target) = self.target {
            self.release(target);
        }
        let left: Vec<_> = self
            .offers
            .iter()
            .map(|(peer, target)| (peer.clone(), target))
            .collect();
        for (peer, Target { anchor, root }) in left {
            self.outputs.send(peer, Message::Done { anchor, root });
        }
        self.offers.retain_peers(|_| false);
    }

    /// Tells those who keep what this session cannot use that they need not. Where they may keep only
    /// so much, it would else be in the way of what it can use.
    fn release_useless(&mut self) {
        let first = self.buffer.first();
        let useless = self.offers.take(|target| !target.anchor.reconnects(first));
        let doubtful = self.asking.wants_newer().then(|| self.offers.iter());
        let doubtful = doubtful.into_iter().flatten();
        let doubtful = doubtful.map(|(peer, target)| (peer.clone(), target));
        for (peer, Target { anchor, root }) in useless.into_iter().chain(doubtful) {
            self.outputs.send(peer, Message::Done { anchor, root });
        }
    }

    fn release(&mut self, target: Target) {
        let Target { anchor, root } = target;
        let offering: BTreeSet<_> = self
            .offers
            .iter()
            .filter(|(_, offered)| *offered == target)
            .map(|(peer, _)| peer.clone())
            .collect();
        let all_links = self.links.iter_mut();
        let leased = all_links
            .filter_map(|(peer, link)| std::mem::take(&mut link.has_lease).then_some(peer));
        for peer in offering
            .iter()
            .chain(leased.filter(|peer| !offering.contains(*peer)))
        {
            self.outputs
                .send(peer.clone(), Message::Done { anchor, root });
        }
        self.offers.remove(target);
    }

    fn choose_soon(&mut self) {
        let choose_at = self.after(self.config.offer_window);
        self.asking.choose_at.get_or_insert(choose_at);
    }

    fn choose_if_all_answered(&mut self) {
        let has_answered = |peer| self.asking.answered.contains(peer) || self.banned.contains(peer);
        if self.asking.choose_at.is_some() && self.membership.other_voters().all(has_answered) {
            self.choose();
        }
    }

    fn choose(&mut self) {
        self.asking.choose_at = None;
        self.offers.expire(self.now);
        let first = self.buffer.first();
        let trust = self.config.trust;
        // What a majority has named once does not become doubtful when some of it falls silent.
        let confirmed = self.target;
        let chosen = self
            .offers
            .choose(trust, &self.membership, confirmed, |target| {
                target.anchor.reconnects(first)
            });
        if let Some((target, providers)) = chosen {
            self.begin(target, providers);
        }
    }

    /// Begins to fetch a snapshot, or goes on with it.
    fn begin(&mut self, target: Target, providers: Vec<P>) {
        if let Some(old) = self.target.filter(|old| *old != target) {
            self.release(old);
        }
        self.target = Some(target);
        if self
            .plan
            .as_ref()
            .is_none_or(|plan| plan.root() != target.root)
        {
            self.plan = Some(Plan::new(target.root));
            self.assembly = None;
        }
        for link in self.links.values_mut() {
            link.is_provider = false;
        }
        for peer in providers {
            self.links.entry(peer).or_insert_with(Link::new).is_provider = true;
        }
        self.has_progressed = false;
        self.verified_at = self.now;
        self.patience_until = self.after(self.config.stall_timeout);
        self.set_phase(Phase::Listing);
        self.is_progress_due = true;
        if target.root == Index::empty_root() {
            self.enter_empty_index();
        }
        self.go_on();
    }

    /// The first entry that must come after the anchor.
    fn reconnect(&self) -> Option<Sequence> {
        let first = self.buffer.first();
        let newest = self.offers.newest().filter(|_| self.asking.wants_newer());
        let newer = newest.map(|anchor| anchor.sequence().get().saturating_add(2));
        first.max(newer.map(Sequence::new))
    }

    fn next_retry(&mut self) -> Instant {
        let doublings = self.asking.rounds.saturating_sub(1).min(16);
        let timeout = self.config.request_timeout.saturating_mul(1 << doublings);
        let timeout = timeout.min(self.config.request_timeout_max);
        let timeout = self.jitter.spread(timeout);
        self.after(timeout)
    }
}
