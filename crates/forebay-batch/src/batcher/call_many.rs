use std::fmt;
use std::hash::Hash;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use forebay_core::{LoadError, LoadResult};
use forebay_rt::panic_message;

use crate::batcher::call::Ask;
use crate::batcher::loading::Shared;
use crate::batcher::loads::Entered;
use crate::batcher::loads::many::{Part, Seated};

/// How many keys enter while the lock is held once.
const BLOCK: usize = 128;

/// The loads of many keys, made by [`Batcher::load_many`](crate::Batcher::load_many).
///
/// Nothing happens before its first poll.
#[must_use = "futures do nothing unless polled"]
pub struct CallMany<'a, K, V, E, G = ()> {
    shared: &'a Shared<K, V, E, G>,
    state: State<'a, K, V, E>,
}

enum State<'a, K, V, E> {
    /// Not polled yet.
    New(Vec<&'a K>, Ask),
    Waiting(Waiting<V, E>),
    Done,
}

struct Waiting<V, E> {
    /// Where each key's answer is or will be.
    places: Vec<Seated>,
    parts: Vec<Part<V, E>>,
    /// The answers that were there at once. They are seated in the part that is none.
    here: Vec<Option<LoadResult<V, E>>>,
}

/// No part: the answer is here.
const HERE: u32 = u32::MAX;

impl<'a, K, V, E, G> CallMany<'a, K, V, E, G> {
    pub(crate) const fn new(shared: &'a Shared<K, V, E, G>, keys: Vec<&'a K>, ask: Ask) -> Self {
        Self {
            shared,
            state: State::New(keys, ask),
        }
    }
}

/// Answers are moved, and never pinned.
impl<K, V, E, G> Unpin for CallMany<'_, K, V, E, G> {}

impl<K, V, E, G> Future for CallMany<'_, K, V, E, G>
where
    K: Clone + Eq + Hash + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    G: Eq + Hash + Send + 'static,
{
    type Output = Vec<LoadResult<V, E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { shared, state } = self.get_mut();
        let mut is_to_gather = false;
        if let State::New(keys, ask) = state {
            is_to_gather = shared.is_to_gather();
            let (keys, ask) = (mem::take(keys), *ask);
            let mut waiting = Waiting {
                places: Vec::with_capacity(keys.len()),
                here: Vec::new(),
                parts: Vec::new(),
            };
            *state = State::Done;
            waiting.enter(shared, &keys, ask);
            *state = State::Waiting(waiting);
        }
        let State::Waiting(waiting) = state else {
            // Polled again after its end, which only a defect elsewhere does.
            return Poll::Ready(Vec::new());
        };
        if !is_to_gather && !waiting.has_landed() {
            shared.driving.help(cx.waker());
        }
        if !waiting.has_landed() && waiting.wait(shared, cx.waker()) {
            return Poll::Pending;
        }
        let results = waiting.take();
        *state = State::Done;
        shared.driving.pass_on();
        Poll::Ready(results)
    }
}

impl<V, E> Waiting<V, E> {
    /// Lets all keys enter, a block of them at a time.
    fn enter<K, G>(&mut self, shared: &Shared<K, V, E, G>, keys: &[&K], ask: Ask)
    where
        K: Clone + Eq + Hash + Send + Sync + 'static,
        V: Clone + Send + Sync + 'static,
        E: Send + Sync + 'static,
        G: Eq + Hash + Send + 'static,
    {
        let mut arrivals = Vec::with_capacity(keys.len().min(BLOCK));
        let mut ticket = None;
        for block in keys.chunks(BLOCK) {
            for key in block {
                let find = || match ask.cached.then(|| shared.cached(key)).flatten() {
                    Some(answer) => Err(answer),
                    None => Ok(shared.arrival(key, ask.join)),
                };
                let found = catch_unwind(AssertUnwindSafe(find));
                let place = match found {
                    Ok(Ok(arrival)) => {
                        arrivals.push((self.places.len(), arrival));
                        Seated::nowhere()
                    }
                    Ok(Err(answer)) => seat_here(&mut self.here, answer),
                    Err(payload) => {
                        let error = LoadError::Panicked(panic_message(&*payload));
                        seat_here(&mut self.here, Err(error))
                    }
                };
                self.places.push(place);
            }
            if arrivals.is_empty() {
                continue;
            }
            let mut entered = Entered::new();
            let mut loads = shared.work();
            let ticket = *ticket.get_or_insert_with(|| loads.ticket());
            for (index, arrival) in arrivals.drain(..) {
                let parts = &mut self.parts;
                let seated = loads.enter_one_of_many(ticket, arrival, parts, &mut entered);
                let seated = seated.unwrap_or_else(|error| seat_here(&mut self.here, Err(error)));
                if let Some(place) = self.places.get_mut(index) {
                    *place = seated;
                }
            }
            drop(loads);
            // Where there is no runtime, `wait` finds out which parts are lost.
            let _ = shared.begin(entered);
        }
    }

