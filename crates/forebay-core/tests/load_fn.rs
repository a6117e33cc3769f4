//! A closure as a loader.
//!
//! * It gives the closure's answer, an absent value among them, and shares its error.
//! * It works with borrowed keys, and `load_many` runs its loads concurrently.
//! * The closure's future does nothing before it is polled.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use forebay_core::{Load, LoadError, LoadResult, load_fn};
use futures::executor::block_on;

#[test]
fn answer_absence_and_failure_are_the_closures() {
    let roots = load_fn(|square: &i32| {
        let square = *square;
        async move {
            let root = square.checked_isqrt().ok_or("negative")?;
            Ok((root * root == square).then_some(root))
        }
    });
    assert_eq!(block_on(roots.load(&49)), Ok(Some(7)));
    assert_eq!(block_on(roots.load(&50)), Ok(None));
    assert_eq!(block_on(roots.load(&-1)), Err(LoadError::from("negative")));
}

#[test]
fn keys_may_be_unsized() {
    let lengths = load_fn(|key: &[u8]| {
        let length = key.len();
        async move { Ok::<_, ()>(Some(length)) }
    });
    assert_eq!(block_on(lengths.load(b"abc")), Ok(Some(3)));
    assert_eq!(
        block_on(lengths.load_many([b"abc".as_slice(), b""])),
        [Ok(Some(3)), Ok(Some(0))]
    );
}

#[test]
fn future_does_nothing_before_it_is_polled() {
    let loads = AtomicUsize::new(0);
    let counted = load_fn(|_: &u8| async {
        loads.fetch_add(1, Ordering::Relaxed);
        Ok::<_, ()>(Some(1))
    });
    let load = counted.load(&7);
    assert_eq!(loads.load(Ordering::Relaxed), 0);
    assert_eq!(block_on(load), Ok(Some(1)));
    assert_eq!(loads.load(Ordering::Relaxed), 1);
}

#[test]
fn load_many_starts_every_load_in_one_poll() {
    let loads = AtomicUsize::new(0);
    let parked = load_fn(|_: &u8| async {
        loads.fetch_add(1, Ordering::Relaxed);
        std::future::pending::<Result<Option<u8>, ()>>().await
    });
    let mut many = Box::pin(parked.load_many(&[1, 2, 3]));
    let polled = many.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(polled, Poll::Pending);
    assert_eq!(loads.load(Ordering::Relaxed), 3);
}

/// A closure that is not `Sync` still gives futures that are `Send`, as a plain function would.
#[test]
fn closure_need_not_be_sync() {
    fn assert_send<T: Send>(value: T) -> T {
        value
    }
    let calls = Cell::new(0);
    let counted = load_fn(move |key: &u8| {
        calls.set(calls.get() + 1);
        let answer = (*key, calls.get());
        async move { Ok::<_, ()>(Some(answer)) }
    });
    let load = |key| -> LoadResult<(u8, u32), ()> { block_on(assert_send(counted.load(&key))) };
    assert_eq!(load(7), Ok(Some((7, 1))));
    assert_eq!(load(8), Ok(Some((8, 2))));
}
