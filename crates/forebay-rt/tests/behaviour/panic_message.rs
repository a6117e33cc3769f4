//! What a panic said.
//!
//! * Words reach the reader, however the panic was made of them.
//! * A payload that is no text has a stand-in.

use std::panic::{catch_unwind, panic_any};

use forebay_rt::panic_message;

fn message_of(f: fn()) -> String {
    let payload = catch_unwind(f).expect_err("it panics");
    panic_message(&*payload).as_ref().to_owned()
}

#[test]
fn words_are_found_in_either_kind_of_text() {
    assert_eq!(message_of(|| panic!("no rows")), "no rows");
    assert_eq!(message_of(|| panic_any("row 7".to_owned())), "row 7");
}

#[test]
fn payload_without_words_has_a_stand_in() {
    assert_eq!(message_of(|| panic_any(7_u8)), "a panic without a message");
}
