//! The layer form: a group around any `Load` is a `Load`.
//!
//! * Concurrent loads of a key are one load of the stage below; nothing found is an answer; errors
//!   pass through unchanged.
//! * Layers nest, `load_many` works through them, keys may be borrowed, and it fits behind `dyn`.
//! * Clearing reaches inside, the stage below first: a load that starts after it never gets an
//!   answer from before.

use std::error::Error;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Waker};

use forebay_core::{BoxFuture, DynLoad, Load, LoadError, LoadResult};
use forebay_singleflight::{Coalesced, OnFailure, Singleflight};

use crate::backend::Backend;
use crate::hand::Hand;

#[derive(Debug, Eq, PartialEq)]
struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connection refused")
    }
}

impl Error for Refused {}

type Loaded = LoadResult<u64, Refused>;

/// A stage below whose loads the test answers; remembers what was cleared.
#[derive(Clone)]
struct Table {
    backend: Backend<Loaded>,
    loaded: Arc<Mutex<Vec<String>>>,
    cleared: Arc<Mutex<Vec<String>>>,
}

impl Table {
    fn new() -> Self {
        Self {
            backend: Backend::new(),
            loaded: Arc::default(),
            cleared: Arc::default(),
        }
    }
}

impl Load<str> for Table {
    type Value = u64;
    type Error = Refused;

    async fn load(&self, key: &str) -> Loaded {
        let load = self.backend.load();
        locked(&self.loaded).push(key.to_owned());
        load.await
    }

    fn clear(&self, key: &str) {
        locked(&self.cleared).push(key.to_owned());
    }

