use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use forebay_core::LoadError;
use forebay_rt::RuntimeGone;
use forebay_rt::alarm::{NEVER, nanos};

use crate::group::{Group, taken};
use crate::info::Role;
use crate::policy::Cancel;
use crate::singleflight::Singleflight;
use crate::table::berth::{Ask, Berth, Bound, Followed, Left, Mode, Verdict};
use crate::table::flight::{Flight, Outcome};
use crate::work::Work;
use crate::work::handle::{Fallible, Handle, Meaning, Owned, Spawned, Value};

/// A call whose load runs in a task of its own: the future of
/// [`Singleflight::work_detached`](crate::Singleflight::work_detached) and its kin.
///
/// Nothing happens before it is polled. When its bound on waiting has passed the answer is
/// [`LoadError::TimedOut`], whatever the group's policy for it: the load goes on.
///
/// It is `Send` and `'static`, and so must the load be. It follows a load in place of the same key,
/// and a call in place follows this one; whoever takes over a lost load does it in its own way.
///
/// # Panics
///
/// If it is polled after it was ready. A panic of the load is an error here, for all callers.
///
/// # Cancel safety
///
/// Dropping it takes the call out of its flight. The load goes on for the others, and without any
/// as [`Cancel`] says.
#[must_use = "futures do nothing unless polled"]
pub struct Detached<K, V, E, S, M, F> {
    handle: Owned<K, V, E, S>,
    /// The closure, until it is called.
    closure: Option<F>,
    cancel: Cancel,
    /// In nanoseconds, or `NEVER`: then the group's own applies.
    timeout: u64,
    deadline: u64,
    berth: Berth,
    flight: Option<Arc<Flight<V, E>>>,
    state: State,
    meaning: PhantomData<fn() -> M>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Outside,
    Following,
    Done,
}

/// Nothing in it is pinned: the load is in its task.
impl<K, V, E, S, M, F> Unpin for Detached<K, V, E, S, M, F> {}

impl<K, V, E, S> Singleflight<K, V, E, S>
where
    K: Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    S: BuildHasher + Send + Sync + 'static,
{
    /// Does what [`work`](Singleflight::work) does, with the load in a task of its own on the
    /// group's [`Runtime`](crate::Runtime): no caller's deadline cuts it short.
    ///
    /// For loads that take longer than callers are ready to wait. In place, each caller that gives
    /// up drops the load that it leads, and the next one starts from the beginning; here the load
    /// gets to its end. It costs a task, and the key and the closure must be owned. The task is not
    /// aborted when the group is dropped.
    ///
    /// # Errors
    ///
    /// As [`work`](Singleflight::work). Every caller of a load that panicked gets
    /// [`Panicked`](forebay_core::LoadError::Panicked), and without a runtime
    /// [`Closed`](forebay_core::LoadError::Closed).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future costs nobody else anything: the load goes on, and without any caller
    /// left as `cancel` says.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "tokio")]
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use forebay_singleflight::{Cancel, Singleflight};
    ///
    /// let group = Singleflight::<u64, String>::new();
    /// let report = group.work_detached(7, || async { "long".to_owned() }, Cancel::WhenUnwatched);
    /// assert_eq!(report.await.unwrap(), "long");
    /// # });
    /// ```
    pub fn work_detached<F, Fut>(
        &self,
        key: K,
        load: F,
        cancel: Cancel,
    ) -> Detached<K, V, E, S, Value, F>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = V> + Send + 'static,
    {
        Detached::new(self.owned(key), load, cancel)
    }

    /// Does what [`work_detached`](Singleflight::work_detached) does, with a load that can fail.
    ///
    /// # Errors
    ///
    /// As [`work_detached`](Singleflight::work_detached), and
    /// [`Backend`](forebay_core::LoadError::Backend) with the load's error.
    ///
    /// # Cancel safety
    ///
    /// As [`work_detached`](Singleflight::work_detached).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "tokio")]
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use forebay_singleflight::{Cancel, Singleflight};
    ///
    /// let group = Singleflight::<u64, String, &str>::new();
    /// let report = group.try_work_detached(7, || async { Err("disk full") }, Cancel::Never);
    /// assert_eq!(report.await.unwrap_err().backend(), Some(&"disk full"));
    /// # });
    /// ```
    pub fn try_work_detached<F, Fut>(
        &self,
        key: K,
        load: F,
        cancel: Cancel,
    ) -> Detached<K, V, E, S, Fallible, F>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
    {
        Detached::new(self.owned(key), load, cancel)
    }
}

impl<K, V, E, S, M, F> Detached<K, V, E, S, M, F> {
    pub(crate) const fn new(handle: Owned<K, V, E, S>, closure: F, cancel: Cancel) -> Self {
        Self {
            handle,
            closure: Some(closure),
            cancel,
            timeout: NEVER,
            deadline: NEVER,
            berth: Berth::NOWHERE,
            flight: None,
            state: State::Outside,
            meaning: PhantomData,
        }
    }

