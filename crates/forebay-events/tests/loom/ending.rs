//! Ends of a log.
//!
//! * Whoever waits hears of the end, after the last event and never before.

use forebay_events::RecvError;
use loom::thread;

use crate::{Log, append, log, model, read_all};

#[test]
fn reader_that_waits_hears_of_the_end() {
    let finishes: [(fn(Log), _); 3] = [
        (Log::close, RecvError::Closed),
        (|log| log.fail("disk full"), RecvError::Failed("disk full")),
        (drop, RecvError::PublisherLost),
    ];
    for (finish, end) in finishes {
        model(move || {
            let log = log();
            let mut reader = log.source().subscribe();
            let reads = thread::spawn(move || read_all(&mut reader));
            finish(log);
            assert_eq!(reads.join().unwrap(), (Vec::new(), end.clone()));
        });
    }
}

#[test]
fn end_comes_after_the_last_event() {
    model(|| {
        let mut log = log();
        let mut reader = log.source().subscribe();
        let reads = thread::spawn(move || {
            let mut got = Vec::new();
            for _ in 0..4 {
                match reader.try_next() {
                    Ok(Some(entry)) => got.push(*entry),
                    Ok(None) => thread::yield_now(),
                    Err(end) => {
                        assert_eq!((got, end), (vec![1, 2], RecvError::Closed));
                        return;
                    }
                }
            }
        });
        append(&mut log, 1..=2);
        log.close();
        reads.join().unwrap();
    });
}

#[test]
fn reader_that_comes_while_a_log_ends_hears_of_it() {
    model(|| {
        let mut log = log();
        let source = log.source();
        let comes = thread::spawn(move || read_all(&mut source.subscribe()));
        append(&mut log, 1..=1);
        log.close();
        let (got, end) = comes.join().unwrap();
        assert_eq!(end, RecvError::Closed);
        assert!(got.is_empty() || got == [1]);
    });
}
