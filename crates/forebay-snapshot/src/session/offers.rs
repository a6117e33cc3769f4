use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use crate::session::trust::Trust;
use crate::{Anchor, Hash, Membership};

/// How many snapshots of one peer are remembered; the oldest offer makes room.
const OFFERS_PER_PEER_MAX: usize = 4;

/// How many anchors are remembered for which peers have named different roots.
const DIVERGED_MAX: usize = 8;

/// A snapshot as peers know it: where it was taken and what it is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Target {
    pub(crate) anchor: Anchor,
    pub(crate) root: Hash,
}

/// What was offered, by whom, and until when it can be had there.
#[derive(Debug)]
pub(crate) struct Offers<P> {
    by_peer: BTreeMap<P, Vec<(Target, Instant)>>,
    diverged: BTreeSet<Anchor>,
}

impl<P: Clone + Ord> Offers<P> {
    pub(crate) const fn new() -> Self {
        Self {
            by_peer: BTreeMap::new(),
            diverged: BTreeSet::new(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.by_peer.values().map(Vec::len).sum()
    }

    /// Takes an offer. A peer has one voice for each anchor, and it is what it said last.
    pub(crate) fn insert(&mut self, peer: P, target: Target, expires_at: Instant) {
        let offers = self.by_peer.entry(peer).or_default();
        offers.retain(|(known, _)| known.anchor != target.anchor);
        if offers.len() >= OFFERS_PER_PEER_MAX {
            offers.remove(0);
        }
        offers.push((target, expires_at));
    }

    pub(crate) fn remove_peer(&mut self, peer: &P) {
        self.by_peer.remove(peer);
    }

    pub(crate) fn remove(&mut self, target: Target) {
        for offers in self.by_peer.values_mut() {
            offers.retain(|(known, _)| *known != target);
        }
        self.by_peer.retain(|_, offers| !offers.is_empty());
    }

    /// Takes out the offers of some snapshots.
    pub(crate) fn take(&mut self, is_taken: impl Fn(Target) -> bool) -> Vec<(P, Target)> {
        let taken = self.iter().filter(|(_, target)| is_taken(*target));
        let taken = taken.map(|(peer, target)| (peer.clone(), target)).collect();
        for offers in self.by_peer.values_mut() {
            offers.retain(|(target, _)| !is_taken(*target));
        }
        self.by_peer.retain(|_, offers| !offers.is_empty());
        taken
    }

    pub(crate) fn retain_peers(&mut self, mut is_kept: impl FnMut(&P) -> bool) {
        self.by_peer.retain(|peer, _| is_kept(peer));
    }

    pub(crate) fn expire(&mut self, now: Instant) {
        for offers in self.by_peer.values_mut() {
            offers.retain(|(_, expires_at)| now < *expires_at);
        }
        self.by_peer.retain(|_, offers| !offers.is_empty());
    }

    /// Every offer there is, with its peer.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&P, Target)> {
        let of_peer = |(peer, offers)| {
            let offers: &Vec<(Target, Instant)> = offers;
            offers.iter().map(move |(target, _)| (peer, *target))
        };
        self.by_peer.iter().flat_map(of_peer)
    }

    /// The newest anchor that anybody has offered.
    pub(crate) fn newest(&self) -> Option<Anchor> {
        self.iter().map(|(_, target)| target.anchor).max()
    }

    /// Anchors for which peers name different roots, and which were not reported before.
    pub(crate) fn divergences(&mut self) -> Vec<(Anchor, Vec<Hash>)> {
        let mut roots = BTreeMap::<Anchor, BTreeSet<Hash>>::new();
        for (_, target) in self.iter() {
            roots.entry(target.anchor).or_default().insert(target.root);
        }
        roots.retain(|anchor, roots| roots.len() > 1 && self.diverged.insert(*anchor));
        while self.diverged.len() > DIVERGED_MAX {
            self.diverged.pop_first();
        }
        let lists = roots.into_iter();
        lists
            .map(|(anchor, roots)| (anchor, roots.into_iter().collect()))
            .collect()
    }

    /// The best snapshot among those that may be used and are trusted, with who has it.
    ///
    /// More providers are worth more than a newer anchor: what the anchor lacks is replayed.
    pub(crate) fn choose(
        &self,
        trust: Trust,
        membership: &Membership<P>,
        confirmed: Option<Target>,
        mut is_usable: impl FnMut(Target) -> bool,
    ) -> Option<(Target, Vec<P>)> {
        let mut groups = BTreeMap::<Target, Vec<P>>::new();
        for (peer, target) in self.iter().filter(|(_, target)| is_usable(*target)) {
            groups.entry(target).or_default().push(peer.clone());
        }
        let best = groups
            .iter()
            .filter(|(target, peers)| match trust {
                Trust::Quorum => confirmed == Some(**target) || membership.is_majority(peers.len()),
                Trust::Crash => !is_outvoted(**target, peers, &groups, membership),
            })
            .max_by_key(|(target, peers)| (peers.len(), target.anchor));
        best.map(|(target, peers)| (*target, peers.clone()))
    }
}

/// Whether another root of the same anchor is to be taken instead: that of a majority, or else that
/// of the leader.
fn is_outvoted<P: Clone + Ord>(
    target: Target,
    peers: &[P],
    groups: &BTreeMap<Target, Vec<P>>,
    membership: &Membership<P>,
) -> bool {
    if membership.is_majority(peers.len()) {
        return false;
    }
    let others = groups
        .iter()
        .filter(|(other, _)| other.anchor == target.anchor && other.root != target.root);
    let is_led = |peers: &[P]| {
        membership
            .leader()
            .is_some_and(|leader| peers.contains(leader))
    };
    others.into_iter().any(|(_, others)| {
        membership.is_majority(others.len()) || (is_led(others) && !is_led(peers))
    })
}
