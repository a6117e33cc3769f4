use tokio::runtime::Handle;

use crate::cli::EventsArguments;
use crate::events::delivery::{Delivery, Measured, Plan};
use crate::events::fanout::Fanout;
use crate::events::scenario::Scenario;
use crate::failure::Failure;
use crate::harness::rounds::{Outcome, Rounds, Turns};
use crate::report::model::EventsRound;

/// Runs every strategy at every point, again and again.
#[derive(Debug)]
pub(super) struct Engine<'a> {
    pub(super) arguments: &'a EventsArguments,
    pub(super) scenario: &'a Scenario,
    pub(super) runtime: &'a Handle,
}

impl Engine<'_> {
    /// Measures everything, or as much as there was time for before an interrupt.
    pub(super) fn measure(&self) -> Result<Outcome<EventsRound>, Failure> {
        let strategies = self.arguments.contest.chosen();
        let rounds = Rounds {
            offered: self.scenario.offered(),
            strategies: &strategies,
            repeat: self.arguments.contest.repeat,
            quiet: self.arguments.output.quiet,
        };
        rounds.measure(|turns| self.round(turns))
    }

    fn round(&self, turns: &mut Turns<'_, Fanout>) -> Result<Vec<Option<EventsRound>>, Failure> {
        let plan = self.scenario.plan(turns.offered);
        let measured = turns.take(
            |strategy| self.run(plan, strategy),
            |strategy, found| check(strategy, plan, found),
        )?;
        let rounds = measured.into_iter();
        Ok(rounds.map(|found| found.map(|found| found.round)).collect())
    }

    fn run(&self, plan: Plan, strategy: Fanout) -> Measured {
        (strategy.measure)(&Delivery::new(plan, strategy.losses, self.runtime))
    }
}

/// Checks what every run must keep: everybody got what there was, but for what the strategy may lose.
fn check(strategy: Fanout, plan: Plan, found: &Measured) -> Result<(), Failure> {
    let (counts, subscribers) = (&found.round.counts, plan.subscribers as u64);
    if let Some(fault) = found.fault {
        return Err(Failure::WrongDeliveries {
            strategy: strategy.name,
            count: counts.fast.wrong + counts.slow.wrong,
            fault,
        });
    }
    if found.attended != subscribers {
        return Err(Failure::SubscribersLost {
            strategy: strategy.name,
            attended: found.attended,
            subscribers,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
