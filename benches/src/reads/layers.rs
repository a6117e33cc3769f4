//! The read path with each of its layers alone and with both, polled by hand: what the benches time
//! and count.
//!
//! The backend answers at once, and there is no scheduler and no clock, so that what is left is the
//! cost of the layers.

use std::convert::Infallible;
use std::fmt;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use foldhash::fast::FixedState;
use forebay_batch::Batcher;
use forebay_core::{Answers, Load, LoadBatch, LoadResult};
use forebay_singleflight::{Coalesced, Singleflight};

use crate::harness::drivers::Drivers;

/// What a call goes through.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(
    clippy::exhaustive_enums,
    reason = "each is what the benches are about"
)]
pub enum Layer {
    /// Nothing: the backend itself.
    None,
    /// Singleflight alone.
    Singleflight,
    /// The batcher alone.
    Batch,
    /// Singleflight over the batcher.
    Both,
}

impl Layer {
    /// Every one, from nothing to all.
    pub const ALL: [Self; 4] = [Self::None, Self::Singleflight, Self::Batch, Self::Both];
}

/// A singleflight stage with fixed hashes.
type Single<L> = Coalesced<L, u64, u64, Infallible, FixedState>;

/// The same backend behind each layer, with default settings and fixed hashes.
pub struct Layers {
    rows: Rows,
    single: Single<Rows>,
    batch: Batcher<u64, u64, Infallible>,
    both: Single<Batcher<u64, u64, Infallible>>,
    drivers: &'static Drivers,
}

impl Layers {
    /// Creates the layers, which stay until the process ends.
    ///
    /// # Panics
    ///
    /// Never, as the default settings are valid.
    #[must_use]
    pub fn new() -> Self {
        let drivers: &'static Drivers = Box::leak(Box::default());
        let batcher = || {
            let builder = Batcher::builder(Rows).hasher(FixedState::default());
            let built = builder.runtime(drivers).build();
            built.expect("the defaults are valid")
        };
        Self {
            rows: Rows,
            single: single(Rows),
            batch: batcher(),
            both: single(batcher()),
            drivers,
        }
    }

    /// Loads one key that nobody else asks for, from the call to its value.
    ///
    /// # Panics
    ///
    /// If it has no value in the end.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_bench::reads::layers::{Layer, Layers};
    ///
    /// assert!(Layer::ALL.iter().all(|layer| Layers::new().alone(*layer, 7) == 8));
    /// ```
    #[must_use]
    pub fn alone(&self, layer: Layer, key: u64) -> u64 {
        match layer {
            Layer::None => alone(&self.rows, key, self.drivers),
            Layer::Singleflight => alone(&self.single, key, self.drivers),
            Layer::Batch => alone(&self.batch, key, self.drivers),
            Layer::Both => alone(&self.both, key, self.drivers),
        }
    }

    /// Loads keys, each for a caller of its own, all at once, and returns the sum of their values.
    ///
    /// # Panics
    ///
    /// If they do not all have one in the end.
    ///
    /// # Examples
    ///
    /// ```
    /// use forebay_bench::reads::layers::{Layer, Layers};
    ///
    /// let layers = Layers::new();
    /// assert!(Layer::ALL.iter().all(|layer| layers.together(*layer, &[1, 2, 2]) == 2 + 3 + 3));
    /// ```
    #[must_use]
    pub fn together(&self, layer: Layer, keys: &[u64]) -> u64 {
        match layer {
            Layer::None => together(&self.rows, keys, self.drivers),
            Layer::Singleflight => together(&self.single, keys, self.drivers),
            Layer::Batch => together(&self.batch, keys, self.drivers),
            Layer::Both => together(&self.both, keys, self.drivers),
        }
    }
}

impl Default for Layers {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Layers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Layers").finish_non_exhaustive()
    }
}

fn single<L>(inner: L) -> Single<L> {
    let builder = Singleflight::builder().hasher(FixedState::default());
    builder.layer(inner).expect("the defaults are valid")
}

fn alone<L>(loader: &L, key: u64, drivers: &Drivers) -> u64
where
    L: Load<u64, Value = u64, Error = Infallible>,
{
    let mut call = pin!(loader.load(&key));
    loop {
        if let Some(value) = value(call.as_mut()) {
            return value;
        }
        assert!(drivers.drive(), "somebody loads what is waited for");
    }
}

fn together<L>(loader: &L, keys: &[u64], drivers: &Drivers) -> u64
where
    L: Load<u64, Value = u64, Error = Infallible>,
{
    let calls = keys.iter().map(|key| Box::pin(loader.load(key)));
    let mut calls: Vec<_> = calls.collect();
    let mut sum = 0;
    loop {
        calls.retain_mut(|call| match value(call.as_mut()) {
            Some(value) => {
                sum += value;
                false
            }
            None => true,
        });
        if calls.is_empty() {
            return sum;
        }
        assert!(drivers.drive(), "somebody loads what is waited for");
    }
}

/// Polls once, for nobody.
fn value<F>(call: Pin<&mut F>) -> Option<u64>
where
    F: Future<Output = LoadResult<u64, Infallible>>,
{
    match call.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(Some(value))) => Some(value),
        Poll::Ready(other) => panic!("a key that has a value ended as {other:?}"),
        Poll::Pending => None,
    }
}

/// The backend, whose rows are one more than their keys and cost nothing.
#[derive(Clone, Copy)]
struct Rows;

impl Load<u64> for Rows {
    type Value = u64;
    type Error = Infallible;

    async fn load(&self, key: &u64) -> LoadResult<u64, Infallible> {
        Ok(Some(key + 1))
    }
}

impl LoadBatch<u64> for Rows {
    type Value = u64;
    type Error = Infallible;

    async fn load_batch(
        &self,
        keys: &[u64],
        answers: &mut Answers<'_, u64, u64, Infallible>,
    ) -> Result<(), Infallible> {
        for (position, key) in keys.iter().enumerate() {
            answers.set(position, key + 1);
        }
        Ok(())
    }
}
