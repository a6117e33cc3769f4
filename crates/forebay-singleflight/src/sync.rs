//! The lock and the thread-local variable of this crate, from std or, in its models, from loom.
//!
//! The outcome of a flight is in std's `OnceLock` under loom too: it is set under a lock that loom
//! knows, so loom tries its reads on either side of that.

#[cfg(not(forebay_loom))]
pub(crate) use std::{
    sync::atomic::AtomicU64,
    sync::{Mutex, MutexGuard},
};

#[cfg(forebay_loom)]
pub(crate) use loom::{
    sync::atomic::AtomicU64,
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
/// The only foreign code that runs under a lock here is a key's `Eq` and `ToOwned` and a waker's
/// `clone`, each before anything is changed, so a panic in one of them leaves nothing half done.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
