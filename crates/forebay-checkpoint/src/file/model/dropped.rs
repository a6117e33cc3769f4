//! Futures that are dropped before and after every call that the thread of a file makes.
//!
//! * One that was never polled, or never found room, has done nothing.
//! * One that was queued is carried out, whenever it is dropped, unless a call fails: then whole or
//!   not at all.
//! * Afterwards memory and disk agree, also after a crash, and the other callers have their answers.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use forebay_core::{Checkpoint, ResumeKey};
use futures::future::BoxFuture;

use crate::file::decide::Wish;
use crate::file::engine::read;
use crate::file::model::crashes::outcomes;
use crate::file::model::processes::{PATH, Process};
use crate::file::model::stage::{at, commit, key};
use crate::file::options::Options;
use crate::file::queue::{Pace, Queued, Task};
use crate::file::shared::Shared;
use crate::file::sim::{Fault, Files, SimIo, World};
use crate::file::slot::Answers;
use crate::file::table::Table;

type Stored = BTreeMap<ResumeKey, Checkpoint>;
type Future = BoxFuture<'static, Answers>;

/// No run makes more calls before its first answer.
const CALLS: u64 = 24;

fn stored(table: &Table) -> Stored {
    let known = table.iter();
    known
        .filter_map(|(key, known)| Some((*key, known.state.value.clone()?)))
        .collect()
}

fn ask(shared: &Arc<Shared<SimIo>>, wishes: Vec<Wish>) -> Future {
    let shared = Arc::clone(shared);
    Box::pin(async move {
        let (queued, slot) = Queued::new(Task::Change(wishes), Pace::BeforeAnswer, None);
        shared.queue.ask(queued, &slot).await
    })
}

fn poll(future: &mut Future) -> Poll<Answers> {
    let mut cx = Context::from_waker(Waker::noop());
    future.as_mut().poll(&mut cx)
}

/// What one run is to be.
#[derive(Clone, Copy, Debug, Default)]
struct Plan {
    /// Before which call of the thread the future is polled first, and dropped.
    polled: Option<u64>,
    dropped: u64,
    queue_len_max: usize,
    fault: Option<(u64, Fault)>,
}

/// What came of it.
struct Found {
    /// Whether the future was queued before it was dropped.
    queued: bool,
    memory: Stored,
    world: Arc<World>,
}

/// One caller waits for its answer; another one's future is dropped.
fn play(plan: Plan) -> Found {
    let world = World::new(9);
    let options = Options::default().queue_len_max(plan.queue_len_max);
    let shared = Shared::start(world.process(), Arc::from(Path::new(PATH)), &options).unwrap();
    let wishes = vec![commit(1, 5), commit(2, 5)];
    let future = Arc::new(Mutex::new(Some(ask(&shared, wishes))));
    let queued = Arc::new(Mutex::new(false));
    if let Some((call, fault)) = plan.fault {
        world.fail(call, fault);
    }
    let (dropped, noted, at_queue) = (future.clone(), queued.clone(), shared.clone());
    let poll_it = move || {
        let before = at_queue.queue.len();
        let mut future = dropped.lock().unwrap();
        assert!(
            future
                .as_mut()
                .is_none_or(|future| poll(future).is_pending())
        );
        *noted.lock().unwrap() = at_queue.queue.len() > before;
    };
    let drop_it = move || drop(future.lock().unwrap().take());
    match plan.polled {
        None => world.hook(plan.dropped, Box::new(drop_it)),
        Some(polled) if polled == plan.dropped => {
            let both = move || {
                poll_it();
                drop_it();
            };
            world.hook(polled, Box::new(both));
        }
        Some(polled) => {
            world.hook(polled, Box::new(poll_it));
            world.hook(plan.dropped, Box::new(drop_it));
        }
    }
    let (queued_first, slot) =
        Queued::new(Task::Change(vec![commit(0, 7)]), Pace::BeforeAnswer, None);
    assert!(shared.queue.push(queued_first).is_ok());
    let answered = slot.wait();
    assert!(answered.is_ok() || plan.fault.is_some(), "{answered:?}");
    assert!(shared.queue.part());
    shared.gone.wait().unwrap();
    world.calm();
    let memory = stored(&read(&shared.published));
    let queued = *queued.lock().unwrap();
    assert_eq!(answered.is_ok(), memory.get(&key(0)) == Some(&at(7)));
    Found {
        queued,
        memory,
        world,
    }
}

/// What another process reads.
fn on_disk(world: &Arc<World>) -> Stored {
    let mut process = Process::start(world);
    process.turn(world, &Mutex::default(), Vec::new(), true);
    stored(&read(&process.published))
}

fn expect(plan: Plan) -> bool {
    let found = play(plan);
    assert_eq!(on_disk(&found.world), found.memory, "{plan:?}");
    let mut files: Files = found.world.files();
    files.drop_nameless();
    for left in outcomes(&files, 4, plan.dropped) {
        let world = World::with(left, 10);
        assert_eq!(on_disk(&world), found.memory, "after a crash, {plan:?}");
    }
    let [one, other] = [1, 2].map(|number| found.memory.get(&key(number)).cloned());
    assert_eq!(one, other, "{plan:?}");
    if plan.fault.is_none() || !found.queued {
        let expected = found.queued.then(|| at(5));
        assert_eq!(one, expected, "{plan:?}");
    }
    found.queued
}

#[test]
fn a_future_that_was_never_polled_has_done_nothing() {
    for dropped in 0..CALLS {
        let plan = Plan {
            dropped,
            queue_len_max: 8,
            ..Plan::default()
        };
        assert!(!expect(plan));
    }
}

#[test]
fn a_future_that_was_queued_is_carried_out_wherever_it_is_dropped() {
    let mut carried_out = 0;
    for polled in 0..CALLS {
        for dropped in polled..CALLS {
            let plan = Plan {
                polled: Some(polled),
                dropped,
                queue_len_max: 8,
                fault: None,
            };
            carried_out += u64::from(expect(plan));
        }
    }
    assert!(carried_out > CALLS, "{carried_out}");
}

#[test]
fn a_future_that_found_no_room_has_done_nothing() {
    let mut refused = 0;
    for (polled, dropped) in (0..CALLS).map(|call| (call, call + call % 4)) {
        let plan = Plan {
            polled: Some(polled),
            dropped,
            queue_len_max: 1,
            fault: None,
        };
        refused += u64::from(!expect(plan));
    }
    assert!(refused > 3, "{refused}");
}

#[test]
fn memory_and_disk_agree_where_calls_fail_under_a_dropped_future() {
    use std::io::ErrorKind::{Other, StorageFull};
    for call in 0..CALLS {
        for fault in [Fault::Error(Other), Fault::Partial(StorageFull)] {
            for dropped in [0, call, call + 1] {
                let plan = Plan {
                    polled: Some(0),
                    dropped,
                    queue_len_max: 8,
                    fault: Some((call, fault)),
                };
                expect(plan);
            }
        }
    }
}
