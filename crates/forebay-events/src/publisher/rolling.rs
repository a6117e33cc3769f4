//! What an append does where its segment is full.

use std::mem::replace;
use std::sync::Arc;

use forebay_core::Sequence;

use crate::chain::history::Roll;
use crate::chain::slots::Pen;
use crate::log::Garbage;
use crate::publisher::Publisher;

impl<T: Send + Sync + 'static, E: Send + Sync + 'static> Publisher<T, E> {
    #[cold]
    pub(super) fn append_rolling(&mut self, sequence: Sequence, event: T) {
        let began = self.pen.segment().end();
        let mut garbage = self.chain.log().garbage();
        self.roll(sequence, began, &mut garbage);
        // A new segment has room.
        let _ = self.pen.push(sequence, event);
        self.publish(sequence, 1);
    }

    /// Publishes what the segment was filled with, and the `rest`, for which it has no room: `count`
    /// events in all.
    #[cold]
    pub(super) fn append_rest(&mut self, sequence: Sequence, rest: Vec<T>, count: usize) {
        let filled = self.pen.segment().base + u64::from(self.pen.at());
        let began = filled - (count - rest.len()) as u64;
        let mut garbage = self.chain.log().garbage();
        let mut rest = rest.into_iter();
        while rest.len() > 0 {
            self.roll(sequence, began, &mut garbage);
            let mut draft = self.pen.draft();
            draft.take_from(&mut rest);
            draft.fill(sequence);
        }
        self.publish(sequence, count);
    }

    /// Begins a new segment, for an event with this sequence, in an append before which the log had
    /// `began` events.
    fn roll(&mut self, sequence: Sequence, began: u64, garbage: &mut Garbage<T>) {
        let now = self.chain.log().now();
        let old = self.pen.segment();
        let before = match old.slots.capacity().checked_sub(1) {
            Some(last) => old.sequence(last),
            None => {
                self.chain.log().begin(sequence);
                self.chain.newest(|newest| newest.before())
            }
        };
        let pen = Pen::new(old.successor(sequence));
        let tail = Arc::clone(pen.segment());
        old.link(Arc::clone(&tail), began < tail.base);
        let roll = Roll {
            tail,
            before,
            began,
            now,
        };
        self.chain
            .newest(|newest| newest.roll(roll, &mut garbage.segments));
        let old = replace(&mut self.pen, pen);
        garbage.segments.push(old.into_segment());
    }
}
