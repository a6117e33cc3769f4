//! One strategy at work: the loads of a plan, in whatever loop, on whatever clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use forebay_core::Load;
use tokio::sync::Barrier;

use crate::harness::interrupt;
use crate::reads::backend::BackendError;
use crate::reads::plan::{Pace, Plan};
use crate::reads::row::Row;
use crate::reads::trial::clock::TrialClock;
use crate::reads::trial::recorder::{Recorder, Tally};

/// A strategy, and the loads that are asked of it.
#[derive(Debug)]
pub(crate) struct Session<L> {
    stage: L,
    plan: Plan,
    clock: TrialClock,
    recorder: Recorder,
    next: AtomicUsize,
    gate: Gate,
}

/// Where the clients of a stampede meet.
#[derive(Debug)]
struct Gate {
    barrier: Barrier,
    open: AtomicBool,
    opened_ns: AtomicU64,
}

impl<L> Session<L>
where
    L: Load<u64, Value = Row, Error = BackendError>,
{
    pub(crate) fn new(stage: L, plan: Plan, clock: TrialClock, recorder: Recorder) -> Self {
        let clients = match plan.pace {
            Pace::Bursts { clients } => clients,
            Pace::Closed { .. } | Pace::Open { .. } => 0,
        };
        Self {
            stage,
            plan,
            clock,
            recorder,
            next: AtomicUsize::new(0),
            gate: Gate {
                barrier: Barrier::new(clients),
                open: AtomicBool::new(true),
                opened_ns: AtomicU64::new(0),
            },
        }
    }

    /// Returns what was recorded, once the session's tasks have ended.
    pub(crate) fn total(&self) -> Tally {
        self.recorder.total()
    }

    /// Makes the load of an open loop that was due at `start_ns`.
    ///
    /// # Cancel safety
    ///
    /// A dropped load is not recorded.
    pub(crate) async fn arrive(self: Arc<Self>, index: usize, start_ns: u64) {
        if let Some(key) = self.plan.key(index) {
            self.load(key, start_ns).await;
        }
    }

    /// Asks for the next key again and again until none is left.
    ///
    /// # Cancel safety
    ///
    /// The load under way is not recorded.
    pub(crate) async fn ask_on(self: Arc<Self>) {
        loop {
            let start_ns = self.clock.now_ns();
            if self.stopped(start_ns) {
                return;
            }
            let Some(key) = self.plan.key(self.next.fetch_add(1, Ordering::Relaxed)) else {
                return;
            };
            self.load(key, start_ns).await;
        }
    }

    /// Asks for the next key whenever all clients are ready to, again and again.
    ///
    /// # Cancel safety
    ///
    /// All clients must be dropped together: the others wait for one that is gone.
    pub(crate) async fn ask_together(self: Arc<Self>) {
        loop {
            if self.gate.barrier.wait().await.is_leader() {
                let now_ns = self.clock.now_ns();
                let left = self.next.load(Ordering::Relaxed) < self.plan.keys.len();
                self.gate.opened_ns.store(now_ns, Ordering::Relaxed);
                let open = left && !self.stopped(now_ns);
                self.gate.open.store(open, Ordering::Relaxed);
            }
            // Nobody passes before the decision; the barrier orders it before what follows.
            self.gate.barrier.wait().await;
            if !self.gate.open.load(Ordering::Relaxed) {
                return;
            }
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            if let Some(key) = self.plan.key(index) {
                self.load(key, self.gate.opened_ns.load(Ordering::Relaxed))
                    .await;
            }
        }
    }

    async fn load(&self, key: u64, start_ns: u64) {
        let result = self.stage.load(&key).await;
        self.recorder
            .record(key, start_ns, self.clock.now_ns(), result);
    }

    fn stopped(&self, now_ns: u64) -> bool {
        self.plan.stop_ns.is_some_and(|stop_ns| now_ns >= stop_ns) || interrupt::requested()
    }
}
