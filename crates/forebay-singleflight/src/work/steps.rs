//! How a call moves from seat to seat until it has its answer.

use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use forebay_core::LoadError;
use forebay_rt::alarm::NEVER;
use forebay_rt::{panic_message, polling};

use crate::group::{Group, taken};
use crate::info::Role;
use crate::observe::LoadSpan;
use crate::policy::OnTimeout;
use crate::table::berth::{Ask, Berth, Bound, Followed, Left, Mode, Verdict};
use crate::table::flight::{Flight, Outcome};
use crate::table::waiters::NOWHERE;
use crate::work::handle::{Handle, Meaning};
use crate::work::loading::{Loaded, Surroundings};
use crate::work::on_drop::OnDrop;
use crate::work::{Seat, Work};

/// What a poll of a call has come to so far.
enum Step<T, V, E> {
    /// The call has another seat, and goes on there.
    Go(Seat),
    Wait,
    /// The call's load gave this, and nobody shares it.
    Alone(T),
    Done(Outcome<V, E>),
}

type StepOf<H, Fut> = Step<<Fut as Future>::Output, <H as Handle>::Value, <H as Handle>::Error>;

impl<H, M, F, Fut> Work<H, M, F, Fut>
where
    H: Handle,
    M: Meaning<Fut::Output, H::Value, H::Error>,
    F: FnOnce() -> Fut,
    Fut: Future,
{
    pub(crate) fn poll_outcome(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Outcome<H::Value, H::Error>> {
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
                Step::Alone(output) => return Poll::Ready(M::outcome(output)),
                Step::Done(outcome) => return Poll::Ready(outcome),
            }
        }
    }

    /// Finds the call its seat.
    #[inline(always)]
    fn join(self: Pin<&mut Self>, cx: &Context<'_>) -> StepOf<H, Fut> {
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
        let (hash, joined) = this.handle.join(&ask);
        this.berth.hash = hash;
        this.berth.id = joined.id;
        this.berth.place = joined.place;
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
            Verdict::Spawn | Verdict::Busy | Verdict::Cycle => {
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
    fn follow(self: Pin<&mut Self>, cx: &Context<'_>) -> StepOf<H, Fut> {
        let this = self.project();
        let group = this.handle.group();
        if let Some(outcome) = landed(this.flight, this.followers) {
            *this.seat = Seat::Done;
            return Step::Done(outcome);
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
                let outcome = landed(this.flight, this.followers);
                return Step::Done(outcome.unwrap_or(Err(LoadError::Abandoned)));
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
    fn lead(self: Pin<&mut Self>, cx: &mut Context<'_>, seat: Seat) -> StepOf<H, Fut> {
        let mut this = self.project();
        let group = this.handle.group();
        let permits = group.permits.as_ref();
        if seat != Seat::Fallback && this.flight.is_some() {
            // First the waker and then the look, or a landing in between would go unnoticed.
            group.watch(*this.berth, cx.waker());
            if let Some(outcome) = landed(this.flight, this.followers) {
                (*this.seat, *this.role) = (Seat::Done, Role::Follower);
                this.load.stop(permits);
                return Step::Done(outcome);
            }
        }
        let flight = match seat {
            Seat::Fallback => polling::NOBODY,
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
        let (outcome, span, payload) = match loaded {
            Loaded::Output(output, span) => {
                // Only then is an outcome made of the output, where it is returned: an enum that is
                // moved just after it was written stalls the processor.
                if seat != Seat::Fallback && group.land_alone(*this.berth, M::failed(&output)) {
                    *this.seat = Seat::Done;
                    this.load.stop(permits);
                    return Step::Alone(output);
                }
                (M::outcome(output), span, None)
            }
            Loaded::Panicked(payload, span) => (
                Err(LoadError::Panicked(panic_message(&*payload))),
                span,
                Some(payload),
            ),
            Loaded::Rejected if seat == Seat::Hedge => {
                *this.berth = group.follow_again(*this.berth, cx.waker(), *this.bound);
                (*this.seat, *this.role) = (Seat::Follower, Role::Follower);
                return Step::Go(Seat::Follower);
            }
            Loaded::Rejected => (Err(LoadError::Rejected), LoadSpan::none(), None),
        };
        *this.seat = Seat::Done;
        let stop = OnDrop(|| this.load.as_mut().stop(permits));
        let (outcome, followers) = settle(group, *this.berth, seat, outcome, span);
        *this.followers = count(followers);
        drop(stop);
        match payload {
            Some(payload) if !H::SPAWNED => resume_unwind(payload),
            _ => Step::Done(outcome),
        }
    }
}

/// The outcome of another call's load, if it is there.
fn landed<V: Clone, E>(
    flight: &mut Option<Arc<Flight<V, E>>>,
    followers: &mut u32,
) -> Option<Outcome<V, E>> {
    flight.as_ref()?.landed()?.span.link();
    let (outcome, company) = taken(flight.take()?);
    *followers = count(company);
    Some(outcome)
}

/// Gives the outcome of a call's load to whom it belongs.
fn settle<K, V: Clone, E, S>(
    group: &Group<K, V, E, S>,
    berth: Berth,
    seat: Seat,
    outcome: Outcome<V, E>,
    span: LoadSpan,
) -> (Outcome<V, E>, usize) {
    group.meter.loaded(&outcome);
    match seat {
        Seat::Fallback => (outcome, 0),
        _ => group.land(berth, outcome, span),
    }
}

/// What a follower comes to whose bound on waiting has passed.
fn expired<T, V, E>(on_timeout: OnTimeout, seat: &mut Seat, role: &mut Role) -> Step<T, V, E> {
    if on_timeout == OnTimeout::RunOwn {
        (*seat, *role) = (Seat::Fallback, Role::Fallback);
        return Step::Go(Seat::Fallback);
    }
    *seat = Seat::Done;
    failed(LoadError::TimedOut)
}

const fn failed<T, V, E>(error: LoadError<E>) -> Step<T, V, E> {
    Step::Done(Err(error))
}

/// Followers have places, so there are never more than fit.
fn count(followers: usize) -> u32 {
    u32::try_from(followers).unwrap_or(u32::MAX)
}
