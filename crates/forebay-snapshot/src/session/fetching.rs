//! Deciding who is asked for what, and for how long to wait.

use std::fmt::Debug;
use std::time::{Duration, Instant};

use crate::chunk::Index;
use crate::session::Session;
use crate::session::event::{Phase, Restart, SessionEvent};
use crate::session::plan::{Part, Plan};
use crate::session::requests::Request;
use crate::session::spool::Spool;
use crate::session::stock::Stock;
use crate::{Message, Piece, Snapshot};

/// A provider that says it is busy is not silent, but that alone does not hold the session back for
/// more than so many times the patience it has with silence.
const BUSY_STALLS_MAX: u32 = 4;

/// What is this close is not worth being fetched twice.
const OVERDUE_MIN: Duration = Duration::from_millis(5);

impl<S: Snapshot, P: Clone + Debug + Ord, E, K: Spool> Session<S, P, E, K> {
    /// Does what can be done now: asks providers that have room, or looks for others if there are
    /// none.
    pub(super) fn go_on(&mut self) {
        if !self.phase.is_fetching() {
            return;
        }
        if self.plan.as_ref().is_some_and(Plan::is_listed) {
            self.set_phase(Phase::Fetching);
        }
        while let Some(peer) = self.free_provider() {
            let next = self.next_piece().map(|(piece, bytes)| (peer, piece, bytes));
            let Some((peer, piece, bytes)) = next.or_else(|| self.overdue()) else {
                break;
            };
            self.fetch(peer, piece, bytes);
        }
        let is_whole = self.plan.as_ref().is_some_and(Plan::is_complete);
        if !is_whole && self.links.values().all(|link| !link.is_provider) {
            self.restart(Restart::NoProvider);
        }
    }

    pub(super) fn fetching_timeout(&self) -> Instant {
        if self.has_work() {
            return self.now;
        }
        let deadlines = self.requests.iter().map(|request| request.deadline);
        let rests = self.links.values().filter(|link| link.is_provider);
        let rests = rests.filter_map(|link| link.resting_until(self.now));
        let has_room = self.links.values().any(|link| link.has_room(self.now));
        let overdue = self.requests.iter().map(Request::overdue_at);
        let overdue = overdue.filter(|at| has_room && *at > self.now);
        let all = deadlines.chain(rests).chain(overdue);
        all.fold(self.patience_until, Instant::min)
    }

    pub(super) fn fetching_timed_out(&mut self) {
        let now = self.now;
        self.lose(|request| now >= request.deadline);
        let is_whole = self.plan.as_ref().is_some_and(Plan::is_complete);
        if is_whole || self.has_work() {
            // Nobody but this host is to blame for chunks that wait to be decoded.
            self.patience_until = self
                .patience_until
                .max(self.after(self.config.stall_timeout));
        } else if now >= self.patience_until {
            self.restart(Restart::Stalled);
        }
        self.go_on();
    }

    /// Gives up fetches whose provider did not answer, and lets it rest.
    pub(super) fn lose(&mut self, is_lost: impl Fn(&Request<P>) -> bool) {
        for request in self.give_up(is_lost) {
            if let Some(link) = self.links.get_mut(&request.to) {
                link.timed_out(self.now, &mut self.jitter);
            }
            self.outputs
                .event(SessionEvent::TimedOut { peer: request.to });
        }
    }

    /// Gives up fetches: what they asked for can be asked of others.
    pub(super) fn give_up(&mut self, is_given_up: impl Fn(&Request<P>) -> bool) -> Vec<Request<P>> {
        let given_up = self.requests.give_up(is_given_up);
        for request in &given_up {
            if let Some(link) = self.links.get_mut(&request.to) {
                link.fetch_over();
            }
            self.put_back(request);
        }
        given_up
    }

    /// Says that a fetch is over: what it did not bring can be asked of others.
    pub(super) fn put_back(&mut self, request: &Request<P>) {
        let Some(plan) = self
            .plan
            .as_mut()
            .filter(|plan| plan.root() == request.root)
        else {
            return;
        };
        for part in request.parts() {
            if self.requests.places(part) == 0 {
                plan.put_back(part);
            }
        }
    }

    /// Something was verified, so the snapshot can be had.
    pub(super) fn progressed(&mut self) {
        self.has_progressed = true;
        self.is_progress_due = true;
        self.verified_at = self.now;
        self.patience_until = self.after(self.config.stall_timeout);
    }

    pub(super) fn busy_does_not_stall(&mut self) {
        let longest = self.config.stall_timeout.saturating_mul(BUSY_STALLS_MAX);
        let longest = longest.min(super::DELAY_MAX);
        let last = self.verified_at.checked_add(longest).unwrap_or(self.now);
        let patience = self.after(self.config.stall_timeout).min(last);
        self.patience_until = self.patience_until.max(patience);
    }

