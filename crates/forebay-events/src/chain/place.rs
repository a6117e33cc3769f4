use std::sync::Arc;
use std::task::Waker;

use forebay_core::{Cursor, Sequence};

use crate::chain::Chain;
use crate::chain::end::End;
use crate::chain::history::Spot;
use crate::chain::slots::Reach;
use crate::chain::waiters::Berth;

/// Why there is no next event and never will be.
pub(crate) enum Halt {
    /// What comes next was cut off.
    Lagged,
    /// The chain has ended, and not in a splice.
    Ended,
}

/// Between two events of a chain, or before or after all of them. It keeps alive what comes after.
pub(crate) struct Place<T, E> {
    chain: Arc<Chain<T, E>>,
    reach: Reach<T>,
    /// The last sequence that was complete before the segment, or before the reader came.
    complete: Sequence,
}

impl<T, E> Place<T, E> {
    pub(crate) fn new(chain: Arc<Chain<T, E>>, spot: Spot<T>) -> Self {
        Self {
            chain,
            reach: Reach::new(spot.segment, spot.at),
            complete: spot.complete,
        }
    }

    pub(crate) const fn chain(&self) -> &Arc<Chain<T, E>> {
        &self.chain
    }

    /// How many events of the chain come before this place.
    pub(crate) fn passed(&self) -> u64 {
        let base = self.reach.segment().map_or(0, |segment| segment.base);
        base + u64::from(self.reach.at())
    }

    #[inline]
    pub(crate) const fn reach(&self) -> &Reach<T> {
        &self.reach
    }

    #[inline]
    pub(crate) const fn reach_mut(&mut self) -> &mut Reach<T> {
        &mut self.reach
    }

    /// Moves past `count` events that are in reach.
    #[inline]
    pub(crate) const fn pass(&mut self, count: u32) {
        self.reach.pass(count);
    }

    /// Finds the next event, across segments and chains. Returns whether there is one.
    pub(crate) fn advance(&mut self) -> Result<bool, Halt> {
        loop {
            let Some(segment) = self.reach.segment() else {
                return Ok(false);
            };
            let state = self.chain.state();
            let here = segment.base + u64::from(self.reach.at());
            let published = state.published();
            if published > here {
                let end = segment.end();
                if here < end {
                    self.reach
                        .extend((published.min(end) - segment.base) as u32);
                    return Ok(self.reach.ahead() > 0);
                }
                let Some(next) = segment.next() else {
                    // Where somebody else has kept what comes right after the cut, none is missing.
                    let oldest = self.oldest();
                    if oldest.passed() != self.passed() {
                        return Err(Halt::Lagged);
                    }
                    self.go_on_from(oldest);
                    continue;
                };
                self.complete = self.complete();
                if let Some(before) = self.reach.replace(next) {
                    self.chain.log().release(before);
                }
                continue;
            }
            if !state.is_finished() {
                return Ok(false);
            }
            let Some(End::Splice(splice)) = self.chain.end() else {
                return Err(Halt::Ended);
            };
            let to = splice.to.clone();
            *self = to;
        }
    }

    /// The last sequence all of whose events come before this place.
    pub(crate) fn complete(&self) -> Sequence {
        let here = self.reach.segment();
        let complete = here.map(|segment| segment.complete_before(self.reach.at(), self.complete));
        complete.map_or(self.complete, |complete| complete.max(self.complete))
    }

    /// The last sequence all of whose events come before this place, or to which the chain was
    /// advanced without any.
    pub(crate) fn cursor(&self) -> Cursor {
        // The order matters: what is published after the head was read may be beyond it.
        let head = self.chain.head();
        let complete = self.complete();
        let sequence = if self.chain.state().published() == self.passed() {
            complete.max(head)
        } else {
            complete
        };
        Cursor::new(self.chain.id(), sequence)
    }

    /// How many published events of the chain come after this place.
    pub(crate) fn lag(&self) -> u64 {
        self.chain.state().published().saturating_sub(self.passed())
    }

    /// Where what comes next was cut off, moves to the oldest event that can be reached; returns how
    /// many events were passed.
    pub(crate) fn skip_to_oldest(&mut self) -> u64 {
        if !self.is_cut_off() {
            return 0;
        }
        let oldest = self.oldest();
        let missed = oldest.passed().saturating_sub(self.passed());
        self.go_on_from(oldest);
        missed
    }

    /// Moves to a later place of the chain. What was complete stays so.
    fn go_on_from(&mut self, mut place: Self) {
        place.complete = place.complete.max(self.complete());
        *self = place;
    }

    /// How many events come between this place and the oldest event that can be reached.
    pub(crate) fn missed(&self) -> u64 {
        self.oldest().passed().saturating_sub(self.passed())
    }

    fn oldest(&self) -> Self {
        let oldest = self.chain.newest(|newest| newest.oldest());
        Self::new(Arc::clone(&self.chain), oldest)
    }

    fn is_cut_off(&self) -> bool {
        let published = self.chain.state().published();
        self.reach.segment().is_some_and(|segment| {
            let end = segment.end();
            self.passed() == end && published > end && segment.next().is_none()
        })
    }

    /// Waits for the next event; returns whether there is none yet.
    pub(crate) fn park(&self, berth: &mut Berth, waker: &Waker) -> bool {
        self.chain.park(berth, waker, self.passed())
    }

    /// Whether what follows here leads to `chain`, as far as splices go by now.
    pub(crate) fn leads_to(&self, chain: &Arc<Chain<T, E>>) -> bool {
        let mut here = &self.chain;
        loop {
            if Arc::ptr_eq(here, chain) {
                return true;
            }
            let Some(End::Splice(splice)) = here.end() else {
                return false;
            };
            here = &splice.to.chain;
        }
    }

    /// Lets go of the events, and not yet of the chain.
    pub(crate) fn into_chain(mut self) -> Arc<Chain<T, E>> {
        self.let_go();
        Arc::clone(&self.chain)
    }

    /// Lets go of the events.
    pub(crate) fn let_go(&mut self) {
        if let Some(segment) = self.reach.take() {
            self.chain.log().release(segment);
        }
    }
}

impl<T, E> Clone for Place<T, E> {
    fn clone(&self) -> Self {
        Self {
            chain: Arc::clone(&self.chain),
            reach: self.reach.clone(),
            complete: self.complete,
        }
    }
}

impl<T, E> Drop for Place<T, E> {
    fn drop(&mut self) {
        self.let_go();
    }
}
