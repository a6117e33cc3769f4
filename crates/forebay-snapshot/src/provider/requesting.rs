//! Who asks for snapshots, and what they are told.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::{Duration, Instant};

use forebay_core::Sequence;

use crate::chunk::Builder;
use crate::provider::output::{Marker, ProviderEvent};
use crate::provider::slot::{Asker, AskerState, Contents, Slot};
use crate::provider::{Provider, Timer, later};
use crate::{Anchor, Message, Refusal, Snapshot};

impl<S: Snapshot, P: Clone + Debug + Ord> Provider<S, P> {
    pub(super) fn request(
        &mut self,
        now: Instant,
        from: P,
        nonce: u64,
        reconnect: Option<Sequence>,
    ) {
        if !self.membership.is_other(&from) {
            return self.send_refusal(from, nonce, Refusal::NotMember);
        }
        if let Some(asker) = self.askers.get(&from)
            && asker.is_waiting()
        {
            if asker.nonce == nonce {
                return;
            }
            let older = asker.nonce;
            self.send_refusal(from.clone(), older, Refusal::Superseded);
            self.forget_asker(&from);
        }
        if self.answer_again(now, &from, nonce) {
            return;
        }
        if !self.make_room_for_asker(&from) {
            return self.send_refusal(from, nonce, Refusal::Busy);
        }
        let asker = Asker {
            nonce,
            reconnect,
            state: AskerState::AwaitsMarker { is_early: false },
            until: later(now, self.config.ttl),
        };
        self.askers.insert(from.clone(), asker);
        self.settle(now, &from);
    }

    /// Answers a request that was answered before, unless that answer is worth nothing any more.
    fn answer_again(&mut self, now: Instant, from: &P, nonce: u64) -> bool {
        let Some(asker) = self.askers.get(from).filter(|asker| asker.nonce == nonce) else {
            return false;
        };
        match asker.state.clone() {
            AskerState::Offered(anchor) => {
                let slot = self.slots.get(&anchor);
                let is_there = slot.is_some_and(|slot| slot.is_usable(now));
                is_there && self.send_offer(now, from.clone(), nonce, anchor)
            }
            AskerState::Refused(why) => {
                self.send_refusal(from.clone(), nonce, why);
                true
            }
            AskerState::AwaitsMarker { .. } | AskerState::AwaitsTable(_) => true,
        }
    }

    /// Decides what comes of a request: an answer, or what it waits for.
    fn settle(&mut self, now: Instant, from: &P) {
        let Some(asker) = self.askers.get(from) else {
            return;
        };
        if let Some((anchor, is_ready)) = self.find_held(now, asker.reconnect) {
            if is_ready {
                self.offer(now, from, anchor);
            } else {
                self.set_state(now, from, AskerState::AwaitsTable(anchor));
            }
        } else if !self.membership.is_led_by_local() {
            let leader = self.membership.leader().cloned();
            self.refuse(now, from, Refusal::NotLeader { leader });
        } else if self.marker.is_some() {
            self.set_state(now, from, AskerState::AwaitsMarker { is_early: true });
        } else if self.has_room(now) && self.has_room_for_follower(now, from) {
            self.feed(now, from);
        } else {
            self.refuse(now, from, Refusal::Busy);
        }
    }

    /// Finds the best snapshot for somebody who has the log from `reconnect` on: the newest that can
    /// be fetched at once, or else the newest that is being built; and whether it is the former.
    fn find_held(&self, now: Instant, reconnect: Option<Sequence>) -> Option<(Anchor, bool)> {
        let is_followed = |anchor: Anchor| match reconnect {
            Some(_) => anchor.reconnects(reconnect),
            // It has nothing of the log yet, so all that comes after the anchor must still be there.
            None => anchor.sequence() >= self.released,
        };
        let mut building = None;
        for (&anchor, slot) in self.slots.iter().rev() {
            if !slot.is_usable(now) || !is_followed(anchor) {
                continue;
            }
            if slot.table().is_some() {
                return Some((anchor, true));
            }
            building = building.or(Some((anchor, false)));
        }
        building
    }

    fn feed(&mut self, now: Instant, from: &P) {
        let Some(asker) = self.askers.get(from) else {
            return;
        };
        let marker = Marker::new(from.clone(), asker.nonce);
        let until = later(now, self.config.marker_wait);
        self.marker = Some((marker.clone(), until));
        self.timers.disarm(&Timer::Marker);
        self.timers.arm(&Timer::Marker, until);
        self.outbox.feed(marker);
        self.set_state(now, from, AskerState::AwaitsMarker { is_early: false });
    }

