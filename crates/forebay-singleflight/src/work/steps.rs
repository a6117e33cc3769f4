//! How a call moves from seat to seat until it has its answer.

use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use forebay_core::LoadError;

use crate::cycle;
use crate::group::{Group, taken};
use crate::info::Role;
use crate::observe::LoadSpan;
use crate::policy::OnTimeout;
use crate::table::berth::{Ask, Berth, Bound, Followed, Left, Mode, Verdict};
use crate::table::flight::{Flight, Outcome};
use crate::table::waiters::{NEVER, NOWHERE};
use crate::work::handle::{Handle, Meaning};
use crate::work::loading::{Loaded, Surroundings};
use crate::work::on_drop::OnDrop;
use crate::work::panic::message;
use crate::work::{Seat, Work};

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
