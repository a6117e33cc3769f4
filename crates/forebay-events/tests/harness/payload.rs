//! Events that can be counted while they live.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

/// How many events are alive, and how many ever were.
#[derive(Clone, Debug, Default)]
pub(crate) struct Census(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    made: AtomicUsize,
    dropped: AtomicUsize,
}

/// An event that is counted.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) number: u64,
    counts: Arc<Counts>,
    panics: bool,
}

impl Census {
    pub(crate) fn event(&self, number: u64) -> Counted {
        self.0.made.fetch_add(1, SeqCst);
        Counted {
            number,
            counts: Arc::clone(&self.0),
            panics: false,
        }
    }

    /// An event whose destructor panics, past the panic hook, which would print a report.
    pub(crate) fn grudge(&self, number: u64) -> Counted {
        let mut event = self.event(number);
        event.panics = true;
        event
    }

    pub(crate) fn alive(&self) -> usize {
        self.0.made.load(SeqCst) - self.dropped()
    }

    pub(crate) fn dropped(&self) -> usize {
        self.0.dropped.load(SeqCst)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.counts.dropped.fetch_add(1, SeqCst);
        if self.panics && !thread::panicking() {
            resume_unwind(Box::new("held a grudge"));
        }
    }
}

/// Runs `f` on a thread with a stack of 64 KiB, on which no recursion over many links fits.
pub(crate) fn on_a_small_stack(f: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(64 * 1024).spawn(f);
    let ended = thread.expect("a thread can be started").join();
    ended.expect("it ended without a panic");
}
