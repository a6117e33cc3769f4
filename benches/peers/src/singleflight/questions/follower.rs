//! What does the library itself cost a follower, without any scheduler?

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::goal::{Against, Goal};
use crate::rounds::interleaved;
use crate::runtime::one_thread;
use crate::singleflight::gate::Gate;
use crate::singleflight::peer::{Group, Key, Peer};
use crate::singleflight::peers::{self, Probe};
use crate::singleflight::seats::Seats;
use crate::table::{Column, Row, Table, Unit};

/// How many followers wait for one load.
const FOLLOWERS: [usize; 3] = [10, 1_000, 10_000];

/// How many followers are measured before a block of flights ends: a block is short, so that some
/// blocks pass without the system taking the processor away.
const BLOCK_FOLLOWERS: usize = 10_000;

/// How many blocks of each size a round has.
const BLOCKS: usize = 5;

struct Follower;

/// What a follower costs, in nanoseconds.
pub(super) struct Cost {
    /// From the call to the first poll, which joins.
    pub(super) join: f64,
    /// The join, the end of the load and the poll that gives the answer.
    pub(super) whole: f64,
}

/// Asks the question.
pub(super) fn ask(rounds: usize) -> Vec<Table> {
    let (whole, join) = halves(interleaved(&Follower, &peers::all(), rounds));
    let columns = |names: [&'static str; 3]| {
        names
            .map(|name| Column {
                name,
                unit: Unit::Nanoseconds,
            })
            .to_vec()
    };
    let notify = Against::Row("floor: one Notify, no map");
    let goals = [(0, 0.66), (1, 0.60), (2, 0.60)]
        .into_iter()
        .flat_map(|(column, most)| {
            let seed = Goal::ratio(column, Against::Row("seed"), 0.17);
            [
                Goal::ratio(column, Against::BEST_LIBRARY, most),
                Goal::ratio(column, notify, 1.0),
                seed,
            ]
        });
    vec![
        Table {
            title: "Library cost of a follower",
            method: "Futures polled by hand: a leader waits, this many followers join, the load \
                     ends, the leader and then each follower are polled to their answer. Time \
                     for each follower, the leader's completion included.",
            columns: columns(["10 followers", "1,000 followers", "10,000 followers"]),
            rows: whole,
            goals: goals.collect(),
        },
        Table {
            title: "Library cost of joining",
            method: "The part of the table above from a follower's call to its first poll.",
            columns: columns(["10 followers", "1,000 followers", "10,000 followers"]),
            rows: join,
            goals: vec![],
        },
    ]
}

/// Splits rows of cost after cost into those of the whole and those of the join.
fn halves(rows: Vec<Row>) -> (Vec<Row>, Vec<Row>) {
    let half = |row: &Row, first: usize| Row {
        name: row.name,
        settings: row.settings,
        kind: row.kind,
        rounds: row
            .rounds
            .iter()
            .map(|figures| figures.iter().copied().skip(first).step_by(2).collect())
            .collect(),
    };
    let whole = rows.iter().map(|row| half(row, 0)).collect();
    let join = rows.iter().map(|row| half(row, 1)).collect();
    (whole, join)
}

impl Probe for Follower {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        if !P::COALESCES || P::DETACHES {
            return vec![None; 2 * FOLLOWERS.len()];
        }
        let costs = FOLLOWERS.map(cost::<P>);
        costs
            .iter()
            .flat_map(|cost| [Some(cost.whole), Some(cost.join)])
            .collect()
    }
}

/// Measures the cost of each of this many followers.
pub(super) fn cost<P: Peer>(followers: usize) -> Cost {
    // A peer with a timer for each follower needs a runtime to register it.
    let runtime = one_thread();
    let _entered = runtime.enter();
    let group = P::Group::<String, u64>::default();
    let key = String::numbered(7);
    let gate = Gate::closed();
    let call = |_| group.call(&key, move || gate.by_hand(7));
    let (mut leader, mut crowd) = (Seats::empty(1), Seats::empty(followers));

    let mut least = Cost {
        join: f64::INFINITY,
        whole: f64::INFINITY,
    };
    for block in 0..=BLOCKS {
        let flights = BLOCK_FOLLOWERS / followers;
        let (mut joining, mut finishing) = (Duration::ZERO, Duration::ZERO);
        for _ in 0..flights {
            gate.close();
            leader.join(call);
            let start = Instant::now();
            crowd.join(call);
            let joined = Instant::now();
            gate.open();
            leader.finish(drop);
            crowd.finish(|output| drop(black_box(output)));
            finishing += joined.elapsed();
            joining += joined - start;
            group.renew(&key);
        }
        // The first block only warms up.
        if block > 0 {
            let each = 1e9 / (flights * followers) as f64;
            least.join = least.join.min(joining.as_secs_f64() * each);
            least.whole = least.whole.min((joining + finishing).as_secs_f64() * each);
        }
    }
    least
}
