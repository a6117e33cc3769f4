//! What does it cost to drop a follower that waits?

use std::time::{Duration, Instant};

use crate::goal::Goal;
use crate::rounds::interleaved;
use crate::runtime::one_thread;
use crate::singleflight::gate::Gate;
use crate::singleflight::peer::{Group, Key, Peer};
use crate::singleflight::peers::{self, Probe};
use crate::singleflight::seats::Seats;
use crate::table::{Column, Table, Unit};

const BLOCKS: usize = 5;

struct Cancel;

/// Asks the question.
pub(super) fn ask(rounds: usize) -> Vec<Table> {
    vec![Table {
        title: "Dropping a follower that waits",
        method: "Futures polled by hand: followers join, then each is dropped while the load is \
                 still held back. Time for each follower, and how it grows with their number.",
        columns: vec![
            Column {
                name: "1,000 followers",
                unit: Unit::Nanoseconds,
            },
            Column {
                name: "10,000 followers",
                unit: Unit::Nanoseconds,
            },
            Column {
                name: "10,000 ÷ 1,000",
                unit: Unit::Ratio,
            },
        ],
        rows: interleaved(&Cancel, &peers::all(), rounds),
        goals: vec![Goal::at_most(2, 1.2)],
    }]
}

impl Probe for Cancel {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        if !P::COALESCES || P::DETACHES {
            return vec![None; 3];
        }
        let (few, many) = (per_follower::<P>(1_000, 10), per_follower::<P>(10_000, 1));
        vec![Some(few), Some(many), Some(many / few)]
    }
}

fn per_follower<P: Peer>(followers: usize, flights: usize) -> f64 {
    let runtime = one_thread();
    let _entered = runtime.enter();
    let group = P::Group::<String, u64>::default();
    let key = String::numbered(7);
    let gate = Gate::closed();
    let call = |_| group.call(&key, move || gate.by_hand(7));
    let (mut leader, mut crowd) = (Seats::empty(1), Seats::empty(followers));

    let mut least = f64::INFINITY;
    for block in 0..=BLOCKS {
        let mut leaving = Duration::ZERO;
        for _ in 0..flights {
            gate.close();
            leader.join(call);
            crowd.join(call);
            let start = Instant::now();
            crowd.leave();
            leaving += start.elapsed();
            gate.open();
            leader.finish(drop);
            group.renew(&key);
        }
        // The first block only warms up.
        if block > 0 {
            least = least.min(leaving.as_secs_f64() * 1e9 / (flights * followers) as f64);
        }
    }
    least
}
