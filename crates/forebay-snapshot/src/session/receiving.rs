//! What comes of a fetch: verified pieces, or a reason to ask somebody else.

use std::fmt::Debug;
use std::ops::Range;

use bytes::Bytes;

use crate::chunk::Index;
use crate::session::Session;
use crate::session::error::SessionError;
use crate::session::event::{Ignored, SessionEvent};
use crate::session::plan::{Part, Plan};
use crate::session::requests::{Answered, Request};
use crate::session::spool::{Spool, SpoolError};
use crate::session::stock::Stock;
use crate::{Absence, Hash, Piece, PieceError, Snapshot};

/// What is wrong with the answer to a fetch.
enum Wrong {
    /// It is not what was asked for: its sender is wrong or lies.
    Answer(PieceError),
    /// It is what the root names, and cannot be used.
    Content(PieceError),
    /// It was right, but not kept.
    Spool(SpoolError),
}

impl<S: Snapshot, P: Clone + Debug + Ord, E, K: Spool> Session<S, P, E, K> {
    pub(super) fn handle_data(&mut self, from: P, id: u64, bytes: &Bytes) {
        let Some((request, is_in_time)) = self.answered(&from, id) else {
            return;
        };
        let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.usage.fetched_bytes = self.usage.fetched_bytes.saturating_add(len);
        let used = self.enter(&request, bytes);
        self.put_back(&request);
        match used {
            Ok(used) => {
                let wasted = len.saturating_sub(used);
                self.usage.wasted_bytes = self.usage.wasted_bytes.saturating_add(wasted);
                let took = self.now.saturating_duration_since(request.sent_at);
                if let Some(link) = self.links.get_mut(&from) {
                    let is_full = request.bytes >= u64::from(self.config.fetch_bytes / 2);
                    if is_in_time {
                        link.succeeded(took, is_full, self.config.window_max);
                    } else {
                        link.measure(took, is_full);
                    }
                }
                if used > 0 {
                    self.progressed();
                } else {
                    self.ignore(from, Ignored::Duplicate);
                }
            }
            Err(Wrong::Answer(error)) => self.ban(from, request.piece, error),
            Err(Wrong::Content(error)) => self.fail(SessionError::Content(error)),
            Err(Wrong::Spool(error)) => self.fail(SessionError::Spool(error)),
        }
        self.go_on();
    }

    pub(super) fn handle_absence(&mut self, from: P, id: u64, why: Absence) {
        let Some((request, _)) = self.answered(&from, id) else {
            return;
        };
        self.put_back(&request);
        let is_current = self
            .target
            .is_some_and(|target| target.root == request.root);
        match why {
            Absence::Busy { retry_after } => {
                if let Some(link) = self.links.get_mut(&from) {
                    link.is_busy(self.now, retry_after, &mut self.jitter);
                }
                self.busy_does_not_stall();
            }
            // What was asked for is listed in verified pieces.
            Absence::OutOfRange { .. } | Absence::Empty => {
                self.ban(from, request.piece, PieceError::Totals);
            }
            _ if is_current => {
                if let Some(link) = self.links.get_mut(&from) {
                    link.is_provider = false;
                    self.is_progress_due = true;
                }
            }
            _ => {}
        }
        self.go_on();
    }

    /// Takes the fetch that is answered, and whether that was in time.
    fn answered(&mut self, from: &P, id: u64) -> Option<(Request<P>, bool)> {
        match self.requests.answer(id, from) {
            Answered::InTime(request) => {
                if let Some(link) = self.links.get_mut(from) {
                    link.fetch_over();
                }
                Some((request, true))
            }
            Answered::Late(request) => Some((request, false)),
            Answered::Unasked => {
                self.ignore(from.clone(), Ignored::Unasked);
                None
            }
        }
    }

    /// Verifies what is of use and keeps it. Returns how many bytes that were.
    fn enter(&mut self, request: &Request<P>, bytes: &Bytes) -> Result<u64, Wrong> {
        let is_needed = !self.phase.is_final() && self.built.is_none();
        let plan = self.plan.as_mut();
        let Some(plan) = plan.filter(|plan| is_needed && plan.root() == request.root) else {
            return Ok(0);
        };
        let len = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        match request.piece {
            Piece::Index if plan.index().is_some() => Ok(0),
            Piece::Page(page) if plan.page(page).is_some() => Ok(0),
            Piece::Index => {
                let entered = plan.enter_index(bytes, &self.config.limits);
                let root = plan.root();
                entered.map_err(|error| blame(error, bytes, &root))?;
                Ok(len)
            }
            Piece::Page(page) => {
                let number = usize::try_from(page).unwrap_or(usize::MAX);
                let hash = plan
                    .index()
                    .and_then(|index| index.pages().get(number))
                    .copied();
                self.enter_page(page, bytes).map_err(|error| match hash {
                    Some(hash) => blame(error, bytes, &hash),
                    None => Wrong::Answer(error),
                })?;
                Ok(len)
            }
            Piece::Chunks { first, count } => {
                let numbers = first..first.saturating_add(count.into());
                enter_chunks(plan, &mut self.stock, self.requests.bytes(), numbers, bytes)
            }
        }
    }

