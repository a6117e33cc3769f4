//! What is done when its time comes, or when nothing is more urgent.

use std::fmt::Debug;
use std::mem;
use std::time::{Duration, Instant};

use crate::chunk::{Builder, Table};
use crate::provider::output::{ProviderEvent, Unsent};
use crate::provider::slot::Contents;
use crate::provider::{Provider, Timer, later};
use crate::{Absence, Anchor, Message, Refusal, Snapshot, StateError};

/// How many anchors are remembered after they have expired.
const EXPIRED_MAX: usize = 16;

impl<S: Snapshot, P: Clone + Debug + Ord> Provider<S, P> {
    pub(super) fn fire(&mut self, now: Instant, timer: Timer<P>) {
        match timer {
            Timer::Slot(anchor) => {
                let Some(slot) = self.slots.get(&anchor) else {
                    return;
                };
                if slot.is_usable(now) {
                    let at = slot.expires_at();
                    self.timers.arm(&Timer::Slot(anchor), at);
                } else {
                    self.expire(now, anchor);
                }
            }
            Timer::Follower(peer) => {
                let Some(follower) = self.followers.get(&peer) else {
                    return;
                };
                let at = follower.forget_at();
                if now < at {
                    self.timers.arm(&Timer::Follower(peer), at);
                } else {
                    self.forget_follower(&peer);
                }
            }
            Timer::Asker(peer) => {
                let asker = self.askers.get(&peer);
                let asker = asker.filter(|asker| !asker.is_waiting());
                match asker.map(|asker| asker.until) {
                    Some(at) if now < at => self.timers.arm(&Timer::Asker(peer), at),
                    Some(_) => self.forget_asker(&peer),
                    None => {}
                }
            }
            Timer::Marker => self.give_marker_up(now),
            Timer::Unsent => {
                self.outbox.retry(now);
                if let Some(at) = self.outbox.unsent_at() {
                    self.timers.arm(&Timer::Unsent, at);
                }
            }
        }
    }

    /// Drops a snapshot whose time is over, and answers those who still wait for it.
    pub(super) fn expire(&mut self, now: Instant, anchor: Anchor) {
        self.remove(anchor);
        self.expired.retain(|expired| *expired != anchor);
        self.expired.push_back(anchor);
        if self.expired.len() > EXPIRED_MAX {
            self.expired.pop_front();
        }
        self.outbox.event(ProviderEvent::Expired { anchor });
        self.refuse_awaiting(now, anchor, &Refusal::Unavailable);
    }

    pub(super) fn remove(&mut self, anchor: Anchor) {
        if let Some(slot) = self.slots.remove(&anchor) {
            self.cache.forget(slot.number);
        }
        self.timers.disarm(&Timer::Slot(anchor));
    }

    fn refuse_awaiting(&mut self, now: Instant, anchor: Anchor, why: &Refusal<P>) {
        let waiting = self.askers.iter().filter(|(_, asker)| asker.awaits(anchor));
        let waiting: Vec<_> = waiting.map(|(peer, _)| peer.clone()).collect();
        for peer in waiting {
            self.refuse(now, &peer, why.clone());
        }
    }

    /// Whether one more snapshot could be kept.
    pub(super) fn has_room(&self, now: Instant) -> bool {
        self.slots.len() < self.config.snapshots_max || self.find_idle(now).is_some()
    }

    pub(super) fn make_room(&mut self, now: Instant) -> bool {
        while self.slots.len() >= self.config.snapshots_max {
            let Some(anchor) = self.find_idle(now) else {
                return false;
            };
            if self
                .slots
                .get(&anchor)
                .is_some_and(|slot| slot.is_usable(now))
            {
                self.remove(anchor);
                self.outbox.event(ProviderEvent::Evicted { anchor });
            } else {
                self.expire(now, anchor);
            }
        }
        true
    }

    /// Finds a snapshot that has expired, or else the one that nobody has fetched from for longest, of
    /// those that nobody fetches from or waits for now.
    fn find_idle(&self, now: Instant) -> Option<Anchor> {
        let idle = self.slots.iter().filter(|(anchor, slot)| {
            !slot.is_usable(now) || !(slot.has_lease(now) || self.is_awaited(**anchor))
        });
        let idlest = idle.min_by_key(|(anchor, slot)| (slot.is_usable(now), slot.served, **anchor));
        idlest.map(|(anchor, _)| *anchor)
    }

