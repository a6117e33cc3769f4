//! forebay's own singleflight, as it is and with a bound on the wait of a follower.

use std::convert::Infallible;
use std::fmt;
use std::time::Duration;

use forebay_core::LoadError;
use forebay_singleflight::Singleflight;

use crate::entry::Kind;
use crate::failure::Failure;
use crate::singleflight::peer::{Fallible, Group, Key, Peer, Value};

/// How long a follower may wait where its wait is bounded: no question comes near it.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// The row of forebay with defaults.
#[derive(Debug)]
pub struct Forebay;

impl Peer for Forebay {
    const NAME: &'static str = "forebay";
    const KIND: Kind = Kind::Ours;

    type Group<K: Key, V: Value> = Flights<K, V>;
    type Fallible = FallibleFlights;
}

/// One group.
pub struct Flights<K, V>(Singleflight<K, V>);

impl<K: Key, V: Value> Default for Flights<K, V> {
    fn default() -> Self {
        Self(Singleflight::new())
    }
}

impl<K, V> fmt::Debug for Flights<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Flights").finish_non_exhaustive()
    }
}

impl<K: Key, V: Value> Group<K, V> for Flights<K, V> {
    type Output = Result<V, LoadError<Infallible>>;

    fn call<'a, F, Fut>(&'a self, key: &'a K, load: F) -> impl Future<Output = Self::Output> + Send
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = V> + Send + 'static,
    {
        self.0.work(key, load)
    }

    fn answer(output: Self::Output) -> Result<V, Failure> {
        output.map_err(|_| Failure)
    }
}

/// One group for loads that can fail.
pub struct FallibleFlights(Singleflight<u64, u64, Failure>);

impl Default for FallibleFlights {
    fn default() -> Self {
        Self(Singleflight::new())
    }
}

impl fmt::Debug for FallibleFlights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("FallibleFlights").finish_non_exhaustive()
    }
}

impl Fallible for FallibleFlights {
    async fn call<F, Fut>(&self, key: &u64, load: F) -> Result<u64, Failure>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<u64, Failure>> + Send + 'static,
    {
        self.0.try_work(key, load).await.map_err(|_| Failure)
    }
}

/// The row of forebay with its own bound on the wait of a follower.
#[derive(Debug)]
pub struct ForebayBounded;

impl Peer for ForebayBounded {
    const NAME: &'static str = "forebay, follower_timeout";
    const KIND: Kind = Kind::OursVariant;

    type Group<K: Key, V: Value> = Bounded<K, V>;
    type Fallible = FallibleFlights;
}

/// One group whose followers wait for five seconds at most.
pub struct Bounded<K, V>(Singleflight<K, V>);

impl<K: Key, V: Value> Default for Bounded<K, V> {
    fn default() -> Self {
        let group = Singleflight::builder().follower_timeout(WAIT_MAX).build();
        Self(group.expect("the configuration is sound"))
    }
}

impl<K, V> fmt::Debug for Bounded<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Bounded").finish_non_exhaustive()
    }
}

impl<K: Key, V: Value> Group<K, V> for Bounded<K, V> {
    type Output = Result<V, LoadError<Infallible>>;

    fn call<'a, F, Fut>(&'a self, key: &'a K, load: F) -> impl Future<Output = Self::Output> + Send
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = V> + Send + 'static,
    {
        self.0.work(key, load)
    }

    fn answer(output: Self::Output) -> Result<V, Failure> {
        output.map_err(|_| Failure)
    }
}

/// The row of forebay inside a tokio timer for each call, which is what one does without
/// `follower_timeout`.
#[derive(Debug)]
pub struct ForebayTimer;

impl Peer for ForebayTimer {
    const NAME: &'static str = "forebay, tokio::time::timeout";
    const KIND: Kind = Kind::OursVariant;

    type Group<K: Key, V: Value> = Timed<K, V>;
    type Fallible = FallibleFlights;
}

/// One group, each call of which is wrapped in a timer.
#[derive(Debug)]
pub struct Timed<K, V>(Flights<K, V>);

impl<K: Key, V: Value> Default for Timed<K, V> {
    fn default() -> Self {
        Self(Flights::default())
    }
}

impl<K: Key, V: Value> Group<K, V> for Timed<K, V> {
    type Output = Result<Result<V, LoadError<Infallible>>, tokio::time::error::Elapsed>;

    fn call<'a, F, Fut>(&'a self, key: &'a K, load: F) -> impl Future<Output = Self::Output> + Send
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = V> + Send + 'static,
    {
        tokio::time::timeout(WAIT_MAX, self.0.call(key, load))
    }

    fn answer(output: Self::Output) -> Result<V, Failure> {
        Flights::<K, V>::answer(output.map_err(|_| Failure)?)
    }
}