    pub(super) fn taken(&mut self, now: Instant, marker: &Marker<P>, anchor: Anchor, state: S) {
        let is_ours = self.marker.as_ref().is_some_and(|(fed, _)| fed == marker);
        let lag = self.config.marker_lag_max;
        if anchor.sequence().get().saturating_add(lag) < self.committed.get() {
            self.outbox.event(ProviderEvent::StaleMarker { anchor });
            if is_ours {
                self.give_marker_up(now);
            }
            return;
        }
        if is_ours {
            self.marker = None;
            self.timers.disarm(&Timer::Marker);
            self.outbox.unfeed();
        }
        let is_named = self.membership.is_other(&marker.requester);
        let joins = |asker: &Asker<P>| {
            matches!(asker.state, AskerState::AwaitsMarker { .. })
                && anchor.reconnects(asker.reconnect)
        };
        let joining = self.askers.iter().filter(|(_, asker)| joins(asker));
        let joining: Vec<_> = joining.map(|(peer, _)| peer.clone()).collect();
        if (is_named || !joining.is_empty()) && self.shelve(now, anchor, state) {
            for peer in &joining {
                self.set_state(now, peer, AskerState::AwaitsTable(anchor));
            }
            let is_waiting = |asker: &Asker<P>| asker.nonce == marker.nonce && asker.awaits(anchor);
            let requester = &marker.requester;
            if is_named
                && !self.askers.get(requester).is_some_and(is_waiting)
                && let Some(slot) = self.slots.get_mut(&anchor)
                && (slot.named.len() < self.config.followers_max
                    || slot.named.contains_key(requester))
            {
                slot.named.insert(requester.clone(), marker.nonce);
            }
            self.offer_to_all(now, anchor);
        } else {
            for peer in &joining {
                self.refuse(now, peer, Refusal::Busy);
            }
        }
        if is_ours {
            self.feed_again(now);
        }
    }

    /// Sees to those for whom the marker that was just taken stands too early in the log.
    ///
    /// That happens to those who asked when it was already under way, and to them only once. Whoever
    /// asked before cannot have received what comes after it, and gets no second marker, or a single
    /// wrong request could fill the log with them.
    fn feed_again(&mut self, now: Instant) {
        for peer in self.awaiting_marker() {
            let state = self.askers.get(&peer).map(|asker| &asker.state);
            if matches!(state, Some(AskerState::AwaitsMarker { is_early: true })) {
                self.settle(now, &peer);
            } else {
                self.refuse(now, &peer, Refusal::Unavailable);
            }
        }
        for peer in self.awaiting_marker() {
            self.set_state(now, &peer, AskerState::AwaitsMarker { is_early: false });
        }
    }

    fn awaiting_marker(&self) -> Vec<P> {
        let waits = |asker: &Asker<P>| matches!(asker.state, AskerState::AwaitsMarker { .. });
        let waiting = self.askers.iter().filter(|(_, asker)| waits(asker));
        waiting.map(|(peer, _)| peer.clone()).collect()
    }

    /// Keeps a snapshot, if it may be kept.
    fn shelve(&mut self, now: Instant, anchor: Anchor, state: S) -> bool {
        if self
            .slots
            .get(&anchor)
            .is_some_and(|slot| !slot.is_usable(now))
        {
            self.expire(now, anchor);
        }
        if let Some(slot) = self.slots.get_mut(&anchor) {
            if slot.len() != state.len() {
                self.outbox.event(ProviderEvent::Divergence { anchor });
            } else if slot.twin.is_none() {
                slot.twin = Some(Box::new(Builder::new(state, self.config.limits)));
            }
            return true;
        }
        if !self.make_room(now) {
            self.outbox.event(ProviderEvent::NoRoom { anchor });
            return false;
        }
        self.slots_made = self.slots_made.saturating_add(1);
        self.expired.retain(|expired| *expired != anchor);
        let end = later(now, self.config.oldest());
        let slot = Slot {
            number: self.slots_made,
            contents: Contents::Building(Box::new(Builder::new(state, self.config.limits))),
            twin: None,
            named: BTreeMap::new(),
            leases: BTreeMap::new(),
            deadline: later(now, self.config.ttl),
            end,
            served: self.serves,
        };
        self.slots.insert(anchor, slot);
        self.timers.arm(&Timer::Slot(anchor), end);
        true
    }

