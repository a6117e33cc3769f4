use crate::hub::observe::Counters;

/// What a hub has done since it was built, and what it holds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct HubStats {
    /// Events that were published.
    pub published: u64,
    /// Those among them whose key nobody followed. Who follows the whole topic got them.
    pub unfollowed: u64,
    /// Subscribers that went on after their cursor.
    pub resumed: u64,
    /// Subscribers whose cursor was of no use, so that they got a snapshot.
    pub stale: u64,
    /// Snapshots that were begun.
    pub snapshots: u64,
    /// Subscribers that shared a snapshot while it was being built.
    pub shared: u64,
    /// Subscribers that got a snapshot which was kept.
    pub reused: u64,
    /// Further attempts at a snapshot that was behind the events that were left.
    pub retried: u64,
    /// Snapshots that failed.
    pub failed: u64,
    /// Snapshots that were given up because nobody waited for them any more.
    pub cancelled: u64,
    /// Feeds that were closed by their token.
    pub force_closed: u64,
    /// Topics that are known.
    pub topics: usize,
    /// Keys, and whole topics, that have a log now.
    pub logs: usize,
    /// Feeds that are open now.
    pub feeds: usize,
    /// Keys without a log whose last sequence is remembered.
    pub remembered: usize,
}

impl HubStats {
    pub(crate) fn of(counters: &Counters) -> Self {
        Self {
            published: counters.published.value(),
            unfollowed: counters.unfollowed.value(),
            resumed: counters.resumed.value(),
            stale: counters.stale.value(),
            snapshots: counters.builds.value(),
            shared: counters.shared.value(),
            reused: counters.hits.value(),
            retried: counters.retries.value(),
            failed: counters.failures.value(),
            cancelled: counters.cancelled.value(),
            force_closed: counters.force_closed.value(),
            ..Self::default()
        }
    }
}
