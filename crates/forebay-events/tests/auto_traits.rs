//! What may be sent to and shared with other threads, and how large it is.
//!
//! A change of a private field could take that away without any other test noticing.

use std::convert::Infallible;

use forebay_events::{
    Builder, Closer, ConfigError, Entries, Entry, NotRising, OwnedSlice, OwnedSlices, Position,
    Publisher, Reason, RecvError, Retention, RuntimeGone, Slice, Source, SpliceError, Stale, Stats,
    Subscription,
};

const fn assert_send<T: Send>(_: &T) {}
const fn assert_send_sync<T: Send + Sync>() {}
const fn assert_unpin<T: Unpin>() {}
const fn assert_error<T: std::error::Error + Send + Sync + 'static>() {}

#[test]
fn handles_of_a_log_can_be_sent_and_shared() {
    assert_send_sync::<Publisher<String>>();
    assert_send_sync::<Builder<String>>();
    assert_send_sync::<Source<String>>();
    assert_send_sync::<Position<String>>();
    assert_send_sync::<Subscription<String>>();
    assert_send_sync::<OwnedSlices<String>>();
    assert_send_sync::<Closer>();
}

#[test]
fn events_can_be_sent_and_shared() {
    assert_send_sync::<Entry<'_, String>>();
    assert_send_sync::<Slice<'_, String>>();
    assert_send_sync::<Entries<'_, String>>();
    assert_send_sync::<OwnedSlice<String>>();
}

#[test]
fn settings_and_findings_can_be_sent_and_shared() {
    assert_send_sync::<Retention>();
    assert_send_sync::<Stats>();
    assert_send_sync::<Reason>();
    assert_send_sync::<RuntimeGone>();
    assert_error::<ConfigError>();
    assert_error::<NotRising<Vec<u8>>>();
    assert_error::<RecvError<Infallible>>();
    assert_error::<SpliceError<String>>();
    assert_error::<Stale>();
}

#[test]
fn futures_can_be_sent() {
    let mut log = Publisher::<String>::new();
    let mut reader = log.source().subscribe();
    log.append(1, "one".to_owned()).unwrap();
    assert_send(&reader.next());
    assert_send(&reader.next_slice());
    assert_send(&async {
        let mut reader = log.source().subscribe();
        let entry = reader.next().await;
        entry.map(|entry| entry.len())
    });
}

#[test]
fn readers_can_be_moved_while_they_wait() {
    assert_unpin::<Subscription<String>>();
    assert_unpin::<OwnedSlices<String>>();
    assert_unpin::<OwnedSlice<String>>();
}

#[test]
fn subscription_is_small() {
    assert!(size_of::<Subscription<u64>>() <= 64);
    assert!(size_of::<Subscription<[u64; 64], String>>() <= 64);
}

#[cfg(feature = "tokio")]
#[test]
fn tokio_runtime_can_be_sent_and_shared() {
    assert_send_sync::<forebay_events::TokioRuntime>();
}
