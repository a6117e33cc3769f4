//! How often does a call allocate, and how often does it clone the value?

use std::future::ready;
use std::sync::atomic::{AtomicU64, Ordering};

use super::memory::alone_in_turn;
use crate::allocation::count;
use crate::goal::Goal;
use crate::rounds::interleaved;
use crate::runtime::one_thread;
use crate::singleflight::gate::Gate;
use crate::singleflight::peer::{Group, Key, Peer};
use crate::singleflight::peers::{self, Probe};
use crate::singleflight::seats::Seats;
use crate::table::{Column, Table, Unit};

/// How many calls, or flights, a figure is the mean of.
const TIMES: u64 = 256;

static CLONES: AtomicU64 = AtomicU64::new(0);

struct Allocations;

/// A value that counts how often it is cloned.
#[derive(Debug)]
struct Counted;

impl Clone for Counted {
    fn clone(&self) -> Self {
        CLONES.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

/// Asks the question.
pub(super) fn ask(_rounds: usize) -> Vec<Table> {
    let columns = [
        "String key, alone",
        "u64 key, alone",
        "flight with 4 followers",
        "follower, of 1,000",
        "clones, alone",
    ];
    vec![Table {
        title: "Allocations",
        method: "Allocations of a call alone (an owned String key is one), of a whole flight \
                 with four followers and a u64 key, and of a flight with 1,000 followers and a \
                 String key for each of them; clones of the value by a call alone. Means in a \
                 steady state.",
        columns: columns
            .map(|name| Column {
                name,
                unit: Unit::Count,
            })
            .to_vec(),
        rows: interleaved(&Allocations, &peers::all(), 1),
        goals: vec![
            Goal::at_most(0, 1.0),
            Goal::at_most(1, 0.0),
            Goal::at_most(2, 1.0),
            Goal::at_most(3, 0.01),
            Goal::at_most(4, 0.0),
        ],
    }]
}

impl Probe for Allocations {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        let by_hand = P::COALESCES && !P::DETACHES;
        vec![
            P::KEYED.then(alone::<P, String>),
            P::KEYED.then(alone::<P, u64>),
            by_hand.then(|| flight::<P, u64>(4)),
            by_hand.then(|| flight::<P, String>(1_000) / 1_000.0),
            P::KEYED.then(clones_alone::<P>),
        ]
    }
}

fn alone<P: Peer, K: Key>() -> f64 {
    let keys: Vec<K> = (0..TIMES).map(K::numbered).collect();
    let group = P::Group::<K, u64>::default();
    let runtime = one_thread();
    // The same keys, so that each part of a table that one of them falls into is there already.
    alone_in_turn(&runtime, &group, &keys);
    keys.iter().for_each(|key| group.renew(key));
    let allocated = count(|| alone_in_turn(&runtime, &group, &keys));
    allocated.allocations as f64 / TIMES as f64
}

fn flight<P: Peer, K: Key>(followers: usize) -> f64 {
    let runtime = one_thread();
    let _entered = runtime.enter();
    let group = P::Group::<K, u64>::default();
    let key = K::numbered(7);
    let gate = Gate::closed();
    let call = |_| group.call(&key, move || gate.by_hand(7));
    let (mut leader, mut crowd) = (Seats::empty(1), Seats::empty(followers));
    let mut flights = || {
        for _ in 0..TIMES {
            gate.close();
            leader.join(call);
            crowd.join(call);
            gate.open();
            leader.finish(drop);
            crowd.finish(drop);
            group.renew(&key);
        }
    };
    flights();
    count(flights).allocations as f64 / TIMES as f64
}

fn clones_alone<P: Peer>() -> f64 {
    let group = P::Group::<u64, Counted>::default();
    CLONES.store(0, Ordering::Relaxed);
    one_thread().block_on(async {
        for key in 0..TIMES {
            drop(group.call(&key, || ready(Counted)).await);
        }
    });
    CLONES.load(Ordering::Relaxed) as f64 / TIMES as f64
}
