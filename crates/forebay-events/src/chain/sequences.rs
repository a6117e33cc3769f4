use std::sync::atomic::Ordering;

use forebay_core::Sequence;
use forebay_rt::sync::{AtomicU64, AtomicUsize, OnceLock};

/// So many runs are noted for a segment before the sequence of each event is.
const RUNS_MAX: u32 = 32;

/// The sequences of the events of one segment, where they are not just counted up from its first.
///
/// Events of one append share a sequence, and most logs count appends in steps of one, so that a
/// few runs tell all. Where they do not, there is a number for each event. Both say the same of what
/// both know, so a reader may look at either.
///
/// Everything is `Relaxed` but the number of runs: what is noted for an event is read only by those
/// who saw that event published, which comes after.
pub(crate) struct Sequences {
    runs: Box<[Run]>,
    /// How many runs are noted.
    length: AtomicUsize,
    each: OnceLock<Box<[AtomicU64]>>,
}

/// Events that share a sequence, or that each have the one after that of the event before.
struct Run {
    /// The first slot, twice, plus one if all events share the sequence.
    start: AtomicUsize,
    sequence: AtomicU64,
}

/// A run as it was noted.
#[derive(Clone, Copy)]
struct Noted {
    start: u32,
    shared: bool,
    sequence: u64,
}

impl Noted {
    const fn sequence(self, at: u32) -> u64 {
        if self.shared {
            self.sequence
        } else {
            // Within a log, sequences do not overflow.
            self.sequence.wrapping_add((at - self.start) as u64)
        }
    }
}

impl Sequences {
    /// Those of a segment so far dense, from `first` on.
    pub(crate) fn dense(first: Sequence, capacity: u32) -> Self {
        // The run it begins with, and those of the events themselves.
        let runs = RUNS_MAX.min(capacity + 1);
        let empty = || Run {
            start: AtomicUsize::new(0),
            sequence: AtomicU64::new(first.get()),
        };
        Self {
            runs: (0..runs).map(|_| empty()).collect(),
            length: AtomicUsize::new(1),
            each: OnceLock::new(),
        }
    }

    /// Notes the sequence of `count` events that are to be put into the slots from `at` on.
    pub(crate) fn note(&self, at: u32, count: u32, sequence: Sequence, capacity: u32) {
        let length = self.length.load(Ordering::Relaxed);
        if let Some(each) = self.each.get() {
            store(each, at, count, sequence);
            return;
        }
        let continues = count == 1
            && self
                .run(length - 1)
                .is_some_and(|run| !run.shared && run.sequence(at) == sequence.get());
        if continues {
            return;
        }
        match self.runs.get(length) {
            Some(run) => {
                let start = at as usize * 2 + usize::from(count > 1);
                // Relaxed: nobody looks at a run before it is counted.
                run.start.store(start, Ordering::Relaxed);
                run.sequence.store(sequence.get(), Ordering::Relaxed);
                // Release pairs with the Acquire in `get`: a run that is counted is noted.
                self.length.store(length + 1, Ordering::Release);
            }
            None => {
                let each = (0..capacity).map(|slot| {
                    let known = if slot < at { self.get(slot).get() } else { 0 };
                    AtomicU64::new(known)
                });
                store(
                    self.each.get_or_init(|| each.collect()),
                    at,
                    count,
                    sequence,
                );
            }
        }
    }

    /// Returns the sequence of an event that was noted.
    pub(crate) fn get(&self, at: u32) -> Sequence {
        if let Some(each) = self.each.get() {
            let noted = each.get(at as usize);
            // Relaxed: whoever asks has found the event, which was published after it was noted.
            return Sequence::new(noted.map_or(0, |noted| noted.load(Ordering::Relaxed)));
        }
        // Acquire: see `note`.
        let (mut low, mut high) = (0, self.length.load(Ordering::Acquire));
        while low + 1 < high {
            let middle = usize::midpoint(low, high);
            if self.run(middle).is_some_and(|run| run.start <= at) {
                low = middle;
            } else {
                high = middle;
            }
        }
        Sequence::new(self.run(low).map_or(0, |run| run.sequence(at)))
    }

    fn run(&self, index: usize) -> Option<Noted> {
        let run = self.runs.get(index)?;
        // Relaxed: the length that told of it was read with Acquire, or by the one who writes.
        let start = run.start.load(Ordering::Relaxed);
        Some(Noted {
            start: (start / 2) as u32,
            shared: start % 2 == 1,
            sequence: run.sequence.load(Ordering::Relaxed),
        })
    }
}

fn store(each: &[AtomicU64], at: u32, count: u32, sequence: Sequence) {
    for noted in each.iter().skip(at as usize).take(count as usize) {
        // Relaxed: the events are published after this, which orders it for who finds them.
        noted.store(sequence.get(), Ordering::Relaxed);
    }
}
