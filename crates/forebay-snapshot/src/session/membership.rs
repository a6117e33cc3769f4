use std::collections::BTreeSet;

/// How many peers must say what the state is before a session believes it.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Trust {
    /// More than half of the members must name the same root for the same anchor. What a minority
    /// makes up is then never installed, and costs no more than time.
    #[default]
    Quorum,
    /// One provider is enough: peers may stop, forget and be late, but say nothing that is wrong.
    Crash,
}

/// Who takes part: whose offers count, and of how many a majority is one.
///
/// # Examples
///
/// ```
/// use forebay_snapshot::Membership;
///
/// let members = Membership::new("c", ["a", "b", "c"]).with_leader(Some("a"));
/// assert_eq!(members.leader(), Some(&"a"));
/// assert!(members.is_majority(2));
/// assert!(!members.is_majority(1));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Membership<P> {
    local: P,
    members: BTreeSet<P>,
    leader: Option<P>,
}

impl<P: Clone + Ord> Membership<P> {
    /// Creates the membership of a group, as seen by `local`.
    ///
    /// Those who vote are its members. The local peer is one of them unless it only learns; either
    /// way it asks only the others.
    #[must_use]
    pub fn new(local: P, members: impl IntoIterator<Item = P>) -> Self {
        Self {
            local,
            members: members.into_iter().collect(),
            leader: None,
        }
    }

    /// Says who leads, as far as is known. It is fetched from last, having most to do already.
    #[must_use]
    pub fn with_leader(mut self, leader: Option<P>) -> Self {
        self.leader = leader;
        self
    }

    /// Returns the peer whose view this is.
    #[must_use]
    pub const fn local(&self) -> &P {
        &self.local
    }

    /// Returns who leads, as far as is known.
    #[must_use]
    pub const fn leader(&self) -> Option<&P> {
        self.leader.as_ref()
    }

    /// Returns the members but the local one, in order.
    pub fn others(&self) -> impl Iterator<Item = &P> {
        self.members.iter().filter(|member| **member != self.local)
    }

    /// Returns whether this is a member other than the local one.
    #[must_use]
    pub fn is_other(&self, peer: &P) -> bool {
        *peer != self.local && self.members.contains(peer)
    }

    /// Returns whether so many are more than half of the members.
    #[must_use]
    pub fn is_majority(&self, count: usize) -> bool {
        count > self.members.len() / 2
    }

    pub(crate) fn set_leader(&mut self, leader: Option<P>) -> bool {
        let is_new = self.leader != leader;
        self.leader = leader;
        is_new
    }
}
