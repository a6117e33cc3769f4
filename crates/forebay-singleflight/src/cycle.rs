//! Which flights' loads are being polled right now by this thread.
//!
//! A call that is made within the poll of a load and would follow that very load would wait for
//! itself, so it fails with `LoadError::Cycle` instead.

use std::cell::{Cell, RefCell};

use crate::sync::thread_stack;

/// A flight, for all groups of the process: the address of its group, its hash and its number.
pub(crate) type FlightId = (usize, u64, u64);

/// No flight at all: a load that answers its own call only.
pub(crate) const NO_FLIGHT: FlightId = (0, 0, 0);

/// How many loads one within another are noted without touching the heap.
const SHALLOW: usize = 8;

/// The loads of one thread, each polled within the one before.
struct Polling {
    depth: Cell<usize>,
    shallow: [Cell<FlightId>; SHALLOW],
}

thread_stack! {
    static POLLING: Polling = Polling {
        depth: Cell::new(0),
        shallow: [const { Cell::new(NO_FLIGHT) }; SHALLOW],
    };
    static DEEP: RefCell<Vec<FlightId>> = RefCell::new(Vec::new());
}

/// Runs `poll`, which polls the load of `flight`.
#[inline(always)]
pub(crate) fn polling<T>(flight: FlightId, poll: impl FnOnce() -> T) -> T {
    POLLING.with(|polling| {
        let depth = polling.depth.get();
        match polling.shallow.get(depth) {
            Some(frame) => frame.set(flight),
            None => push_deep(flight),
        }
        polling.depth.set(depth + 1);
    });
    let _pop = Pop;
    poll()
}

/// Whether the load of `flight` is being polled further up this thread's stack.
#[inline]
pub(crate) fn is_polling(flight: FlightId) -> bool {
    POLLING.with(|polling| {
        let depth = polling.depth.get();
        let shallow = polling
            .shallow
            .iter()
            .take(depth)
            .any(|frame| frame.get() == flight);
        shallow || (depth > SHALLOW && is_deep(flight))
    })
}

/// A thread that is ending has no such vector any more and detects nothing.
#[cold]
fn push_deep(flight: FlightId) {
    let _ = DEEP.try_with(|deep| deep.borrow_mut().push(flight));
}

#[cold]
fn pop_deep() {
    let _ = DEEP.try_with(|deep| deep.borrow_mut().pop());
}

#[cold]
fn is_deep(flight: FlightId) -> bool {
    DEEP.try_with(|deep| deep.borrow().contains(&flight))
        .unwrap_or(false)
}

struct Pop;

impl Drop for Pop {
    #[inline(always)]
    fn drop(&mut self) {
        POLLING.with(|polling| {
            let depth = polling.depth.get() - 1;
            polling.depth.set(depth);
            if depth >= SHALLOW {
                pop_deep();
            }
        });
    }
}