    /// Takes a page in, and with it the chunks of other snapshots that this one has, too.
    fn enter_page(&mut self, page: u32, bytes: &[u8]) -> Result<(), PieceError> {
        let Some(plan) = self.plan.as_mut() else {
            return Ok(());
        };
        let mut reused: u64 = 0;
        let stock = &mut self.stock;
        plan.enter_page(page, bytes, &self.config.limits, |chunk| {
            let is_there = stock.contains(&chunk.hash);
            reused = reused.saturating_add(if is_there { chunk.bytes.into() } else { 0 });
            is_there
        })?;
        self.usage.reused_bytes = self.usage.reused_bytes.saturating_add(reused);
        if plan.is_listed() {
            stock.retain_listed(plan);
        }
        Ok(())
    }

    /// What nobody needs to fetch, since everybody knows it.
    pub(super) fn enter_empty_index(&mut self) {
        if let Some(plan) = self.plan.as_mut().filter(|plan| plan.index().is_none()) {
            let empty = Index::new(0, 0, 0, Vec::new()).encode();
            let entered = plan.enter_index(&empty, &self.config.limits);
            debug_assert_eq!(entered, Ok(()), "the hash of these bytes is the root");
        }
    }

    fn ban(&mut self, peer: P, piece: Piece, error: PieceError) {
        self.give_up(|request| request.to == peer);
        self.offers.remove_peer(&peer);
        if let Some(link) = self.links.get_mut(&peer) {
            link.is_provider = false;
        }
        self.is_progress_due = true;
        self.banned.insert(peer.clone());
        self.outputs
            .event(SessionEvent::Banned { peer, piece, error });
    }
}

/// Whoever sent bytes with the right hash is not to blame for what they say.
fn blame(error: PieceError, bytes: &[u8], hash: &Hash) -> Wrong {
    if Hash::of(bytes) == *hash {
        Wrong::Content(error)
    } else {
        Wrong::Answer(error)
    }
}

/// Verifies a run of whole chunks, which may end early, and keeps those that are new, as far as there
/// is room beside what is `reserved` for others.
fn enter_chunks(
    plan: &mut Plan,
    stock: &mut Stock<impl Spool>,
    reserved: u64,
    numbers: Range<u64>,
    bytes: &Bytes,
) -> Result<u64, Wrong> {
    let first = numbers.start;
    let is_new = |plan: &Plan, number| !plan.is_verified(Part::Chunk(number));
    let new_chunks = numbers.clone().filter(|number| is_new(plan, *number));
    let new_bytes = new_chunks
        .filter_map(|number| plan.chunk(number))
        .map(|chunk| u64::from(chunk.bytes));
    let new_bytes = new_bytes.fold(0, u64::saturating_add);
    // A chunk shares its memory with the whole answer, so it is copied out of one that is not kept.
    let is_shared = new_bytes >= u64::try_from(bytes.len() / 2).unwrap_or(u64::MAX);
    let mut used: u64 = 0;
    let mut offset = 0;
    for number in numbers {
        let Some(chunk) = plan.chunk(number).copied() else {
            break;
        };
        if offset == bytes.len() && chunk.bytes > 0 && number > first {
            return Ok(used);
        }
        let end = usize::try_from(chunk.bytes).map_or(usize::MAX, |len| offset.saturating_add(len));
        let slice = bytes
            .get(offset..end)
            .ok_or(Wrong::Answer(PieceError::Length))?;
        if is_new(plan, number) {
            chunk.verify(slice).map_err(Wrong::Answer)?;
            let wanted = reserved.saturating_add(chunk.bytes.into());
            if stock.contains(&chunk.hash) || stock.has_room(wanted) {
                let kept = if is_shared {
                    bytes.slice(offset..end)
                } else {
                    Bytes::copy_from_slice(slice)
                };
                stock.put(chunk.hash, kept).map_err(Wrong::Spool)?;
                plan.set_verified(number);
                used = used.saturating_add(chunk.bytes.into()).max(1);
            }
        }
        offset = end;
    }
    if offset < bytes.len() {
        return Err(Wrong::Answer(PieceError::Length));
    }
    Ok(used)
}