    /// Cuts one snapshot a little further: the oldest that has no root yet, or else a twin.
    pub(super) fn build(&mut self, now: Instant, items_max: usize) {
        let is_building = |contents: &Contents<S>| matches!(contents, Contents::Building(_));
        let slots = self.slots.iter_mut().filter(|(_, slot)| slot.has_work());
        let next = slots.min_by_key(|(_, slot)| (!is_building(&slot.contents), slot.number));
        let Some((&anchor, slot)) = next else {
            return;
        };
        let number = slot.number;
        match &mut slot.contents {
            Contents::Building(builder) => {
                let cache = &mut self.cache;
                let step = builder.step(items_max, |segment, bytes| {
                    cache.offer(number, segment, bytes);
                });
                match step {
                    Ok(None) => {}
                    Ok(Some(table)) => self.ready(now, anchor, table),
                    Err(why) => self.fail(now, anchor, why),
                }
            }
            Contents::Ready(_) => {
                let Some(twin) = &mut slot.twin else {
                    return;
                };
                let step = Builder::step(twin, items_max, |_, _| {});
                if let Some(table) = step.transpose() {
                    self.compare(now, anchor, table);
                }
            }
        }
    }

    fn ready(&mut self, now: Instant, anchor: Anchor, table: Table<S>) {
        let until = later(now, self.config.ttl);
        let Some(slot) = self.slots.get_mut(&anchor) else {
            return;
        };
        slot.contents = Contents::Ready(table);
        slot.revive(until);
        let at = slot.expires_at();
        self.timers.arm(&Timer::Slot(anchor), at);
        self.outbox.event(ProviderEvent::Ready { anchor });
        self.offer_to_all(now, anchor);
    }

    fn fail(&mut self, now: Instant, anchor: Anchor, why: StateError) {
        self.remove(anchor);
        self.outbox.event(ProviderEvent::Unusable { anchor, why });
        let refusal = match why {
            StateError::ItemTooLarge { .. } => Refusal::ItemTooLarge,
            _ => Refusal::Unavailable,
        };
        self.refuse_awaiting(now, anchor, &refusal);
    }

    /// Compares a second snapshot of one anchor with the first one, which stays whatever comes out.
    fn compare(&mut self, now: Instant, anchor: Anchor, twin: Result<Table<S>, StateError>) {
        let Some(slot) = self.slots.get_mut(&anchor) else {
            return;
        };
        drop(mem::take(&mut slot.twin));
        let root = twin.ok().map(|twin| twin.root());
        if root.is_some() && root == slot.root() {
            slot.revive(later(now, self.config.ttl));
        } else {
            self.outbox.event(ProviderEvent::Divergence { anchor });
        }
    }

    pub(super) fn unsent(&mut self, now: Instant, to: P, message: Message<P>, why: Unsent) {
        match (why, message) {
            (Unsent::Closed, _) => {
                self.forget_peer(&to);
                self.outbox.forget(&to);
            }
            (Unsent::Full, message) if self.has_room_for_unsent(&message) => {
                let at = later(now, self.config.retry_after);
                self.outbox.send_later(at, to, message);
                self.timers.arm(&Timer::Unsent, at);
            }
            (Unsent::TooLarge, Message::Data { id, bytes }) => {
                if let Some(follower) = self.followers.get_mut(&to) {
                    let len = follower.data_bytes_max.min(bytes.len());
                    follower.data_bytes_max = len / 2;
                    let fits = bytes.len().saturating_sub(1);
                    follower.piece_bytes_max = follower.piece_bytes_max.min(fits);
                }
                let retry_after = Duration::ZERO;
                let why = Absence::Busy { retry_after };
                self.outbox.send(to, Message::Gone { id, why }, 0);
            }
            (Unsent::Full | Unsent::TooLarge, _) => {
                self.outbox.event(ProviderEvent::Unsent { to });
            }
        }
    }

    fn has_room_for_unsent(&self, message: &Message<P>) -> bool {
        let held = message.held();
        let bytes = self.outbox.bytes().saturating_add(held);
        self.outbox.len() < self.config.outputs_max && bytes <= self.config.queued_bytes_max
    }

    /// Forgets a peer that has gone, and what it waits for.
    pub(super) fn forget_peer(&mut self, peer: &P) {
        self.forget_asker(peer);
        self.forget_follower(peer);
        for slot in self.slots.values_mut() {
            slot.named.remove(peer);
        }
    }

    /// Ends what a peer has here which is no member any more.
    pub(super) fn dismiss(&mut self, now: Instant, peer: &P) {
        if self
            .askers
            .get(peer)
            .is_some_and(|asker| asker.is_waiting())
        {
            self.refuse(now, peer, Refusal::NotMember);
        }
        self.forget_peer(peer);
    }
}
