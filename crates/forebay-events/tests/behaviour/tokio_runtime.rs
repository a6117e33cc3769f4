//! The log on tokio's runtime.
//!
//! * The pump is a task of the runtime in which the log was made.
//! * A reader with a long backlog keeps to tokio's budget.
//! * Outside of any runtime, and after it has ended, the writer wakes everybody.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use forebay_events::{Publisher, TokioRuntime};

use crate::reader::{Error, Log, Reader, append_each};

#[tokio::test]
async fn many_readers_get_everything() {
    let mut log = Log::new();
    let readers: Vec<_> = (0..500)
        .map(|_| {
            let mut subscription = log.source().subscribe();
            tokio::spawn(async move {
                let mut sum = 0;
                while let Ok(event) = subscription.next().await {
                    sum += *event;
                }
                sum
            })
        })
        .collect();
    for event in 1..=100 {
        append_each(&mut log, [event]);
        tokio::task::yield_now().await;
    }
    log.close();
    for reader in readers {
        assert_eq!(reader.await.unwrap(), 5_050);
    }
}

#[tokio::test]
async fn pump_is_a_task_of_the_runtime() {
    let mut log = Log::new();
    let readers: Vec<_> = (0..100).map(|_| Reader::waiting(&log)).collect();
    append_each(&mut log, [1]);
    assert!(!readers.iter().any(Reader::is_woken));
    while !readers.iter().all(Reader::is_woken) {
        tokio::task::yield_now().await;
    }
}

#[test]
fn writer_wakes_everybody_outside_of_any_runtime() {
    let mut log = Log::new();
    let readers: Vec<_> = (0..100).map(|_| Reader::waiting(&log)).collect();
    append_each(&mut log, [1]);
    assert!(readers.iter().all(Reader::is_woken));
}

#[test]
fn runtime_that_has_ended_leaves_nobody_waiting() {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.unwrap();
    let mut log = runtime.block_on(async {
        let builder = Publisher::<u64, Error>::builder().runtime(TokioRuntime::new());
        builder.build().unwrap()
    });
    let readers: Vec<_> = (0..100).map(|_| Reader::waiting(&log)).collect();
    append_each(&mut log, [1]);
    assert!(!readers.iter().any(Reader::is_woken));
    drop(runtime);
    assert!(readers.iter().all(Reader::is_woken));
    let readers: Vec<_> = (0..100).map(|_| Reader::waiting(&log)).collect();
    append_each(&mut log, [2]);
    assert!(readers.iter().all(Reader::is_woken));
}

/// Reads on a task of tokio's; returns how much was read with each poll of it.
async fn turns<F: Future<Output = ()> + Send + 'static>(
    read: Arc<AtomicU64>,
    reads: impl FnOnce(Arc<AtomicU64>) -> F,
) -> Vec<u64> {
    let mut reads = Box::pin(reads(Arc::clone(&read)));
    let mut turns = Vec::new();
    let measured = poll_fn(move |cx| {
        let before = read.load(SeqCst);
        let poll = reads.as_mut().poll(cx);
        turns.push(read.load(SeqCst) - before);
        poll.map(|()| std::mem::take(&mut turns))
    });
    tokio::spawn(measured).await.unwrap()
}

#[tokio::test]
async fn backlog_keeps_to_the_budget_of_tokio() {
    let mut log = Log::new();
    let mut subscription = log.source().subscribe();
    append_each(&mut log, 1..=10_000);
    log.close();
    let reads = async move |read: Arc<AtomicU64>| {
        while subscription.next().await.is_ok() {
            read.fetch_add(1, SeqCst);
        }
    };
    let turns = turns(Arc::default(), reads).await;
    assert_eq!(turns.iter().sum::<u64>(), 10_000);
    assert!(turns.iter().all(|turn| *turn <= 128), "{turns:?}");
}

#[tokio::test]
async fn reader_of_many_logs_keeps_to_the_budget_of_tokio() {
    let mut logs: Vec<_> = (0..1_000).map(|_| Log::new()).collect();
    let subscriptions = logs.iter().map(|log| log.source().subscribe());
    let mut subscriptions: Vec<_> = subscriptions.collect();
    logs.iter_mut().for_each(|log| append_each(log, [1]));
    let reads = async move |read: Arc<AtomicU64>| {
        for subscription in &mut subscriptions {
            assert_eq!(*subscription.next().await.unwrap(), 1);
            read.fetch_add(1, SeqCst);
        }
    };
    let turns = turns(Arc::default(), reads).await;
    assert_eq!(turns.iter().sum::<u64>(), 1_000);
    assert!(turns.iter().all(|turn| *turn <= 128), "{turns:?}");
}
