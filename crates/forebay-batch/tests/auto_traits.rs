//! What may be sent to and shared with other threads, and moved while it is polled.
//!
//! A change of a private field could take that away without any other test noticing.

use std::io;

use forebay_batch::{
    Batcher, Builder, Cache, Call, CallMany, ConfigError, Dispatch, Drain, ExecuteError, Execution,
    ExecutionMany, Executor, ExecutorBuilder, Join, OnError, PerRequest, RuntimeGone, Stats,
};
use forebay_core::{Answers, Load, LoadBatch};

struct Rows;

impl LoadBatch<String> for Rows {
    type Value = String;
    type Error = io::Error;

    async fn load_batch(
        &self,
        _: &[String],
        _: &mut Answers<'_, String, String, io::Error>,
    ) -> Result<(), io::Error> {
        Ok(())
    }
}

impl forebay_batch::Execute<String> for Rows {
    type Output = String;
    type Error = io::Error;

    async fn execute(
        &self,
        values: Vec<String>,
    ) -> Result<Vec<Result<String, io::Error>>, io::Error> {
        Ok(values.into_iter().map(Ok).collect())
    }
}

const fn assert_send<T: Send>(_: &T) {}
const fn assert_send_sync<T: Send + Sync>() {}
const fn assert_send_unpin<T: Send + Unpin>() {}

#[test]
fn handles_can_be_sent_and_shared() {
    assert_send_sync::<Batcher<String, String, io::Error>>();
    assert_send_sync::<Batcher<String, String, io::Error, u8>>();
    assert_send_sync::<Builder<Rows, String>>();
    assert_send_sync::<Executor<String, String, io::Error>>();
    assert_send_sync::<ExecutorBuilder<Rows, String>>();
    assert_send_sync::<PerRequest<String, String, io::Error>>();
    assert_send_sync::<Box<dyn Cache<String, String, io::Error>>>();
}

#[test]
fn futures_can_be_sent_and_moved() {
    assert_send_unpin::<Call<'static, String, String, io::Error>>();
    assert_send_unpin::<CallMany<'static, String, String, io::Error>>();
    assert_send_unpin::<Drain<'static>>();
    assert_send_unpin::<Execution<'static, String, String, io::Error>>();
    assert_send_unpin::<ExecutionMany<'static, String, String, io::Error>>();
}

#[test]
fn futures_of_functions_can_be_sent() {
    let batcher = Batcher::builder(Rows).inline().build();
    let batcher = batcher.expect("the settings are right");
    let key = "key".to_owned();
    assert_send(&batcher.load(&key));
    assert_send(&batcher.load_fresh(&key));
    assert_send(&batcher.load_many([&key]));
    assert_send(&batcher.try_load_many([&key]));
    assert_send(&batcher.drain());
    assert_send(&Load::load(&batcher, &key));
    assert_send(&Load::load_many(&batcher, [&key]));
}

#[test]
fn settings_and_findings_can_be_sent_and_shared() {
    assert_send_sync::<ConfigError>();
    assert_send_sync::<Dispatch>();
    assert_send_sync::<ExecuteError<io::Error>>();
    assert_send_sync::<Join>();
    assert_send_sync::<OnError>();
    assert_send_sync::<RuntimeGone>();
    assert_send_sync::<Stats>();
}

#[cfg(feature = "tokio")]
#[test]
fn tokio_runtime_can_be_sent_and_shared() {
    assert_send_sync::<forebay_batch::TokioRuntime>();
}

#[cfg(feature = "cache")]
#[test]
fn bounded_cache_can_be_sent_and_shared() {
    assert_send_sync::<forebay_batch::Bounded<String, String, io::Error>>();
}

#[cfg(all(feature = "cache", feature = "tokio"))]
#[test]
fn cache_with_a_time_to_live_can_be_sent_and_shared() {
    assert_send_sync::<forebay_batch::Ttl<String, String, io::Error>>();
}

#[cfg(feature = "tower")]
#[test]
fn services_can_be_sent_and_shared() {
    use forebay_batch::{BatchLayer, BatchService, InnerService, ResponseFuture};

    type Inner = InnerService<String, String, io::Error>;
    type Settings = ExecutorBuilder<Inner, String>;
    assert_send_sync::<BatchLayer<String, String, io::Error, fn(Settings) -> Settings>>();
    assert_send_sync::<BatchService<String, String, io::Error>>();
    assert_send_sync::<Inner>();
    assert_send_unpin::<ResponseFuture<String, io::Error>>();
}
