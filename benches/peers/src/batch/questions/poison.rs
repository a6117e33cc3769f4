//! What happens to the other keys of a call when one of them makes it fail?

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::join_all;

use crate::batch::backend::{Backend, value_of};
use crate::batch::peer::{Loader, Peer};
use crate::batch::peers::{self, Probe};
use crate::failure::Failure;
use crate::goal::Goal;
use crate::rounds::interleaved;
use crate::runtime::one_thread;
use crate::table::{Column, Table, Unit};

struct Poison;

/// A backend that fails every call with this key in it.
#[derive(Debug, Default)]
struct Poisoned {
    key: Option<u64>,
    calls: AtomicUsize,
}

/// What the others got.
struct Outcome {
    calls: usize,
    answered: usize,
}

/// Asks the question.
pub(super) fn ask(_rounds: usize) -> Vec<Table> {
    vec![Table {
        title: "A poison key",
        method: "So many keys at once, of which one makes every call fail that it is in: calls \
                 made beyond those that are made without it, and how many of the other keys are \
                 answered. The worst of five places for the key.",
        columns: [
            "64: further calls",
            "64: others answered",
            "1,024: further calls",
            "1,024: others answered",
        ]
        .map(|name| Column::new(name, Unit::Count))
        .to_vec(),
        rows: interleaved(&Poison, &peers::bisecting(), 1),
        goals: vec![
            // Two for each time that the keys can be halved, and one.
            Goal::at_most(0, 13.0),
            Goal::at_least(1, 63.0),
            Goal::at_most(2, 21.0),
            Goal::at_least(3, 1_023.0),
        ],
    }]
}

impl Probe for Poison {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        let figures = [64, 1_024].into_iter().flat_map(|count| {
            let without = load::<P>(count, None);
            let places = [0, 1, count / 3, count / 2, count - 1];
            let outcomes = places.map(|key| load::<P>(count, Some(key)));
            let calls = outcomes.iter().map(|outcome| outcome.calls).max();
            let answered = outcomes.iter().map(|outcome| outcome.answered).min();
            [
                calls.map(|calls| calls as f64 - without.calls as f64),
                answered.map(|answered| answered as f64),
            ]
        });
        figures.collect()
    }
}

fn load<P: Peer>(count: u64, key: Option<u64>) -> Outcome {
    let calls = AtomicUsize::new(0);
    let backend = Arc::new(Poisoned { key, calls });
    let answered = one_thread().block_on(async {
        let loader = P::build(Arc::clone(&backend));
        let keys: Vec<u64> = (0..count).collect();
        let outputs = join_all(keys.iter().map(|key| loader.load(key))).await;
        let answers = outputs.into_iter().map(P::Loader::<Poisoned>::answer);
        let right = answers
            .zip(&keys)
            .filter(|(answer, key)| *answer == Ok(Some(value_of(**key))));
        right.count()
    });
    Outcome {
        calls: backend.calls.load(Ordering::Relaxed),
        answered,
    }
}

impl Backend for Poisoned {
    type Found = ();

    async fn find(&self, keys: &[u64]) -> Result<(), Failure> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if self.key.is_some_and(|key| keys.contains(&key)) {
            return Err(Failure);
        }
        Ok(())
    }

    fn value((): &(), _position: usize, key: u64) -> Option<u64> {
        Some(value_of(key))
    }
}
