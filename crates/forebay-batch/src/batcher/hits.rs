use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// How many places share the count, so that threads seldom meet in one.
const PLACES: usize = 16;

/// A count that many threads raise at once.
pub(crate) struct Hits {
    places: [Padded; PLACES],
}

/// A number with a cache line of its own.
#[derive(Default)]
#[repr(align(128))]
struct Padded(AtomicU64);

static NEXT_PLACE: AtomicUsize = AtomicUsize::new(0);

std::thread_local! {
    // Relaxed: any place will do, as long as they take turns.
    static PLACE: usize = NEXT_PLACE.fetch_add(1, Ordering::Relaxed) % PLACES;
}

impl Hits {
    pub(crate) fn new() -> Self {
        Self {
            places: Default::default(),
        }
    }

    #[inline]
    pub(crate) fn count(&self) {
        // A thread that is ending counts in the first place.
        let place = PLACE.try_with(|place| *place).unwrap_or(0);
        if let Some(place) = self.places.get(place) {
            place.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn total(&self) -> u64 {
        // Relaxed: a count, on which nothing hangs.
        let counts = self
            .places
            .iter()
            .map(|place| place.0.load(Ordering::Relaxed));
        counts.sum()
    }
}
