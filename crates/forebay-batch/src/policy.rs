use std::time::Duration;

/// When waiting keys leave for the backend.
///
/// Whatever the policy, a batch that is full leaves as soon as a call may start (with
/// [`Manual`](Dispatch::Manual) only when told to), and no key ever waits while nothing runs that
/// will let it go.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Dispatch {
    /// At once when nothing runs; otherwise when a call ends, or when enough keys wait to keep the
    /// calls in flight evenly apart. No timer, and no wait when idle.
    ///
    /// With at most `C` calls in flight a further one starts once `waiting · C ≥ waiting +
    /// running`, both counted in keys. Calls that start whenever there is room end up bunched, all
    /// of them ending and starting together; the rule keeps them staggered.
    #[default]
    Natural,
    /// This long after the oldest waiting key came, never later for keys that came after it.
    ///
    /// It adds latency to every load for larger batches: take it where calls are what costs.
    Window(Duration),
    /// When at least this many keys wait, when a call ends, or at once when nothing runs.
    MinSize(usize),
    /// When [`dispatch`](crate::Batcher::dispatch) is called.
    Manual,
}

/// Which loads a load of the same key may share its answer with.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum Join {
    /// Those that wait, and those whose call is in flight.
    #[default]
    InFlight,
    /// Those that wait only: what was read before a load came is never its answer.
    SameBatch,
    /// None: the backend sees a key once for each load, and an answer by position is that load's
    /// own.
    ///
    /// Where a key has fewer answers than loads in a call, as from a backend that answers by key,
    /// its other loads in that call get a copy of the first one.
    Off,
}

/// What happens to the other keys of a call that failed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum OnError {
    /// Every key that had no answer yet gets the error.
    #[default]
    FailAll,
    /// The keys without an answer are asked for again in halves, so that one key that fails all
    /// calls it is in (a poison key) fails its own loads only.
    ///
    /// One poison key among `n` costs at most `2 · log₂ n + 1` further calls. They run one after
    /// the other within the place of the call that failed.
    Bisect {
        /// How many further calls one failed call may cost; keys that are left get the error.
        max_calls: usize,
    },
}
