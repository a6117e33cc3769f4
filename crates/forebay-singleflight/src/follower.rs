use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use foldhash::fast::RandomState;
use forebay_core::LoadError;
use forebay_rt::alarm::{NEVER, nanos};

use crate::group::{Group, taken};
use crate::leader::Leader;
use crate::table::berth::{Berth, Bound, Followed, Left, Mode};
use crate::table::flight::{Flight, Outcome};
use crate::table::waiters::NOWHERE;

/// A follower of a flight, by explicit roles: a future of the answer, or of the leader's seat.
///
/// Made by [`Singleflight::join`](crate::Singleflight::join). Its bound on waiting is the group's
/// unless [`timeout`](Follower::timeout) sets another; it counts from the first poll, and when it
/// has passed the answer is [`LoadError::TimedOut`] whatever the group's policy for it.
///
/// It joined when it was made, not when it is polled: it counts among the followers, and may be
/// picked to take over, from then on. One that is kept without being polled does not hold up an
/// answer, but it can hold up a hand-over, see [`Handover`](crate::Handover).
///
/// # Panics
///
/// If it is polled after it was ready.
///
/// # Cancel safety
///
/// Dropping it takes the follower out of the flight. Nobody else loses anything.
#[must_use = "futures do nothing unless polled"]
pub struct Follower<K, V, E = Infallible, S = RandomState> {
    group: Arc<Group<K, V, E, S>>,
    berth: Berth,
    flight: Option<Arc<Flight<V, E>>>,
    /// In nanoseconds, or `NEVER`: then the group's own applies.
    timeout: u64,
    /// When it gives up, from the first poll on.
    deadline: Option<u64>,
}

/// What a [`Follower`] comes to.
///
/// # Examples
///
/// A follower that is promoted has to load, for itself and for those who still follow:
///
/// ```
/// use forebay_singleflight::{Joined, Singleflight, Waited};
///
/// let group = Singleflight::<u64, &str>::new();
/// let Joined::Leader(leader) = group.join(&7) else { unreachable!() };
/// let Joined::Follower(follower) = group.join(&7) else { unreachable!() };
/// drop(leader);
/// let answer = match futures::executor::block_on(follower) {
///     Waited::Answered(answer) => answer.unwrap(),
///     Waited::Promoted(leader) => leader.publish("loaded after all"),
/// };
/// assert_eq!(answer, "loaded after all");
/// ```
#[derive(Debug)]
#[allow(
    clippy::exhaustive_enums,
    reason = "there is no third way for a wait to end"
)]
pub enum Waited<K, V, E = Infallible, S = RandomState> {
    /// The flight was answered, or the wait ended without an answer: with
    /// [`TimedOut`](LoadError::TimedOut) at its bound, with [`Abandoned`](LoadError::Abandoned)
    /// where the group lets nobody take over, with [`Closed`](LoadError::Closed) where a bound on
    /// waiting has no runtime.
    Answered(Result<V, LoadError<E>>),
    /// The leader was lost, or failed where [`OnFailure`](crate::OnFailure) lets others try, and
    /// this follower is the leader now.
    Promoted(Leader<K, V, E, S>),
}

impl<K, V, E, S> Follower<K, V, E, S> {
    pub(crate) const fn new(
        group: Arc<Group<K, V, E, S>>,
        berth: Berth,
        flight: Arc<Flight<V, E>>,
    ) -> Self {
        Self {
            group,
            berth,
            flight: Some(flight),
            timeout: NEVER,
            deadline: None,
        }
    }

    /// Bounds the wait, in place of the group's own bound. Zero does not wait at all.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use forebay_core::LoadError;
    /// use forebay_singleflight::{Joined, Singleflight, Waited};
    ///
    /// let group = Singleflight::<u64, String>::new();
    /// let leader = group.claim(&7).unwrap();
    /// let Joined::Follower(follower) = group.join(&7) else { unreachable!() };
    /// let waited = futures::executor::block_on(follower.timeout(Duration::ZERO));
    /// assert!(matches!(waited, Waited::Answered(Err(LoadError::TimedOut))));
    /// # drop(leader);
    /// ```
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = nanos(timeout);
        self
    }

    /// Ends the wait with `error`.
    fn fail(&mut self, left: Left, error: LoadError<E>) -> Poll<Waited<K, V, E, S>> {
        self.flight = None;
        self.group.leave(self.berth, left);
        Poll::Ready(Waited::Answered(Err(error)))
    }

    fn landed(&mut self) -> Option<Outcome<V, E>>
    where
        V: Clone,
    {
        self.flight.as_ref()?.landed()?.span.link();
        Some(taken(self.flight.take()?).0)
    }
}

impl<K, V, E, S> Future for Follower<K, V, E, S>
where
    K: Send + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    S: Send + Sync + 'static,
{
    type Output = Waited<K, V, E, S>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        assert!(this.flight.is_some(), "`Follower` polled after completion");
        if let Some(outcome) = this.landed() {
            return Poll::Ready(Waited::Answered(outcome));
        }
        let deadline = match this.deadline {
            Some(deadline) => deadline,
            None if this.timeout == 0 => {
                return this.fail(Left::TimedOut, LoadError::TimedOut);
            }
            None => match this.group.deadlines(this.timeout, false) {
                Ok(deadlines) => *this.deadline.insert(deadlines.last),
                Err(_) => return this.fail(Left::Dropped, LoadError::Closed),
            },
        };
        let bound = Bound {
            deadline,
            hedges_max: 0,
            mode: Mode::InPlace,
        };
        match this.group.poll_follower(this.berth, cx.waker(), bound) {
            Followed::Waiting(deadline) => match this.group.arm(deadline) {
                Ok(()) => Poll::Pending,
                Err(_) => this.fail(Left::Dropped, LoadError::Closed),
            },
            Followed::Landed => {
                let outcome = this.landed().unwrap_or(Err(LoadError::Abandoned));
                this.flight = None;
                Poll::Ready(Waited::Answered(outcome))
            }
            Followed::Promoted | Followed::Spawn(_) | Followed::Hedge => {
                this.flight = None;
                let berth = Berth {
                    place: NOWHERE,
                    ..this.berth
                };
                let leader = Leader::new(Arc::clone(&this.group), berth, true);
                Poll::Ready(Waited::Promoted(leader))
            }
            Followed::Expired => {
                this.flight = None;
                Poll::Ready(Waited::Answered(Err(LoadError::TimedOut)))
            }
        }
    }
}

impl<K, V, E, S> Drop for Follower<K, V, E, S> {
    fn drop(&mut self) {
        if self.flight.is_some() {
            self.group.leave(self.berth, Left::Dropped);
        }
    }
}

impl<K, V, E, S> fmt::Debug for Follower<K, V, E, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let given_up = self.deadline.filter(|deadline| *deadline != NEVER);
        f.debug_struct("Follower")
            .field("deadline", &given_up)
            .finish_non_exhaustive()
    }
}
