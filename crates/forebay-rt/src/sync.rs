//! Locks, atomics and thread-local variables, from std or, in models, from loom.
//!
//! A crate that takes them from here can be run through every interleaving of its threads. What is
//! not here, such as std's `OnceLock`, is not tried by loom: it is set and read beside something
//! that is.

#[cfg(not(forebay_loom))]
pub use std::{
    sync::atomic::{AtomicBool, AtomicU64, AtomicUsize},
    sync::{Mutex, MutexGuard},
};

#[cfg(forebay_loom)]
pub use loom::{
    sync::atomic::{AtomicBool, AtomicU64, AtomicUsize},
    sync::{Mutex, MutexGuard},
};

/// Declares thread-local variables; std's need no check at each use when their start is constant,
/// and loom's macro has no form that says so.
macro_rules! thread_stack {
    ($(static $name:ident: $type:ty = $start:expr;)+) => {
        #[cfg(not(forebay_loom))]
        std::thread_local! { $(static $name: $type = const { $start };)+ }
        #[cfg(forebay_loom)]
        loom::thread_local! { $(static $name: $type = $start;)+ }
    };
}

pub(crate) use thread_stack;

/// Locks `mutex`, whatever happened in it before.
///
/// It is for locks under which the code of users runs before anything is changed, if at all: a
/// key's `Eq` and `ToOwned`, a waker's `clone`. A panic in one of them leaves nothing half done.
///
/// # Examples
///
/// ```
/// # #[cfg(not(forebay_loom))] {
/// use forebay_rt::sync::{Mutex, lock};
///
/// let count = Mutex::new(0);
/// *lock(&count) += 1;
/// assert_eq!(*lock(&count), 1);
/// # }
/// ```
#[inline]
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
