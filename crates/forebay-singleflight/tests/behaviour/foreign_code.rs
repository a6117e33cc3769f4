//! Code of the user that runs inside the group's operations.
//!
//! * Destructors of keys, values and wakers, and the wakers themselves, may call into the group.
//! * A panic in a key's `eq`, `hash` or `clone`, in a value's `clone` or `drop`, or in a waker's
//!   `clone` or `wake` poisons nothing and strands no follower.

use std::cell::{Cell, RefCell};
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Waker;

use forebay_singleflight::Singleflight;

use crate::Group;
use crate::backend::Backend;
use crate::hand::{Hand, at_once, on_wake, on_waker_drop};

thread_local! {
    /// Which operation of [`Key`] or [`Value`] panics.
    static PANICS: Cell<&'static str> = const { Cell::new("") };
    /// What the destructors of [`Key`] and [`Value`] do.
    static ON_DROP: RefCell<Option<Rc<dyn Fn()>>> = const { RefCell::new(None) };
}

fn operation(name: &str) {
    if PANICS.get() == name {
        PANICS.set("");
        panic!("{name} failed");
    }
}

fn destructor() {
    let hook = ON_DROP.with_borrow(|hook| hook.clone());
    if let Some(hook) = hook {
        hook();
    }
}

/// Lets the next such operation panic while `f` runs; returns whether it did.
fn with_panic_in<T>(name: &'static str, f: impl FnOnce() -> T) -> bool {
    PANICS.set(name);
    let ended = catch_unwind(AssertUnwindSafe(|| drop(f())));
    let panicked = PANICS.replace("").is_empty();
    assert!(panicked || ended.is_ok());
    panicked
}

#[derive(Debug)]
struct Key(u8);

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        operation("key eq");
        self.0 == other.0
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        operation("key hash");
        self.0.hash(state);
    }
}

impl Clone for Key {
    fn clone(&self) -> Self {
        operation("key clone");
        Self(self.0)
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        destructor();
    }
}

#[derive(Debug, PartialEq)]
struct Value(u64);

impl Clone for Value {
    fn clone(&self) -> Self {
        operation("value clone");
        Self(self.0)
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        operation("value drop");
        destructor();
    }
}

type Odd = Singleflight<Key, Value>;

/// Runs `f` while every destructor of a key or value uses the group.
fn with_reentrant_destructors(group: &Odd, f: impl FnOnce()) -> usize {
    let calls = Rc::new(Cell::new(0));
    let hook: Rc<dyn Fn()> = Rc::new({
        let (group, calls, inside) = (group.clone(), calls.clone(), Cell::new(false));
        move || {
            if inside.replace(true) {
                return;
            }
            calls.set(calls.get() + 1);
            let _ = (group.in_flight(), group.stats());
            group.forget(&Key(9));
            for key in [Key(1), Key(2)] {
                let _joins_or_leads = Hand::new(group.work(&key, || async { Value(2) })).poll();
            }
            inside.set(false);
        }
    });
    ON_DROP.set(Some(hook));
    f();
    ON_DROP.set(None);
    calls.get()
}

