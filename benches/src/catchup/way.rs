//! The strategies of catching up, as values of one table.
//!
//! To add one, add its value to [`ALL`], and to `Way` what the laggard does that no other one does.

use std::fmt;

use crate::catchup::packet::Name;
use crate::harness::contestant::Contestant;

/// One way to catch up.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct CatchUp {
    /// Its name on the command line and in reports.
    pub name: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// What the laggard does.
    pub(super) way: Way,
}

/// What a laggard does to catch up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Way {
    /// It applies all that it missed.
    Replay,
    /// It gets the state in one message.
    Copy,
    /// It gets a snapshot in pieces.
    Snapshot {
        /// From how many providers.
        providers: Providers,
        /// What happens on the way.
        interruption: Option<Interruption>,
    },
}

/// How many providers there are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Providers {
    /// One, who leads the log.
    One,
    /// As many as the run has peers.
    All,
}

/// A laggard that is killed and started again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Interruption {
    /// It finds the chunks that it had.
    KeepsChunks,
    /// It finds nothing.
    KeepsNothing,
}

impl Way {
    /// Returns how many peers of those there are take part.
    pub(super) fn peers(self, peers: Name) -> Name {
        match self {
            Self::Snapshot {
                providers: Providers::All,
                ..
            } => peers,
            _ => 1,
        }
    }

    const fn snapshot(providers: Providers, interruption: Option<Interruption>) -> Self {
        Self::Snapshot {
            providers,
            interruption,
        }
    }
}

impl fmt::Debug for CatchUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CatchUp").field(&self.name).finish()
    }
}

impl Contestant for CatchUp {
    const ALL: &'static [Self] = ALL;

    fn name(&self) -> &'static str {
        self.name
    }

    fn summary(&self) -> &'static str {
        self.summary
    }
}

/// Every strategy, in the order in which reports show them.
pub const ALL: &[CatchUp] = &[
    CatchUp {
        name: "replay",
        summary: "every change that was missed, from one peer, applied one after the other",
        way: Way::Replay,
    },
    CatchUp {
        name: "copy",
        summary: "the whole state in one message from one peer, then the log after it",
        way: Way::Copy,
    },
    CatchUp {
        name: "snapshot",
        summary: "a snapshot in verified pieces from one provider, then the log after it",
        way: Way::snapshot(Providers::One, None),
    },
    CatchUp {
        name: "snapshot-many",
        summary: "the same from --providers at once",
        way: Way::snapshot(Providers::All, None),
    },
    CatchUp {
        name: "resume",
        summary: "as snapshot, killed at --interrupt and started again with the chunks it had",
        way: Way::snapshot(Providers::One, Some(Interruption::KeepsChunks)),
    },
    CatchUp {
        name: "restart",
        summary: "as snapshot, killed at --interrupt and started again with nothing",
        way: Way::snapshot(Providers::One, Some(Interruption::KeepsNothing)),
    },
];
