//! Which loads are being polled right now by this thread, each within the one before.
//!
//! A call that is made within the poll of a load and would wait for that very load would wait for
//! itself, so it fails with `LoadError::Cycle` instead.
//!
//! It knows one thread's stack. Loads that wait for one another across tasks are not seen, nor is a
//! load that asks for its own key between two polls, from a task that it has spawned.

use std::cell::{Cell, RefCell};

use crate::sync::thread_stack;

/// A load, for all stages of the process: the address of its stage, and two numbers by which that
/// stage tells its loads apart.
pub type Frame = (usize, u64, u64);

/// The frame of no stage: of a load that nobody but its own call can wait for.
pub const NOBODY: Frame = (0, 0, 0);

/// How many loads one within another are noted without touching the heap.
const SHALLOW: usize = 8;

/// The loads of one thread, each polled within the one before.
struct Polling {
    depth: Cell<usize>,
    shallow: [Cell<Frame>; SHALLOW],
}

thread_stack! {
    static POLLING: Polling = Polling {
        depth: Cell::new(0),
        shallow: [const { Cell::new(NOBODY) }; SHALLOW],
    };
    static DEEP: RefCell<Vec<Frame>> = RefCell::new(Vec::new());
}

/// Runs `poll`, which polls the load of `frame`. The note is taken away again when it ends, also by
/// a panic.
///
/// Costs two writes to thread-local variables, and no heap up to a depth of eight.
///
/// # Examples
///
/// ```
/// use forebay_rt::polling::{innermost, is_polling, polling};
///
/// polling((1, 0, 7), || {
///     assert!(is_polling((1, 0, 7)));
///     polling((2, 0, 0), || assert_eq!(innermost(1), Some((1, 0, 7))));
/// });
/// assert!(!is_polling((1, 0, 7)));
/// ```
#[inline(always)]
pub fn polling<T>(frame: Frame, poll: impl FnOnce() -> T) -> T {
    POLLING.with(|polling| {
        let depth = polling.depth.get();
        match polling.shallow.get(depth) {
            Some(top) => top.set(frame),
            None => push_deep(frame),
        }
        polling.depth.set(depth + 1);
    });
    let _pop = Pop;
    poll()
}

/// Returns whether the load of `frame` is being polled further up this thread's stack.
///
/// # Examples
///
/// See [`polling`](polling()).
#[inline]
#[must_use]
pub fn is_polling(frame: Frame) -> bool {
    POLLING.with(|polling| {
        let depth = polling.depth.get();
        let shallow = polling
            .shallow
            .iter()
            .take(depth)
            .any(|noted| noted.get() == frame);
        shallow || (depth > SHALLOW && is_deep(frame))
    })
}

/// Returns the load of the stage at the address `owner` that is being polled nearest to here.
///
/// A stage learns from it whether it is called from within a load of its own, and from which.
///
/// # Examples
///
/// See [`polling`](polling()).
#[inline]
#[must_use]
pub fn innermost(owner: usize) -> Option<Frame> {
    POLLING.with(|polling| {
        let depth = polling.depth.get();
        let deep = if depth > SHALLOW {
            innermost_deep(owner)
        } else {
            None
        };
        deep.or_else(|| {
            let shallow = polling.shallow.iter().take(depth).rev();
            shallow.map(Cell::get).find(|frame| frame.0 == owner)
        })
    })
}

/// A thread that is ending has no such vector any more and detects nothing.
#[cold]
fn push_deep(frame: Frame) {
    let _ = DEEP.try_with(|deep| deep.borrow_mut().push(frame));
}

#[cold]
fn pop_deep() {
    let _ = DEEP.try_with(|deep| deep.borrow_mut().pop());
}

#[cold]
fn is_deep(frame: Frame) -> bool {
    DEEP.try_with(|deep| deep.borrow().contains(&frame))
        .unwrap_or(false)
}

#[cold]
fn innermost_deep(owner: usize) -> Option<Frame> {
    DEEP.try_with(|deep| {
        let deep = deep.borrow();
        deep.iter().rev().find(|frame| frame.0 == owner).copied()
    })
    .unwrap_or(None)
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
