//! Backends, hooks for permits and wakers that panic.
//!
//! * A panic in the backend, in its future or before there is one, reaches those who wait as a
//!   failure with its message; what was answered before it counts, and the batcher lives.
//! * So does one in the hook for permits.
//! * A waker that panics keeps nobody else from being woken; one that cannot be cloned fails its own
//!   load. Wakers may use the batcher.

use std::future::ready;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Poll, Waker};

use forebay_batch::Batcher;
use forebay_core::{Answers, LoadBatch, LoadError, LoadResult};
use forebay_testkit::HandRuntime;

use crate::backend::{Error, Step};
use crate::hand::{Hand, on_wake};
use crate::scene::{Answer, Scene, read};

fn panicked<V, E>(message: &str) -> LoadResult<V, E> {
    Err(LoadError::Panicked(message.into()))
}

#[test]
fn panic_of_the_backend_reaches_those_who_wait() {
    let scene = Scene::new(|builder| builder.max_in_flight(1));
    let loads = scene.loads(&[1, 2, 1]);
    let many = Hand::waiting(scene.batcher.load_many(&[2, 3]));
    scene.run();
    let next = scene.load(&4);
    scene.backend.step(0, Step::Panic("poisoned row"));
    scene.run();
    for load in loads {
        assert_eq!(load.woken(), panicked("poisoned row"));
    }
    assert_eq!(
        many.woken(),
        [panicked("poisoned row"), panicked("poisoned row")]
    );
    assert_eq!(scene.batcher.stats().panics, 1);
    // Its place is free, and so are its keys.
    scene.backend.answer(1);
    scene.run();
    assert_eq!(next.woken(), read(4, 1));
    let again = scene.load(&1);
    scene.finish();
    assert_eq!(again.woken(), read(1, 2));
    scene.is_over();
}

#[test]
fn what_was_answered_before_a_panic_counts() {
    let scene = Scene::held();
    let loads = scene.loads(&[1, 2]);
    scene.run();
    let end = Step::end(|call, _: &[u32], answers| {
        answers.set(0, (1, call));
        resume_unwind(Box::new("poisoned row"))
    });
    scene.backend.step(0, end);
    scene.run();
    let answers: Vec<_> = loads.into_iter().map(Hand::woken).collect();
    assert_eq!(answers, [read(1, 0), panicked("poisoned row")]);
}

/// Panics before there is a future.
struct Hasty;

impl LoadBatch<u32> for Hasty {
    type Value = u32;
    type Error = Error;

    fn load_batch(
        &self,
        _: &[u32],
        _: &mut Answers<'_, u32, u32, Error>,
    ) -> impl Future<Output = Result<(), Error>> + Send {
        let is_hasty = true;
        if is_hasty {
            resume_unwind(Box::new(String::from("no connection")));
        }
        ready(Ok(()))
    }
}

#[test]
fn panic_before_there_is_a_future_is_the_same() {
    let runtime = HandRuntime::default();
    let batcher = Batcher::builder(Hasty).runtime(runtime.clone()).build();
    let batcher = batcher.unwrap();
    for _ in 0..2 {
        let load = Hand::waiting(batcher.load(&1));
        runtime.run();
        assert_eq!(load.woken(), panicked("no connection"));
    }
    assert_eq!(runtime.tasks(), 0);
}

#[test]
fn panic_of_the_hook_for_permits_reaches_those_who_would_have_left() {
    type Ask = fn() -> futures::future::BoxFuture<'static, Result<(), Error>>;
    let asks: [Ask; 2] = [
        || resume_unwind(Box::new("no pool")),
        || Box::pin(async { resume_unwind(Box::new("no pool")) }),
    ];
    for ask in asks {
        let scene = Scene::new(|builder| builder.max_batch(2).permits(ask));
        let loads = scene.loads(&[1, 2, 3]);
        scene.run();
        for load in loads {
            assert_eq!(load.woken(), panicked("no pool"));
        }
        assert_eq!(scene.backend.begun(), 0);
        scene.is_over();
    }
}

