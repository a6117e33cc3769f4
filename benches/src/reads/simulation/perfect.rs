use std::collections::HashMap;
use std::mem;

use crate::reads::backend::Costs;
use crate::reads::plan::{Pace, Plan};
use crate::reads::simulation::Simulated;

/// Simulates a plan with unlimited coalescing and perfect batching: one call is under way at a
/// time, it asks for everything that waited when it left, and loads of its keys share its answer.
///
/// A call leaves at once when nothing is under way, and otherwise with the answer before it. It
/// takes along whatever is asked for at that instant: in a closed loop, all the clients who have
/// just been answered.
///
/// So no load ever waits while the backend is idle. Whoever has more calls under way makes more of
/// them, and waits for less. Whoever makes fewer keeps answers, be it only until the last of those
/// who waited for them has woken, or lets loads wait for nothing but company.
///
/// # Examples
///
/// ```
/// use forebay_bench::reads::backend::{Costs, Shape};
/// use forebay_bench::reads::plan::{Pace, Plan};
/// use forebay_bench::reads::simulation::perfect;
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
///     keys: vec![1, 1, 2, 3, 2].into(),
///     pace: Pace::Open { times_ns: vec![0, 50, 60, 70, 150].into() },
///     stop_ns: None,
/// };
/// let simulated = perfect(&plan, Costs::new(shape, 7));
/// // Key 1 alone at 0, then 2 and 3 together at 100, which the last load joins.
/// assert_eq!((simulated.calls, simulated.keys, simulated.end_ns), (2, 3, 200));
/// ```
#[must_use]
pub fn perfect(plan: &Plan, costs: Costs) -> Simulated {
    let mut walk = Walk {
        plan,
        costs,
        next: 0,
        now_ns: 0,
        waiting: HashMap::new(),
        call: None,
        found: Simulated::default(),
    };
    match &plan.pace {
        Pace::Open { times_ns } => walk.open(times_ns),
        Pace::Closed { clients } | Pace::Bursts { clients } => walk.closed(*clients),
    }
    walk.found
}

struct Walk<'a> {
    plan: &'a Plan,
    costs: Costs,
    next: usize,
    now_ns: u64,
    /// How many loads wait for each key that no call has asked for yet.
    waiting: HashMap<u32, u64>,
    call: Option<Call>,
    found: Simulated,
}

/// The call under way.
struct Call {
    due_ns: u64,
    /// How many loads wait for each of its keys.
    loads: HashMap<u32, u64>,
}

impl Walk<'_> {
    fn open(&mut self, times_ns: &[u64]) {
        for instant in times_ns.chunk_by(|a, b| a == b) {
            while self.due_ns().is_some_and(|due_ns| due_ns < instant[0]) {
                self.answer();
                self.leave();
            }
            if self.due_ns() == Some(instant[0]) {
                self.answer();
            }
            self.now_ns = instant[0];
            instant.iter().for_each(|_| self.ask_next());
            self.leave();
        }
        while self.answer().is_some() {
            self.leave();
        }
    }

    /// Whoever has its answer asks again. All clients began at one instant and no two calls are
    /// ever under way, so they go on doing everything together, as in a stampede.
    fn closed(&mut self, clients: usize) {
        (0..clients).for_each(|_| self.ask_next());
        self.leave();
        while let Some(answered) = self.answer() {
            (0..answered).for_each(|_| self.ask_next());
            self.leave();
        }
    }

    fn ask_next(&mut self) {
        let Some(&key) = self.plan.keys.get(self.next) else {
            return;
        };
        if self
            .plan
            .stop_ns
            .is_some_and(|stop_ns| self.now_ns >= stop_ns)
        {
            return;
        }
        self.next += 1;
        let under_way = self.call.as_mut().and_then(|call| call.loads.get_mut(&key));
        match under_way {
            Some(loads) => *loads += 1,
            None => *self.waiting.entry(key).or_default() += 1,
        }
    }

    /// Sends what waits, unless a call is under way.
    fn leave(&mut self) {
        if self.call.is_some() || self.waiting.is_empty() {
            return;
        }
        let loads = mem::take(&mut self.waiting);
        let keys = loads.len() as u64;
        self.found.calls += 1;
        self.found.keys += keys;
        let due_ns = self.now_ns.saturating_add(self.costs.draw(keys).ns);
        self.call = Some(Call { due_ns, loads });
    }

    fn due_ns(&self) -> Option<u64> {
        self.call.as_ref().map(|call| call.due_ns)
    }

    /// Gives the answer of the call under way and returns how many loads it ended.
    fn answer(&mut self) -> Option<u64> {
        let Call { due_ns, loads } = self.call.take()?;
        let answered = loads.values().sum();
        self.now_ns = due_ns;
        self.found.loads += answered;
        self.found.end_ns = due_ns;
        Some(answered)
    }
}
