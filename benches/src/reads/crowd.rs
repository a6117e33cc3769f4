//! One key and everybody who asks for it, polled by hand: what the benches time and count.
//!
//! There is no runtime and no clock in it, so that what is left is the cost of singleflight.

use std::convert::Infallible;
use std::fmt;
use std::future::{poll_fn, ready};
use std::hash::Hash;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use foldhash::fast::FixedState;
use forebay_core::LoadError;
use forebay_singleflight::Singleflight;

/// A group whose hashes are the same in every run, so that counts are too.
pub type Group<K> = Singleflight<K, u64, Infallible, FixedState>;

/// One caller.
type Caller = Pin<Box<dyn Future<Output = Result<u64, LoadError<Infallible>>>>>;

/// Creates a group with the default settings and a fixed hasher.
///
/// # Panics
///
/// Never, as the default settings are valid.
#[must_use]
pub fn group<K: Eq + Hash>() -> Group<K> {
    let builder = Singleflight::builder().hasher(FixedState::default());
    builder.build().expect("the defaults are valid")
}

/// Makes one call of `key` that nobody shares, from its creation to its value.
///
/// # Panics
///
/// If the call does not end at its first poll.
///
/// # Examples
///
/// ```
/// use forebay_bench::reads::crowd::{alone, group};
///
/// assert_eq!(alone(&group(), &"key".to_owned()), 7);
/// ```
pub fn alone<K>(group: &Group<K>, key: &K) -> u64
where
    K: Clone + Eq + Hash + Send + 'static,
{
    match poll(pin!(group.work(key, || ready(7)))) {
        Poll::Ready(Ok(value)) => value,
        other => panic!("a load that is ready ended as {other:?}"),
    }
}

/// A flight under way: its leader, and the followers that have joined.
pub struct Crowd {
    landed: Arc<AtomicBool>,
    leader: Caller,
    followers: Vec<Caller>,
    /// A caller that has not been polled, and so has not joined.
    next: Caller,
}

impl Crowd {
    /// Creates a flight of `key` with so many followers, who have joined.
    ///
    /// # Panics
    ///
    /// If a call ends before its load has.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_bench::reads::crowd::Crowd;
    ///
    /// let mut crowd = Crowd::new(&1_u64, 3);
    /// crowd.join();
    /// crowd.cancel();
    /// assert_eq!(crowd.complete(), 2 * 7);
    /// ```
    #[must_use]
    pub fn new<K>(key: &K, followers: usize) -> Self
    where
        K: Clone + Eq + Hash + Send + 'static,
    {
        let group = group();
        let landed = Arc::new(AtomicBool::new(false));
        let call = || -> Caller {
            let landed = Arc::clone(&landed);
            let load = poll_fn(move |_| match landed.load(Ordering::Relaxed) {
                true => Poll::Ready(7),
                false => Poll::Pending,
            });
            Box::pin(group.work_owned(K::clone(key), move || load))
        };
        let begin = |mut caller: Caller| {
            assert!(poll(caller.as_mut()).is_pending(), "the load is under way");
            caller
        };
        Self {
            leader: begin(call()),
            followers: (0..followers).map(|_| begin(call())).collect(),
            next: call(),
            landed,
        }
    }

    /// Lets one more follower join, whose future is there already.
    pub fn join(&mut self) {
        let _ = poll(self.next.as_mut());
    }

    /// Drops the follower that joined last.
    pub fn cancel(&mut self) {
        self.followers.pop();
    }

    /// Ends the load, lets every follower take the value, and returns the sum of theirs.
    pub fn complete(&mut self) -> u64 {
        self.landed.store(true, Ordering::Relaxed);
        let _ = poll(self.leader.as_mut());
        let values = self
            .followers
            .iter_mut()
            .map(|follower| match poll(follower.as_mut()) {
                Poll::Ready(Ok(value)) => value,
                _ => 0,
            });
        values.sum()
    }
}

impl fmt::Debug for Crowd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Crowd");
        debug.field("followers", &self.followers.len()).finish()
    }
}

/// Polls once, for nobody.
fn poll<F: Future + ?Sized>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}
