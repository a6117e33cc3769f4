use std::fmt;
use std::marker::PhantomData;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use forebay_core::LoadError;
use pin_project_lite::pin_project;

use crate::alarm::nanos;
use crate::berth::{Ask, Berth, Bound, Followed, Left, Mode, Verdict};
use crate::cycle;
use crate::flight::{Flight, Outcome};
use crate::group::{Group, taken};
use crate::handle::{Handle, Meaning};
use crate::info::Role;
use crate::loading::{Loaded, Loading, Surroundings};
use crate::observe::LoadSpan;
use crate::panic::message;
use crate::policy::OnTimeout;
use crate::waiters::{NEVER, NOWHERE};
use crate::with_info::WithInfo;

pin_project! {
    /// A call: the future of [`Singleflight::work`](crate::Singleflight::work) and its kin.
    ///
    /// Nothing happens before it is polled. It is as large as its closure or its load, whichever
    /// is larger, and little more.
    ///
    /// # Cancel safety
    ///
    /// Dropping it takes the call out of its flight. If it was loading, its load is dropped and
    /// then the youngest follower takes over; nobody else loses anything.
    #[must_use = "futures do nothing unless polled"]
    pub struct Work<H: Handle, M, F, Fut> {
        handle: H,
        berth: Berth,
        flight: Option<Arc<Flight<H::Value, H::Error>>>,
        // Before joining, this call's own bound on waiting; then, when it gives up. Both in
        // nanoseconds, and `NEVER` if there is none.
        bound: u64,
        seat: Seat,
        role: Role,
        #[pin]
        load: Loading<F, Fut>,
        meaning: PhantomData<fn() -> M>,
    }

    impl<H: Handle, M, F, Fut> PinnedDrop for Work<H, M, F, Fut> {
        fn drop(this: Pin<&mut Self>) {
            this.abandon();
        }
    }
}

/// Where a call sits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Seat {
    /// Nowhere: it was not polled yet.
    Outside,
    Follower,
    Leader,
    /// Beside the leader, loading too.
    Hedge,
    /// Outside the flight, loading for itself.
    Fallback,
    Done,
}

/// What a call comes to.
pub(crate) struct Answer<V, E> {
    pub(crate) outcome: Outcome<V, E>,
    pub(crate) role: Role,
    pub(crate) followers: usize,
}

/// What a poll of a call has come to so far.
enum Step<V, E> {
    /// The call has another seat, and goes on there.
    Go(Seat),
    Wait,
    Done(Answer<V, E>),
}

type StepOf<H> = Step<<H as Handle>::Value, <H as Handle>::Error>;

type HandleGroup<H> =
    Group<<H as Handle>::Key, <H as Handle>::Value, <H as Handle>::Error, <H as Handle>::Hasher>;

impl<H: Handle, M, F, Fut> Work<H, M, F, Fut> {
    pub(crate) const fn new(handle: H, closure: F) -> Self {
        Self {
            handle,
            berth: Berth::NOWHERE,
            flight: None,
            bound: NEVER,
            seat: Seat::Outside,
            role: Role::Leader,
            load: Loading::new(closure),
            meaning: PhantomData,
        }
    }

    /// The load of a flight that is in the table, to be polled by a task of its own.
    pub(crate) fn seated(
        handle: H,
        berth: Berth,
        flight: Arc<Flight<H::Value, H::Error>>,
        role: Role,
        closure: F,
    ) -> Self {
        let mut work = Self::new(handle, closure);
        (work.berth, work.flight, work.seat, work.role) = (berth, Some(flight), Seat::Leader, role);
        work
    }

    /// Bounds how long this call follows another one, in place of the group's own bound.
    ///
    /// What happens then is the group's to say, see [`OnTimeout`]. Time in which the call itself
    /// loads does not count; a bound of zero does not wait at all. A group without a
    /// [`Runtime`](crate::Runtime) has no clock: there a call that would have to wait fails with
    /// [`LoadError::Closed`].
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.bound = nanos(timeout);
        self
    }

    /// Makes the call tell how it came by its answer.
    pub const fn with_info(self) -> WithInfo<H, M, F, Fut> {
        WithInfo::new(self)
    }

    pub(crate) fn group(&self) -> &HandleGroup<H> {
        self.handle.group()
    }

    /// Leaves whatever seat the call has. A load is dropped before its seat is given up, so that
    /// two loads of a key never overlap.
    fn abandon(self: Pin<&mut Self>) {
        let this = self.project();
        let group = this.handle.group();
        let permits = group.permits.as_ref();
        match *this.seat {
            Seat::Outside | Seat::Done => {}
            Seat::Follower => group.leave(*this.berth, Left::Dropped),
            Seat::Fallback => this.load.stop(permits),
            Seat::Leader | Seat::Hedge => {
                let _vacate = OnDrop(|| group.vacate(*this.berth));
                this.load.stop(permits);
            }
        }
    }
}

