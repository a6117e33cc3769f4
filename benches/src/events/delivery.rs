//! One run of one strategy of the follow path: what it is given, and what is measured.
//!
//! Every delivery is checked: each subscriber must get what it was to get, in order, once, unharmed,
//! up to the last event, except for what the strategy is allowed to lose.

mod attendance;
mod channel;
mod desk;
mod event;
mod losses;
mod tally;

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::runtime::Handle;

use crate::allocator::Memory;
use crate::events::delivery::attendance::{Attendance, attend};
pub(crate) use crate::events::delivery::channel::one_by_one;
pub use crate::events::delivery::channel::{BURST, Subscriber, Taken, Writer};
pub use crate::events::delivery::desk::Desk;
pub use crate::events::delivery::event::Event;
pub use crate::events::delivery::losses::Losses;
pub use crate::events::delivery::tally::Fault;
use crate::harness::clock::Clock;
use crate::harness::interrupt;
use crate::harness::latencies::Latencies;
use crate::harness::processor;
use crate::report::model::{Cost, EventsCounts, EventsFigures, EventsRound, Timing};

/// What one run is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) subscribers: usize,
    /// How many of them are slow.
    pub(crate) slow: usize,
    pub(crate) pause: Duration,
    pub(crate) events: u64,
    /// How long after one event the next one is due; without a pause where it is `None`.
    pub(crate) interval_ns: Option<f64>,
    pub(crate) payload: usize,
    /// How many events a strategy with a bound keeps.
    pub(crate) capacity: usize,
}

impl Plan {
    /// Returns whether the subscriber with this index is slow. Slow ones are spread evenly, since
    /// some strategies wake in the order of subscriptions.
    fn is_slow(&self, index: usize) -> bool {
        let slow_below = |index: usize| index * self.slow / self.subscribers;
        slow_below(index + 1) > slow_below(index)
    }
}

/// One run that is about to be made.
#[derive(Debug)]
pub struct Delivery<'a> {
    plan: Plan,
    losses: Losses,
    runtime: &'a Handle,
}

/// What a run found.
#[derive(Debug)]
pub struct Measured {
    pub(crate) round: EventsRound,
    /// How many subscribers went on to the end.
    pub(crate) attended: u64,
    /// What was wrong with the earliest event that came wrong.
    pub(crate) fault: Option<Fault>,
}

impl<'a> Delivery<'a> {
    pub(crate) fn new(plan: Plan, losses: Losses, runtime: &'a Handle) -> Self {
        Self {
            plan,
            losses,
            runtime,
        }
    }

