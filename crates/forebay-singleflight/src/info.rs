use std::time::Duration;

/// How a call came by its answer.
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

/// What is known of a call besides its answer.
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