impl<H, M, F, Fut> Work<H, M, F, Fut>
where
    H: Handle,
    M: Meaning<Fut::Output, H::Value, H::Error>,
    F: FnOnce() -> Fut,
    Fut: Future,
{
    pub(crate) fn poll_answer(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Answer<H::Value, H::Error>> {
        let mut seat = self.seat;
        loop {
            let step = match seat {
                Seat::Outside => self.as_mut().join(cx),
                Seat::Follower => self.as_mut().follow(cx),
                Seat::Leader | Seat::Hedge | Seat::Fallback => self.as_mut().lead(cx, seat),
                Seat::Done => panic!("`Work` polled after completion"),
            };
            match step {
                Step::Go(next) => seat = next,
                Step::Wait => return Poll::Pending,
                Step::Done(answer) => return Poll::Ready(answer),
            }
        }
    }

    /// Finds the call its seat.
    #[inline(always)]
    fn join(self: Pin<&mut Self>, cx: &Context<'_>) -> StepOf<H> {
        let this = self.project();
        let timeout = *this.bound;
        let deadlines = this.handle.group().deadlines(timeout, true);
        let deadline = deadlines.map_or(NEVER, |deadlines| deadlines.first);
        let mode = this.handle.group().mode();
        let ask = Ask {
            waker: Some(cx.waker()),
            deadline,
            mode,
        };
        let joined = this.handle.join(&ask);
        // One by one: copied as a whole just after it was written, it would stall the processor.
        this.berth.hash = joined.berth.hash;
        this.berth.id = joined.berth.id;
        this.berth.place = joined.berth.place;
        *this.flight = joined.flight;
        match joined.verdict {
            Verdict::Lead => {
                *this.role = if joined.promoted {
                    Role::Promoted
                } else {
                    Role::Leader
                };
                *this.seat = Seat::Leader;
                return Step::Go(Seat::Leader);
            }
            Verdict::Follow => (*this.seat, *this.role) = (Seat::Follower, Role::Follower),
            Verdict::Spawn(_) | Verdict::Busy | Verdict::Cycle => {
                *this.seat = Seat::Done;
                return failed(LoadError::Cycle);
            }
        }
        let group = this.handle.group();
        if timeout == 0 {
            group.leave(*this.berth, Left::TimedOut);
            return expired(group.policy.on_timeout, this.seat, this.role);
        }
        let armed = deadlines.and_then(|deadlines| {
            *this.bound = deadlines.last;
            group.arm(deadline)
        });
        if armed.is_err() {
            *this.seat = Seat::Done;
            group.leave(*this.berth, Left::Dropped);
            return failed(LoadError::Closed);
        }
        Step::Wait
    }

    /// Waits for another call's load.
    fn follow(self: Pin<&mut Self>, cx: &Context<'_>) -> StepOf<H> {
        let this = self.project();
        let group = this.handle.group();
        if let Some(answer) = landed(this.flight) {
            *this.seat = Seat::Done;
            return Step::Done(answer);
        }
        let mode = group.mode();
        let hedges_max = group.policy.hedge().map_or(0, |(_, max)| max);
        let bound = Bound {
            deadline: *this.bound,
            hedges_max,
            mode,
        };
        (*this.seat, *this.role) = match group.poll_follower(*this.berth, cx.waker(), bound) {
            Followed::Waiting(deadline) => {
                if group.arm(deadline).is_ok() {
                    return Step::Wait;
                }
                *this.seat = Seat::Done;
                group.leave(*this.berth, Left::Dropped);
                return failed(LoadError::Closed);
            }
            Followed::Landed => {
                *this.seat = Seat::Done;
                let answer = landed(this.flight);
                return answer.map_or_else(|| failed(LoadError::Abandoned), Step::Done);
            }
            Followed::Promoted | Followed::Spawn(_) => (Seat::Leader, Role::Promoted),
            Followed::Hedge => (Seat::Hedge, Role::Hedge),
            Followed::Expired => return expired(group.policy.on_timeout, this.seat, this.role),
        };
        if mode == Mode::InPlace {
            this.berth.place = NOWHERE;
        }
        Step::Go(*this.seat)
    }

    /// Loads, for the flight or for the call alone.
    #[inline(always)]
    fn lead(self: Pin<&mut Self>, cx: &mut Context<'_>, seat: Seat) -> StepOf<H> {
        let mut this = self.project();
        let group = this.handle.group();
        let permits = group.permits.as_ref();
        if seat != Seat::Fallback && this.flight.is_some() {
            // First the waker and then the look, or a landing in between would go unnoticed.
            group.watch(*this.berth, cx.waker());
            if let Some(answer) = landed(this.flight) {
                *this.seat = Seat::Done;
                this.load.stop(permits);
                return Step::Done(answer);
            }
        }
        let flight = match seat {
            Seat::Fallback => cycle::NO_FLIGHT,
            _ => group.flight_id(*this.berth),
        };
        let (name, meter, role) = (&*group.name, &group.meter, *this.role);
        let surroundings = Surroundings {
            permits,
            meter,
            name,
            flight,
            role,
        };
        let Poll::Ready(loaded) = this.load.as_mut().poll_load(cx, &surroundings) else {
            return Step::Wait;
        };
        match loaded {
            Loaded::Output(output, span) => {
                *this.seat = Seat::Done;
                let stop = OnDrop(|| this.load.as_mut().stop(permits));
                if seat != Seat::Fallback && group.land_alone(*this.berth, M::failed(&output)) {
                    drop(stop);
                    return Step::Done(Answer {
                        outcome: M::outcome(output),
                        role,
                        followers: 0,
                    });
                }
                let answer = settle(group, *this.berth, seat, role, M::outcome(output), span);
                drop(stop);
                Step::Done(answer)
            }
            Loaded::Panicked(payload, span) => {
                *this.seat = Seat::Done;
                let stop = OnDrop(|| this.load.as_mut().stop(permits));
                let outcome = Err(LoadError::Panicked(message(&*payload)));
                let answer = settle(group, *this.berth, seat, role, outcome, span);
                drop(stop);
                if !H::SPAWNED {
                    resume_unwind(payload);
                }
                Step::Done(answer)
            }
            Loaded::Rejected if seat == Seat::Hedge => {
                *this.berth = group.follow_again(*this.berth, cx.waker(), *this.bound);
                (*this.seat, *this.role) = (Seat::Follower, Role::Follower);
                Step::Go(Seat::Follower)
            }
            Loaded::Rejected => {
                *this.seat = Seat::Done;
                let (outcome, span) = (Err(LoadError::Rejected), LoadSpan::none());
                Step::Done(settle(group, *this.berth, seat, role, outcome, span))
            }
        }
    }
}

impl<H, M, F, Fut> Future for Work<H, M, F, Fut>
where
    H: Handle,
    M: Meaning<Fut::Output, H::Value, H::Error>,
    F: FnOnce() -> Fut,
    Fut: Future,
{
    type Output = Outcome<H::Value, H::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_answer(cx).map(|answer| answer.outcome)
    }
}

