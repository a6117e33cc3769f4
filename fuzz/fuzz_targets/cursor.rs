//! The text of a cursor, which comes back from clients.
//!
//! * No input makes it panic.
//! * What reads as a cursor is the one text of that cursor.
//! * The log in it reads alone as it does there.
#![no_main]

use forebay_core::{Cursor, LogId};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(log) = text.parse::<LogId>() {
        assert_eq!(log.to_string(), text);
    }
    if let Ok(cursor) = text.parse::<Cursor>() {
        assert_eq!(cursor.to_string(), text);
        assert_eq!(text[..16].parse(), Ok(cursor.log()));
    }
});
