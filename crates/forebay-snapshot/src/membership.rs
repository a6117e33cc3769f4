use std::collections::BTreeSet;

/// Who takes part in a group, as one of its peers sees it: both machines of a peer are told the same.
///
/// Those who vote are asked for snapshots, and of them a majority is one. Learners are served as voters
/// are, but neither asked nor counted.
///
/// While the voters of a group change in two steps, as in Raft's joint consensus, name those of one of
/// the two and the others as learners: of both together, a majority may be one of neither.
///
/// # Examples
///
/// ```
/// use forebay_snapshot::Membership;
///
/// let members = Membership::new("c", ["a", "b", "c"])
///     .with_learners(["d"])
///     .with_leader(Some("a"));
/// assert_eq!(members.leader(), Some(&"a"));
/// assert!(members.is_majority(2));
/// assert!(members.is_other(&"d") && !members.is_other_voter(&"d"));
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Membership<P> {
    local: P,
    voters: BTreeSet<P>,
    learners: BTreeSet<P>,
    leader: Option<P>,
}

impl<P: Ord> Membership<P> {
    /// Creates the membership of a group, as seen by `local`, which is one of the voters unless it
    /// only learns.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::Membership;
    ///
    /// let members = Membership::new("c", ["a", "b", "c"]);
    /// assert!(members.other_voters().eq(&["a", "b"]));
    /// ```
    #[must_use]
    pub fn new(local: P, voters: impl IntoIterator<Item = P>) -> Self {
        Self {
            local,
            voters: voters.into_iter().collect(),
            learners: BTreeSet::new(),
            leader: None,
        }
    }

    /// Says who leads, as far as is known. It alone takes requests for a new snapshot, and is fetched
    /// from last, having most to do already.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::Membership;
    ///
    /// let members = Membership::new("c", ["a", "b", "c"]).with_leader(Some("a"));
    /// assert_eq!(members.leader(), Some(&"a"));
    /// ```
    #[must_use]
    pub fn with_leader(mut self, leader: Option<P>) -> Self {
        self.leader = leader;
        self
    }

    /// Says who only learns: it is given snapshots, and has no say.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::Membership;
    ///
    /// let members = Membership::new("a", ["a", "b"]).with_learners(["c"]);
    /// assert!(members.is_other(&"c"));
    /// assert!(!members.is_other_voter(&"c"));
    /// ```
    #[must_use]
    pub fn with_learners(mut self, learners: impl IntoIterator<Item = P>) -> Self {
        self.learners = learners.into_iter().collect();
        self
    }

    /// Returns the peer whose view this is.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::Membership;
    ///
    /// let members = Membership::new("c", ["a", "b", "c"]).with_leader(Some("a"));
    /// assert_eq!(members.local(), &"c");
    /// ```
    #[must_use]
    pub const fn local(&self) -> &P {
        &self.local
    }

    /// Returns who leads, as far as is known.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::Membership;
    ///
    /// let members = Membership::new("c", ["a", "b", "c"]).with_leader(Some("a"));
    /// assert_eq!(members.leader(), Some(&"a"));
    /// ```
    #[must_use]
    pub const fn leader(&self) -> Option<&P> {
        self.leader.as_ref()
    }

    /// Returns whether the local peer leads.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::Membership;
    ///
    /// let members = Membership::new("c", ["a", "b", "c"]).with_leader(Some("a"));
    /// assert!(!members.is_led_by_local());
    /// assert!(members.with_leader(Some("c")).is_led_by_local());
    /// ```
    #[must_use]
    pub fn is_led_by_local(&self) -> bool {
        self.leader.as_ref() == Some(&self.local)
    }

    /// Returns the voters but the local peer, in order.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::Membership;
    ///
    /// let members = Membership::new("c", ["a", "b", "c"]).with_leader(Some("a"));
    /// assert!(members.other_voters().eq(&["a", "b"]));
    /// ```
    pub fn other_voters(&self) -> impl Iterator<Item = &P> {
        self.voters.iter().filter(|peer| **peer != self.local)
    }

    /// Returns whether this is a voter other than the local peer.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::Membership;
    ///
    /// let members = Membership::new("c", ["a", "b", "c"]).with_leader(Some("a"));
    /// assert!(members.is_other_voter(&"a"));
    /// assert!(!members.is_other_voter(&"c"));
    /// ```
    #[must_use]
    pub fn is_other_voter(&self, peer: &P) -> bool {
        *peer != self.local && self.voters.contains(peer)
    }

    /// Returns whether this is a voter or a learner other than the local peer.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::Membership;
    ///
    /// let members = Membership::new("c", ["a", "b", "c"]).with_leader(Some("a"));
    /// assert!(members.with_learners(["d"]).is_other(&"d"));
    /// ```
    #[must_use]
    pub fn is_other(&self, peer: &P) -> bool {
        let is_there = self.voters.contains(peer) || self.learners.contains(peer);
        is_there && *peer != self.local
    }

    /// Returns whether so many are more than half of the voters.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_snapshot::Membership;
    ///
    /// let members = Membership::new("c", ["a", "b", "c", "d"]);
    /// assert!(members.is_majority(3) && !members.is_majority(2));
    /// ```
    #[must_use]
    pub fn is_majority(&self, count: usize) -> bool {
        count > self.voters.len() / 2
    }

    /// Returns all but the local peer.
    pub(crate) fn others(&self) -> impl Iterator<Item = &P> {
        let all = self.voters.union(&self.learners);
        all.filter(|peer| **peer != self.local)
    }

    pub(crate) fn set_leader(&mut self, leader: Option<P>) -> bool {
        let is_new = self.leader != leader;
        self.leader = leader;
        is_new
    }
}