    /// Bounds how long this call waits for its answer, in place of the group's own bound.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(feature = "tokio")]
    /// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
    /// use std::future::pending;
    /// use std::time::Duration;
    ///
    /// use forebay_core::LoadError;
    /// use forebay_singleflight::{Cancel, Singleflight};
    ///
    /// let group = Singleflight::<u64, String>::new();
    /// let report = group.work_detached(7, || pending(), Cancel::WhenUnwatched);
    /// assert_eq!(report.timeout(Duration::ZERO).await, Err(LoadError::TimedOut));
    /// # });
    /// ```
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = nanos(timeout);
        self
    }

    fn group(&self) -> &Group<K, V, E, S> {
        &self.handle.group
    }

    /// Ends the wait with `error`.
    fn fail(&mut self, left: Left, error: LoadError<E>) -> Poll<Outcome<V, E>> {
        self.state = State::Done;
        self.group().leave(self.berth, left);
        Poll::Ready(Err(error))
    }
}

impl<K, V, E, S, M, F, Fut> Detached<K, V, E, S, M, F>
where
    K: Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    S: BuildHasher + Send + Sync + 'static,
    M: Meaning<Fut::Output, V, E> + 'static,
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future + Send + 'static,
{
    fn join(&mut self, cx: &Context<'_>) -> Poll<Outcome<V, E>> {
        let deadlines = self.group().deadlines(self.timeout, false);
        let deadline = deadlines.map_or(NEVER, |deadlines| deadlines.last);
        let mode = Mode::Detached(self.cancel);
        let (hash, joined) = self.handle.join(&Ask {
            waker: Some(cx.waker()),
            deadline,
            mode,
        });
        self.state = State::Following;
        self.deadline = deadline;
        self.berth = joined.berth(hash);
        self.flight = joined.flight;
        let spawned = match joined.verdict {
            Verdict::Follow => Ok(()),
            Verdict::Spawn => {
                let place = joined.leader;
                let role = if joined.promoted {
                    Role::Promoted
                } else {
                    Role::Leader
                };
                self.spawn(
                    Berth {
                        place,
                        ..self.berth
                    },
                    role,
                )
            }
            Verdict::Lead | Verdict::Busy | Verdict::Cycle => {
                self.state = State::Done;
                return Poll::Ready(Err(LoadError::Cycle));
            }
        };
        if self.timeout == 0 {
            return self.fail(Left::TimedOut, LoadError::TimedOut);
        }
        let armed = spawned
            .and(deadlines)
            .and_then(|_| self.group().arm(deadline));
        if armed.is_err() {
            return self.fail(Left::Dropped, LoadError::Closed);
        }
        Poll::Pending
    }

    fn follow(&mut self, cx: &Context<'_>) -> Poll<Outcome<V, E>> {
        if let Some(outcome) = self.landed() {
            return Poll::Ready(outcome);
        }
        let mode = Mode::Detached(self.cancel);
        let bound = Bound {
            deadline: self.deadline,
            hedges_max: 0,
            mode,
        };
        let served = match self.group().poll_follower(self.berth, cx.waker(), bound) {
            Followed::Waiting(deadline) => self.group().arm(deadline),
            Followed::Spawn(leader) => self.spawn(leader, Role::Promoted),
            Followed::Landed | Followed::Promoted | Followed::Hedge => {
                let outcome = self.landed().unwrap_or(Err(LoadError::Abandoned));
                self.state = State::Done;
                return Poll::Ready(outcome);
            }
            Followed::Expired => {
                self.state = State::Done;
                return Poll::Ready(Err(LoadError::TimedOut));
            }
        };
        match served {
            Ok(()) => Poll::Pending,
            Err(_) => self.fail(Left::Dropped, LoadError::Closed),
        }
    }

    /// Spawns the load, whose berth is `leader`.
    fn spawn(&mut self, leader: Berth, role: Role) -> Result<(), RuntimeGone> {
        let (Some(closure), Some(flight)) = (self.closure.take(), self.flight.clone()) else {
            unreachable!("a call that has called its closure is not picked again")
        };
        let handle = Spawned(Arc::clone(&self.handle.group));
        let work = Work::<_, M, _, _>::seated(handle, leader, flight, role, closure);
        // Where it can't run it is dropped, and with it the flight is handed over or given up.
        let task = Box::pin(async move {
            let _ = work.await;
        });
        let alarm = self.group().alarm.as_ref().ok_or_else(RuntimeGone::new)?;
        alarm.runtime().spawn(task)
    }

    fn landed(&mut self) -> Option<Outcome<V, E>> {
        self.flight.as_ref()?.landed()?.span.link();
        let (outcome, _) = taken(self.flight.take()?);
        self.state = State::Done;
        Some(outcome)
    }
}

impl<K, V, E, S, M, F, Fut> Future for Detached<K, V, E, S, M, F>
where
    K: Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    S: BuildHasher + Send + Sync + 'static,
    M: Meaning<Fut::Output, V, E> + 'static,
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future + Send + 'static,
{
    type Output = Outcome<V, E>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.state {
            State::Outside => self.join(cx),
            State::Following => self.follow(cx),
            State::Done => panic!("`Detached` polled after completion"),
        }
    }
}

impl<K, V, E, S, M, F> Drop for Detached<K, V, E, S, M, F> {
    fn drop(&mut self) {
        if self.state == State::Following {
            self.group().leave(self.berth, Left::Dropped);
        }
    }
}

impl<K, V, E, S, M, F> fmt::Debug for Detached<K, V, E, S, M, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Detached")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}
