//! Which flights' loads are being polled right now by this thread.
//!
//! A call that is made within the poll of a load and would follow that very load would wait for
//! itself, so it fails with `LoadError::Cycle` instead.

use std::cell::RefCell;

use crate::sync::thread_local;

/// A flight, for all groups of the process: the address of its shard and its number there.
pub(crate) type FlightId = (usize, u64);

/// No flight at all: a load that answers its own call only.
pub(crate) const NO_FLIGHT: FlightId = (0, 0);

thread_local! {
    #[allow(clippy::missing_const_for_thread_local, reason = "loom's macro has no such form")]
    static POLLING: RefCell<Vec<FlightId>> = RefCell::new(Vec::new());
}

/// Runs `poll`, which polls the load of `flight`.
pub(crate) fn polling<T>(flight: FlightId, poll: impl FnOnce() -> T) -> T {
    // A thread that is ending has no such variable any more and detects nothing.
    let pushed = POLLING
        .try_with(|polling| polling.borrow_mut().push(flight))
        .is_ok();
    let _pop = Pop(pushed);
    poll()
}

/// Whether the load of `flight` is being polled further up this thread's stack.
pub(crate) fn is_polling(flight: FlightId) -> bool {
    POLLING
        .try_with(|polling| polling.borrow().contains(&flight))
        .unwrap_or(false)
}

struct Pop(bool);

impl Drop for Pop {
    fn drop(&mut self) {
        if self.0 {
            let _ = POLLING.try_with(|polling| polling.borrow_mut().pop());
        }
    }
}
