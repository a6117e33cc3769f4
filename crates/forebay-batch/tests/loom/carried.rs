//! Calls that are carried out by those who wait for them.
//!
//! * Whoever goes to sleep while a call is woken is woken for it, or somebody else is.
//! * Who leaves passes the call on.

use foldhash::fast::FixedState;
use forebay_batch::Builder;
use loom::future::block_on;

use crate::{Table, is_over, model, poll_and_drop, spawn_load};

fn inline(polls: usize, rounds: u32) -> Builder<Table, u8, (), FixedState> {
    crate::builder(&Table::new(polls)).inline().gather(rounds)
}

#[test]
fn those_who_wait_carry_a_call_out() {
    for rounds in [0, 1] {
        model(3, move || {
            let loads = inline(1, rounds).build().unwrap();
            let other = spawn_load(&loads, 1);
            let answer = block_on(async { loads.load(&1).await });
            assert_eq!(answer, Ok(Some(10)));
            other.join().unwrap();
            is_over(&loads);
        });
    }
}

#[test]
fn who_leaves_passes_the_call_on() {
    model(3, || {
        let loads = inline(1, 1).build().unwrap();
        let other = spawn_load(&loads, 1);
        poll_and_drop(&loads, 1);
        other.join().unwrap();
        is_over(&loads);
    });
}

#[test]
fn those_who_wait_carry_out_two_calls() {
    model(2, || {
        let loads = inline(1, 0).build().unwrap();
        let other = spawn_load(&loads, 1);
        let answer = block_on(async { loads.load(&2).await });
        assert_eq!(answer, Ok(Some(20)));
        other.join().unwrap();
        is_over(&loads);
    });
}
