use std::ops::AddAssign;

use crate::table::berth::Left;

/// What a group has done since it was built.
///
/// Counting is free: the numbers are changed under locks that are held anyway. To read them takes
/// each lock of the group once, one after another, so while calls go on the numbers may be of
/// slightly different instants. They only grow, from zero when the group was built.
///
/// What to look at: `joins / (leads + joins)` is the share of calls that cost the backend nothing.
/// `leaders_lost` that rises means callers with deadlines shorter than the load, and that
/// [`work_detached`](crate::Singleflight::work_detached) is the better call. `cycles` above zero is
/// a loader that asks for its own key.
///
/// # Examples
///
/// ```
/// use forebay_singleflight::Singleflight;
///
/// let group = Singleflight::<u64, u64>::new();
/// let leader = group.claim(&7).unwrap();
/// let follower = group.work(&7, || async { unreachable!("somebody is loading") });
/// let both = futures::future::join(follower, async { leader.publish(49) });
/// assert_eq!(futures::executor::block_on(both), (Ok(49), 49));
///
/// let stats = group.stats();
/// assert_eq!((stats.leads, stats.joins, stats.followers_max), (1, 1, 1));
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Stats {
    /// Calls that began a flight.
    pub leads: u64,
    /// Calls that joined a flight in which another call was loading. The deduplicated ones.
    pub joins: u64,
    /// Calls that took over a flight whose leader was lost or had failed.
    pub promotions: u64,
    /// Leaders that were dropped before they had an answer.
    pub leaders_lost: u64,
    /// Followers that were dropped before they had an answer.
    pub followers_cancelled: u64,
    /// Loads that panicked.
    pub panics: u64,
    /// Loads that failed.
    pub errors: u64,
    /// Followers whose bound on waiting passed.
    pub timeouts: u64,
    /// Extra loads begun beside a slow one.
    pub hedges: u64,
    /// Flights that [`forget`](crate::Singleflight::forget) and its kin hid from later callers.
    pub forgotten: u64,
    /// Loads refused by the bound on leaders.
    pub rejected: u64,
    /// Calls that would have waited for themselves.
    pub cycles: u64,
    /// The most followers that one flight has had at a time.
    pub followers_max: u64,
}

impl Stats {
    /// Counts a follower that does not wait any longer.
    pub(crate) const fn left(&mut self, left: Left) {
        match left {
            Left::Dropped => self.followers_cancelled += 1,
            Left::TimedOut => self.timeouts += 1,
        }
    }
}

impl AddAssign for Stats {
    fn add_assign(&mut self, other: Self) {
        self.leads += other.leads;
        self.joins += other.joins;
        self.promotions += other.promotions;
        self.leaders_lost += other.leaders_lost;
        self.followers_cancelled += other.followers_cancelled;
        self.panics += other.panics;
        self.errors += other.errors;
        self.timeouts += other.timeouts;
        self.hedges += other.hedges;
        self.forgotten += other.forgotten;
        self.rejected += other.rejected;
        self.cycles += other.cycles;
        self.followers_max = self.followers_max.max(other.followers_max);
    }
}