    fn clear_all(&self) {
        locked(&self.cleared).push("*".to_owned());
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no test panics while it holds a lock")
}

fn layer<L>(inner: L) -> Coalesced<L, String, u64, Refused>
where
    L: Load<str, Value = u64, Error = Refused>,
{
    Singleflight::layer(inner)
}

#[test]
fn concurrent_loads_of_a_key_are_one_load_below() {
    let table = Table::new();
    let layer = layer(table.clone());
    let leader = Hand::waiting(layer.load("a"));
    let follower = Hand::waiting(layer.load("a"));
    let other = Hand::waiting(layer.load("b"));
    assert_eq!(*locked(&table.loaded), ["a", "b"]);
    assert_eq!(layer.group().in_flight(), 2);

    table.backend.answer(0, Ok(Some(7)));
    table.backend.answer(1, Ok(None));
    assert_eq!(leader.output(), Ok(Some(7)));
    assert_eq!(follower.output(), Ok(Some(7)));
    assert_eq!(other.output(), Ok(None));
    assert_eq!(layer.group().in_flight(), 0);
}

#[test]
fn nothing_happens_before_the_first_poll() {
    let table = Table::new();
    let layer = layer(table.clone());
    drop(layer.load("a"));
    drop(layer.load_many(["a", "b"]));
    assert_eq!(table.backend.started(), 0);
    assert_eq!(layer.group().in_flight(), 0);
}

#[test]
fn nothing_found_is_shared_as_an_answer() {
    let table = Table::new();
    let layer = layer(table.clone());
    let leader = Hand::waiting(layer.load("a"));
    let follower = Hand::waiting(layer.load("a"));
    table.backend.answer(0, Ok(None));
    assert_eq!(leader.output(), Ok(None));
    assert_eq!(follower.output(), Ok(None));
    assert_eq!(table.backend.started(), 1);
}

#[test]
fn errors_of_the_stage_below_pass_through_unchanged() {
    let shared = Arc::new(Refused);
    let errors = [
        LoadError::Backend(Arc::clone(&shared)),
        LoadError::Panicked("poisoned row".into()),
        LoadError::Abandoned,
        LoadError::TimedOut,
        LoadError::Rejected,
        LoadError::Closed,
        LoadError::Cycle,
    ];
    for error in errors {
        let table = Table::new();
        let layer = layer(table.clone());
        let leader = Hand::waiting(layer.load("a"));
        let follower = Hand::waiting(layer.load("a"));
        table.backend.answer(0, Err(error.clone()));
        for answer in [leader.output(), follower.output()] {
            assert_eq!(answer, Err(error.clone()));
            if let Err(LoadError::Backend(error)) = answer {
                assert!(Arc::ptr_eq(&error, &shared));
            }
        }
    }
}

#[test]
fn layers_nest() {
    let table = Table::new();
    let outer = layer(layer(table.clone()));
    let leader = Hand::waiting(outer.load("a"));
    let follower = Hand::waiting(outer.load("a"));
    table.backend.answer(0, Err(LoadError::from(Refused)));
    let error = leader.output().unwrap_err();
    let cause = error.source().unwrap().downcast_ref();
    assert_eq!(cause, Some(&Refused));
    assert_eq!(follower.output(), Err(error));
    assert_eq!(table.backend.started(), 1);
}

#[test]
fn lost_leader_is_replaced_by_a_load_of_the_follower() {
    let table = Table::new();
    let layer = layer(table.clone());
    let leader = Hand::waiting(layer.load("a"));
    let mut follower = Hand::waiting(layer.load("a"));
    drop(leader);
    assert_eq!((follower.wakes(), table.backend.running()), (1, 0));
    follower.still_waits();
    table.backend.answer(1, Ok(Some(7)));
    assert_eq!(follower.output(), Ok(Some(7)));
}

#[test]
fn settings_hold_for_the_layer() {
    let table = Table::new();
    let layer = Singleflight::<String, Option<u64>, Refused>::builder()
        .on_error(OnFailure::Promote { max: 1 })
        .layer(table.clone())
        .unwrap();
    let leader = Hand::waiting(layer.load("a"));
    let mut follower = Hand::waiting(layer.load("a"));
    table.backend.answer(0, Err(LoadError::from(Refused)));
    assert!(leader.output().is_err());
    follower.still_waits();
    table.backend.answer(1, Ok(Some(7)));
    assert_eq!(follower.output(), Ok(Some(7)));
}

#[test]
fn load_many_answers_in_order_and_joins_what_is_in_flight() {
    let table = Table::new();
    let layer = layer(table.clone());
    let single = Hand::waiting(layer.load("b"));
    let mut many = Hand::waiting(layer.load_many(["a", "b", "c", "a"]));
    assert_eq!(*locked(&table.loaded), ["b", "a", "c"]);

    table.backend.answer(2, Err(LoadError::from(Refused)));
    many.still_waits();
    table.backend.answer(0, Ok(Some(2)));
    assert_eq!(single.output(), Ok(Some(2)));
    many.still_waits();
    table.backend.answer(1, Ok(None));
    let failed = Err(LoadError::from(Refused));
    assert_eq!(many.finished(), [Ok(None), Ok(Some(2)), failed, Ok(None)]);
    assert_eq!(layer.group().in_flight(), 0);
}

#[test]
fn load_many_works_through_nested_layers() {
    let table = Table::new();
    let outer = layer(layer(table.clone()));
    let many = Hand::waiting(outer.load_many(["a", "b", "a"]));
    assert_eq!(*locked(&table.loaded), ["a", "b"]);
    table.backend.answer(0, Ok(Some(1)));
    table.backend.answer(1, Ok(Some(2)));
    assert_eq!(many.finished(), [Ok(Some(1)), Ok(Some(2)), Ok(Some(1))]);
}

#[test]
fn load_many_that_is_dropped_leaves_nothing() {
    let table = Table::new();
    let layer = layer(table.clone());
    let many = Hand::waiting(layer.load_many(["a", "b", "a"]));
    let mut follower = Hand::waiting(layer.load("b"));
    drop(many);
    assert_eq!((layer.group().in_flight(), table.backend.running()), (1, 0));
    follower.still_waits();
    table.backend.answer(2, Ok(Some(2)));
    assert_eq!(follower.output(), Ok(Some(2)));
}

#[test]
fn layer_fits_behind_dyn_and_pointers() {
    type Users = dyn DynLoad<str, Value = u64, Error = Refused> + Send + Sync;

    let table = Table::new();
    let users: Arc<Users> = Arc::new(layer(Arc::new(table.clone())));
    let leader = Hand::waiting(users.load("a"));
    let follower = Hand::waiting(users.load("a"));
    table.backend.answer(0, Ok(Some(7)));
    assert_eq!(leader.output(), Ok(Some(7)));
    assert_eq!(follower.output(), Ok(Some(7)));
    users.clear("a");
    assert_eq!(*locked(&table.cleared), ["a"]);
}

#[test]
fn load_after_a_clear_is_a_new_one() {
    let table = Table::new();
    let layer = layer(table.clone());
    let old = Hand::waiting(layer.load("a"));
    let old_follower = Hand::waiting(layer.load("a"));
    let other = Hand::waiting(layer.load("b"));
    layer.clear("a");
    assert_eq!(*locked(&table.cleared), ["a"]);

    let new = Hand::waiting(layer.load("a"));
    let other_follower = Hand::waiting(layer.load("b"));
    assert_eq!(*locked(&table.loaded), ["a", "b", "a"]);
    for (load, value) in [(0, 1), (1, 2), (2, 3)] {
        table.backend.answer(load, Ok(Some(value)));
    }
    assert_eq!(old.output(), Ok(Some(1)));
    assert_eq!(old_follower.output(), Ok(Some(1)));
    assert_eq!(new.output(), Ok(Some(3)));
    assert_eq!(other.output(), Ok(Some(2)));
    assert_eq!(other_follower.output(), Ok(Some(2)));
}

#[test]
fn clearing_reaches_through_nested_layers() {
    let table = Table::new();
    let outer = layer(layer(table.clone()));
    let old = Hand::waiting(outer.load("a"));
    outer.clear("a");
    let new = Hand::waiting(outer.load("a"));
    assert_eq!(table.backend.started(), 2);
    table.backend.answer(1, Ok(Some(2)));
    assert_eq!(new.output(), Ok(Some(2)));
    table.backend.answer(0, Ok(Some(1)));
    assert_eq!(old.output(), Ok(Some(1)));

    let old = Hand::waiting(outer.load("a"));
    outer.clear_all();
    let _new = Hand::waiting(outer.load("a"));
    assert_eq!(table.backend.started(), 4);
    assert_eq!(*locked(&table.cleared), ["a", "*"]);
    drop(old);
}

#[test]
fn clearing_all_hides_every_flight() {
    let table = Table::new();
    let layer = layer(table.clone());
    let _old = ["a", "b"].map(|key| Hand::waiting(layer.load(key)));
    layer.clear_all();
    assert_eq!(*locked(&table.cleared), ["*"]);
    let _new = ["a", "b"].map(|key| Hand::waiting(layer.load(key)));
    assert_eq!(table.backend.started(), 4);
}

type Hook = Box<dyn FnOnce() + Send>;

/// A cache that lets the test in while it is being cleared.
#[derive(Clone)]
struct Cache {
    remembered: Arc<Mutex<u64>>,
    backend: Backend<()>,
    while_clearing: Arc<Mutex<Option<Hook>>>,
}

impl Load<str> for Cache {
    type Value = u64;
    type Error = Refused;

