//! How often does the backend hear of a key that it cannot load?

use std::panic;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::failure::Failure;
use crate::goal::Goal;
use crate::rounds::interleaved;
use crate::runtime::virtual_time;
use crate::singleflight::gate::Gate;
use crate::singleflight::peer::{Fallible, Group, Peer};
use crate::singleflight::peers::{self, Probe};
use crate::table::{Column, Table, Unit};

const CALLERS_OF_POISON: usize = 301;
const CALLERS_OF_BACKEND: usize = 100;

/// How long the backend takes to fail.
const LOAD: Duration = Duration::from_millis(10);

struct Failing;

/// Asks the question.
pub(super) fn ask(_rounds: usize) -> Vec<Table> {
    // What the loads do on purpose would fill the terminal.
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let rows = interleaved(&Failing, &peers::all(), 1);
    panic::set_hook(hook);
    vec![Table {
        title: "Loads that fail",
        method: "Loads made for 301 callers of a key whose load panics, and for 100 callers of a \
                 backend that returns an error after 10 ms. Virtual time.",
        columns: vec![
            Column {
                name: "poison key, 301 callers",
                unit: Unit::Count,
            },
            Column {
                name: "backend down, 100 callers",
                unit: Unit::Count,
            },
        ],
        rows,
        goals: vec![Goal::at_most(0, 1.0), Goal::at_most(1, 1.0)],
    }]
}

impl Probe for Failing {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        if !P::COALESCES || !P::KEYED {
            return vec![None, None];
        }
        vec![
            Some(poison_loads::<P>() as f64),
            Some(backend_loads::<P>() as f64),
        ]
    }
}

fn poison_loads<P: Peer>() -> u64 {
    let gate = Gate::opened();
    let group = Arc::new(P::Group::<u64, u64>::default());
    virtual_time().block_on(async {
        let call = |_| {
            let group = Arc::clone(&group);
            let load = move || async move {
                gate.pass(()).await;
                sleep(LOAD).await;
                panic!("the key is poison")
            };
            tokio::spawn(async move { drop(group.call(&7, load).await) })
        };
        let callers: Vec<_> = (0..CALLERS_OF_POISON).map(call).collect();
        for caller in callers {
            // Whether a caller gets the panic or an error is the library's choice.
            drop(caller.await);
        }
    });
    gate.loads()
}

fn backend_loads<P: Peer>() -> u64 {
    let gate = Gate::opened();
    let group = Arc::new(P::Fallible::default());
    virtual_time().block_on(async {
        let call = |_| {
            let group = Arc::clone(&group);
            let load = move || async move {
                gate.pass(()).await;
                sleep(LOAD).await;
                Err(Failure)
            };
            tokio::spawn(async move { group.call(&7, load).await })
        };
        let callers: Vec<_> = (0..CALLERS_OF_BACKEND).map(call).collect();
        for caller in callers {
            let outcome = caller.await.expect("a caller gets an error, not a panic");
            assert_eq!(outcome, Err(Failure), "{}: the backend is down", P::NAME);
        }
    });
    gate.loads()
}
