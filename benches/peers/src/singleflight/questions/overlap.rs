//! Do two loads of one key ever run at once?

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::entry::Kind;
use crate::goal::Goal;
use crate::rounds::interleaved;
use crate::runtime::workers;
use crate::singleflight::peer::{Group, Peer};
use crate::singleflight::peers::{self, Probe};
use crate::table::{Column, Table, Unit};

const TASKS: u64 = 64;
const CALLS_PER_TASK: u64 = 1_000;

struct Overlap;

/// The loads of the key, seen from the backend.
#[derive(Debug, Default)]
struct Backend {
    running: AtomicU64,
    loads: AtomicU64,
    overlapping: AtomicU64,
}

/// Asks the question.
pub(super) fn ask(_rounds: usize) -> Vec<Table> {
    vec![Table {
        title: "Overlapping loads",
        method: "64 tasks on four workers call one key 1,000 times each. Loads made, and those \
                 of them that began while another one ran; a cache loads only once.",
        columns: vec![
            Column {
                name: "overlapping",
                unit: Unit::Count,
            },
            Column {
                name: "loads",
                unit: Unit::Count,
            },
        ],
        rows: interleaved(&Overlap, &peers::all(), 1),
        goals: vec![Goal::at_most(0, 0.0)],
    }]
}

impl Probe for Overlap {
    fn probe<P: Peer>(&self) -> Vec<Option<f64>> {
        if !P::COALESCES || !P::KEYED || P::KIND == Kind::Cache {
            return vec![None, None];
        }
        let backend = Arc::new(Backend::default());
        let group = Arc::new(P::Group::<u64, u64>::default());
        workers(4).block_on(async {
            let client = |_| tokio::spawn(client(Arc::clone(&group), Arc::clone(&backend)));
            let clients: Vec<_> = (0..TASKS).map(client).collect();
            for client in clients {
                client.await.expect("a client finishes");
            }
        });
        let figure = |count: &AtomicU64| Some(count.load(Ordering::Relaxed) as f64);
        vec![figure(&backend.overlapping), figure(&backend.loads)]
    }
}

async fn client<G: Group<u64, u64>>(group: Arc<G>, backend: Arc<Backend>) {
    for _ in 0..CALLS_PER_TASK {
        let backend = Arc::clone(&backend);
        let output = group.call(&7, move || backend.load()).await;
        assert!(G::answer(output) == Ok(7));
    }
}

impl Backend {
    async fn load(self: Arc<Self>) -> u64 {
        self.loads.fetch_add(1, Ordering::Relaxed);
        if self.running.fetch_add(1, Ordering::SeqCst) > 0 {
            self.overlapping.fetch_add(1, Ordering::Relaxed);
        }
        tokio::task::yield_now().await;
        self.running.fetch_sub(1, Ordering::SeqCst);
        7
    }
}
