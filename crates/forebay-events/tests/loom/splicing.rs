//! A log that goes on as another one while that is written.
//!
//! * Its readers get what is left of it and then all of the other, whenever they cross.
//! * Whoever waits for the first is woken for the second.

use forebay_events::RecvError;
use loom::thread;

use crate::{append, log, model, read_all};

#[test]
fn reader_follows_while_the_second_log_is_written() {
    model(|| {
        let (mut snapshot, mut topic) = (log(), log());
        let mut reader = snapshot.source().subscribe();
        append(&mut snapshot, 11..=11);
        let position = topic.position();
        snapshot.splice_into(position).unwrap();
        let reads = thread::spawn(move || read_all(&mut reader));
        append(&mut topic, 1..=2);
        topic.close();
        assert_eq!(reads.join().unwrap(), (vec![11, 1, 2], RecvError::Closed));
    });
}

#[test]
fn reader_that_waits_is_woken_wherever_it_is_then() {
    model(|| {
        let (snapshot, mut topic) = (log(), log());
        let mut reader = snapshot.source().subscribe();
        let reads = thread::spawn(move || {
            let event = *loom::future::block_on(reader.next()).unwrap();
            assert_eq!(event, 1);
        });
        let position = topic.position();
        let writes = thread::spawn(move || {
            append(&mut topic, 1..=1);
            topic
        });
        snapshot.splice_into(position).unwrap();
        let topic = writes.join().unwrap();
        reads.join().unwrap();
        drop(topic);
    });
}

#[test]
fn chain_is_let_go_of_while_it_is_followed() {
    model(|| {
        let (mut first, mut second) = (log(), log());
        let mut reader = first.source().subscribe();
        let mut other = first.source().subscribe();
        append(&mut first, 1..=1);
        first.splice_into(second.position()).unwrap();
        append(&mut second, 2..=3);
        second.close();
        let drops = thread::spawn(move || {
            other.try_next().unwrap();
            drop(other);
        });
        assert_eq!(read_all(&mut reader).0, [1, 2, 3]);
        drop(reader);
        drops.join().unwrap();
    });
}