impl<H: Handle, M, F, Fut> fmt::Debug for Work<H, M, F, Fut> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work")
            .field("seat", &self.seat)
            .field("role", &self.role)
            .finish()
    }
}

/// The answer of another call's load, if it is there.
fn landed<V: Clone, E>(flight: &mut Option<Arc<Flight<V, E>>>) -> Option<Answer<V, E>> {
    flight.as_ref()?.landed()?.span.link();
    let (outcome, followers) = taken(flight.take()?);
    Some(Answer {
        outcome,
        role: Role::Follower,
        followers,
    })
}

/// Gives the outcome of a call's load to whom it belongs.
fn settle<K, V: Clone, E, S>(
    group: &Group<K, V, E, S>,
    berth: Berth,
    seat: Seat,
    role: Role,
    outcome: Outcome<V, E>,
    span: LoadSpan,
) -> Answer<V, E> {
    group.meter.loaded(&outcome);
    let (outcome, followers) = match seat {
        Seat::Fallback => (outcome, 0),
        _ => group.land(berth, outcome, span),
    };
    Answer {
        outcome,
        role,
        followers,
    }
}

/// What a follower comes to whose bound on waiting has passed.
fn expired<V, E>(on_timeout: OnTimeout, seat: &mut Seat, role: &mut Role) -> Step<V, E> {
    if on_timeout == OnTimeout::RunOwn {
        (*seat, *role) = (Seat::Fallback, Role::Fallback);
        return Step::Go(Seat::Fallback);
    }
    *seat = Seat::Done;
    failed(LoadError::TimedOut)
}

/// What a follower comes to that the group could not serve.
const fn failed<V, E>(error: LoadError<E>) -> Step<V, E> {
    Step::Done(Answer {
        outcome: Err(error),
        role: Role::Follower,
        followers: 0,
    })
}

/// Runs a closure when it is dropped, so also when something on the way panics.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
