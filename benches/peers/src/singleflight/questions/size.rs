//! How large is a call's future, which every task that awaits it carries?

use std::future::Ready;
use std::future::ready;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::goal::Goal;
use crate::rounds::interleaved;
use crate::runtime::one_thread;
use crate::singleflight::peer::{Group, Key, Peer};
use crate::singleflight::peers::{self, Probe};
use crate::table::{Column, Table, Unit};

/// How large the load's own future is.
const LOAD_BYTES: usize = 512;

struct Size;

/// A load of [`LOAD_BYTES`].
struct Load {
    value: Ready<u64>,
    _state: [u8; LOAD_BYTES - size_of::<Ready<u64>>()],
}

/// Asks the question.
pub(super) fn ask(_rounds: usize) -> Vec<Table> {
    vec![Table {
        title: "The size of a call",
        method: "Bytes of the call's future over a load of 512 bytes. A peer that boxes the load \
                 or spawns it keeps it on the heap.",
        columns: vec![Column {
            name: "future",
            unit: Unit::Bytes,
        }],
        rows: interleaved(&Size, &peers::all(), 1),
        goals: vec![Goal::at_most(0, LOAD_BYTES as f64 + 80.0)],
    }]
}

impl Probe for Size {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        let runtime = one_thread();
        let _entered = runtime.enter();
        let group = P::Group::<String, u64>::default();
        let key = String::numbered(7);
        let call = group.call(&key, Load::new);
        vec![Some(size_of_val(&call) as f64)]
    }
}

impl Load {
    fn new() -> Self {
        Self {
            value: ready(7),
            _state: [0; _],
        }
    }
}

impl Future for Load {
    type Output = u64;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<u64> {
        Pin::new(&mut self.value).poll(cx)
    }
}
