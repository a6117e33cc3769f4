//! Who fetches, and what they get.

use std::fmt::Debug;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::chunk::{Run, Table};
use crate::provider::output::ProviderEvent;
use crate::provider::slot::{Contents, Follower, Slot};
use crate::provider::{Provider, Timer, later};
use crate::{Absence, Anchor, Hash, Message, Piece, Snapshot};

/// What a fetch asks for, once that is known to be there.
struct Wanted {
    /// The number of the slot that it is in.
    slot: u64,
    part: Part,
    /// How many bytes cannot be freed before it is sent.
    held: usize,
}

enum Part {
    /// These bytes.
    Bytes(Bytes),
    /// A part of this segment.
    Run(Run),
}

impl<S: Snapshot, P: Clone + Debug + Ord> Provider<S, P> {
    pub(super) fn fetch(
        &mut self,
        now: Instant,
        from: P,
        id: u64,
        anchor: Anchor,
        root: Hash,
        piece: Piece,
    ) {
        let answer = self.serve(now, &from, id, anchor, root, piece);
        let (message, held) = match answer {
            Ok((bytes, held)) => (Message::Data { id, bytes }, held),
            Err(why) => (Message::Gone { id, why }, 0),
        };
        self.outbox.send(from, message, held);
    }

    /// Returns what was fetched, and how many bytes are kept until it is sent.
    fn serve(
        &mut self,
        now: Instant,
        from: &P,
        id: u64,
        anchor: Anchor,
        root: Hash,
        piece: Piece,
    ) -> Result<(Bytes, usize), Absence> {
        if !self.membership.is_other(from) {
            return Err(Absence::NotMember);
        }
        let wanted = self.find(now, from, anchor, root, piece)?;
        let held = wanted.held;
        if let Err(wait) = self.admit(now, from, held) {
            self.revive(now, from, id, anchor);
            return Err(Absence::Busy { retry_after: wait });
        }
        let bytes = self.read(anchor, wanted)?;
        self.served(now, from, id, anchor, bytes.len());
        Ok((bytes, held))
    }

    /// Finds out whether there is what is asked for, without any change that a bad fetch could cause.
    fn find(
        &mut self,
        now: Instant,
        from: &P,
        anchor: Anchor,
        root: Hash,
        piece: Piece,
    ) -> Result<Wanted, Absence> {
        let max = self.config.limits.piece_bytes_max;
        let follower = self.followers.get(from);
        let (data_bytes_max, piece_bytes_max) = follower.map_or((max, max), |follower| {
            (follower.data_bytes_max, follower.piece_bytes_max)
        });
        let (slot, table) = self.find_table(now, anchor, root)?;
        let whole = |bytes: &Bytes| {
            if bytes.len() > piece_bytes_max {
                return Err(Absence::ItemTooLarge);
            }
            Ok((Part::Bytes(bytes.clone()), bytes.len()))
        };
        let (part, held) = match piece {
            Piece::Index => whole(table.index_bytes())?,
            Piece::Page(number) => {
                let len = table.pages().len() as u64;
                let page = table.pages().get(number as usize);
                whole(page.ok_or(Absence::OutOfRange { len })?)?
            }
            Piece::Chunks { first, count } => {
                let run = table.run(first, count, data_bytes_max);
                let run = run.or_else(|_| table.run(first, count.min(1), piece_bytes_max))?;
                let held = table.segment_bytes(run.segment);
                (Part::Run(run), held)
            }
        };
        Ok(Wanted { slot, part, held })
    }

    /// Finds what is known of a snapshot that can be fetched from, and the number of its slot.
    pub(super) fn find_table(
        &mut self,
        now: Instant,
        anchor: Anchor,
        root: Hash,
    ) -> Result<(u64, &Table<S>), Absence> {
        let slot = self.slots.get(&anchor);
        if slot.is_some_and(|slot| !slot.is_usable(now)) {
            self.expire(now, anchor);
        }
        let Some(slot) = self.slots.get(&anchor) else {
            return Err(if self.expired.contains(&anchor) {
                Absence::Expired
            } else {
                Absence::Unknown
            });
        };
        let Contents::Ready(table) = &slot.contents else {
            let retry_after = self.config.retry_after;
            return Err(Absence::Busy { retry_after });
        };
        if table.root() != root {
            return Err(Absence::RootMismatch);
        }
        Ok((slot.number, table))
    }