    /// Answers with what it remembered when it was asked.
    async fn load(&self, _: &str) -> Loaded {
        let remembered = *locked(&self.remembered);
        self.backend.load().await;
        Ok(Some(remembered))
    }

    fn clear(&self, _: &str) {
        let hook = locked(&self.while_clearing).take();
        if let Some(hook) = hook {
            hook();
        }
        *locked(&self.remembered) = 2;
    }
}

#[test]
fn load_begun_while_the_stage_below_is_cleared_does_not_serve_later_ones() {
    let cache = Cache {
        remembered: Arc::new(Mutex::new(1)),
        backend: Backend::new(),
        while_clearing: Arc::default(),
    };
    let layer = Arc::new(layer(cache.clone()));
    let begun: Arc<Mutex<Option<BoxFuture<'static, Loaded>>>> = Arc::default();
    let hook = {
        let (layer, begun) = (Arc::clone(&layer), Arc::clone(&begun));
        move || {
            let mut stale: BoxFuture<'static, Loaded> =
                Box::pin(async move { layer.load("a").await });
            let mut cx = Context::from_waker(Waker::noop());
            assert!(stale.as_mut().poll(&mut cx).is_pending());
            *locked(&begun) = Some(stale);
        }
    };
    *locked(&cache.while_clearing) = Some(Box::new(hook));
    layer.clear("a");

    let fresh = Hand::waiting(layer.load("a"));
    assert_eq!(cache.backend.started(), 2);
    cache.backend.answer(0, ());
    cache.backend.answer(1, ());
    assert_eq!(fresh.output(), Ok(Some(2)));
    let stale = locked(&begun).take().unwrap();
    assert_eq!(Hand::new(stale).output(), Ok(Some(1)));
}
