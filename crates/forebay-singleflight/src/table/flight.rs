//! One load and those that share it.

use std::cell::RefCell;
use std::sync::{Arc, OnceLock};

use forebay_core::LoadError;
use forebay_rt::alarm::NEVER;

use crate::observe::LoadSpan;
use crate::table::waiters::{Place, Waiters};

/// What a load came to.
pub(crate) type Outcome<V, E> = Result<V, LoadError<E>>;

/// Where the outcome of a shared load appears, for followers that read it without any lock.
pub(crate) struct Flight<V, E> {
    landed: OnceLock<Landed<V, E>>,
}

pub(crate) struct Landed<V, E> {
    pub(crate) outcome: Outcome<V, E>,
    pub(crate) followers: usize,
    pub(crate) span: LoadSpan,
}

/// A flight's row in the table: all that a load nobody shares ever needs.
pub(crate) struct Entry<K, V, E> {
    pub(crate) key: K,
    pub(crate) hash: u64,
    pub(crate) id: u64,
    pub(crate) shared: Option<Shared<V, E>>,
}

/// What a flight needs once somebody follows or watches it.
pub(crate) struct Shared<V, E> {
    pub(crate) flight: Arc<Flight<V, E>>,
    pub(crate) crew: Box<Crew>,
}

/// Who is on a shared flight.
#[derive(Default)]
pub(crate) struct Crew {
    /// The followers, in order; loads that are to be told when the flight lands stand aside.
    pub(crate) waiters: Waiters,
    /// How many calls are loading. 0: the seat of the leader is vacant.
    pub(crate) leaders: usize,
    /// How many extra loads were begun.
    pub(crate) hedges: usize,
    /// How many failures were not shared.
    pub(crate) retries: usize,
    /// Later callers do not find this flight any more.
    pub(crate) forgotten: bool,
    /// The place of a detached load that is to stop when nobody else is on the flight.
    pub(crate) unwatched_stops: Option<Place>,
    /// The earliest deadline for which the shard's queue has an entry of this flight.
    pub(crate) deadline_queued: u64,
}

impl<V, E> Flight<V, E> {
    pub(crate) fn landed(&self) -> Option<&Landed<V, E>> {
        self.landed.get()
    }

    /// Takes the outcome out if this was the last one interested, and clones it otherwise.
    ///
    /// `None` if the flight has not landed, which the caller has ruled out.
    pub(crate) fn take(self: Arc<Self>) -> Option<(Outcome<V, E>, usize)>
    where
        V: Clone,
    {
        // An attempt to take out what others hold would write to a line that they all read.
        if Arc::strong_count(&self) > 1 {
            let landed = self.landed.get()?;
            return Some((landed.outcome.clone(), landed.followers));
        }
        match Arc::try_unwrap(self) {
            Ok(flight) => flight
                .landed
                .into_inner()
                .map(|landed| (landed.outcome, landed.followers)),
            Err(flight) => flight
                .landed
                .get()
                .map(|landed| (landed.outcome.clone(), landed.followers)),
        }
    }
}

impl<K, V, E> Entry<K, V, E> {
    /// Whether this is the flight that a caller with such a key would join.
    pub(crate) fn is(&self, hash: u64, matches: impl Fn(&K) -> bool) -> bool {
        self.hash == hash && matches(&self.key) && !self.is_forgotten()
    }

    pub(crate) fn is_forgotten(&self) -> bool {
        self.shared
            .as_ref()
            .is_some_and(|shared| shared.crew.forgotten)
    }

    /// Whether nobody is loading.
    pub(crate) fn is_vacant(&self) -> bool {
        self.shared
            .as_ref()
            .is_some_and(|shared| shared.crew.leaders == 0)
    }

    pub(crate) fn followers(&self) -> usize {
        self.shared
            .as_ref()
            .map_or(0, |shared| shared.crew.waiters.len())
    }

    /// Wakes everybody on the flight, which has left the table, and drops its key.
    pub(crate) fn disband(self) {
        if let Some(mut shared) = self.shared {
            shared.crew.waiters.drain_and_wake();
            shared.crew.recycle();
        }
    }
}

impl<V, E> Shared<V, E> {
    /// A flight in which one call is loading.
    pub(crate) fn new() -> Self {
        let mut crew = Crew::recycled();
        crew.leaders = 1;
        Self {
            flight: Arc::new(Flight {
                landed: OnceLock::new(),
            }),
            crew,
        }
    }

    /// Moves the outcome to where the followers read it. Runs none of the user's code.
    pub(crate) fn land(&self, outcome: Outcome<V, E>, span: LoadSpan) {
        let followers = self.crew.waiters.len();
        // A flight lands once: whoever lands it takes it out of the table.
        let _ = self.flight.landed.set(Landed {
            outcome,
            followers,
            span,
        });
    }
}

/// The longest list of waiters that is kept for the next flight.
const RECYCLED_CAPACITY_MAX: usize = 64;

thread_local! {
    /// What the last flight of this thread left behind, so that the next one allocates less.
    static RECYCLED: RefCell<Option<Box<Crew>>> = const { RefCell::new(None) };
}

impl Crew {
    /// Takes the load at `place` out of those that run.
    pub(crate) fn unseat(&mut self, place: Place) {
        self.leaders -= 1;
        if self.unwatched_stops == Some(place) {
            self.unwatched_stops = None;
        }
    }

    /// Whether a load runs that is to stop, because nobody waits for it.
    pub(crate) fn is_unwatched(&self) -> bool {
        self.unwatched_stops.is_some() && self.leaders == 1 && self.waiters.len() == 0
    }

    fn recycled() -> Box<Self> {
        let recycled = RECYCLED
            .try_with(|spare| spare.borrow_mut().take())
            .ok()
            .flatten();
        recycled.unwrap_or_else(|| {
            Box::new(Self {
                deadline_queued: NEVER,
                ..Self::default()
            })
        })
    }

    /// Keeps the memory of a crew that has no waiters any more.
    fn recycle(mut self: Box<Self>) {
        self.waiters.shrink_to(RECYCLED_CAPACITY_MAX);
        let waiters = std::mem::take(&mut self.waiters);
        *self = Self {
            waiters,
            deadline_queued: NEVER,
            ..Self::default()
        };
        let _ = RECYCLED.try_with(|spare| spare.borrow_mut().replace(self));
    }
}
