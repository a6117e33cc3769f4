use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use foldhash::fast::RandomState;
use forebay_core::LoadError;

use crate::group::Group;
use crate::observe::LoadSpan;
use crate::table::berth::Berth;
use crate::table::flight::Outcome;

/// The leader of a flight, by explicit roles: it loads and publishes, or drops and hands over.
///
/// Made by [`Singleflight::join`](crate::Singleflight::join),
/// [`Singleflight::claim`](crate::Singleflight::claim) and by a [`Follower`](crate::Follower) that
/// was promoted. The bound on leaders does not count it: what it does is the holder's own.
///
/// It may be held across awaits and sent to another task or thread. As long as it is held the key
/// has a flight, so a holder that forgets it stalls the key: let it live no longer than the load.
/// To drop it is always safe. The youngest follower takes over then, or the key is free again; so
/// an early return, a `?` or a panic before [`publish`](Leader::publish) strands nobody.
#[must_use = "dropping the leader hands the flight over"]
pub struct Leader<K, V, E = Infallible, S = RandomState> {
    group: Arc<Group<K, V, E, S>>,
    berth: Berth,
    promoted: bool,
    seated: bool,
}

impl<K, V, E, S> Leader<K, V, E, S> {
    pub(crate) const fn new(group: Arc<Group<K, V, E, S>>, berth: Berth, promoted: bool) -> Self {
        Self {
            group,
            berth,
            promoted,
            seated: true,
        }
    }

    /// Whether this leader took over a flight from another one.
    ///
    /// The first load may have got as far as the backend: look, where that matters, before doing
    /// what must not be done twice.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_singleflight::{Joined, Singleflight, Waited};
    ///
    /// let group = Singleflight::<u64, String>::new();
    /// let Joined::Leader(leader) = group.join(&7) else { unreachable!() };
    /// let Joined::Follower(follower) = group.join(&7) else { unreachable!() };
    /// assert!(!leader.is_promoted());
    /// drop(leader);
    ///
    /// let waited = futures::executor::block_on(follower);
    /// assert!(matches!(waited, Waited::Promoted(leader) if leader.is_promoted()));
    /// ```
    #[must_use]
    pub const fn is_promoted(&self) -> bool {
        self.promoted
    }

    /// Returns how many followers wait for this leader now. Others may come until it publishes; a
    /// refresh that nobody waits for may use it to take its time.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_singleflight::Singleflight;
    ///
    /// let group = Singleflight::<u64, String>::new();
    /// let leader = group.claim(&7).unwrap();
    /// let follower = group.join(&7);
    /// assert_eq!(leader.followers(), 1);
    /// # drop(follower);
    /// ```
    #[must_use]
    pub fn followers(&self) -> usize {
        self.group.followers(self.berth)
    }

    /// Gives `value` to all followers and returns it.
    ///
    /// With nobody following, the value is moved through and never cloned.
    ///
    /// # Examples
    ///
    /// See [`Singleflight::join`](crate::Singleflight::join).
    pub fn publish(self, value: V) -> V
    where
        V: Clone,
    {
        // An outcome comes back as it went in.
        let Ok(value) = self.publish_result(Ok(value)) else {
            unreachable!("a value was published")
        };
        value
    }

    /// Gives `result` to all followers and returns it.
    ///
    /// A failure goes to the followers as the group's policy for failures says.
    ///
    /// # Errors
    ///
    /// The failure that was published.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_core::LoadError;
    /// use forebay_singleflight::{Joined, Singleflight, Waited};
    ///
    /// let group = Singleflight::<u64, String, &str>::new();
    /// let leader = group.claim(&7).unwrap();
    /// let Joined::Follower(follower) = group.join(&7) else { unreachable!() };
    /// let failed = leader.publish_result(Err(LoadError::from("disk full")));
    /// assert!(failed.is_err());
    ///
    /// let waited = futures::executor::block_on(follower);
    /// assert!(matches!(waited, Waited::Answered(Err(LoadError::Backend(_)))));
    /// ```
    pub fn publish_result(mut self, result: Result<V, LoadError<E>>) -> Outcome<V, E>
    where
        V: Clone,
    {
        self.seated = false;
        self.group.land(self.berth, result, LoadSpan::current()).0
    }
}

impl<K, V, E, S> Drop for Leader<K, V, E, S> {
    fn drop(&mut self) {
        if self.seated {
            self.group.vacate(self.berth);
        }
    }
}

impl<K, V, E, S> fmt::Debug for Leader<K, V, E, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leader")
            .field("promoted", &self.promoted)
            .finish_non_exhaustive()
    }
}
