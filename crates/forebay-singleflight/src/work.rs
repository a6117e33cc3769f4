//! A call as a future.

pub(crate) mod handle;
pub(crate) mod loading;
mod on_drop;
mod steps;
mod with_info;

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use forebay_rt::alarm::{NEVER, nanos};
use pin_project_lite::pin_project;

use crate::group::Group;
use crate::info::Role;
use crate::table::berth::{Berth, Left};
use crate::table::flight::{Flight, Outcome};
use crate::work::handle::{Handle, Meaning};
use crate::work::loading::Loading;
use crate::work::on_drop::OnDrop;

pub use self::with_info::WithInfo;

pin_project! {
    /// A call: the future of [`Singleflight::work`](crate::Singleflight::work) and its kin.
    ///
    /// Nothing happens before it is polled, and a call that was never polled holds nothing. It is
    /// as large as its closure or its load, whichever is larger, and little more. It is `Send`
    /// where the load is; the load need not be, nor need it be `'static`, unless the call is
    /// spawned.
    ///
    /// The load runs while this is polled, and only then. To keep a call that leads without
    /// polling it, as a `select!` over a borrowed future may, stalls whoever follows it: bound the
    /// waiting with [`timeout`](Work::timeout), or let the load run in a task with
    /// [`work_detached`](crate::Singleflight::work_detached).
    ///
    /// # Panics
    ///
    /// A panic of the load comes out of the call that ran it, with its own payload, after the
    /// followers have theirs as an error. And a call that is polled after it was ready panics.
    ///
    /// # Cancel safety
    ///
    /// Dropping it takes the call out of its flight. If it was loading, its load is dropped and
    /// then the youngest follower takes over; nobody else loses anything.
    #[must_use = "futures do nothing unless polled"]
    pub struct Work<H: Handle, M, F, Fut> {
        pub(crate) handle: H,
        pub(crate) berth: Berth,
        pub(crate) flight: Option<Arc<Flight<H::Value, H::Error>>>,
        // Before joining, this call's own bound on waiting; then, when it gives up. Both in
        // nanoseconds, and `NEVER` if there is none.
        pub(crate) bound: u64,
        pub(crate) seat: Seat,
        pub(crate) role: Role,
        // How many the answer was shared by, once it is there.
        pub(crate) followers: u32,
        #[pin]
        pub(crate) load: Loading<F, Fut>,
        pub(crate) meaning: PhantomData<fn() -> M>,
    }

    impl<H: Handle, M, F, Fut> PinnedDrop for Work<H, M, F, Fut> {
        fn drop(this: Pin<&mut Self>) {
            this.abandon();
        }
    }
}

/// Where a call sits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Seat {
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
            followers: 0,
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
    /// What happens then is the group's to say, see [`OnTimeout`](crate::OnTimeout). The time runs
    /// from the first poll and is kept to the millisecond. Time in which the call itself loads
    /// does not count; a bound of zero does not wait at all. A group without a
    /// [`Runtime`](crate::Runtime) has no clock: there a call that would have to wait fails with
    /// [`LoadError::Closed`](forebay_core::LoadError::Closed).
    ///
    /// Take it rather than a timeout around the call where a slow answer is still worth having to
    /// others: a timeout around a call that leads drops its load.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use forebay_core::LoadError;
    /// use forebay_singleflight::Singleflight;
    ///
    /// let group = Singleflight::<u64, u64>::new();
    /// let leader = group.claim(&7);
    /// let call = group.work(&7, || async { 49 }).timeout(Duration::ZERO);
    /// assert_eq!(futures::executor::block_on(call), Err(LoadError::TimedOut));
    /// # drop(leader);
    /// ```
    pub const fn timeout(mut self, timeout: Duration) -> Self {
        self.bound = nanos(timeout);
        self
    }

    /// Makes the call tell how it came by its answer. Costs two looks at the clock, where the
    /// group has one.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_singleflight::{Role, Singleflight};
    ///
    /// let group = Singleflight::<u64, u64>::new();
    /// let call = group.work(&7, || async { 49 }).with_info();
    /// let (answer, info) = futures::executor::block_on(call);
    /// assert_eq!((answer, info.role, info.followers), (Ok(49), Role::Leader, 0));
    /// ```
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

impl<H, M, F, Fut> Future for Work<H, M, F, Fut>
where
    H: Handle,
    M: Meaning<Fut::Output, H::Value, H::Error>,
    F: FnOnce() -> Fut,
    Fut: Future,
{
    type Output = Outcome<H::Value, H::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_outcome(cx)
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
