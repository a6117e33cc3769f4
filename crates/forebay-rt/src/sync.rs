//! Locks, atomics and thread-local variables, from std or, in models, from loom.
//!
//! A crate that takes them from here can be run through every interleaving of its threads: with
//! `--cfg forebay_loom` they are loom's, and its tests are models. Without it they are std's own,
//! and cost nothing beside them.

use std::time::Duration;

#[cfg(not(forebay_loom))]
pub use std::{
    sync::atomic::{AtomicBool, AtomicU64, AtomicUsize},
    sync::{Condvar, Mutex, MutexGuard, OnceLock},
};

#[cfg(forebay_loom)]
pub use self::once::OnceLock;
#[cfg(forebay_loom)]
pub use loom::{
    sync::atomic::{AtomicBool, AtomicU64, AtomicUsize},
    sync::{Condvar, Mutex, MutexGuard},
};

/// Loom has none of its own: this is std's, with a flag that loom sees.
#[cfg(forebay_loom)]
mod once {
    use std::sync::atomic::Ordering;

    use loom::sync::atomic::AtomicBool;

    /// A value that is set once, with the calls of [`std::sync::OnceLock`] that stages need.
    #[derive(Debug)]
    pub struct OnceLock<T> {
        value: std::sync::OnceLock<T>,
        is_set: AtomicBool,
    }

    impl<T> OnceLock<T> {
        /// Creates it without a value.
        ///
        /// # Examples
        ///
        /// See [`std::sync::OnceLock::new`].
        #[must_use]
        pub fn new() -> Self {
            Self {
                value: std::sync::OnceLock::new(),
                is_set: AtomicBool::new(false),
            }
        }

        /// Returns the value, if it was set.
        ///
        /// # Examples
        ///
        /// See [`std::sync::OnceLock::get`].
        #[must_use]
        pub fn get(&self) -> Option<&T> {
            let is_set = self.is_set.load(Ordering::Acquire);
            is_set.then(|| self.value.get()).flatten()
        }

        /// Sets the value.
        ///
        /// # Errors
        ///
        /// The value, if there is one already.
        ///
        /// # Examples
        ///
        /// See [`std::sync::OnceLock::set`].
        pub fn set(&self, value: T) -> Result<(), T> {
            self.value.set(value)?;
            self.is_set.store(true, Ordering::Release);
            Ok(())
        }

        /// Returns the value, which is made if it was not set. Only one thread may set it.
        ///
        /// # Examples
        ///
        /// See [`std::sync::OnceLock::get_or_init`].
        pub fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
            let value = self.value.get_or_init(make);
            self.is_set.store(true, Ordering::Release);
            value
        }

        /// Takes the value out.
        ///
        /// # Examples
        ///
        /// See [`std::sync::OnceLock::take`].
        pub fn take(&mut self) -> Option<T> {
            self.value.take()
        }
    }

    impl<T> Default for OnceLock<T> {
        fn default() -> Self {
            Self::new()
        }
    }
}

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

/// Waits until somebody notifies `condvar`, or for nothing at all, and has the lock back as
/// [`lock`] would.
///
/// # Examples
///
/// ```
/// # #[cfg(not(forebay_loom))] {
/// use forebay_rt::sync::{Condvar, Mutex, lock, wait};
///
/// let (is_done, bell) = (Mutex::new(false), Condvar::new());
/// std::thread::scope(|scope| {
///     scope.spawn(|| {
///         *lock(&is_done) = true;
///         bell.notify_one();
///     });
///     let mut done = lock(&is_done);
///     while !*done {
///         done = wait(&bell, done);
///     }
/// });
/// # }
/// ```
pub fn wait<'a, T>(condvar: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    condvar
        .wait(guard)
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// As [`wait`], but for no longer than `most`; in models for any time.
///
/// It does not say which it was: look at what is under the lock, and at the clock.
///
/// # Examples
///
/// ```
/// # #[cfg(not(forebay_loom))] {
/// use std::time::Duration;
///
/// use forebay_rt::sync::{Condvar, Mutex, lock, wait_at_most};
///
/// let (is_done, bell) = (Mutex::new(false), Condvar::new());
/// let done = wait_at_most(&bell, lock(&is_done), Duration::from_millis(1));
/// assert!(!*done, "nobody rang");
/// # }
/// ```
pub fn wait_at_most<'a, T>(
    condvar: &Condvar,
    guard: MutexGuard<'a, T>,
    most: Duration,
) -> MutexGuard<'a, T> {
    let waited = condvar.wait_timeout(guard, most);
    waited.unwrap_or_else(std::sync::PoisonError::into_inner).0
}
