//! What may be sent to and shared with other threads.
//!
//! A change of a private field could take that away without any other test noticing.

use forebay_rt::alarm::Alarm;
use forebay_rt::{BoxFuture, Runtime, RuntimeGone};

const fn assert_send<T: Send>() {}
const fn assert_send_sync<T: Send + Sync>() {}
const fn assert_send_sync_unsized<T: Send + Sync + ?Sized>() {}

#[test]
fn parts_can_be_sent_and_shared() {
    assert_send_sync::<Alarm>();
    assert_send_sync::<RuntimeGone>();
    assert_send_sync_unsized::<dyn Runtime>();
    assert_send::<BoxFuture<'static, u64>>();
}

#[cfg(feature = "tokio")]
#[test]
fn tokio_runtime_can_be_sent_and_shared() {
    assert_send_sync::<forebay_rt::TokioRuntime>();
}
