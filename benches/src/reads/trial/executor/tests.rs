//! That what strategies spawn runs in virtual time, in one order, and ends with the run.

use std::future::{pending, poll_fn};
use std::sync::Mutex;
use std::time::Duration;

use forebay_batch::{BoxFuture, Runtime};

use super::*;
use crate::reads::backend::{Costs, Model, Shape};

/// Returns the world of a run against a backend whose calls all take 10 ns.
fn world() -> (Arc<Model>, VirtualRuntime) {
    let shape = Shape {
        fixed_ns: 10,
        per_key_ns: 0,
        tail_ns: 0,
        tail_sigma: 0.0,
        in_flight_max: 8,
        error_rate: 0.0,
    };
    let model = Arc::new(Model::new(Costs::new(shape, 1), 1));
    let runtime = VirtualRuntime::new(&model);
    (model, runtime)
}

/// What happened, and when.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<(u64, &'static str)>>>);

impl Log {
    fn note(&self, runtime: &VirtualRuntime, what: &'static str) {
        self.0.lock().unwrap().push((runtime.now_ns(), what));
    }

    fn entries(&self) -> Vec<(u64, &'static str)> {
        self.0.lock().unwrap().clone()
    }
}

fn sleep(runtime: &VirtualRuntime, due_ns: u64) -> BoxFuture<'static, ()> {
    runtime.sleep_until(Duration::from_nanos(due_ns))
}

/// Goes to the end of the line.
async fn requeue() {
    let mut requeued = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut requeued, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[test]
fn loads_and_spawned_tasks_stand_in_one_line() {
    let (_, runtime) = world();
    let log = Log::default();
    let load = |name: &'static str| {
        let (runtime, log) = (runtime.clone(), log.clone());
        async move {
            let inner = (runtime.clone(), log.clone());
            let task = async move {
                inner.1.note(&inner.0, "task");
                requeue().await;
                inner.1.note(&inner.0, "task again");
            };
            log.note(&runtime, name);
            runtime.spawn(Box::pin(task)).unwrap();
            requeue().await;
            log.note(&runtime, "load again");
        }
    };
    Executor::new(&runtime).run([load("first"), load("second")].into_iter());
    let order: Vec<&str> = log.entries().into_iter().map(|entry| entry.1).collect();
    let expected = [
        "first",
        "second",
        "task",
        "load again",
        "task",
        "load again",
        "task again",
        "task again",
    ];
    assert_eq!(order, expected);
}

#[test]
fn time_passes_up_to_the_next_answer_timer_or_arrival_in_this_order() {
    let (model, runtime) = world();
    let log = Log::default();
    let load = |index: usize| {
        let (model, runtime, log) = (Arc::clone(&model), runtime.clone(), log.clone());
        async move {
            match index {
                0 => {
                    sleep(&runtime, 10).await;
                    log.note(&runtime, "timer");
                    sleep(&runtime, 25).await;
                    log.note(&runtime, "second timer");
                }
                1 => {
                    model.call(1).await.unwrap();
                    log.note(&runtime, "answer");
                }
                _ => log.note(&runtime, "arrival"),
            }
        }
    };
    let arrivals = [(0, load(0)), (0, load(1)), (10, load(2)), (30, load(3))];
    Executor::new(&runtime).run_arrivals(arrivals.into_iter());
    let expected = [
        (10, "answer"),
        (10, "timer"),
        (10, "arrival"),
        (25, "second timer"),
        (30, "arrival"),
    ];
    assert_eq!(log.entries(), expected);
}

#[test]
fn a_timer_that_was_dropped_lets_no_time_pass() {
    let (_, runtime) = world();
    let load = async {
        let mut forgotten = sleep(&runtime, 1_000);
        let polled = poll_fn(|cx| Poll::Ready(forgotten.as_mut().poll(cx)));
        assert!(polled.await.is_pending());
        drop(forgotten);
        sleep(&runtime, 5).await;
    };
    Executor::new(&runtime).run([load].into_iter());
    assert_eq!(runtime.now_ns(), 5);
}

#[test]
fn tasks_that_never_end_are_dropped_with_the_run_and_no_other_begins() {
    let (_, runtime) = world();
    let held = Arc::new(());
    let load = async {
        let held = Arc::clone(&held);
        // Holds on to the world that holds it.
        let world = runtime.clone();
        let task = async move {
            let _held = (held, world);
            pending::<()>().await;
        };
        runtime.spawn(Box::pin(task)).unwrap();
    };
    Executor::new(&runtime).run([load].into_iter());
    assert_eq!(Arc::strong_count(&held), 1);
    assert!(runtime.spawn(Box::pin(pending())).is_err());
}

#[test]
fn places_of_spawned_tasks_are_used_again() {
    let (_, runtime) = world();
    let load = async {
        for round in 1..100 {
            runtime.spawn(Box::pin(async {})).unwrap();
            sleep(&runtime, round).await;
        }
        let world = format!("{runtime:?}");
        assert!(world.contains("spawned_max: 1"), "{world}");
    };
    Executor::new(&runtime).run([load].into_iter());
}