#[test]
fn waker_that_panics_keeps_nobody_from_being_woken() {
    let scene = Scene::held();
    let mut loads = scene.loads(&[1, 1, 2, 2, 3]);
    let mut drains = [(); 3].map(|()| Hand::waiting(scene.batcher.drain()));
    let waker = on_wake(|| resume_unwind(Box::new("no executor")));
    assert!(loads[1].poll_with(&waker).is_pending());
    assert!(loads[2].poll_with(&waker).is_pending());
    assert!(drains[1].poll_with(&waker).is_pending());
    scene.finish();
    for number in [0, 3, 4] {
        assert!(loads[number].is_woken());
    }
    assert!(drains[0].is_woken() && drains[2].is_woken());
    for (load, key) in loads.into_iter().zip([1, 1, 2, 2, 3]) {
        assert_eq!(load.output(), read(key, 0));
    }
    scene.is_over();
}

/// Makes a waker that cannot be cloned.
#[expect(
    unsafe_code,
    reason = "std has no safe way to make a waker whose `clone` panics"
)]
fn waker_that_cannot_be_cloned() -> Waker {
    use std::task::RawWakerVTable;

    static VTABLE: RawWakerVTable = RawWakerVTable::new(
        |_| resume_unwind(Box::new("waker clone")),
        |_| {},
        |_| {},
        |_| {},
    );

    // SAFETY: no function of the table uses the pointer, and all of them are thread-safe.
    unsafe { Waker::new(std::ptr::null(), &VTABLE) }
}

/// Whether a poll panicked, or failed with that panic.
fn fails(poll: impl FnOnce() -> Poll<Answer>) -> bool {
    match catch_unwind(AssertUnwindSafe(poll)) {
        Err(_) => true,
        Ok(poll) => poll == Poll::Ready(panicked("waker clone")),
    }
}

#[test]
fn waker_that_cannot_be_cloned_fails_its_own_load() {
    let scene = Scene::new(|builder| builder.max_in_flight(1));
    let waker = waker_that_cannot_be_cloned();
    let mut first = Hand::new(scene.batcher.load(&1));
    assert!(fails(|| first.poll_with(&waker)));
    drop(first);
    let mut moved = scene.load(&1);
    assert!(fails(|| moved.poll_with(&waker)));
    let joined = scene.load(&1);
    drop(moved);
    scene.finish();
    assert_eq!(joined.woken(), read(1, 0));
    scene.is_over();
}

#[test]
fn waker_that_cannot_be_cloned_fails_its_own_load_of_many() {
    let scene = Scene::new(|builder| builder.max_in_flight(1));
    let waker = waker_that_cannot_be_cloned();
    let mut first = Hand::new(scene.batcher.load_many(&[1, 2]));
    assert!(catch_unwind(AssertUnwindSafe(|| first.poll_with(&waker).is_ready())).is_err());
    let joined = scene.load(&2);
    drop(first);
    let mut moved = Hand::waiting(scene.batcher.load_many(&[2, 3]));
    assert!(catch_unwind(AssertUnwindSafe(|| moved.poll_with(&waker).is_ready())).is_err());
    drop(moved);
    scene.finish();
    assert_eq!(scene.backend.calls(), [[2]]);
    assert_eq!(joined.woken(), read(2, 0));
    scene.is_over();
}

#[test]
fn waker_may_use_the_batcher() {
    let scene = Scene::held();
    let mut load = scene.load(&1);
    let woken = Arc::new(AtomicUsize::new(0));
    let (batcher, count) = (scene.batcher.clone(), Arc::clone(&woken));
    let waker = on_wake(move || {
        let _ = (batcher.stats(), batcher.dispatch());
        batcher.clear(&1);
        let mut again = Box::pin(async { batcher.load(&1).await });
        let noop = Waker::noop();
        let poll = again
            .as_mut()
            .poll(&mut std::task::Context::from_waker(noop));
        assert!(poll.is_pending());
        count.fetch_add(1, SeqCst);
    });
    assert!(load.poll_with(&waker).is_pending());
    scene.finish();
    assert_eq!((woken.load(SeqCst), load.output()), (1, read(1, 0)));
    scene.is_over();
}

#[test]
fn batcher_lives_after_any_number_of_panics() {
    let scene = Scene::new(|builder| builder.max_in_flight(2));
    for call in 0..10 {
        let load = scene.load(&1);
        scene.run();
        scene.backend.step(call, Step::Panic("poisoned row"));
        scene.run();
        assert_eq!(load.woken(), panicked("poisoned row"));
    }
    let load = scene.load(&1);
    scene.finish();
    assert_eq!(load.woken(), read(1, 10));
    scene.is_over();
}
