use std::time::Duration;

/// How a call came by its answer.
///
/// All but [`Follower`](Role::Follower) cost the backend a load. Leaders are never counted among
/// those that were spared one, however many shared their answer.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Role {
    /// By its own load, which began the flight.
    Leader,
    /// By its own load, after it took over from a leader that was lost or had failed.
    Promoted,
    /// By the load of another call.
    Follower,
    /// By its own load, after its bound on waiting had passed. Nobody else got the answer.
    Fallback,
    /// By its own load, an extra one beside a slow leader, and everybody got the answer.
    Hedge,
}

impl Role {
    /// The role as spans name it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Leader => "leader",
            Self::Promoted => "promoted",
            Self::Follower => "follower",
            Self::Fallback => "fallback",
            Self::Hedge => "hedge",
        }
    }
}

/// What is known of a call besides its answer: see
/// [`Work::with_info`](crate::Work::with_info).
///
/// For logs and metrics of your own: to say of a request whether it loaded or waited, and for how
/// long. The group's totals are in [`Stats`](crate::Stats).
///
/// # Examples
///
/// ```
/// use forebay_singleflight::{Role, Singleflight};
///
/// let group = Singleflight::<u64, u64>::new();
/// let leader = group.claim(&7).unwrap();
/// let call = group.work(&7, || async { unreachable!("somebody is loading") }).with_info();
/// let both = futures::future::join(call, async { leader.publish(49) });
///
/// let ((answer, info), _) = futures::executor::block_on(both);
/// assert_eq!((answer, info.role, info.followers), (Ok(49), Role::Follower, 1));
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Info {
    /// How the call came by its answer.
    pub role: Role,
    /// How many followers the flight had when it was answered. 0: the answer was not shared.
    pub followers: usize,
    /// From the first poll to the answer; `None` where the group has no runtime to read it from.
    pub waited: Option<Duration>,
}
