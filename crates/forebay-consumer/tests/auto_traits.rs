//! What may be sent to and shared with other threads.
//!
//! A change of a private field could take that away without any other test noticing.

use std::convert::Infallible;
use std::future::ready;
use std::io;

use forebay_checkpoint::{CheckpointError, MemoryStore};
use forebay_consumer::{
    Batch, Batches, Builder, Cause, ConfigError, ConsumeError, Consumer, Doing, Each, End,
    FollowError, Handle, OnGap, Phase, Received, Retry, RuntimeGone, Stats, Step, Summary, batches,
    follow_fn,
};
use forebay_core::{Checkpoint, ResumeKey};

const fn assert_send<T: Send>(_: &T) {}
const fn assert_send_sync<T: Send + Sync>() {}
const fn assert_error<T: std::error::Error + Send + Sync + 'static>() {}

#[test]
fn settings_and_findings_can_be_sent_and_shared() {
    assert_send_sync::<Builder<(), (), ()>>();
    assert_send_sync::<Handle>();
    assert_send_sync::<Stats>();
    assert_send_sync::<Summary>();
    assert_send_sync::<Batch<'_, String>>();
    assert_send_sync::<Step<Received<String>>>();
    assert_send_sync::<Each<fn()>>();
    assert_send_sync::<Batches<fn()>>();
    assert_send_sync::<Retry>();
    assert_send_sync::<(Doing, End, OnGap, Phase, RuntimeGone)>();
}

#[test]
fn errors_are_errors() {
    assert_error::<ConfigError>();
    assert_error::<FollowError<io::Error>>();
    assert_error::<ConsumeError<io::Error, CheckpointError, io::Error>>();
    assert_error::<Cause<io::Error, CheckpointError, io::Error>>();
}

#[test]
fn a_consumer_can_be_spawned() {
    let nothing = follow_fn(|_: Option<Checkpoint>| async {
        let steps: [Result<Step<Received<u64>>, FollowError<Infallible>>; 0] = [];
        Ok(futures::stream::iter(steps))
    });
    let keep = (MemoryStore::new(), ResumeKey::from_bytes([7; 32]));
    let handler = batches(|_: Batch<'_, u64>| ready(Ok::<_, Infallible>(())));
    let consumer = Consumer::builder(nothing, keep, handler);
    assert_send(&async move {
        let consumer = consumer.build().map_err(|_| ())?;
        assert_send(&consumer.handle());
        consumer.run_until(ready(())).await.map_err(|_| ())
    });
}

#[cfg(feature = "events")]
#[test]
fn what_follows_logs_can_be_sent_and_shared() {
    use forebay_consumer::{FollowHub, HubError, HubSteps, SourceError, SourceItems, SourceSteps};

    assert_send_sync::<FollowHub<u32, String, io::Error>>();
    assert_send_sync::<HubSteps<u32, String, io::Error>>();
    assert_send_sync::<SourceItems<String>>();
    assert_send_sync::<SourceSteps<String>>();
    assert_error::<HubError<io::Error>>();
    assert_error::<SourceError<Infallible>>();
}
