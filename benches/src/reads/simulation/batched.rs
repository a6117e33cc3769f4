use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap, VecDeque};

use crate::reads::backend::Costs;
use crate::reads::plan::{Pace, Plan};
use crate::reads::simulation::Simulated;

/// The bounds of batching.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::exhaustive_structs, reason = "a literal where it is used")]
pub struct Batching {
    /// How many keys a call asks for at most.
    pub keys_max: usize,
    /// How many calls are under way at most.
    pub calls_max: usize,
}

/// Simulates a plan with natural batching, loads of a key under way made one.
///
/// Keys wait in line, cut into batches. A batch leaves when nothing is under way; when it is full;
/// and when, with `C` calls allowed, `waiting * C >= waiting + under way`, both counted in keys.
/// That is looked at whenever a key comes, a batch leaves or a call ends, and decides that a batch
/// will leave: it takes along what is asked for at that instant. Only a full one leaves at once,
/// ahead of those who were answered just then.
///
/// # Examples
///
/// ```
/// use forebay_bench::reads::backend::{Costs, Shape};
/// use forebay_bench::reads::plan::{Pace, Plan};
/// use forebay_bench::reads::simulation::{Batching, batched};
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
///     keys: vec![1, 2, 3, 4, 1, 2].into(),
///     pace: Pace::Open { times_ns: vec![0, 0, 0, 30, 40, 110].into() },
///     stop_ns: None,
/// };
/// let batching = Batching { keys_max: 1000, calls_max: 4 };
/// let simulated = batched(&plan, Costs::new(shape, 7), batching);
/// // Three keys leave at 0. Key 4 leaves at 30, since 1 * 4 >= 1 + 3; key 1 joins the first call.
/// // At 110 that one is over, and key 2 leaves beside key 4, since 1 * 4 >= 1 + 1.
/// assert_eq!((simulated.calls, simulated.keys, simulated.end_ns), (3, 5, 210));
/// ```
#[must_use]
pub fn batched(plan: &Plan, costs: Costs, batching: Batching) -> Simulated {
    let mut walk = Walk {
        plan,
        costs,
        batching,
        next: 0,
        now_ns: 0,
        loads: HashMap::new(),
        waiting: Waiting::default(),
        leaving: 0,
        calls: 0,
        under_way: 0,
        backend: VecDeque::new(),
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
    batching: Batching,
    next: usize,
    now_ns: u64,
    /// How many loads want each key that waits or is under way.
    loads: HashMap<u32, u64>,
    waiting: Waiting,
    /// How many of the waiting batches are about to leave.
    leaving: usize,
    /// How many calls are under way, and how many keys in them.
    calls: usize,
    under_way: usize,
    /// Calls that wait for the backend to serve them.
    backend: VecDeque<Vec<u32>>,
    serving: BinaryHeap<Reverse<(u64, u64, Vec<u32>)>>,
    served: u64,
    found: Simulated,
}

/// The line of keys, cut into batches of which only the last may not be full.
#[derive(Default)]
struct Waiting {
    batches: VecDeque<Vec<u32>>,
    keys: usize,
}

impl Walk<'_> {
    fn open(&mut self, times_ns: &[u64]) {
        for instant in times_ns.chunk_by(|a, b| a == b) {
            while self.due_ns().is_some_and(|due_ns| due_ns <= instant[0]) {
                self.answer(false);
            }
            self.now_ns = instant[0];
            instant.iter().for_each(|_| self.ask_next());
            self.leave();
        }
        while self.answer(false).is_some() {}
    }

    fn closed(&mut self, clients: usize) {
        (0..clients).for_each(|_| self.ask_next());
        self.leave();
        while self.answer(true).is_some() {}
    }

    fn bursts(&mut self, clients: usize) {
        while self.next < self.plan.keys.len() && !self.stopped() {
            (0..clients).for_each(|_| self.ask_next());
            self.leave();
            while self.answer(false).is_some() {}
        }
    }

    fn stopped(&self) -> bool {
        let stop_ns = self.plan.stop_ns;
        stop_ns.is_some_and(|stop_ns| self.now_ns >= stop_ns)
    }

    fn ask_next(&mut self) {
        let Some(&key) = self.plan.keys.get(self.next) else {
            return;
        };
        if self.stopped() {
            return;
        }
        self.next += 1;
        let loads = self.loads.entry(key).or_default();
        *loads += 1;
        if *loads == 1 {
            self.waiting.push(key, self.batching.keys_max);
            self.decide();
        }
    }

    /// Lets one more batch leave, if it is time; returns whether it was.
    fn decide(&mut self) -> bool {
        let Batching {
            keys_max,
            calls_max,
        } = self.batching;
        let batches = &self.waiting.batches;
        let Some(next) = batches.get(self.leaving) else {
            return false;
        };
        let is_full = next.len() >= keys_max || self.leaving + 1 < batches.len();
        let waiting = self.waiting.keys;
        let is_paced = waiting * calls_max >= waiting + self.under_way;
        let is_alone = self.leaving == 0 && (self.calls == 0 || is_paced);
        let decided = self.calls + self.leaving < calls_max && (is_full || is_alone);
        self.leaving += usize::from(decided);
        decided
    }

    /// Sends the batches that are about to leave.
    fn leave(&mut self) {
        while self.leaving > 0 {
            self.send();
        }
    }

    fn send(&mut self) {
        let keys = self.waiting.pop();
        self.leaving -= 1;
        self.calls += 1;
        self.under_way += keys.len();
        self.found.calls += 1;
        self.found.keys += keys.len() as u64;
        self.decide();
        if self.serving.len() < self.costs.in_flight_max() {
            self.serve(keys);
        } else {
            self.backend.push_back(keys);
        }
    }

    fn serve(&mut self, keys: Vec<u32>) {
        let cost = self.costs.draw(keys.len() as u64);
        let due_ns = self.now_ns.saturating_add(cost.ns);
        self.serving.push(Reverse((due_ns, self.served, keys)));
        self.served += 1;
    }

    fn due_ns(&self) -> Option<u64> {
        self.serving.peek().map(|Reverse((due_ns, ..))| *due_ns)
    }

    /// Gives the next answer, if one is due; those who get it ask again, if they do.
    fn answer(&mut self, again: bool) -> Option<()> {
        let Reverse((due_ns, _, keys)) = self.serving.pop()?;
        self.now_ns = due_ns;
        if let Some(next) = self.backend.pop_front() {
            self.serve(next);
        }
        self.calls -= 1;
        self.under_way -= keys.len();
        let loads = keys.iter().filter_map(|key| self.loads.remove(key));
        let answered: u64 = loads.sum();
        self.found.loads += answered;
        self.found.end_ns = due_ns;
        while self.decide() {}
        if self.leaving > 0 && self.waiting.is_full(self.batching.keys_max) {
            self.send();
        }
        if again {
            (0..answered).for_each(|_| self.ask_next());
        }
        self.leave();
        Some(())
    }
}

impl Waiting {
    fn push(&mut self, key: u32, keys_max: usize) {
        self.keys += 1;
        match self.batches.back_mut() {
            Some(last) if last.len() < keys_max => last.push(key),
            _ => self.batches.push_back(vec![key]),
        }
    }

    fn pop(&mut self) -> Vec<u32> {
        let keys = self.batches.pop_front().unwrap_or_default();
        self.keys -= keys.len();
        keys
    }

    /// Whether the first batch cannot grow.
    fn is_full(&self, keys_max: usize) -> bool {
        let first = self.batches.front();
        first.is_some_and(|first| first.len() >= keys_max) || self.batches.len() > 1
    }
}
