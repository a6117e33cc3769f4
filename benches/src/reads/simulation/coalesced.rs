use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

use crate::reads::backend::Costs;
use crate::reads::plan::{Pace, Plan};
use crate::reads::simulation::Simulated;

/// Simulates a plan with every two loads of one key that overlap made one.
///
/// # Examples
///
/// ```
/// use forebay_bench::reads::backend::{Costs, Shape};
/// use forebay_bench::reads::plan::{Pace, Plan};
/// use forebay_bench::reads::simulation::coalesced;
///
/// let shape = Shape {
///     fixed_ns: 100,
///     per_key_ns: 0,
///     tail_ns: 0,
///     tail_sigma: 0.0,
///     in_flight_max: 8,
///     error_rate: 0.0,
/// };
/// let plan = Plan {
///     keys: vec![1, 1, 2, 1].into(),
///     pace: Pace::Open { times_ns: vec![0, 50, 60, 100].into() },
///     stop_ns: None,
/// };
/// let simulated = coalesced(&plan, Costs::new(shape, 7));
/// assert_eq!((simulated.loads, simulated.calls, simulated.end_ns), (4, 3, 200));
/// ```
#[must_use]
pub fn coalesced(plan: &Plan, costs: Costs) -> Simulated {
    let mut walk = Walk {
        plan,
        costs,
        next: 0,
        now_ns: 0,
        waiting: HashMap::new(),
        queue: VecDeque::new(),
        serving: BinaryHeap::new(),
        served: 0,
        found: Simulated::default(),
    };
    match &plan.pace {
        Pace::Open { times_ns } => walk.open(times_ns),
        Pace::Closed { clients } => walk.closed(*clients),
        Pace::Bursts { clients } => walk.bursts(*clients),
    }
    walk.found
}

struct Walk<'a> {
    plan: &'a Plan,
    costs: Costs,
    next: usize,
    now_ns: u64,
    /// How many loads wait for each key that is being loaded.
    waiting: HashMap<u32, u64>,
    queue: VecDeque<u32>,
    serving: BinaryHeap<Reverse<(u64, u64, u32)>>,
    served: u64,
    found: Simulated,
}

impl Walk<'_> {
    fn open(&mut self, times_ns: &[u64]) {
        for instant in times_ns.chunk_by(|a, b| a == b) {
            while self.due_ns().is_some_and(|due_ns| due_ns <= instant[0]) {
                self.answer();
            }
            self.now_ns = instant[0];
            instant.iter().for_each(|_| self.ask_next());
        }
        while self.answer().is_some() {}
    }

    fn closed(&mut self, clients: usize) {
        (0..clients).for_each(|_| self.ask_next());
        while let Some(answered) = self.answer() {
            (0..answered).for_each(|_| self.ask_next());
        }
    }

    fn bursts(&mut self, clients: usize) {
        while self.next < self.plan.keys.len() && !self.stopped() {
            (0..clients).for_each(|_| self.ask_next());
            while self.answer().is_some() {}
        }
    }

    fn stopped(&self) -> bool {
        self.plan
            .stop_ns
            .is_some_and(|stop_ns| self.now_ns >= stop_ns)
    }

    fn ask_next(&mut self) {
        let Some(&key) = self.plan.keys.get(self.next) else {
            return;
        };
        if self.stopped() {
            return;
        }
        self.next += 1;
        let waiting = self.waiting.entry(key).or_default();
        *waiting += 1;
        if *waiting > 1 {
            return;
        }
        self.found.calls += 1;
        self.found.keys += 1;
        if self.serving.len() < self.costs.in_flight_max() {
            self.serve(key);
        } else {
            self.queue.push_back(key);
        }
    }

    fn serve(&mut self, key: u32) {
        let done_ns = self.now_ns.saturating_add(self.costs.draw(1).ns);
        self.serving.push(Reverse((done_ns, self.served, key)));
        self.served += 1;
    }

    fn due_ns(&self) -> Option<u64> {
        self.serving.peek().map(|Reverse((due_ns, ..))| *due_ns)
    }

    /// Gives the next answer and returns how many loads it ended; `None` if none is due.
    fn answer(&mut self) -> Option<u64> {
        let Reverse((due_ns, _, key)) = self.serving.pop()?;
        self.now_ns = due_ns;
        if let Some(next) = self.queue.pop_front() {
            self.serve(next);
        }
        let answered = self.waiting.remove(&key).unwrap_or_default();
        self.found.loads += answered;
        self.found.end_ns = due_ns;
        Some(answered)
    }
}
