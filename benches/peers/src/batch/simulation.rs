//! Loads that come at random before a backend of a few connections, in virtual time.
//!
//! The clock is tokio's, paused and moved by hand from one event to the next, as soon as no task
//! can go on. So figures are exact to the nanosecond and the same on every machine; computing takes
//! no time in them. Timers of tokio's keep their grain of a millisecond, as in life: the clock stops
//! at each full one, so that they fire when they should.

mod idle;
mod pool;

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::time::{Instant, advance};

use self::idle::Idle;
pub(crate) use self::pool::Pool;
use crate::batch::backend::value_of;
use crate::batch::peer::{Loader, Peer};
use crate::random::Random;

/// What a call takes, whatever its keys.
pub(crate) const CALL_NS: f64 = 1_000_000.0;

/// What each of its keys adds.
pub(crate) const KEY_NS: f64 = 1_000.0;

/// How long after the last load a run is given up.
const GIVE_UP_NS: u64 = 60_000_000_000;

const MILLISECOND_NS: u64 = 1_000_000;

/// Which loads come, and what they meet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scenario {
    /// How many loads come in a second on average. Each comes on its own, as in a Poisson process,
    /// and asks for a key of its own.
    pub(crate) loads_per_s: f64,
    /// How many come in all.
    pub(crate) loads: usize,
    /// How many calls the backend carries out at once; further ones queue up before it.
    pub(crate) connections: usize,
}

/// How long loads took, without the first tenth of them.
#[derive(Debug)]
pub(crate) struct Latencies(Vec<u64>);

impl Latencies {
    /// Returns the time in milliseconds that this share of the loads did not exceed.
    pub(crate) fn quantile_ms(&self, share: f64) -> f64 {
        let rank = (self.0.len() as f64 * share).ceil() as usize;
        let time_ns = self.0[rank.clamp(1, self.0.len()) - 1];
        time_ns as f64 / MILLISECOND_NS as f64
    }
}

impl Scenario {
    /// Lets the loads go through `P`; `None` when they are not answered in the end.
    pub(crate) fn run<P: Peer>(&self) -> Option<Latencies> {
        let idle = Idle::default();
        let parked = idle.clone();
        let runtime = Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .on_thread_park(move || parked.ring())
            .build();
        let runtime = runtime.expect("the system gives a runtime");
        let latencies = runtime.block_on(self.drive::<P>(&idle))?;
        let mut latencies = latencies
            .into_iter()
            .skip(self.loads / 10)
            .collect::<Vec<_>>();
        latencies.sort_unstable();
        Some(Latencies(latencies))
    }

    /// Returns when the loads come, in nanoseconds from the start.
    fn arrivals(&self) -> impl Iterator<Item = u64> {
        let (mut random, mut time_ns) = (Random::default(), 0.0);
        let mean_ns = 1e9 / self.loads_per_s;
        (0..self.loads).map(move |_| {
            time_ns -= (1.0 - random.unit()).ln() * mean_ns;
            time_ns as u64
        })
    }

    /// Returns the latency of each load, in the order in which they came.
    async fn drive<P: Peer>(&self, idle: &Idle) -> Option<Vec<u64>> {
        let pool = Pool::of(self.connections);
        let loader = Arc::new(P::build(Arc::new(pool.clone())));
        let results = Arc::new(Results::room_for(self.loads));
        let mut arrivals = self.arrivals().enumerate().peekable();
        let (start, mut now_ns, mut last_ns) = (Instant::now(), 0, 0);
        loop {
            idle.wait().await;
            if results.are_complete() {
                break;
            }
            let timer_ns = (now_ns / MILLISECOND_NS + 1) * MILLISECOND_NS;
            let arrival_ns = arrivals.peek().map(|(_, time_ns)| *time_ns);
            let events = [arrival_ns, pool.next_end_ns()].into_iter().flatten();
            let next_ns = events.fold(timer_ns, u64::min);
            if next_ns > last_ns + GIVE_UP_NS {
                return None;
            }
            if next_ns > now_ns {
                advance(Duration::from_nanos(next_ns - now_ns)).await;
                now_ns = next_ns;
            }
            pool.move_to(now_ns);
            while let Some((index, _)) = arrivals.next_if(|(_, time_ns)| *time_ns == now_ns) {
                last_ns = now_ns;
                let load = load(
                    Arc::clone(&loader),
                    index,
                    pool.clone(),
                    Arc::clone(&results),
                );
                tokio::spawn(load);
            }
        }
        let elapsed_ns = start.elapsed().as_nanos();
        assert_eq!(
            elapsed_ns,
            u128::from(now_ns),
            "nothing else moves the clock"
        );
        Some(results.take())
    }
}

/// One load, from its arrival on.
fn load<L: Loader>(
    loader: Arc<L>,
    index: usize,
    pool: Pool,
    results: Arc<Results>,
) -> impl Future<Output = ()> + Send {
    let arrived_ns = pool.now_ns();
    async move {
        let key = index as u64;
        let answer = L::answer(loader.load(&key).await);
        assert_eq!(answer, Ok(Some(value_of(key))), "the answer of a load");
        results.put(index, pool.now_ns() - arrived_ns);
    }
}

/// The latencies of loads, as they become known.
#[derive(Debug)]
struct Results(Mutex<(Vec<u64>, usize)>);

impl Results {
    fn room_for(count: usize) -> Self {
        Self(Mutex::new((vec![0; count], count)))
    }

    fn put(&self, index: usize, latency_ns: u64) {
        let mut results = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        results.0[index] = latency_ns;
        results.1 -= 1;
    }

    fn are_complete(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1 == 0
    }

    fn take(&self) -> Vec<u64> {
        let mut results = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut results.0)
    }
}
