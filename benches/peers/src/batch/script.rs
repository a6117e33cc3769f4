//! A backend that writes down what it is asked, and goes wrong where it is told to.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use forebay_core::BoxFuture;
use tokio::time::sleep;

use crate::batch::backend::{Answer, Backend, value_of};
use crate::failure::Failure;

/// How long a call takes.
pub(crate) const CALL: Duration = Duration::from_millis(10);

/// How long a call takes with the key [`SLOW`] in it.
pub(crate) const SLOW_CALL: Duration = Duration::from_secs(1_800);

/// Makes its call slow.
pub(crate) const SLOW: u64 = 9_000_001;

/// Makes its call panic.
pub(crate) const PANICS: u64 = 9_000_002;

/// Makes its call fail after the others of the call were found.
pub(crate) const FAILS_LATE: u64 = 9_000_003;

/// From this key on, the key below is loaded first, through the loader itself; up to
/// [`NESTED_MAX`].
pub(crate) const NESTED: u64 = 8_000_000;

/// The last key that needs the one below it.
pub(crate) const NESTED_MAX: u64 = NESTED + 1_000;

/// The backend.
#[derive(Default)]
pub(crate) struct Script {
    asked: Mutex<Asked>,
    /// The loader in front, for calls that load through it.
    own: OnceLock<Own>,
}

type Own = Box<dyn Fn(u64) -> BoxFuture<'static, Answer> + Send + Sync>;

#[derive(Debug, Default)]
struct Asked {
    calls: Vec<Vec<u64>>,
    absent: HashSet<u64>,
}

/// What was found.
#[derive(Debug)]
pub(crate) struct Found {
    absent: Vec<u64>,
    fails: bool,
}

impl Script {
    /// Returns a backend that knows nothing about `key` until it is [`told`](Self::tell).
    pub(crate) fn without(key: u64) -> Self {
        let script = Self::default();
        script.asked().absent.insert(key);
        script
    }

    /// Lets it know the value of `key`.
    pub(crate) fn tell(&self, key: u64) {
        self.asked().absent.remove(&key);
    }

    /// Tells it by which loader it is asked.
    pub(crate) fn set_own(&self, own: Own) {
        let _ = self.own.set(own);
    }

    /// Returns the keys of each call so far.
    pub(crate) fn calls(&self) -> Vec<Vec<u64>> {
        self.asked().calls.clone()
    }

    /// Returns the keys of all calls so far, one after the other.
    pub(crate) fn keys(&self) -> Vec<u64> {
        self.asked().calls.concat()
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backend for Script {
    type Found = Found;

    async fn find(&self, keys: &[u64]) -> Result<Found, Failure> {
        self.asked().calls.push(keys.to_vec());
        assert!(!keys.contains(&PANICS), "the key makes its call panic");
        for key in keys {
            if (NESTED + 1..=NESTED_MAX).contains(key) {
                let own = self.own.get().ok_or(Failure)?;
                own(key - 1).await?;
            }
        }
        let is_slow = keys.contains(&SLOW);
        sleep(if is_slow { SLOW_CALL } else { CALL }).await;
        let absent = &self.asked().absent;
        Ok(Found {
            absent: keys
                .iter()
                .copied()
                .filter(|key| absent.contains(key))
                .collect(),
            fails: keys.contains(&FAILS_LATE),
        })
    }

    fn value(found: &Found, _position: usize, key: u64) -> Option<u64> {
        let is_known = key != FAILS_LATE && !found.absent.contains(&key);
        is_known.then(|| value_of(key))
    }

    fn end(found: &Found) -> Result<(), Failure> {
        if found.fails { Err(Failure) } else { Ok(()) }
    }
}
