//! Answers that become stale while they are read, while they are put into the cache, and after.
//!
//! * A load that starts after a write and a clear gets what was written.

use forebay_batch::PerRequest;
use loom::future::block_on;
use loom::thread;

use crate::{Loads, Table, builder, is_over, model};

/// Clears while another thread loads, then loads.
fn clear_while_loading(clear: fn(&Loads)) {
    model(3, move || {
        let table = Table::new(0);
        let hasher = foldhash::fast::FixedState::default();
        let cache = PerRequest::with_hasher(hasher);
        let loads = builder(&table).cache(cache).build().unwrap();
        let other = {
            let loads = loads.clone();
            thread::spawn(move || block_on(async { loads.load(&0).await }))
        };
        table.write(1);
        clear(&loads);
        assert_eq!(block_on(async { loads.load(&0).await }), Ok(Some(1)));
        assert!(matches!(other.join().unwrap(), Ok(Some(0 | 1))));
        is_over(&loads);
        // Whatever is cached by now was read after the write.
        assert!(matches!(loads.peek(&0), None | Some(Ok(Some(1)))));
    });
}

#[test]
fn load_after_a_write_and_a_clear_sees_the_write() {
    clear_while_loading(|loads| loads.clear(&0));
}

#[test]
fn load_after_a_write_and_a_clear_of_all_sees_the_write() {
    clear_while_loading(Loads::clear_all);
}

#[test]
fn value_that_was_put_in_is_not_followed_by_an_older_one() {
    model(3, || {
        let table = Table::new(0);
        let hasher = foldhash::fast::FixedState::default();
        let cache = PerRequest::with_hasher(hasher);
        let loads = builder(&table).cache(cache).build().unwrap();
        let other = {
            let loads = loads.clone();
            thread::spawn(move || block_on(async { loads.load(&0).await }))
        };
        table.write(1);
        loads.replace(0, Some(1));
        other.join().unwrap().unwrap();
        is_over(&loads);
        // A cache may forget it, but what was read before never comes back.
        assert!(matches!(loads.peek(&0), None | Some(Ok(Some(1)))));
    });
}
