//! Wakers and events of the user's that misbehave.
//!
//! * A waker that panics, when it is woken or dropped, keeps nobody else from being woken, and the
//!   append that woke it succeeds.
//! * A waker may subscribe, read, wait, drop other readers and publish.
//! * An event whose destructor panics is freed with all others, and so is one whose destructor uses
//!   the log.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use forebay_events::{Publisher, Source, Subscription};
use forebay_testkit::HandRuntime;

use crate::payload::Census;
use crate::reader::{Error, Log, Reader, append_each};
use crate::wakers::on_wake;

fn wait_with(subscription: &mut Subscription<u64, Error>, waker: &Waker) {
    let mut cx = Context::from_waker(waker);
    assert_eq!(subscription.poll_ready(&mut cx), Poll::Pending);
}

fn panicking() -> Waker {
    on_wake(|| resume_unwind(Box::new("not now")))
}

#[test]
fn waker_that_panics_keeps_nobody_from_being_woken() {
    for count in [3, 30, 32, 33, 300] {
        for is_pumped in [true, false] {
            let runtime = HandRuntime::default();
            let builder = Publisher::<u64, Error>::builder();
            let builder = match is_pumped {
                true => builder.runtime(runtime.clone()),
                false => builder.inline(),
            };
            let mut log = builder.build().unwrap();
            let mut readers = Vec::new();
            let mut odd = Vec::new();
            for number in 0..count {
                let mut subscription = log.source().subscribe();
                if number % 3 == 0 {
                    wait_with(&mut subscription, &panicking());
                    odd.push(subscription);
                } else {
                    let mut reader = Reader::new(subscription);
                    reader.waits();
                    readers.push(reader);
                }
            }
            log.push(7).unwrap();
            runtime.run();
            assert!(readers.iter().all(Reader::is_woken));
            for reader in odd.into_iter().map(Reader::new).chain(readers) {
                assert_eq!({ reader }.events(), [7]);
            }
            log.push(8).unwrap();
            log.close();
        }
    }
}

/// A waker whose destructor panics.
struct Grudge;

impl Wake for Grudge {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Grudge {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            resume_unwind(Box::new("held a grudge"));
        }
    }
}

#[test]
fn waker_whose_destructor_panics_keeps_nobody_from_being_woken() {
    let mut log = Log::new();
    let mut readers = Vec::new();
    let mut odd = Vec::new();
    for _ in 0..10 {
        let mut subscription = log.source().subscribe();
        // The log's own is the last one.
        wait_with(&mut subscription, &Waker::from(Arc::new(Grudge)));
        odd.push(subscription);
        readers.push(Reader::waiting(&log));
    }
    log.push(7).unwrap();
    for mut reader in readers {
        assert!(reader.is_woken());
        assert_eq!(reader.events(), [7]);
    }
    for subscription in odd {
        assert_eq!(Reader::new(subscription).events(), [7]);
    }
}

#[test]
fn waker_may_use_the_log_that_wakes_it() {
    for others in [0, 100] {
        let runtime = HandRuntime::default();
        let builder = Publisher::<u64, Error>::builder().runtime(runtime.clone());
        let mut log = builder.build().unwrap();
        let source = log.source();
        let readers: Vec<_> = (0..others).map(|_| Reader::waiting(&log)).collect();
        let kept = Arc::new(Mutex::new(Vec::new()));
        let waker = {
            let (source, kept) = (source.clone(), Arc::clone(&kept));
            on_wake(move || {
                let mut late = Reader::new(source.subscribe());
                late.waits();
                let mut old = Reader::new(source.subscribe_oldest());
                old.all();
                drop(old);
                assert!(source.stats().published >= 1);
                let cursor = late.subscription.cursor();
                drop(source.resume(cursor).unwrap());
                kept.lock().unwrap().push(late);
            })
        };
        let mut meddler = source.subscribe();
        wait_with(&mut meddler, &waker);
        log.push(1).unwrap();
        runtime.run();
        assert_eq!(kept.lock().unwrap().len(), 1);
        assert!(readers.iter().all(Reader::is_woken));
        log.push(2).unwrap();
        runtime.run();
        let late = &mut kept.lock().unwrap()[0];
        assert!(late.is_woken());
        assert_eq!(late.events(), [2]);
    }
}

#[test]
fn waker_may_drop_readers_that_wait() {
    for others in [1, 20, 300] {
        let mut log = Log::new();
        let doomed: Vec<_> = (0..others).map(|_| Reader::waiting(&log)).collect();
        let doomed = Arc::new(Mutex::new(doomed));
        let mut subscription = log.source().subscribe();
        let waker = {
            let doomed = Arc::clone(&doomed);
            on_wake(move || doomed.lock().unwrap().clear())
        };
        wait_with(&mut subscription, &waker);
        let after: Vec<_> = (0..others).map(|_| Reader::waiting(&log)).collect();
        log.push(1).unwrap();
        assert!(doomed.lock().unwrap().is_empty());
        assert!(after.iter().all(Reader::is_woken));
        assert_eq!(log.source().stats().waiting, 0);
    }
}

#[test]
fn waker_that_the_pump_wakes_may_publish() {
    let runtime = HandRuntime::default();
    let builder = Publisher::<u64, Error>::builder().runtime(runtime.clone());
    let log = Arc::new(Mutex::new(builder.build().unwrap()));
    let source = log.lock().unwrap().source();
    let mut readers: Vec<_> = (0..200)
        .map(|_| {
            let mut reader = Reader::new(source.subscribe());
            reader.waits();
            reader
        })
        .collect();
    let mut meddlers: Vec<_> = (0..10).map(|_| source.subscribe()).collect();
    for meddler in &mut meddlers {
        let log = Arc::clone(&log);
        let waker = on_wake(move || {
            log.lock().unwrap().push(2).unwrap();
        });
        wait_with(meddler, &waker);
    }
    log.lock().unwrap().push(1).unwrap();
    runtime.run();
    for reader in &mut readers {
        assert!(reader.is_woken());
        assert_eq!(reader.events().len(), 11);
    }
}