    /// Offers a snapshot to all who wait for it, once it has a root.
    pub(super) fn offer_to_all(&mut self, now: Instant, anchor: Anchor) {
        let Some(slot) = self.slots.get_mut(&anchor) else {
            return;
        };
        if slot.table().is_none() {
            return;
        }
        let named = std::mem::take(&mut slot.named);
        let waiting = self.askers.iter().filter(|(_, asker)| asker.awaits(anchor));
        let waiting: Vec<_> = waiting.map(|(peer, _)| peer.clone()).collect();
        for peer in &waiting {
            self.offer(now, peer, anchor);
        }
        for (peer, nonce) in named {
            let is_crowded = self.outbox.len() >= self.config.outputs_max;
            if !is_crowded && self.membership.is_other(&peer) {
                self.send_offer(now, peer, nonce, anchor);
            }
        }
    }

    /// Answers a request with an offer, or with a refusal if there are too many followers.
    fn offer(&mut self, now: Instant, to: &P, anchor: Anchor) {
        let Some(asker) = self.askers.get(to) else {
            return;
        };
        if self.send_offer(now, to.clone(), asker.nonce, anchor) {
            self.set_state(now, to, AskerState::Offered(anchor));
        } else {
            self.refuse(now, to, Refusal::Busy);
        }
    }

    /// Sends an offer if there is room for one more follower, and expects it to fetch.
    fn send_offer(&mut self, now: Instant, to: P, nonce: u64, anchor: Anchor) -> bool {
        if !self.has_room_for_follower(now, &to) {
            return false;
        }
        let Some(slot) = self.slots.get(&anchor) else {
            return false;
        };
        let Some(table) = slot.table() else {
            return false;
        };
        let index = table.index();
        let message = Message::Offer {
            nonce,
            anchor,
            root: table.root(),
            items: index.items(),
            bytes: index.bytes(),
            chunks: index.chunks(),
            ttl: slot.expires_at().saturating_duration_since(now),
        };
        self.lease(now, &to, anchor);
        self.outbox.send(to, message, 0);
        true
    }

    pub(super) fn refuse(&mut self, now: Instant, to: &P, why: Refusal<P>) {
        let Some(asker) = self.askers.get(to) else {
            return;
        };
        self.send_refusal(to.clone(), asker.nonce, why.clone());
        self.set_state(now, to, AskerState::Refused(why));
    }

    fn send_refusal(&mut self, to: P, nonce: u64, why: Refusal<P>) {
        let retry_after = match why {
            Refusal::NotLeader { leader: Some(_) } => Duration::ZERO,
            _ => self.config.retry_after,
        };
        let message = Message::Refuse {
            nonce,
            why,
            retry_after,
        };
        self.outbox.send(to, message, 0);
    }

    fn set_state(&mut self, now: Instant, peer: &P, state: AskerState<P>) {
        let until = later(now, self.config.ttl);
        let Some(asker) = self.askers.get_mut(peer) else {
            return;
        };
        asker.state = state;
        asker.until = until;
        if asker.is_waiting() {
            self.timers.disarm(&Timer::Asker(peer.clone()));
        } else {
            self.timers.arm(&Timer::Asker(peer.clone()), until);
        }
    }

    /// Makes room for one more request by forgetting what was answered longest ago.
    fn make_room_for_asker(&mut self, from: &P) -> bool {
        if self.askers.contains_key(from) || self.askers.len() < self.config.followers_max {
            return true;
        }
        let answered = self.askers.iter().filter(|(_, asker)| !asker.is_waiting());
        let oldest = answered.min_by_key(|(_, asker)| asker.until);
        let Some(peer) = oldest.map(|(peer, _)| peer.clone()) else {
            return false;
        };
        self.forget_asker(&peer);
        true
    }

    pub(super) fn forget_asker(&mut self, peer: &P) {
        self.askers.remove(peer);
        self.timers.disarm(&Timer::Asker(peer.clone()));
    }

    /// Ends the wait for a marker of which nothing comes.
    pub(super) fn give_marker_up(&mut self, now: Instant) {
        self.marker = None;
        self.timers.disarm(&Timer::Marker);
        self.outbox.unfeed();
        let why = if self.membership.is_led_by_local() {
            Refusal::Unavailable
        } else {
            let leader = self.membership.leader().cloned();
            Refusal::NotLeader { leader }
        };
        for peer in self.awaiting_marker() {
            self.refuse(now, &peer, why.clone());
        }
    }
}