    /// Returns how many events a strategy with a bound is to keep for those who are behind.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.plan.capacity
    }

    /// Returns how many subscribers there will be.
    #[must_use]
    pub fn subscribers(&self) -> usize {
        self.plan.subscribers
    }

    /// Returns where subscribers run.
    #[must_use]
    pub fn runtime(&self) -> &Handle {
        self.runtime
    }

    /// Lets a writer publish every event of the plan to all subscribers, and measures.
    ///
    /// The writer has the calling thread to itself; subscribers are tasks of the runtime. Memory is
    /// counted above what there was before the subscriptions, and all else from the moment at which
    /// all subscribers wait.
    pub fn measure<W: Writer>(&self, build: impl FnOnce() -> W) -> Measured {
        let threads = self.runtime.metrics().num_workers();
        let clock = Clock::start();
        // Made before memory is watched: what the harness takes is no cost of the strategy.
        let attendance = Arc::new(Attendance::new(
            clock,
            self.losses,
            self.plan.pause,
            threads,
        ));
        let mut publishing = Latencies::default();
        let memory = Memory::watch();
        let mut writer = build();
        // Nobody is the last to leave before the writer is done.
        let host = attendance.guest();
        let subscriber_bytes = self.seat(&mut writer, &memory, &attendance);

        let allocations = memory.allocations();
        let (cpu_ns, writer_cpu_ns) = (processor::process_ns(), processor::thread_ns());
        let start_ns = attendance.clock().now_ns();
        let published = self.publish(&mut writer, &attendance, start_ns, &mut publishing);
        let writer_cpu_ns = processor::thread_ns().saturating_sub(writer_cpu_ns);
        attendance.close(published);
        writer.close();
        drop(host);
        self.runtime.block_on(attendance.all_left());

        let cost = Cost {
            wall_ns: attendance.clock().now_ns().saturating_sub(start_ns),
            cpu_ns: Some(processor::process_ns().saturating_sub(cpu_ns)),
            allocations: memory
                .allocations()
                .zip(allocations)
                .map(|(now, then)| now - then),
            peak_memory_bytes: memory.peak_bytes(),
        };
        settle(&memory);
        let tally = attendance.total();
        let since_start = |latencies: &Latencies| Timing {
            elapsed_ns: latencies.timing().elapsed_ns.saturating_sub(start_ns),
            ..latencies.timing()
        };
        let timing =
            |latencies: &Latencies| (latencies.count() > 0).then(|| since_start(latencies));
        let figures = EventsFigures {
            publish: since_start(&publishing),
            fast: timing(&tally.fast.latencies),
            slow: timing(&tally.slow.latencies),
            writer_cpu_ns: Some(writer_cpu_ns),
            subscriber_bytes,
            cost,
        };
        let attended = tally.fast.audience.subscribers + tally.slow.audience.subscribers;
        Measured {
            round: EventsRound {
                counts: EventsCounts {
                    published,
                    fast: tally.fast.audience,
                    slow: tally.slow.audience,
                },
                figures,
            },
            attended,
            fault: tally.fault,
        }
    }

    /// Makes the subscriptions and lets each begin to wait in a task of its own. Returns what each
    /// takes, where that is counted.
    fn seat<W: Writer>(
        &self,
        writer: &mut W,
        memory: &Memory,
        attendance: &Arc<Attendance>,
    ) -> Option<u64> {
        let count = self.plan.subscribers;
        let mut subscribers = Vec::with_capacity(count);
        let before = memory.bytes();
        subscribers.extend((0..count).map(|_| writer.subscribe()));
        let taken = memory.bytes().zip(before);
        let taken = taken.map(|(after, before)| after.saturating_sub(before) / count as u64);
        for (index, subscriber) in subscribers.into_iter().enumerate() {
            let is_slow = self.plan.is_slow(index);
            let guest = attendance.guest();
            let attending = attend(Arc::clone(attendance), subscriber, is_slow, guest);
            self.runtime.spawn(attending);
        }
        attendance.wait_for(count);
        // What it took to make them is over.
        memory.forget_peak();
        taken.map(|bytes| bytes + W::Subscriber::BYTES as u64)
    }

    /// Publishes everything, or as much as there was time for before an interrupt; returns how much.
    fn publish<W: Writer>(
        &self,
        writer: &mut W,
        attendance: &Attendance,
        start_ns: u64,
        publishing: &mut Latencies,
    ) -> u64 {
        let clock = attendance.clock();
        for sequence in 0..self.plan.events {
            let due_ns = self.plan.interval_ns.map(|interval_ns| {
                // The first one comes when subscribers have had time to fall asleep.
                start_ns + ((sequence + 1) as f64 * interval_ns) as u64
            });
            // Without times of their own, events are due at once.
            let is_wanted = match due_ns {
                Some(due_ns) => clock.wait_until(due_ns),
                None => !interrupt::requested(),
            };
            if !is_wanted {
                return sequence;
            }
            let mut event = Event::new(sequence, self.plan.payload);
            let begun_ns = clock.now_ns();
            event.due_ns = due_ns.unwrap_or(begun_ns);
            writer.publish(event);
            publishing.record(begun_ns, clock.now_ns());
        }
        self.plan.events
    }
}

/// Returns when what the run left behind is freed, which tasks may still be at: the next run takes
/// what is allocated at its beginning as its floor.
fn settle(memory: &Memory) {
    const LOOK: Duration = Duration::from_millis(1);
    let mut before = memory.bytes();
    loop {
        thread::sleep(LOOK);
        let now = memory.bytes();
        if now >= before {
            return;
        }
        before = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slow_subscribers_are_spread_evenly() {
        let slow = |slow, subscribers| {
            let plan = Plan {
                subscribers,
                slow,
                pause: Duration::ZERO,
                events: 0,
                interval_ns: None,
                payload: 0,
                capacity: 1,
            };
            let all = (0..subscribers).filter(|index| plan.is_slow(*index));
            all.collect::<Vec<_>>()
        };
        assert_eq!(slow(2, 10), [4, 9]);
        assert!(slow(0, 3).is_empty());
        assert_eq!(slow(3, 3), [0, 1, 2]);
        assert_eq!(slow(333, 1_000).len(), 333);
    }
}