    /// Whether a follower may get one more answer now, which keeps so many bytes; if not, after what
    /// time.
    fn admit(&mut self, now: Instant, from: &P, held: usize) -> Result<(), Duration> {
        let bytes = self.outbox.bytes().saturating_add(held);
        let follower = self.followers.get(from);
        let wait = follower.map(|follower| follower.bucket.wait(now));
        let is_crowded = self.outbox.data_of(from) >= self.config.window
            || bytes > self.config.queued_bytes_max
            || wait.is_none() && !self.has_room_for_follower(now, from);
        if is_crowded {
            return Err(self.config.retry_after);
        }
        let wait = wait.unwrap_or_default().max(self.total.wait(now));
        if wait.is_zero() { Ok(()) } else { Err(wait) }
    }

    fn read(&mut self, anchor: Anchor, wanted: Wanted) -> Result<Bytes, Absence> {
        let run = match wanted.part {
            Part::Bytes(bytes) => return Ok(bytes),
            Part::Run(run) => run,
        };
        if let Some(bytes) = self.cache.find(wanted.slot, &run) {
            return Ok(bytes);
        }
        let table = self.slots.get(&anchor).and_then(Slot::table);
        match table.map(|table| table.encode(run.segment)) {
            Some(Ok(segment)) => {
                let bytes = segment.slice(run.range);
                self.cache.keep(wanted.slot, run.segment, segment);
                Ok(bytes)
            }
            Some(Err(why)) => {
                self.remove(anchor);
                self.outbox.event(ProviderEvent::Unusable { anchor, why });
                Err(Absence::Unknown)
            }
            None => Err(Absence::Unknown),
        }
    }

    /// Takes note of an answer with so many bytes.
    fn served(&mut self, now: Instant, from: &P, id: u64, anchor: Anchor, bytes: usize) {
        let (total_rate, rate) = (self.config.total_rate, self.config.follower_rate);
        let until = later(now, self.config.ttl);
        self.total.charge(now, bytes, total_rate);
        self.serves = self.serves.saturating_add(1);
        let serves = self.serves;
        if let Some((slot, follower)) = self.lease(now, from, anchor) {
            slot.served = serves;
            follower.bucket.charge(now, bytes, rate);
            if !follower.answer(id) {
                slot.revive(until);
            }
        }
    }

    /// Lets a snapshot live longer because of a fetch, unless that was answered before.
    fn revive(&mut self, now: Instant, from: &P, id: u64, anchor: Anchor) {
        let follower = self.followers.get_mut(from);
        if follower.is_some_and(|follower| follower.answer(id)) {
            return;
        }
        let until = later(now, self.config.ttl);
        if let Some(slot) = self.slots.get_mut(&anchor) {
            slot.revive(until);
        }
    }

    /// Counts a follower as fetching this snapshot from now on.
    pub(super) fn lease(
        &mut self,
        now: Instant,
        peer: &P,
        anchor: Anchor,
    ) -> Option<(&mut Slot<S, P>, &mut Follower)> {
        let slot = self.slots.get_mut(&anchor)?;
        let until = slot.lease(peer, later(now, self.config.ttl));
        self.timers.arm(&Timer::Follower(peer.clone()), until);
        let bytes_max = self.config.limits.piece_bytes_max;
        let follower = self.followers.entry(peer.clone());
        let follower = follower.or_insert_with(|| Follower::new(until, bytes_max));
        follower.until = follower.until.max(until);
        Some((slot, follower))
    }

    pub(super) fn done(&mut self, now: Instant, from: &P, anchor: Anchor, root: Hash) {
        if let Some(slot) = self.slots.get_mut(&anchor)
            && slot.root() == Some(root)
        {
            slot.leases.remove(from);
        }
        self.shorten(now, from);
    }

    /// Lets a follower count only as long as one of its leases does.
    fn shorten(&mut self, now: Instant, peer: &P) {
        let leases = self.slots.values().filter_map(|slot| slot.leases.get(peer));
        let until = leases.max().copied().unwrap_or(now);
        if let Some(follower) = self.followers.get_mut(peer) {
            follower.until = until;
            let at = follower.forget_at();
            if at <= now {
                self.forget_follower(peer);
            } else {
                self.timers.arm(&Timer::Follower(peer.clone()), at);
            }
        }
    }

    pub(super) fn has_room_for_follower(&mut self, now: Instant, peer: &P) -> bool {
        if self.followers.contains_key(peer) || self.followers.len() < self.config.followers_max {
            return true;
        }
        let mut over = self.followers.iter();
        let over = over.find(|(_, follower)| follower.forget_at() <= now);
        let Some(over) = over.map(|(peer, _)| peer.clone()) else {
            return false;
        };
        self.forget_follower(&over);
        true
    }

    pub(super) fn forget_follower(&mut self, peer: &P) {
        self.followers.remove(peer);
        for slot in self.slots.values_mut() {
            slot.leases.remove(peer);
        }
        self.timers.disarm(&Timer::Follower(peer.clone()));
    }
}
