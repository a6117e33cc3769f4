use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

/// Wakes every one of `wakers`; one that panics does not keep the others from being woken.
///
/// The panic stops here: it belongs to the executor that made the waker and not to the caller who
/// happened to wake it.
///
/// # Examples
///
/// ```
/// use std::task::Waker;
///
/// forebay_rt::wake_all([Waker::noop().clone(), Waker::noop().clone()]);
/// ```
pub fn wake_all(wakers: impl IntoIterator<Item = Waker>) {
    let mut wakers = wakers.into_iter();
    while catch_unwind(AssertUnwindSafe(|| wakers.by_ref().for_each(Waker::wake))).is_err() {}
}
