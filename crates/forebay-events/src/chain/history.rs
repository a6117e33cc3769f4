use std::collections::VecDeque;
use std::sync::{Arc, Weak};
use std::time::Duration;

use forebay_core::Sequence;

use crate::chain::segment::Segment;
use crate::retention::Rules;

/// The newest segment of a chain, and which older ones it keeps or may cut off.
pub(crate) struct Newest<T> {
    tail: Arc<Segment<T>>,
    /// The sequence of the last event before the tail.
    before: Sequence,
    history: Option<Box<History<T>>>,
}

struct History<T> {
    /// From the oldest on, and all before the tail.
    kept: VecDeque<Kept<T>>,
    /// How many of them, from the front, live only as long as readers hold them.
    faded: usize,
    rules: Rules,
}

struct Kept<T> {
    /// The sequence of the last event before it.
    before: Sequence,
    first: Sequence,
    /// How many events the chain has up to its end.
    end: u64,
    hold: Hold<T>,
    /// Since when it has been further back than readers may be.
    overdue: Option<Duration>,
}

enum Hold<T> {
    Strong(Arc<Segment<T>>),
    Weak(Weak<Segment<T>>),
}

/// A slot of a segment, and the last sequence that is complete before it.
pub(crate) struct Spot<T> {
    pub(crate) segment: Arc<Segment<T>>,
    pub(crate) at: u32,
    pub(crate) complete: Sequence,
}

/// What a roll says of itself.
pub(crate) struct Roll<T> {
    pub(crate) tail: Arc<Segment<T>>,
    /// The sequence of the last event before the new tail.
    pub(crate) before: Sequence,
    /// How many events the chain had when the append began that needs the new tail: what it has
    /// put into segments is kept until it is published and until another append rolls.
    pub(crate) began: u64,
    pub(crate) now: Option<Duration>,
}

impl<T> Newest<T> {
    pub(crate) fn new(root: Arc<Segment<T>>, rules: Rules) -> Self {
        let history = rules.is_needed().then(|| Box::new(History::new(rules)));
        Self {
            tail: root,
            before: Sequence::ZERO,
            history,
        }
    }

    /// Makes a new segment the tail; puts into `garbage` what the chain keeps no longer.
    pub(crate) fn roll(&mut self, roll: Roll<T>, garbage: &mut Vec<Arc<Segment<T>>>) {
        let end = roll.tail.base;
        let old = std::mem::replace(&mut self.tail, roll.tail);
        let kept = Kept {
            before: std::mem::replace(&mut self.before, roll.before),
            first: old.first,
            end,
            hold: Hold::Strong(old),
            overdue: None,
        };
        if self.history.is_none() && roll.began >= end {
            garbage.extend(kept.hold.into_strong());
            return;
        }
        let history = self
            .history
            .get_or_insert_with(|| Box::new(History::new(Rules::default())));
        history.kept.push_back(kept);
        history.trim(end, roll.began, roll.now, garbage);
        if history.kept.is_empty() && !history.rules.is_needed() {
            self.history = None;
        }
    }

    /// Returns where the event number `published` is or will be, which is not before the append
    /// that is being published.
    pub(crate) fn spot(&self, published: u64) -> Spot<T> {
        let (segment, before) = self.segment_at(published);
        let at = published.saturating_sub(segment.base) as u32;
        Spot {
            complete: segment.complete_before(at, before),
            segment,
            at,
        }
    }

    /// Returns the last sequence that is complete before event number `published`.
    pub(crate) fn complete_at(&self, published: u64) -> Sequence {
        let (segment, before) = self.segment_at(published);
        segment.complete_before(published.saturating_sub(segment.base) as u32, before)
    }

    fn segment_at(&self, published: u64) -> (Arc<Segment<T>>, Sequence) {
        let kept = self.history.iter().flat_map(|history| history.kept.iter());
        let before_tail = kept.rev().take_while(|kept| kept.end > published);
        let held = before_tail.filter_map(|kept| Some((kept.hold.segment()?, kept.before)));
        held.last()
            .unwrap_or_else(|| (Arc::clone(&self.tail), self.before))
    }

    /// Returns the oldest event that can be reached from here.
    pub(crate) fn oldest(&self) -> Spot<T> {
        let kept = self.history.iter().flat_map(|history| history.kept.iter());
        let mut live = kept.filter_map(|kept| Some((kept.hold.segment()?, kept.before)));
        let (segment, before) = live
            .next()
            .unwrap_or_else(|| (Arc::clone(&self.tail), self.before));
        let begins_within = segment.first == before && before != Sequence::ZERO;
        let complete = Sequence::new(before.get() - u64::from(begins_within));
        Spot {
            complete,
            segment,
            at: 0,
        }
    }