    /// The provider that should be asked next: one that does not lead, and that has least to do.
    fn free_provider(&self) -> Option<P> {
        let leader = self.membership.leader();
        let free = self
            .links
            .iter()
            .filter(|(_, link)| link.has_room(self.now));
        let best = free.min_by_key(|(peer, link)| (leader == Some(*peer), link.in_flight));
        best.map(|(peer, _)| peer.clone())
    }

    fn next_piece(&mut self) -> Option<(Piece, u64)> {
        let plan = self.plan.as_mut()?;
        let run_bytes = u64::from(self.config.fetch_bytes);
        let requested = self.requests.bytes();
        let first = plan.first_open_chunk();
        let wanted = first.map_or(0, |(_, bytes)| bytes.max(run_bytes));
        while !self.stock.has_room(requested.saturating_add(wanted)) {
            let assembly = self.assembly.as_mut();
            if !assembly.is_some_and(|assembly| assembly.make_room(plan, &mut self.stock)) {
                break;
            }
        }
        if let Some((number, bytes)) = first {
            let next = self.assembly.as_ref().map_or(0, |assembly| assembly.next());
            if number == next {
                let bytes = requested.saturating_add(bytes);
                make_room_after(number, bytes, plan, &mut self.stock);
            }
        }
        let room = self.stock.room().saturating_sub(requested);
        plan.take_next(run_bytes, room, |hash| self.stock.contains(hash))
    }

    /// Once everything was asked for, somebody who has nothing to do may be faster than the one who
    /// was asked: the fetch that has been under way for longest, and the one to ask, too.
    fn overdue(&self) -> Option<(P, Piece, u64)> {
        let plan = self.plan.as_ref().filter(|plan| !plan.has_open_parts())?;
        let room = self.stock.room().saturating_sub(self.requests.bytes());
        let mut free: Vec<_> = self
            .links
            .iter()
            .filter(|(_, link)| link.has_room(self.now))
            .collect();
        free.sort_by_key(|(peer, link)| (self.membership.leader() == Some(*peer), link.latency()));
        free.into_iter().find_map(|(peer, link)| {
            let is_overdue = |request: &&Request<P>| {
                let is_single = |part| self.requests.places(part) == 1 && !plan.is_verified(part);
                request.to != *peer
                    && request.root == plan.root()
                    && request.bytes <= room
                    && request.parts().all(is_single)
                    && request.is_overdue(self.now, link.latency())
            };
            let oldest = self
                .requests
                .iter()
                .filter(is_overdue)
                .min_by_key(|request| request.sent_at);
            oldest.map(|request| (peer.clone(), request.piece, request.bytes))
        })
    }

    fn fetch(&mut self, to: P, piece: Piece, bytes: u64) {
        let (Some(target), Some(link)) = (self.target, self.links.get_mut(&to)) else {
            return;
        };
        link.fetch_sent();
        let (expected, is_known) = (link.latency(), link.is_known());
        let timeout = link.timeout(&self.config);
        let request = Request {
            to: to.clone(),
            root: target.root,
            piece,
            bytes,
            sent_at: self.now,
            expected,
            is_known,
            deadline: self.after(timeout),
        };
        let id = self.requests.open(request);
        self.outputs.send(
            to,
            Message::Fetch {
                id,
                anchor: target.anchor,
                root: target.root,
                piece,
            },
        );
    }
}

impl<P> Request<P> {
    /// Whether to ask somebody else, too, who takes this long: who is certain to be sooner, or
    /// anybody once it takes twice as long as it should.
    ///
    /// Without the index and the first page nobody has anything else to do, so two are asked for
    /// these from the start.
    fn is_overdue(&self, now: Instant, latency: Duration) -> bool {
        if !matches!(self.piece, Piece::Chunks { .. }) {
            return true;
        }
        let expected_at = self
            .sent_at
            .checked_add(self.expected)
            .unwrap_or(self.sent_at);
        let left = expected_at.saturating_duration_since(now);
        let much_sooner = latency.saturating_mul(2).max(OVERDUE_MIN);
        self.is_known && left > much_sooner || now >= self.overdue_at()
    }

    fn overdue_at(&self) -> Instant {
        let twice = self.expected.saturating_mul(2).max(OVERDUE_MIN);
        self.sent_at.checked_add(twice).unwrap_or(self.sent_at)
    }
}

/// Removes chunks from the end that came early, until so many bytes fit in: the one that comes next
/// must have room, or none after it would ever be used.
fn make_room_after(number: u64, bytes: u64, plan: &mut Plan, stock: &mut Stock<impl Spool>) {
    let chunks = plan.index().map_or(0, Index::chunks);
    let mut last = chunks;
    while !stock.has_room(bytes) && last > number.saturating_add(1) {
        last -= 1;
        if plan.is_verified(Part::Chunk(last)) {
            if let Some(chunk) = plan.chunk(last) {
                stock.remove(&chunk.hash);
            }
            plan.reopen(last);
        }
    }
}
