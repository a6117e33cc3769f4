//! What stands in for a loader behaves as the loader itself.
//!
//! * References, `Arc`, `Box` and `dyn DynLoad` pass every method on to what they point to, the
//!   provided ones among them: a loader's own `load_many`, `clear` and `clear_all` are used.
//! * They do so through any number of layers.
//! * The same holds for a batch loader behind a pointer.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::convert::Infallible;
use std::mem;
use std::sync::{Arc, Mutex};

use forebay_core::{Answers, DynLoad, Load, LoadBatch, LoadResult};
use futures::executor::block_on;

/// Writes down which of its methods were called, each of which it has itself.
#[derive(Default)]
struct Recorder {
    calls: Mutex<Vec<String>>,
}

type Dynamic = dyn DynLoad<str, Value = usize, Error = Infallible> + Send + Sync;

const ALL_CALLS: [&str; 4] = ["load ab", "load_many abc d", "clear ab", "clear_all"];

impl Recorder {
    fn record(&self, call: impl Into<String>) {
        self.calls.lock().unwrap().push(call.into());
    }

    fn take_calls(&self) -> Vec<String> {
        mem::take(&mut self.calls.lock().unwrap())
    }
}

impl Load<str> for Recorder {
    type Value = usize;
    type Error = Infallible;

    async fn load(&self, key: &str) -> LoadResult<usize, Infallible> {
        self.record(format!("load {key}"));
        Ok(Some(key.len()))
    }

    fn load_many<'a, I>(
        &'a self,
        keys: I,
    ) -> impl Future<Output = Vec<LoadResult<usize, Infallible>>> + Send
    where
        I: IntoIterator<Item = &'a str>,
    {
        let keys: Vec<_> = keys.into_iter().collect();
        self.record(format!("load_many {}", keys.join(" ")));
        async move { keys.iter().map(|key| Ok(Some(key.len()))).collect() }
    }

    fn clear(&self, key: &str) {
        self.record(format!("clear {key}"));
    }

    fn clear_all(&self) {
        self.record("clear_all");
    }
}

impl LoadBatch<u8> for Recorder {
    type Value = u8;
    type Error = &'static str;

    async fn load_batch(
        &self,
        keys: &[u8],
        answers: &mut Answers<'_, u8, u8, &'static str>,
    ) -> Result<(), &'static str> {
        self.record(format!("load_batch {keys:?}"));
        answers.set(0, keys[0]);
        Err("the rest is lost")
    }
}

/// Calls every method as a generic stage does, so that the pointer's own implementation is meant.
fn call_all<L>(loader: L)
where
    L: Load<str, Value = usize, Error = Infallible>,
{
    assert_eq!(block_on(loader.load("ab")), Ok(Some(2)));
    let results = block_on(loader.load_many(["abc", "d"]));
    assert_eq!(results, [Ok(Some(3)), Ok(Some(1))]);
    loader.clear("ab");
    loader.clear_all();
}

fn call_batch<L>(loader: L)
where
    L: LoadBatch<u8, Value = u8, Error = &'static str>,
{
    let keys = [7, 8];
    let mut answers = Answers::new(&keys);
    let result = block_on(loader.load_batch(&keys, &mut answers));
    assert_eq!(result, Err("the rest is lost"));
    assert_eq!(answers.finish(), [Ok(Some(7)), Ok(None)]);
}

#[test]
fn reference_passes_everything_on() {
    let recorder = Recorder::default();
    call_all(&recorder);
    assert_eq!(recorder.take_calls(), ALL_CALLS);
}

#[test]
fn arc_passes_everything_on() {
    let recorder = Arc::new(Recorder::default());
    call_all(Arc::clone(&recorder));
    assert_eq!(recorder.take_calls(), ALL_CALLS);
}

#[test]
fn box_passes_everything_on() {
    let recorder = Arc::new(Recorder::default());
    call_all(Box::new(Arc::clone(&recorder)));
    assert_eq!(recorder.take_calls(), ALL_CALLS);
}

#[test]
fn dynamic_loader_passes_everything_on() {
    let recorder = Arc::new(Recorder::default());
    let dynamic: Arc<Dynamic> = Arc::<Recorder>::clone(&recorder);
    call_all(dynamic);
    assert_eq!(recorder.take_calls(), ALL_CALLS);
}

#[test]
fn dynamic_loader_may_borrow() {
    let recorder = Recorder::default();
    let dynamic: Box<dyn DynLoad<str, Value = usize, Error = Infallible> + Send + Sync + '_> =
        Box::new(&recorder);
    call_all(dynamic);
    assert_eq!(recorder.take_calls(), ALL_CALLS);
}

#[test]
fn layers_of_pointers_pass_everything_on() {
    let recorder = Arc::new(Recorder::default());
    let inner: Arc<Dynamic> = Arc::<Recorder>::clone(&recorder);
    let outer: Box<Dynamic> = Box::new(inner);
    call_all(&outer);
    assert_eq!(recorder.take_calls(), ALL_CALLS);
}

#[test]
fn provided_clear_does_nothing() {
    let lengths = forebay_core::load_fn(|key: &str| {
        let length = key.len();
        async move { Ok::<_, Infallible>(Some(length)) }
    });
    lengths.clear("ab");
    Load::<str>::clear_all(&lengths);
    assert_eq!(block_on(lengths.load("ab")), Ok(Some(2)));
}

#[test]
fn pointers_to_a_batch_loader_pass_the_call_on() {
    let recorder = Arc::new(Recorder::default());
    call_batch(&*recorder);
    call_batch(Arc::clone(&recorder));
    call_batch(Box::new(Arc::clone(&recorder)));
    assert_eq!(recorder.take_calls(), ["load_batch [7, 8]"; 3]);
}
