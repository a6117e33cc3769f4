//! The strategies of the read path, as values of one table.
//!
//! A strategy is a name and a function that builds a stage over the backend and hands it to a
//! [`Trial`]. To add one, write a file beside the others and add its value to [`ALL`].

mod batch;
mod batch_quick_cache;
mod cached;
mod direct;
mod moka;
mod quick_cache;
mod singleflight;
mod singleflight_batch;
mod singleflight_batch_quick_cache;
mod singleflight_moka;
mod singleflight_quick_cache;

use std::fmt;

use crate::harness::contestant::Contestant;
use crate::reads::backend::Costs;
use crate::reads::plan::Plan;
use crate::reads::simulation::Simulated;
use crate::reads::trial::{Measured, Trial};

/// One way to read through a backend.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Strategy {
    /// Its name on the command line and in reports.
    pub name: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// Whether it keeps answers when the loads that brought them are over.
    pub keeps_answers: bool,
    /// Whether it promises that two loads of one key never overlap. A run that sees it broken
    /// fails.
    pub never_overlaps: bool,
    /// What an independent simulation says that it does, call by call, where there is one.
    pub simulation: Option<Simulation>,
    /// Builds it and measures it.
    pub measure: fn(&Trial<'_>) -> Measured,
}

/// Works out what a strategy does with a plan on a backend with such costs.
pub type Simulation = fn(&Plan, Costs) -> Simulated;

impl fmt::Debug for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Strategy").field(&self.name).finish()
    }
}

impl Contestant for Strategy {
    const ALL: &'static [Self] = ALL;

    fn name(&self) -> &'static str {
        self.name
    }

    fn summary(&self) -> &'static str {
        self.summary
    }
}

/// Every strategy, in the order in which reports show them.
pub const ALL: &[Strategy] = &[
    direct::STRATEGY,
    singleflight::STRATEGY,
    batch::STRATEGY,
    singleflight_batch::STRATEGY,
    moka::STRATEGY,
    quick_cache::STRATEGY,
    singleflight_moka::STRATEGY,
    singleflight_quick_cache::STRATEGY,
    batch_quick_cache::STRATEGY,
    singleflight_batch_quick_cache::STRATEGY,
];