#[test]
fn waker_may_publish_to_a_log_that_is_read_elsewhere() {
    let mut first = Log::new();
    let second = Arc::new(Mutex::new(Log::new()));
    let mut reader = Reader::new(second.lock().unwrap().source().subscribe());
    reader.waits();
    let mut subscription = first.source().subscribe();
    let waker = on_wake(move || {
        second.lock().unwrap().push(7).unwrap();
    });
    wait_with(&mut subscription, &waker);
    first.push(1).unwrap();
    assert_eq!(reader.events(), [7]);
}

/// A waker that holds readers, which go with it.
struct Holder(#[allow(dead_code, reason = "it is there to be dropped")] Mutex<Vec<Reader>>);

impl Wake for Holder {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn waker_that_is_replaced_may_take_readers_with_it() {
    let mut log = Log::new();
    let mut reader = Reader::of(&log);
    for _ in 0..3 {
        let held: Vec<_> = (0..5).map(|_| Reader::waiting(&log)).collect();
        let holder = Arc::new(Holder(Mutex::new(held)));
        wait_with(&mut reader.subscription, &Waker::from(holder));
    }
    reader.waits();
    assert_eq!(log.source().stats().waiting, 1);
    append_each(&mut log, [1]);
    assert!(reader.is_woken());
    assert_eq!(reader.events(), [1]);
}

#[test]
fn waker_of_a_subscription_that_is_dropped_may_take_readers_with_it() {
    let log = Log::new();
    let mut subscription = log.source().subscribe();
    let held: Vec<_> = (0..5).map(|_| Reader::waiting(&log)).collect();
    wait_with(
        &mut subscription,
        &Waker::from(Arc::new(Holder(Mutex::new(held)))),
    );
    drop(subscription);
    assert_eq!(log.source().stats().waiting, 0);
}

#[test]
fn event_whose_destructor_panics_is_freed_with_all_others() {
    for grudge in [1, 5, 8, 9, 600, 3_000] {
        let census = Census::default();
        let builder = Publisher::<_>::builder().inline();
        let mut log = builder.build().unwrap();
        let mut reader = log.source().subscribe();
        let other = log.source().subscribe();
        for number in 1..=3_000 {
            let event = match number == grudge {
                true => census.grudge(number),
                false => census.event(number),
            };
            log.append(number, event).unwrap();
        }
        drop(other);
        // Whoever frees it gets the panic, and may go on.
        let mut panics = 0;
        let mut read = 0;
        while read < 3_000 {
            let step = catch_unwind(AssertUnwindSafe(|| match reader.try_next().unwrap() {
                Some(entry) => entry.number,
                None => panic!("it ends too early"),
            }));
            match step {
                Ok(number) => {
                    read += 1;
                    assert_eq!(number, read);
                }
                Err(_) => panics += 1,
            }
        }
        panics += usize::from(catch_unwind(AssertUnwindSafe(move || drop(reader))).is_err());
        panics += usize::from(catch_unwind(AssertUnwindSafe(move || drop(log))).is_err());
        assert_eq!(panics, 1, "event {grudge}");
        assert_eq!(census.alive(), 0, "event {grudge}");
    }
}

#[test]
fn backlog_with_such_an_event_is_freed() {
    for grudge in [1, 600, 3_000] {
        let census = Census::default();
        let mut log = Publisher::<_>::builder().inline().build().unwrap();
        let reader = log.source().subscribe();
        for number in 1..=3_000 {
            let event = match number == grudge {
                true => census.grudge(number),
                false => census.event(number),
            };
            log.append(number, event).unwrap();
        }
        let drops = AssertUnwindSafe(move || drop((log, reader)));
        assert!(catch_unwind(drops).is_err());
        assert_eq!(census.alive(), 0, "event {grudge}");
    }
}

thread_local! {
    /// The log that events use while they are dropped.
    static LOG: RefCell<Option<Source<Meddler>>> = const { RefCell::new(None) };
}

/// An event whose destructor reads the log that it was in.
struct Meddler(#[allow(dead_code, reason = "a place for it in memory")] u64);

impl Drop for Meddler {
    fn drop(&mut self) {
        let Some(source) = LOG.take() else { return };
        assert!(source.stats().published > 0);
        let mut reader = source.subscribe();
        assert!(reader.try_next().is_ok());
        drop(source.subscribe_oldest());
        drop(source.resume(reader.cursor()).unwrap());
        LOG.set(Some(source));
    }
}

#[test]
fn event_may_use_the_log_while_it_is_dropped() {
    for retention in [
        forebay_events::Retention::READERS,
        forebay_events::Retention::window(100),
        forebay_events::Retention::readers_up_to(100),
    ] {
        let builder = Publisher::<Meddler>::builder()
            .inline()
            .retention(retention);
        let mut log = builder.build().unwrap();
        LOG.set(Some(log.source()));
        let mut slow = log.source().subscribe();
        for number in 1..=3_000 {
            log.append(number, Meddler(number)).unwrap();
        }
        while let Ok(Some(_)) = slow.try_next() {}
        for number in 3_001..=6_000 {
            log.append(number, Meddler(number)).unwrap();
        }
        drop(slow);
        drop(log);
        drop(LOG.take());
    }
}
