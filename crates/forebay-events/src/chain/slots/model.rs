//! The slots alone, without the word that orders them elsewhere: what this file promises holds by
//! what is in it.

use std::sync::Arc;

use forebay_core::Sequence;
use loom::thread;

use crate::chain::segment::Segment;
use crate::chain::slots::{Pen, Reach};

/// Looks at whatever is filled, while `fill` does so.
fn look_while(fill: impl Fn(&mut Pen<u64>) + Copy + Send + Sync + 'static) {
    loom::model(move || {
        let root = Segment::root().successor(Sequence::new(1));
        let mut pen = Pen::new(root.successor(Sequence::new(1)));
        let mut reach = Reach::new(Arc::clone(pen.segment()), 0);
        let reads = thread::spawn(move || {
            reach.extend(2);
            let seen = reach.look(0).map(|(_, events)| events.to_vec());
            let seen = seen.unwrap_or_default();
            assert_eq!(seen, [10, 11][..seen.len()]);
            let one = reach.next().map(|(_, at, event)| (at, *event));
            assert_eq!(one.is_some(), !seen.is_empty());
        });
        fill(&mut pen);
        reads.join().unwrap();
    });
}

#[test]
fn pushed_events_are_there_once_they_count() {
    look_while(|pen| {
        for number in 0..2 {
            let pushed = pen.push(Sequence::new(1 + number), 10 + number);
            assert!(pushed.is_ok());
        }
    });
}

#[test]
fn drafted_events_are_there_once_they_count() {
    look_while(|pen| {
        let mut draft = pen.draft();
        assert!(!draft.take_from(&mut [10, 11].into_iter()));
        draft.fill(Sequence::new(1));
    });
}
