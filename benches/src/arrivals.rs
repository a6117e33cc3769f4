//! An open loop on the machine's clock: loads begin when they are due, answered or not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use forebay_core::Load;
use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::backend::BackendError;
use crate::interrupt;
use crate::row::Row;
use crate::session::Session;

/// How long the sender sleeps at most, so that it notices an interrupt.
const SLEEP_MAX: Duration = Duration::from_millis(50);

/// Begins each load at its time and returns once all are answered.
///
/// The sender has the calling thread to itself and sleeps on the system's clock, which is finer
/// than a runtime's timers. It can still be late, by its sleep or by a busy machine: latencies are
/// counted from the time that a load was due, so lateness is in them.
pub(crate) fn send<L>(session: &Arc<Session<L>>, times_ns: &[u64], runtime: &Handle)
where
    L: Load<u64, Value = Row, Error = BackendError> + Send + Sync + 'static,
{
    let under_way = Arc::new(UnderWay::default());
    let sending = Guest::new(&under_way);
    for (index, &due_ns) in times_ns.iter().enumerate() {
        if !wait_until(session, due_ns) {
            break;
        }
        let load = Arc::clone(session).arrive(index, due_ns);
        let guest = Guest::new(&under_way);
        runtime.spawn(async move {
            load.await;
            drop(guest);
        });
    }
    drop(sending);
    runtime.block_on(under_way.none_left.notified());
}

/// How many loads are under way. Cheaper than a set of their tasks, which would show in what is
/// counted for each load.
#[derive(Debug, Default)]
struct UnderWay {
    count: AtomicUsize,
    none_left: Notify,
}

/// Counts one of them until it is dropped, however its task ends.
#[derive(Debug)]
struct Guest(Arc<UnderWay>);

impl Guest {
    fn new(under_way: &Arc<UnderWay>) -> Self {
        under_way.count.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(under_way))
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // Each release pairs with the last one's acquire: what the loads recorded is seen by
        // whoever is notified. The permit is kept if nobody waits yet.
        if self.0.count.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.none_left.notify_one();
        }
    }
}

/// Sleeps until a load is due; returns whether it should still be sent.
fn wait_until<L>(session: &Session<L>, due_ns: u64) -> bool
where
    L: Load<u64, Value = Row, Error = BackendError>,
{
    loop {
        let left_ns = due_ns.saturating_sub(session.clock().now_ns());
        if left_ns == 0 {
            return !interrupt::requested();
        }
        if interrupt::requested() {
            return false;
        }
        thread::sleep(Duration::from_nanos(left_ns).min(SLEEP_MAX));
    }
}
