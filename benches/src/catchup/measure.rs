use std::cell::RefCell;

use crate::catchup::fault::Fault;
use crate::catchup::network::{model, tcp};
use crate::catchup::run::{Outcome, Run};
use crate::catchup::scenario::{Made, Scenario};
use crate::catchup::way::{CatchUp, Way};
use crate::cli::{CatchupArguments, NetworkName};
use crate::failure::Failure;
use crate::harness::rounds::{self, Rounds, Turns};
use crate::report::model::{CatchupCounts, CatchupFigures, CatchupRound, Offered};

/// Runs every strategy at every point, again and again.
#[derive(Debug)]
pub(super) struct Engine<'a> {
    pub(super) arguments: &'a CatchupArguments,
    pub(super) scenario: &'a Scenario,
}

impl Engine<'_> {
    /// Measures everything, or as much as there was time for before an interrupt.
    pub(super) fn measure(&self) -> Result<rounds::Outcome<CatchupRound>, Failure> {
        let strategies = self.arguments.contest.chosen();
        let rounds = Rounds {
            offered: self.scenario.offered(),
            strategies: &strategies,
            repeat: self.arguments.contest.repeat,
            quiet: self.arguments.output.quiet,
        };
        rounds.measure(|turns| self.round(turns))
    }

    fn round(&self, turns: &mut Turns<'_, CatchUp>) -> Result<Vec<Option<CatchupRound>>, Failure> {
        let Offered::Behind { keys, changes } = turns.offered else {
            return Ok(Vec::new());
        };
        let made = self.scenario.past(keys, changes);
        let seed = self.scenario.seed(turns.number);
        let measured = turns.take(
            |strategy| RefCell::new(Some(self.run(&made, seed, strategy))),
            // What went wrong is said by the strategy whose turn it was.
            |strategy, found| match found.take() {
                Some(Err(fault)) => Err(Failure::NotCaughtUp {
                    strategy: strategy.name,
                    fault,
                }),
                round => {
                    found.replace(round);
                    Ok(())
                }
            },
        )?;
        let rounds = measured.into_iter();
        let rounds = rounds.map(|found| found.and_then(|found| found.into_inner()?.ok()));
        Ok(rounds.collect())
    }

    fn run(&self, made: &Made, seed: u64, strategy: CatchUp) -> Result<CatchupRound, Fault> {
        let network = &self.arguments.network;
        let run = Run {
            way: strategy.way,
            past: &made.past,
            peers: network.providers,
            writes_per_second: self.scenario.writes_per_second(),
            interrupt_at: self.arguments.interrupt,
            seed,
        };
        let outcome = match network.network {
            NetworkName::Model => model::measure(&run, &network.lines())?,
            NetworkName::Tcp => tcp::measure(&run)?,
        };
        let ideal_ns = match network.network {
            NetworkName::Model => Some(self.ideal_ns(&run, made)),
            NetworkName::Tcp => None,
        };
        Ok(round(&run, made, outcome, ideal_ns))
    }

    /// Returns how long it takes at least: what is needed, over all the lines there are at once.
    fn ideal_ns(&self, run: &Run<'_>, made: &Made) -> u64 {
        let rates = self.arguments.network.lines().bytes_per_second;
        let rate: f64 = rates.iter().take(usize::from(run.peers())).sum();
        (needed_bytes(run.way, made) as f64 * 1e9 / rate) as u64
    }
}

/// Returns how many bytes this way cannot do without.
fn needed_bytes(way: Way, made: &Made) -> u64 {
    match way {
        Way::Replay => made.missed_bytes,
        Way::Copy | Way::Snapshot { .. } => made.state_bytes,
    }
}

fn round(run: &Run<'_>, made: &Made, outcome: Outcome, ideal_ns: Option<u64>) -> CatchupRound {
    let traffic = outcome.traffic;
    let head = run.past.missed + outcome.appended;
    let first = traffic.first_entry.unwrap_or(head + 1);
    CatchupRound {
        counts: CatchupCounts {
            sent_bytes: traffic.sent,
            needed_bytes: needed_bytes(run.way, made),
            messages: traffic.messages,
            items: outcome.decoded.items,
            entries: outcome.decoded.entries,
            entries_kept: (head + 1).saturating_sub(first),
            appended: outcome.appended,
            ideal_ns,
        },
        elapsed_ns: outcome.elapsed_ns,
        figures: CatchupFigures {
            providers_cpu_ns: outcome.work.cpu_ns,
            provider_slice_ns: outcome.work.slice_ns,
            cost: outcome.cost,
        },
    }
}
