//! How far behind a reader is, and what a log says of itself.
//!
//! * `lag` is how many events were published and not read, exactly, at each step.
//! * `stats` counts what was published, what is still there, and who waits.

use forebay_core::Sequence;
use forebay_events::{Publisher, Retention};

use crate::reader::{Error, Log, Reader, append_each};

#[test]
fn lag_is_exact() {
    let mut log = Log::new();
    let mut reader = Reader::of(&log);
    assert_eq!(reader.subscription.lag(), 0);
    for batch in 1..=60 {
        log.append_all(batch * 10, 0..batch).unwrap();
        log.advance(batch * 10 + 1).unwrap();
    }
    let mut left = 60 * 61 / 2;
    assert_eq!(reader.subscription.lag(), left);
    assert_eq!(Reader::of(&log).subscription.lag(), 0);
    assert_eq!(reader.subscription.clone().lag(), left);
    while left > 0 {
        if left % 7 == 0 {
            left -= reader.subscription.try_next_slice().unwrap().unwrap().len() as u64;
        } else {
            reader.event();
            left -= 1;
        }
        assert_eq!(reader.subscription.lag(), left);
    }
    reader.waits();
    log.push(1).unwrap();
    assert_eq!(reader.subscription.lag(), 1);
    log.close();
    assert_eq!(reader.subscription.lag(), 1);
    reader.event();
    reader.end();
    assert_eq!(reader.subscription.lag(), 0);
}

#[test]
fn stats_follow_the_log() {
    let mut log = Log::new();
    let source = log.source();
    let stats = source.stats();
    assert_eq!((stats.published, stats.retained, stats.waiting), (0, 0, 0));
    assert_eq!((stats.oldest, stats.head), (Sequence::ZERO, Sequence::ZERO));
    let mut reader = Reader::waiting(&log);
    assert_eq!(source.stats().waiting, 1);
    append_each(&mut log, 1..=2_000);
    log.advance(3_000).unwrap();
    let stats = source.stats();
    assert_eq!((stats.published, stats.retained), (2_000, 2_000));
    assert_eq!(stats.oldest, Sequence::new(1));
    assert_eq!((stats.head, stats.waiting), (Sequence::new(3_000), 0));
    assert_eq!(reader.events().len(), 2_000);
    let stats = source.stats();
    // At most the segment in which the reader stands.
    assert!(stats.retained <= 512, "{stats:?}");
    assert_eq!(stats.published, 2_000);
}

#[test]
fn oldest_is_the_first_sequence_that_is_still_there() {
    let retention = Retention::window(100);
    let builder = Publisher::<u64, Error>::builder().retention(retention);
    let mut log = builder.build().unwrap();
    for sequence in 1..=5_000 {
        append_each(&mut log, [sequence]);
        let stats = log.source().stats();
        let oldest = stats.oldest.get();
        assert_eq!(oldest + stats.retained, sequence + 1);
        let mut oldest_reader = Reader::new(log.source().subscribe_oldest());
        assert_eq!(oldest_reader.event().sequence, oldest);
    }
}

#[test]
fn stats_of_a_log_that_nobody_reads_show_that_it_keeps_little() {
    let mut log = Log::new();
    append_each(&mut log, 1..=100_000);
    let stats = log.source().stats();
    assert_eq!(stats.published, 100_000);
    assert!(stats.retained <= 512, "{stats:?}");
}