#[test]
fn key_destructor_may_use_the_group() {
    let group = Odd::new();
    let backend = Backend::new();
    let calls = with_reentrant_destructors(&group, || {
        let leader = Hand::waiting(group.work_owned(Key(1), || backend.load()));
        let follower = Hand::waiting(group.work_owned(Key(1), || backend.load()));
        let leaves = Hand::waiting(group.work_owned(Key(1), || backend.load()));
        drop(leaves);
        backend.answer(0, Value(7));
        assert_eq!(leader.output(), Ok(Value(7)));
        assert_eq!(follower.output(), Ok(Value(7)));
        drop(Hand::waiting(group.work_owned(Key(1), || backend.load())));
        let alone = at_once(group.work_owned(Key(1), async || Value(8)));
        assert_eq!(alone, Ok(Value(8)));
    });
    assert!(calls > 0);
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn key_destructor_may_use_the_group_when_the_flight_is_forgotten() {
    let group = Odd::new();
    let backend = Backend::new();
    let calls = with_reentrant_destructors(&group, || {
        let leader = Hand::waiting(group.work_owned(Key(1), || backend.load()));
        assert!(group.forget_unshared(&Key(1)));
        let newer = Hand::waiting(group.work_owned(Key(1), || backend.load()));
        assert_eq!(group.forget_all(), 1);
        backend.answer(0, Value(7));
        assert_eq!(leader.output(), Ok(Value(7)));
        drop(newer);
    });
    assert!(calls > 0);
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn value_destructor_may_use_the_group() {
    let group = Odd::new();
    let backend = Backend::new();
    let calls = with_reentrant_destructors(&group, || {
        let leader = Hand::waiting(group.work_owned(Key(1), || backend.load()));
        let followers: Vec<_> = (0..3)
            .map(|_| Hand::waiting(group.work_owned(Key(1), || backend.load())))
            .collect();
        backend.answer(0, Value(7));
        drop(leader.output());
        drop(followers);
        let lead = group.claim(&Key(3)).unwrap();
        drop(lead.publish(Value(8)));
    });
    assert!(calls >= 4);
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn waker_destructor_may_use_the_group() {
    let group = Group::new();
    let backend = Backend::new();
    let drops = Arc::new(AtomicUsize::new(0));
    let waker = || {
        let (group, drops) = (group.clone(), drops.clone());
        on_waker_drop(move || {
            drops.fetch_add(1, SeqCst);
            let _ = (group.followers("k"), group.stats());
            let _joins_and_leaves = Hand::new(group.work("k", || async { 1 })).poll();
        })
    };
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let mut moved = Hand::waiting(group.work("k", || backend.load()));
    let mut leaves = Hand::new(group.work("k", || backend.load()));
    let mut served = Hand::new(group.work("k", || backend.load()));
    assert!(moved.poll_with(&waker()).is_pending());
    assert!(moved.poll_with(&waker()).is_pending());
    assert_eq!(drops.load(SeqCst), 1);
    assert!(leaves.poll_with(&waker()).is_pending());
    drop(leaves);
    assert_eq!(drops.load(SeqCst), 2);
    assert!(served.poll_with(&waker()).is_pending());

    backend.answer(0, 7);
    assert_eq!(leader.output(), Ok(7));
    assert_eq!(served.output(), Ok(7));
    assert_eq!(moved.output(), Ok(7));
    assert_eq!(drops.load(SeqCst), 4);
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn waker_may_poll_and_drop_calls_of_the_same_key() {
    let group = Group::new();
    let backend = Backend::new();
    let calls = Arc::new(AtomicUsize::new(0));
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let mut follower = Hand::new(group.work("k", || backend.load()));
    let waker = on_wake({
        let (group, calls, backend) = (group.clone(), calls.clone(), backend.clone());
        move || {
            calls.fetch_add(1, SeqCst);
            drop(Hand::waiting(group.work("k", || backend.load())));
        }
    });
    assert!(follower.poll_with(&waker).is_pending());
    drop(leader);
    assert_eq!(calls.load(SeqCst), 1);

    // The call made by the waker took the seat and left it, so the follower was woken once more
    // or owes a poll already.
    follower.still_waits();
    let last = backend.started() - 1;
    backend.answer(last, 7);
    assert_eq!(follower.output(), Ok(7));
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn panicking_key_poisons_nothing() {
    for operation in ["key eq", "key hash", "key clone"] {
        let group = Odd::builder().shards(1).build().unwrap();
        let backend = Backend::new();
        let (one, two) = (Key(1), Key(2));
        let leader = Hand::waiting(group.work(&one, || backend.load()));
        let follower = Hand::waiting(group.work(&one, || backend.load()));
        // `eq` is only asked where the hashes agree, `clone` only of a leader.
        let key = if operation == "key clone" { &two } else { &one };
        assert!(with_panic_in(operation, || {
            Hand::new(group.work(key, || backend.load())).poll()
        }));
        if operation != "key clone" {
            assert!(with_panic_in(operation, || group.forget(&one)));
            assert!(with_panic_in(operation, || group.followers(&one)));
            assert!(with_panic_in(operation, || group.claim(&one)));
        }
        assert_eq!(backend.started(), 1, "{operation}");
        assert_eq!((group.in_flight(), group.followers(&one)), (1, Some(1)));

        let mut late = Hand::waiting(group.work(&one, || backend.load()));
        drop(leader);
        late.still_waits();
        backend.answer(1, Value(7));
        assert_eq!(late.output(), Ok(Value(7)), "{operation}");
        assert_eq!(follower.output(), Ok(Value(7)), "{operation}");
        assert_eq!(group.in_flight(), 0, "{operation}");
    }
}

#[test]
fn panicking_eq_leaves_completion_and_loss_alone() {
    let group = Odd::builder().shards(1).build().unwrap();
    let backend = Backend::new();
    let key = Key(1);
    let leader = Hand::waiting(group.work(&key, || backend.load()));
    let mut follower = Hand::waiting(group.work(&key, || backend.load()));
    // The entry is found by its identity, so neither asks the key.
    assert!(!with_panic_in("key eq", || drop(leader)));
    follower.still_waits();
    backend.answer(1, Value(7));
    assert!(!with_panic_in("key hash", || {
        assert_eq!(follower.output(), Ok(Value(7)));
    }));
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn panicking_value_clone_hits_one_follower_only() {
    let group = Odd::new();
    let backend = Backend::new();
    let key = Key(1);
    let leader = Hand::waiting(group.work(&key, || backend.load()));
    let mut followers: Vec<_> = (0..4)
        .map(|_| Hand::waiting(group.work(&key, || backend.load())))
        .collect();
    backend.answer(0, Value(7));
    // Either the leader clones for them, or each follower clones for itself.
    let leader_hit = with_panic_in("value clone", || leader.output());
    if !leader_hit {
        let mut unlucky = followers.pop().unwrap();
        assert!(with_panic_in("value clone", || unlucky.poll()));
    }
    for follower in followers {
        assert_eq!(follower.wakes(), 1);
        assert_eq!(follower.output(), Ok(Value(7)));
    }
    assert_eq!(group.in_flight(), 0);
    assert_eq!(
        at_once(group.work(&key, || async { Value(8) })),
        Ok(Value(8))
    );
}

#[test]
fn panicking_value_drop_strands_nobody() {
    let group = Odd::new();
    let backend = Backend::new();
    let key = Key(1);
    let leader = Hand::waiting(group.work(&key, || backend.load()));
    let one = Hand::waiting(group.work(&key, || backend.load()));
    let other = Hand::waiting(group.work(&key, || backend.load()));
    backend.answer(0, Value(7));
    assert!(with_panic_in("value drop", || leader.output()));
    assert!(with_panic_in("value drop", || one.output()));
    assert_eq!(other.output(), Ok(Value(7)));
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn panicking_waker_clone_poisons_nothing() {
    let group = Group::builder().shards(1).build().unwrap();
    let backend = Backend::new();
    let leader = Hand::waiting(group.work("k", || backend.load()));
    let follower = Hand::waiting(group.work("k", || backend.load()));
    let mut moved = Hand::waiting(group.work("k", || backend.load()));
    let waker = panics_when_cloned();
    let mut unlucky = Hand::new(group.work("k", || backend.load()));
    for call in [&mut unlucky, &mut moved] {
        assert!(catch_unwind(AssertUnwindSafe(|| call.poll_with(&waker))).is_err());
    }
    drop(unlucky);
    assert_eq!(moved.wakes(), 0);
    let late = Hand::waiting(group.work("k", || backend.load()));

    backend.answer(0, 7);
    assert_eq!(leader.output(), Ok(7));
    for call in [follower, moved, late] {
        assert_eq!(call.output(), Ok(7));
    }
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn leader_lost_to_a_panicking_waker_clone_is_replaced() {
    let group = Group::new();
    let backend = Backend::new();
    let waker = panics_when_cloned();
    let mut leader = Hand::waiting(group.work("k", || backend.load()));
    let mut follower = Hand::waiting(group.work("k", || backend.load()));
    // The load clones the waker, so this is a panic of the load.
    assert!(catch_unwind(AssertUnwindSafe(|| leader.poll_with(&waker))).is_err());
    drop(leader);
    assert_eq!(follower.wakes(), 1);
    assert!(follower.poll().is_ready());
    assert_eq!(group.in_flight(), 0);
}

/// Makes a waker that cannot be cloned.
#[expect(
    unsafe_code,
    reason = "std has no safe way to make a waker whose `clone` panics"
)]
fn panics_when_cloned() -> Waker {
    use std::ptr;
    use std::task::RawWakerVTable;

    static VTABLE: RawWakerVTable =
        RawWakerVTable::new(|_| panic!("waker clone failed"), |_| {}, |_| {}, |_| {});

    // SAFETY: no function of the table uses the pointer, and all of them are thread-safe.
    unsafe { Waker::new(ptr::null(), &VTABLE) }
}
