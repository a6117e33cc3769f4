//! Readers that are cut off while they read.
//!
//! * A reader gets what comes next, or is told that it lags and by how much; nothing is skipped in
//!   silence and nothing comes twice.

use forebay_events::{Publisher, RecvError, Retention};
use loom::thread;

use crate::{Log, Reader, append, model};

fn bounded(events: usize) -> Log {
    let retention = Retention::readers_up_to(events);
    let builder = Publisher::builder().inline().retention(retention);
    builder.build().expect("the settings are right")
}

/// Reads what is there, on from `next`; returns where it is then.
fn read(reader: &mut Reader, mut next: u64) -> u64 {
    loop {
        match reader.try_next() {
            Ok(Some(entry)) => {
                assert_eq!(*entry, next);
                next += 1;
            }
            Ok(None) => return next,
            Err(RecvError::Lagged { missed }) => {
                let skipped = reader.skip_to_oldest();
                // Others may be let go of in between.
                assert!(skipped >= missed);
                next += skipped;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn reader_that_is_cut_off_misses_what_it_is_told() {
    for bound in [0, 1, 2] {
        model(move || {
            let mut log = bounded(bound);
            let mut reader = log.source().subscribe();
            let reads = thread::spawn(move || {
                let next = read(&mut reader, 1);
                (reader, next)
            });
            append(&mut log, 1..=5);
            let (mut reader, next) = reads.join().unwrap();
            assert_eq!(read(&mut reader, next), 6);
        });
    }
}

#[test]
fn readers_are_cut_off_while_others_go_on() {
    model(|| {
        let mut log = bounded(1);
        let mut stuck = log.source().subscribe();
        append(&mut log, 1..=2);
        let mut good = log.source().subscribe();
        let reads = thread::spawn(move || {
            let next = read(&mut good, 3);
            drop(good);
            next
        });
        append(&mut log, 3..=4);
        assert!(reads.join().unwrap() >= 3);
        assert_eq!(read(&mut stuck, 1), 5);
    });
}
