use std::sync::Arc;

use forebay_core::Sequence;

use crate::Position;
use crate::hub::ledger::line::Line;
use crate::hub::snapshot::build::Build;

/// A line in its topic's ledger, and who uses it.
pub(crate) struct Account<T: Send + Sync + 'static, E> {
    pub(crate) line: Arc<Line<T>>,
    /// The last sequence that was published to it, or that may have been before it was opened; of a
    /// whole topic, the ledger knows it.
    pub(crate) last: Sequence,
    /// How many feeds follow it, those that still read a snapshot included.
    pub(crate) feeds: u32,
    pub(crate) offer: Option<Box<Offer<T, E>>>,
}

/// Where in its ledger an account is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum AccountId {
    /// That of the whole topic.
    Whole,
    /// That of the key in this place.
    Key(u32),
}

/// A snapshot that subscribers may read: one that is being built, or was and is kept.
pub(crate) struct Offer<T: Send + Sync + 'static, E> {
    pub(crate) build: Arc<Build<T, E>>,
    /// Where the snapshot begins. It keeps all of it.
    pub(crate) start: Position<T>,
    /// How many feeds read it, while it is being built.
    pub(crate) readers: u32,
    pub(crate) stage: Stage<T>,
}

pub(crate) enum Stage<T> {
    /// Events are kept from where the build began to look.
    Building { from: Position<T> },
    /// Until then, in nanoseconds of the runtime's clock. Events are kept from the splice.
    Kept { expires: u64 },
}

impl<T: Send + Sync + 'static, E> Account<T, E> {
    pub(crate) const fn new(line: Arc<Line<T>>, last: Sequence) -> Self {
        Self {
            line,
            last,
            feeds: 0,
            offer: None,
        }
    }

    /// Returns the oldest place from which events are kept for a snapshot.
    pub(crate) fn held(&self) -> Option<&Position<T>> {
        let offer = self.offer.as_ref()?;
        match &offer.stage {
            Stage::Building { from } => Some(from),
            Stage::Kept { .. } => match offer.build.outcome() {
                Some(Ok(outcome)) => Some(&outcome.splice),
                _ => None,
            },
        }
    }

    /// Returns the offer if it is this build.
    pub(crate) fn offer_of(&mut self, build: &Arc<Build<T, E>>) -> Option<&mut Offer<T, E>> {
        let offer = self.offer.as_deref_mut();
        offer.filter(|offer| Arc::ptr_eq(&offer.build, build))
    }
}

impl<T: Send + Sync + 'static, E> Offer<T, E> {
    /// Whether a subscriber may begin with it `now`: it is not too old, and what was published since
    /// is not more than the snapshot itself, nor more than `replay_max`.
    pub(crate) fn is_fresh(&self, now: u64, replay_max: u64) -> bool {
        let Stage::Kept { expires } = self.stage else {
            return true;
        };
        let Some(Ok(outcome)) = self.build.outcome() else {
            return false;
        };
        let replay = outcome.splice.subscribe().lag();
        now < expires && replay <= outcome.pieces.min(replay_max)
    }
}