    /// Returns where the first event after `sequence` is or will be, or where a sequence after it
    /// is missing, the first that is not.
    pub(crate) fn after(&self, sequence: Sequence) -> Result<Spot<T>, Sequence> {
        if sequence >= self.before {
            return Ok(spot_in(Arc::clone(&self.tail), sequence));
        }
        let Some(history) = &self.history else {
            return Err(self.tail.first);
        };
        let from = history.kept.partition_point(|kept| kept.first <= sequence);
        let from = from.saturating_sub(1);
        let wanted = history.kept.get(from);
        let reachable = wanted.filter(|kept| kept.before <= sequence);
        match reachable.and_then(|kept| kept.hold.segment()) {
            Some(segment) => Ok(spot_in(segment, sequence)),
            None => Err(self.first_live(from)),
        }
    }

    /// The first sequence that is there, not looking before the segment number `from`.
    fn first_live(&self, from: usize) -> Sequence {
        let kept = self.history.iter().flat_map(|history| history.kept.iter());
        let mut live = kept.skip(from).filter(|kept| kept.hold.is_alive());
        live.next().map_or(self.tail.first, |kept| kept.first)
    }

    /// Takes everything out of a chain that is nobody's any more.
    pub(crate) fn drain(&mut self, garbage: &mut Vec<Arc<Segment<T>>>) {
        if let Some(history) = self.history.take() {
            let strong = history.kept.into_iter();
            garbage.extend(strong.filter_map(|kept| kept.hold.into_strong()));
        }
        if self.tail.slots.capacity() > 0 {
            garbage.push(std::mem::replace(&mut self.tail, Arc::new(Segment::root())));
        }
    }
}

fn spot_in<T>(segment: Arc<Segment<T>>, sequence: Sequence) -> Spot<T> {
    let at = segment.first_after(sequence, segment.slots.filled());
    Spot {
        segment,
        at,
        complete: sequence,
    }
}

impl<T> History<T> {
    fn new(rules: Rules) -> Self {
        Self {
            kept: VecDeque::new(),
            faded: 0,
            rules,
        }
    }

    fn trim(
        &mut self,
        published: u64,
        began: u64,
        now: Option<Duration>,
        garbage: &mut Vec<Arc<Segment<T>>>,
    ) {
        let window = published.saturating_sub(self.rules.window).min(began);
        while let Some(kept) = self.kept.get_mut(self.faded)
            && kept.end <= window
        {
            garbage.extend(kept.hold.fade());
            self.faded += 1;
        }
        let Some(limit) = &self.rules.limit else {
            self.kept.drain(..self.faded);
            self.faded = 0;
            return;
        };
        let bound = published.saturating_sub(limit.events).min(window);
        for kept in self.kept.iter_mut().take(self.faded) {
            if kept.end > bound {
                break;
            }
            kept.overdue = kept.overdue.or(now);
        }
        while let Some(kept) = self.kept.front()
            && kept.end <= bound
            && kept.is_over(limit.grace, now)
        {
            if let Some(segment) = kept.hold.segment() {
                garbage.extend(segment.sever());
                garbage.push(segment);
            }
            self.kept.pop_front();
            self.faded -= 1;
        }
    }
}

impl<T> Kept<T> {
    /// Whether those who still read it have had their grace.
    fn is_over(&self, grace: Duration, now: Option<Duration>) -> bool {
        match (self.overdue, now) {
            (Some(since), Some(now)) => now.saturating_sub(since) >= grace,
            _ => grace.is_zero(),
        }
    }
}

impl<T> Hold<T> {
    fn segment(&self) -> Option<Arc<Segment<T>>> {
        match self {
            Self::Strong(segment) => Some(Arc::clone(segment)),
            Self::Weak(segment) => segment.upgrade(),
        }
    }

    fn is_alive(&self) -> bool {
        match self {
            Self::Strong(_) => true,
            Self::Weak(segment) => segment.strong_count() > 0,
        }
    }

    fn into_strong(self) -> Option<Arc<Segment<T>>> {
        match self {
            Self::Strong(segment) => Some(segment),
            Self::Weak(_) => None,
        }
    }

    /// Holds it no longer; returns it if it did.
    fn fade(&mut self) -> Option<Arc<Segment<T>>> {
        let Self::Strong(segment) = self else {
            return None;
        };
        let weak = Arc::downgrade(segment);
        std::mem::replace(self, Self::Weak(weak)).into_strong()
    }
}
