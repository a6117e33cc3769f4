use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use crate::session::plan::Part;
use crate::{Hash, Piece};

/// How many fetches are remembered after their time was up.
const LATE_MAX: usize = 256;

/// A fetch that was sent.
#[derive(Clone, Debug)]
pub(crate) struct Request<P> {
    pub(crate) to: P,
    pub(crate) root: Hash,
    pub(crate) piece: Piece,
    /// How many bytes of chunks the answer may bring.
    pub(crate) bytes: u64,
    pub(crate) sent_at: Instant,
    pub(crate) deadline: Instant,
    /// How long the provider took lately, or is thought to take.
    pub(crate) expected: Duration,
    /// Whether it ever was measured.
    pub(crate) is_known: bool,
}

impl<P> Request<P> {
    pub(crate) fn parts(&self) -> impl Iterator<Item = Part> + use<P> {
        Part::of(self.piece)
    }
}

/// The fetches that are under way, and the last ones that were given up.
///
/// Numbers are never used twice, and begin at random: an answer that was meant for a session before
/// this one must not be taken for one to this session, or its sender would seem to lie.
#[derive(Debug)]
pub(crate) struct Requests<P> {
    next_id: u64,
    open: BTreeMap<u64, Request<P>>,
    late: VecDeque<(u64, Request<P>)>,
    places: BTreeMap<Part, u32>,
    bytes: u64,
}

/// Whose answer it is.
#[derive(Debug)]
pub(crate) enum Answered<P> {
    /// A fetch that was under way, and is no more.
    InTime(Request<P>),
    /// A fetch that was given up before.
    Late(Request<P>),
    /// Nothing that this peer was asked for.
    Unasked,
}

impl<P: Clone + Ord> Requests<P> {
    pub(crate) const fn new(next_id: u64) -> Self {
        Self {
            next_id,
            open: BTreeMap::new(),
            late: VecDeque::new(),
            places: BTreeMap::new(),
            bytes: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.open.len()
    }

    /// How many bytes of chunks may still come in.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Request<P>> {
        self.open.values()
    }

    /// How many providers were asked for a part and have not answered.
    pub(crate) fn places(&self, part: Part) -> u32 {
        self.places.get(&part).copied().unwrap_or(0)
    }

    pub(crate) fn open(&mut self, request: Request<P>) -> u64 {
        let id = self.next_id;
        self.next_id = self.next_id.wrapping_add(1);
        for part in request.parts() {
            *self.places.entry(part).or_insert(0) += 1;
        }
        self.bytes = self.bytes.saturating_add(request.bytes);
        self.open.insert(id, request);
        id
    }

    /// Takes the fetch that an answer belongs to.
    pub(crate) fn answer(&mut self, id: u64, from: &P) -> Answered<P> {
        if self
            .open
            .get(&id)
            .is_some_and(|request| request.to == *from)
        {
            return self.close(id).map_or(Answered::Unasked, Answered::InTime);
        }
        let is_that = |(late, request): &(u64, Request<P>)| *late == id && request.to == *from;
        let position = self.late.iter().position(is_that);
        match position.and_then(|position| self.late.remove(position)) {
            Some((_, request)) => Answered::Late(request),
            None => Answered::Unasked,
        }
    }

    /// Gives up every fetch of which that is true, and returns them.
    pub(crate) fn give_up(&mut self, is_given_up: impl Fn(&Request<P>) -> bool) -> Vec<Request<P>> {
        let all = self.open.iter();
        let ids: Vec<_> = all
            .filter(|(_, request)| is_given_up(request))
            .map(|(id, _)| *id)
            .collect();
        let mut given_up = Vec::with_capacity(ids.len());
        for id in ids {
            if let Some(request) = self.close(id) {
                if self.late.len() >= LATE_MAX {
                    self.late.pop_front();
                }
                self.late.push_back((id, request.clone()));
                given_up.push(request);
            }
        }
        given_up
    }

    fn close(&mut self, id: u64) -> Option<Request<P>> {
        let request = self.open.remove(&id)?;
        for part in request.parts() {
            if let Some(places) = self.places.get_mut(&part) {
                *places = places.saturating_sub(1);
                if *places == 0 {
                    self.places.remove(&part);
                }
            }
        }
        self.bytes = self.bytes.saturating_sub(request.bytes);
        Some(request)
    }
}
