//! What the types promise: `Send`, `Sync`, `'static`, and their size.

use std::future::{Ready, ready};
use std::mem::size_of_val;

use forebay_singleflight::{Cancel, Singleflight};

use crate::{Follower, Group, Leader};

const fn is_send<T: Send>(value: T) -> T {
    value
}

const fn is_shareable<T: Clone + Send + Sync + 'static>() {}

#[test]
fn groups_and_roles_cross_threads() {
    is_shareable::<Group>();
    is_shareable::<Singleflight<u64, Vec<u8>, std::io::Error>>();
    const fn crosses<T: Send + Sync + 'static>() {}
    crosses::<Leader>();
    crosses::<Follower>();
}

#[test]
fn calls_are_send_where_their_load_is() {
    let group = Group::new();
    drop(is_send(group.work("k", || ready(1))));
    drop(is_send(group.work("k", || ready(1)).with_info()));
    drop(is_send(group.work_owned("k".to_owned(), || ready(1))));
    let detached = group.work_detached("k".to_owned(), || ready(1), Cancel::Never);
    drop(is_send(detached));
}

#[test]
fn load_need_not_be_send() {
    let group = Group::new();
    let local = std::rc::Rc::new(7);
    let call = group.work("k", async || *local);
    assert_eq!(crate::hand::at_once(call), Ok(7));
}

#[test]
fn owned_call_borrows_nothing() {
    const fn is_static<T: 'static>(_: &T) {}
    let group = Group::new();
    is_static(&group.work_owned("k".to_owned(), || ready(1)));
}

/// What a call may add to its load. The span of a load is the price of that feature.
const ADDED_MAX: usize = if cfg!(feature = "tracing") {
    80 + size_of::<tracing::Span>()
} else {
    80
};

fn size_of_load<F: FnOnce() -> Fut, Fut>(_: &F) -> usize {
    size_of::<F>().max(size_of::<Fut>())
}

#[test]
fn call_is_little_larger_than_its_load() {
    let group = Group::new();
    let small = || ready(1);
    let size = size_of_load::<_, Ready<u64>>(&small);
    let call = size_of_val(&group.work("k", small));
    assert!(
        call <= size + ADDED_MAX,
        "{call} bytes for a load of {size}"
    );

    // A closure as large as its future must not be stored beside it.
    let rows = [0_u64; 100];
    let large = move || async move {
        ready(()).await;
        rows.iter().sum::<u64>()
    };
    let size = size_of_load(&large);
    let call = size_of_val(&group.work("k", large));
    assert!(
        size >= 800 && call <= size + ADDED_MAX,
        "{call} bytes for a load of {size}"
    );
}

#[test]
fn group_says_what_it_is() {
    let named = Group::builder().name("users").build().unwrap();
    assert!(!format!("{named:?}").is_empty());
}
