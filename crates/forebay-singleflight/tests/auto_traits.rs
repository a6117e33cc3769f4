//! What may be sent to and shared with other threads.
//!
//! A change of a private field could take that away without any other test noticing.

use std::convert::Infallible;
use std::io;

use foldhash::fast::RandomState;
use forebay_core::{Load, LoadFn, load_fn};
use forebay_singleflight::{
    Builder, Cancel, Coalesced, ConfigError, Follower, Handover, Info, Joined, Leader, OnFailure,
    OnLeaderLost, OnTimeout, Role, RuntimeGone, Singleflight, Stats, Waited, WhenFull,
};

const fn assert_send<T: Send>(_: &T) {}
const fn assert_send_sync<T: Send + Sync>() {}

#[test]
fn groups_and_roles_can_be_sent_and_shared() {
    assert_send_sync::<Singleflight<String, String, io::Error>>();
    assert_send_sync::<Builder<String, String, io::Error>>();
    assert_send_sync::<Coalesced<LoadFn<fn(&String)>, String, String, io::Error>>();
    assert_send_sync::<Joined<String, String, io::Error, RandomState>>();
    assert_send_sync::<Leader<String, String, io::Error, RandomState>>();
    assert_send_sync::<Follower<String, String, io::Error, RandomState>>();
    assert_send_sync::<Waited<String, String, io::Error, RandomState>>();
    assert_send_sync::<Stats>();
}

#[test]
fn settings_and_findings_can_be_sent_and_shared() {
    assert_send_sync::<Cancel>();
    assert_send_sync::<ConfigError>();
    assert_send_sync::<Handover>();
    assert_send_sync::<Info>();
    assert_send_sync::<OnFailure>();
    assert_send_sync::<OnLeaderLost>();
    assert_send_sync::<OnTimeout>();
    assert_send_sync::<Role>();
    assert_send_sync::<RuntimeGone>();
    assert_send_sync::<WhenFull>();
}

#[test]
fn calls_can_be_sent() {
    let group = Singleflight::<String, u64>::new();
    assert_send(&group.work("key", || async { 7 }));
    assert_send(&group.work("key", || async { 7 }).with_info());
    assert_send(&group.work_owned("key".to_owned(), || async { 7 }));
    assert_send(&group.work_detached("key".to_owned(), || async { 7 }, Cancel::Never));

    let fallible = Singleflight::<String, u64, io::Error>::new();
    assert_send(&fallible.try_work("key", || async { Ok(7) }));

    let stage = Singleflight::layer(load_fn(|_: &str| async { Ok::<_, Infallible>(Some(7)) }));
    assert_send(&stage.load("key"));
    assert_send(&stage.load_many(["key"]));
}

#[cfg(feature = "tokio")]
#[test]
fn tokio_runtime_can_be_sent_and_shared() {
    assert_send_sync::<forebay_singleflight::TokioRuntime>();
}

#[cfg(feature = "tower")]
#[test]
fn services_can_be_sent_and_shared() {
    use forebay_singleflight::{ResponseFuture, SingleflightLayer, SingleflightService};

    type Key = fn(&String) -> Option<String>;
    assert_send_sync::<SingleflightLayer<String, String, io::Error, Key>>();
    assert_send_sync::<SingleflightService<u8, String, String, io::Error, Key>>();
    assert_send::<Option<ResponseFuture<String, io::Error>>>(&None);
}
