use std::convert::Infallible;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use equivalent::Equivalent;
use foldhash::fast::RandomState;
use forebay_rt::alarm::NEVER;

use crate::follower::Follower;
use crate::leader::Leader;
use crate::singleflight::Singleflight;
use crate::table::berth::{Ask, Joined as Placed, Mode, Verdict};

/// The role that [`Singleflight::join`] found for a caller.
#[derive(Debug)]
#[allow(
    clippy::exhaustive_enums,
    reason = "a caller leads or follows, there is no third role"
)]
pub enum Joined<K, V, E = Infallible, S = RandomState> {
    /// Nobody else is loading: load and publish.
    Leader(Leader<K, V, E, S>),
    /// Somebody else is loading: wait.
    Follower(Follower<K, V, E, S>),
}

impl<K, V, E, S> Singleflight<K, V, E, S>
where
    K: Eq + Hash + Send + 'static,
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    S: BuildHasher + Send + Sync + 'static,
{
    /// Joins the flight of `key` at once, in an explicit role.
    ///
    /// For code that can't put its load into a closure: where a value comes from a callback, from
    /// another thread, or in pieces. Everywhere else take [`work`](Singleflight::work): it finds
    /// loads that wait for themselves. Here a caller that follows the load it is itself running,
    /// in one task, waits for itself; only a bound on waiting helps.
    ///
    /// The value goes to those who follow at that moment; who joins later finds no flight and
    /// leads.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_singleflight::{Joined, Singleflight, Waited};
    ///
    /// let group = Singleflight::<u64, String>::new();
    /// let Joined::Leader(leader) = group.join(&7) else { unreachable!() };
    /// let Joined::Follower(follower) = group.join(&7) else { unreachable!() };
    ///
    /// leader.publish("seven".to_owned());
    /// let Waited::Answered(answer) = futures::executor::block_on(follower) else { unreachable!() };
    /// assert_eq!(answer.unwrap(), "seven");
    /// ```
    pub fn join<Q>(&self, key: &Q) -> Joined<K, V, E, S>
    where
        Q: Equivalent<K> + Hash + ToOwned<Owned = K> + ?Sized,
    {
        let (hash, joined) = self.place(key, Mode::InPlace);
        let berth = joined.berth(hash);
        let group = Arc::clone(&self.group);
        match joined.flight {
            Some(flight) => Joined::Follower(Follower::new(group, berth, flight)),
            None => Joined::Leader(Leader::new(group, berth, joined.promoted)),
        }
    }

    /// Becomes the leader of `key`, or gives `None` where somebody is loading it already.
    ///
    /// The building block of refresh-ahead and of serving stale values while one caller
    /// revalidates, as HTTP caches do by `stale-while-revalidate` (RFC 5861): nobody waits, and
    /// callers that come meanwhile follow.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_singleflight::Singleflight;
    ///
    /// let group = Singleflight::<u64, String>::new();
    /// let claim = group.claim(&7).expect("nobody is loading");
    /// assert!(group.claim(&7).is_none());
    /// claim.publish("fresh".to_owned());
    /// assert!(group.claim(&7).is_some());
    /// ```
    pub fn claim<Q>(&self, key: &Q) -> Option<Leader<K, V, E, S>>
    where
        Q: Equivalent<K> + Hash + ToOwned<Owned = K> + ?Sized,
    {
        let (hash, joined) = self.place(key, Mode::Claim);
        let free = matches!(joined.verdict, Verdict::Lead);
        free.then(|| Leader::new(Arc::clone(&self.group), joined.berth(hash), joined.promoted))
    }

    fn place<Q>(&self, mut key: &Q, mode: Mode) -> (u64, Placed<V, E>)
    where
        Q: Equivalent<K> + Hash + ToOwned<Owned = K> + ?Sized,
    {
        self.group.join(
            &mut key,
            &Ask {
                waker: None,
                deadline: NEVER,
                mode,
            },
        )
    }
}
