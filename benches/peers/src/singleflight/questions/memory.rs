//! How much memory does a group keep when nothing is in flight any more?

use std::future::ready;

use tokio::runtime::Runtime;

use crate::allocation::count;
use crate::entry::Kind;
use crate::goal::Goal;
use crate::rounds::interleaved;
use crate::runtime::one_thread;
use crate::singleflight::gate::Gate;
use crate::singleflight::peer::{Group, Key, Peer};
use crate::singleflight::peers::{self, Probe};
use crate::singleflight::seats::Seats;
use crate::table::{Column, Table, Unit};

const IN_TURN: u64 = 1_000_000;
const AT_ONCE: u64 = 200_000;

struct Memory;

/// Asks the question.
pub(super) fn ask(_rounds: usize) -> Vec<Table> {
    let columns = [
        "1,000,000 keys in turn",
        "200,000 keys at once",
        "200,000 callers cancelled",
    ];
    vec![Table {
        title: "Memory kept",
        method: "Memory that is still allocated after every call is gone, beyond that of a new \
                 group, with String keys: after calls in turn, after calls that were all in \
                 flight at once, and after callers that were dropped while they loaded.",
        columns: columns
            .map(|name| Column {
                name,
                unit: Unit::Kibibytes,
            })
            .to_vec(),
        rows: interleaved(&Memory, &peers::all(), 1),
        goals: vec![Goal::at_most(1, 64.0), Goal::at_most(2, 8.0)],
    }]
}

impl Probe for Memory {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        if !P::KEYED || P::KIND == Kind::Cache {
            return vec![None; 3];
        }
        let runtime = one_thread();
        let kept = [
            kept::<P>(IN_TURN, |group, keys| alone_in_turn(&runtime, group, keys)),
            kept::<P>(AT_ONCE, all_at_once),
            kept::<P>(AT_ONCE, all_cancelled),
        ];
        kept.map(Some).to_vec()
    }
}

/// Calls for each key after the call for the one before it is done.
pub(super) fn alone_in_turn<K: Key, G: Group<K, u64>>(runtime: &Runtime, group: &G, keys: &[K]) {
    runtime.block_on(async {
        for key in keys {
            let output = group.call(key, || ready(7)).await;
            assert!(G::answer(output) == Ok(7));
        }
    });
}

/// Returns the kibibytes that a group keeps after some work with this many keys.
fn kept<P: Peer>(keys: u64, work: impl FnOnce(&P::Group<String, u64>, &[String])) -> f64 {
    let keys: Vec<String> = (0..keys).map(String::numbered).collect();
    let group = P::Group::<String, u64>::default();
    let kept = count(|| work(&group, &keys)).live_bytes;
    kept as f64 / 1_024.0
}

fn all_at_once<G: Group<String, u64>>(group: &G, keys: &[String]) {
    let gate = Gate::closed();
    let mut calls = Seats::empty(keys.len());
    calls.join(|index| group.call(&keys[index], move || gate.by_hand(7)));
    gate.open();
    calls.finish(|output| assert!(G::answer(output) == Ok(7)));
}

fn all_cancelled<G: Group<String, u64>>(group: &G, keys: &[String]) {
    let gate = Gate::closed();
    let mut call = Seats::empty(1);
    for key in keys {
        call.join(|_| group.call(key, move || gate.by_hand(7)));
        call.leave();
    }
}
