//! Futures that are polled by hand, so that no scheduler stands in a figure.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Places for futures of one type, allocated once, so that seating one allocates nothing.
#[derive(Debug)]
pub(crate) struct Seats<Fut> {
    seats: Vec<Pin<Box<Option<Fut>>>>,
}

impl<Fut: Future> Seats<Fut> {
    /// Returns this many empty seats.
    pub(crate) fn empty(count: usize) -> Self {
        Self {
            seats: (0..count).map(|_| Box::pin(None)).collect(),
        }
    }

    /// Seats a future in each place and polls it once.
    ///
    /// # Panics
    ///
    /// When one of them is ready at once, which no question expects of a load that is held back.
    pub(crate) fn join(&mut self, mut call: impl FnMut(usize) -> Fut) {
        let mut cx = Context::from_waker(Waker::noop());
        for (index, seat) in self.seats.iter_mut().enumerate() {
            seat.set(Some(call(index)));
            let polled = seat
                .as_mut()
                .as_pin_mut()
                .map(|future| future.poll(&mut cx));
            assert!(
                matches!(polled, Some(Poll::Pending)),
                "the load is held back"
            );
        }
    }

    /// Polls each future once more, passes on what it gives and drops it.
    ///
    /// # Panics
    ///
    /// When one of them is not ready.
    pub(crate) fn finish(&mut self, mut output: impl FnMut(Fut::Output)) {
        let mut cx = Context::from_waker(Waker::noop());
        for seat in &mut self.seats {
            match seat
                .as_mut()
                .as_pin_mut()
                .map(|future| future.poll(&mut cx))
            {
                Some(Poll::Ready(value)) => output(value),
                _ => panic!("a call is not ready although its load is done"),
            }
            seat.set(None);
        }
    }

    /// Drops each future as it is.
    pub(crate) fn leave(&mut self) {
        for seat in &mut self.seats {
            seat.set(None);
        }
    }
}

/// Futures of which each notes its own wakes.
#[derive(Debug)]
pub(crate) struct Crowd<Fut> {
    members: Vec<Option<Pin<Box<Fut>>>>,
    bells: Vec<Arc<Bell>>,
    wakes: Arc<AtomicUsize>,
}

/// What a member of the crowd is woken by.
#[derive(Debug)]
struct Bell {
    rung: AtomicBool,
    wakes: Arc<AtomicUsize>,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        self.wakes.fetch_add(1, Ordering::Relaxed);
    }
}

impl<Fut: Future> Crowd<Fut> {
    /// Takes in this many futures, each of which is polled in the first
    /// [`poll_woken`](Self::poll_woken).
    pub(crate) fn gather(count: usize, call: impl FnMut(usize) -> Fut) -> Self {
        let wakes = Arc::new(AtomicUsize::new(0));
        let bell = |_| {
            let wakes = Arc::clone(&wakes);
            Arc::new(Bell {
                rung: AtomicBool::new(true),
                wakes,
            })
        };
        let bells = (0..count).map(bell).collect();
        let members = (0..count)
            .map(call)
            .map(|future| Some(Box::pin(future)))
            .collect();
        Self {
            members,
            bells,
            wakes,
        }
    }

    /// Polls the members that were woken, and returns what those that are done gave.
    pub(crate) fn poll_woken(&mut self) -> Vec<Fut::Output> {
        let mut outputs = Vec::new();
        for (member, bell) in self.members.iter_mut().zip(&self.bells) {
            let Some(future) = member else { continue };
            if !bell.rung.swap(false, Ordering::Acquire) {
                continue;
            }
            let waker = Waker::from(Arc::clone(bell));
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                outputs.push(output);
                *member = None;
            }
        }
        outputs
    }

    /// Drops the member with this index.
    pub(crate) fn dismiss(&mut self, index: usize) {
        self.members[index] = None;
    }

    /// Returns how often any member was woken so far.
    pub(crate) fn wakes(&self) -> usize {
        self.wakes.load(Ordering::Relaxed)
    }
}
