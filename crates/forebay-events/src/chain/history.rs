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
    /// Begins a chain of what comes after `before`.
    pub(crate) fn new(root: Arc<Segment<T>>, rules: Rules, before: Sequence) -> Self {
        let history = rules.is_needed().then(|| Box::new(History::new(rules)));
        Self {
            tail: root,
            before,
            history,
        }
    }

    /// Returns the sequence of the last event before the tail.
    pub(crate) const fn before(&self) -> Sequence {
        self.before
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
        let before_tail = self.kept().rev().take_while(|kept| kept.end > published);
        let held = before_tail.filter_map(|kept| Some((kept.hold.segment()?, kept.before)));
        held.last()
            .unwrap_or_else(|| (Arc::clone(&self.tail), self.before))
    }

    /// Returns the oldest event that can be reached from here, of those whose sequence is whole.
    pub(crate) fn oldest(&self) -> Spot<T> {
        let mut live = self
            .kept()
            .filter_map(|kept| Some((kept.hold.segment()?, kept.before)));
        let (segment, before) = live
            .next()
            .unwrap_or_else(|| (Arc::clone(&self.tail), self.before));
        if segment.first > before || segment.slots.capacity() == 0 {
            return Spot {
                segment,
                at: 0,
                complete: before,
            };
        }
        // It begins within an append. What follows that is linked to it, so it is there.
        self.after(before)
            .unwrap_or_else(|_| spot_in(segment, before))
    }

    /// Returns where the first event after `sequence` is or will be; where one of them is missing,
    /// the lowest sequence for which none is.
    pub(crate) fn after(&self, sequence: Sequence) -> Result<Spot<T>, Sequence> {
        if sequence >= self.before {
            return Ok(spot_in(Arc::clone(&self.tail), sequence));
        }
        let Some(history) = &self.history else {
            return Err(self.before);
        };
        let later = history.kept.partition_point(|kept| kept.first <= sequence);
        let from = later.saturating_sub(1);
        // Where the segment that holds the sequence is gone, the one after it will do if it begins
        // right after the sequence.
        let mut near = history.kept.iter().skip(from).take(2);
        let found = near.find_map(|kept| {
            let reachable = kept.before <= sequence;
            reachable.then(|| kept.hold.segment()).flatten()
        });
        match found {
            Some(segment) => Ok(spot_in(segment, sequence)),
            None => Err(self.lowest_whole(sequence)),
        }
    }

    /// The lowest sequence above `sequence` after which nothing is missing.
    fn lowest_whole(&self, sequence: Sequence) -> Sequence {
        let mut live = self
            .kept()
            .filter(|kept| kept.before > sequence && kept.hold.is_alive());
        live.next().map_or(self.before, |kept| kept.before)
    }

    fn kept(&self) -> impl DoubleEndedIterator<Item = &Kept<T>> {
        self.history.iter().flat_map(|history| history.kept.iter())
    }

    /// Takes everything out of a chain that is nobody's any more.
    pub(crate) fn drain(&mut self, garbage: &mut Vec<Arc<Segment<T>>>) {
        if let Some(history) = self.history.take() {
            let kept = history.kept.into_iter();
            let mut strong = kept.filter_map(|kept| kept.hold.into_strong());
            // The others are linked to it, so it is enough to let go of the oldest.
            garbage.extend(strong.next());
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
        let mut oldest = None;
        while let Some(kept) = self.kept.get_mut(self.faded)
            && kept.end <= window
        {
            // The others are linked to it, so it is enough to let go of the oldest.
            let faded = kept.hold.fade();
            oldest = oldest.or(faded);
            self.faded += 1;
        }
        garbage.extend(oldest);
        let Some(limit) = self.rules.limit else {
            self.kept.drain(..self.faded);
            self.faded = 0;
            return;
        };
        let bound = published.saturating_sub(limit.events).min(window);
        // Who has read a segment to its end stands at the next, and is as many behind.
        let overdue = self.kept.partition_point(|kept| kept.end < bound);
        for kept in self.kept.iter_mut().take(overdue) {
            kept.overdue = kept.overdue.or(now);
        }
        let grace = limit.grace;
        let over = self
            .kept
            .iter()
            .take(overdue)
            .take_while(|kept| kept.is_over(grace, now))
            .count();
        self.sever(over, garbage);
    }

    /// Cuts the way from the oldest `count` segments to those after them, wherever a reader stands.
    fn sever(&mut self, count: usize, garbage: &mut Vec<Arc<Segment<T>>>) {
        // Whether the segment before is held by nobody but what is in `garbage`.
        let mut alone = false;
        for kept in self.kept.drain(..count) {
            let Some(segment) = kept.hold.segment() else {
                continue;
            };
            // Held by the segment before and here, and by no reader: it goes along with that one.
            if alone && Arc::strong_count(&segment) == 2 {
                continue;
            }
            garbage.extend(segment.sever());
            garbage.push(segment);
            alone = true;
        }
        self.faded -= count;
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
