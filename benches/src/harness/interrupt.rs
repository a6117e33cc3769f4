//! Ctrl-C: finish early, and show what was measured.

use std::sync::atomic::{AtomicBool, Ordering};

static REQUESTED: AtomicBool = AtomicBool::new(false);

/// Makes Ctrl-C, and a request to terminate, stop the run in an orderly way. The second one ends
/// the program at once.
pub(crate) fn listen() {
    let listening = ctrlc::set_handler(|| {
        if REQUESTED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    });
    // Without a handler Ctrl-C ends the program at once, which is still what was asked for.
    let _ = listening;
}

/// Returns whether the run should stop. Relaxed, since nothing else depends on it.
pub(crate) fn requested() -> bool {
    REQUESTED.load(Ordering::Relaxed)
}
