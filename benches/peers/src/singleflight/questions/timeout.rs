//! What does it cost to bound a follower's wait?

use super::follower::cost;
use crate::goal::Goal;
use crate::rounds::interleaved;
use crate::singleflight::peer::Peer;
use crate::singleflight::peers::{self, Probe};
use crate::table::{Column, Table, Unit};

const FOLLOWERS: usize = 1_000;

struct Timeout;

/// Asks the question.
pub(super) fn ask(rounds: usize) -> Vec<Table> {
    vec![Table {
        title: "A follower that waits at most so long",
        method: "As above, with 1,000 followers: forebay without a bound, with its own, and \
                 inside `tokio::time::timeout`; the seed has a tokio timer for each follower.",
        columns: vec![
            Column {
                name: "join",
                unit: Unit::Nanoseconds,
            },
            Column {
                name: "whole",
                unit: Unit::Nanoseconds,
            },
        ],
        rows: interleaved(&Timeout, &peers::bounded(), rounds),
        goals: vec![Goal::variant(0, "forebay, follower_timeout", 1.6)],
    }]
}

impl Probe for Timeout {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        let cost = cost::<P>(FOLLOWERS);
        vec![Some(cost.join), Some(cost.whole)]
    }
}
