use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// Wakes every one of `wakers`; one that panics does not keep the others from being woken.
///
/// The panic stops here: it belongs to the executor that made the waker and not to the caller who
/// happened to wake it. No lock may be held: a waker may run or drop a task at once.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// use std::task::{Wake, Waker};
///
/// struct Counter(AtomicUsize);
///
/// impl Wake for Counter {
///     fn wake(self: Arc<Self>) {
///         let earlier = self.0.fetch_add(1, Ordering::Relaxed);
///         assert_ne!(earlier, 0, "the first one fails");
///     }
/// }
///
/// let counter = Arc::new(Counter(AtomicUsize::new(0)));
/// forebay_rt::wake_all([1, 2, 3].map(|_| Waker::from(Arc::clone(&counter))));
/// assert_eq!(counter.0.load(Ordering::Relaxed), 3);
/// ```
pub fn wake_all(wakers: impl IntoIterator<Item = Waker>) {
    let mut wakers = wakers.into_iter();
    while catch_unwind(AssertUnwindSafe(|| wakers.by_ref().for_each(Waker::wake))).is_err() {}
}
