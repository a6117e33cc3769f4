//! The strategies of the follow path, as values of one table: ways to give every event of one writer
//! to every subscriber.
//!
//! A strategy is a name, what it may lose, and a function that builds its writer and hands it to a
//! [`Delivery`]. To add one, write a file beside the others and add its value to [`ALL`].

mod async_broadcast;
mod broadcast;
mod forebay;
mod mpsc;
mod watch;

use std::fmt;

use crate::events::delivery::{Delivery, Losses, Measured};
use crate::harness::contestant::Contestant;

/// One way to give every event to every subscriber.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Fanout {
    /// Its name on the command line and in reports.
    pub name: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// What it may lose. A run in which it loses more fails.
    pub losses: Losses,
    /// Builds it and measures it.
    pub measure: fn(&Delivery<'_>) -> Measured,
}

impl fmt::Debug for Fanout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fanout").field(&self.name).finish()
    }
}

impl Contestant for Fanout {
    const ALL: &'static [Self] = ALL;

    fn name(&self) -> &'static str {
        self.name
    }

    fn summary(&self) -> &'static str {
        self.summary
    }
}

/// Every strategy, in the order in which reports show them.
pub const ALL: &[Fanout] = &[
    forebay::SINGLY,
    forebay::SLICES,
    forebay::BOUNDED,
    broadcast::FANOUT,
    mpsc::FANOUT,
    watch::FANOUT,
    async_broadcast::WAITING,
    async_broadcast::OVERFLOWING,
];