    fn has_landed(&self) -> bool {
        self.parts.iter().all(|part| part.cell.is_set())
    }

    /// Waits for the parts that have not landed; returns whether there is one. Parts that nothing
    /// will carry out fail.
    fn wait<K, G>(&mut self, shared: &Shared<K, V, E, G>, waker: &Waker) -> bool
    where
        K: Clone + Eq + Hash + Send + Sync + 'static,
        V: Clone + Send + Sync + 'static,
        E: Send + Sync + 'static,
        G: Eq + Hash + Send + 'static,
    {
        let mut garbage = Vec::new();
        let waits = shared
            .work()
            .register_parts(&self.parts, waker, &mut garbage);
        drop(garbage);
        if !waits {
            return false;
        }
        let unset = self.parts.iter().filter(|part| !part.cell.is_set());
        let attend = |part: &Part<V, E>| {
            let start = shared.work().restart(part.batch);
            shared.attend(part.batch, start)
        };
        let failed = unset.filter_map(|part| attend(part).err()).next();
        let Some(error) = failed else {
            return true;
        };
        self.leave(shared);
        let Self {
            places,
            parts,
            here,
        } = self;
        let is_lost = |place: &&mut Seated| {
            let part = parts.get(place.part as usize);
            part.is_some_and(|part| !part.cell.is_set())
        };
        for place in places.iter_mut().filter(is_lost) {
            *place = seat_here(here, Err(error.clone()));
        }
        false
    }

    /// Takes back what has not landed.
    fn leave<K, G>(&self, shared: &Shared<K, V, E, G>) {
        let seats = self.places.iter().copied();
        let keep_abandoned = shared.own.keep_abandoned;
        let left = shared.work().leave_many(&self.parts, seats, keep_abandoned);
        left.settle();
    }

    /// The answers, all of which are there.
    fn take(&mut self) -> Vec<LoadResult<V, E>>
    where
        V: Clone,
    {
        let (parts, here) = (&self.parts, &mut self.here);
        let answer = |place: &Seated| {
            let answer = match parts.get(place.part as usize) {
                Some(part) => part.cell.get(place.slot),
                None => here.get_mut(place.slot as usize).and_then(Option::take),
            };
            answer.unwrap_or(Err(LoadError::Abandoned))
        };
        self.places.iter().map(answer).collect()
    }
}

impl<K, V, E, G> Drop for CallMany<'_, K, V, E, G> {
    fn drop(&mut self) {
        if let State::Waiting(waiting) = mem::replace(&mut self.state, State::Done)
            && !waiting.has_landed()
        {
            waiting.leave(self.shared);
            self.shared.driving.pass_on();
        }
    }
}

impl<K, V, E, G> fmt::Debug for CallMany<'_, K, V, E, G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallMany").finish_non_exhaustive()
    }
}

/// Seats an answer that is there at once.
fn seat_here<V, E>(here: &mut Vec<Option<LoadResult<V, E>>>, answer: LoadResult<V, E>) -> Seated {
    let slot = here.len() as u32;
    here.push(Some(answer));
    Seated { part: HERE, slot }
}
