//! Messages between peers, which come from a network.
//!
//! * No input makes the reader panic.
//! * What it takes is written again and read back as the same message, whatever names peers have.
//! * What it takes is no longer than it may be.
#![no_main]

use forebay_snapshot::{Encoded, Limits, decode, encode};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits::new();

macro_rules! check {
    ($bytes:expr, $peer:ty) => {
        if let Ok(message) = decode::<$peer>($bytes.to_vec().into(), &LIMITS) {
            assert!($bytes.len() <= Encoded::len_max(&LIMITS));
            let written = encode(&message).unwrap().to_bytes();
            assert_eq!(decode(written, &LIMITS), Ok(message));
        }
    };
}

fuzz_target!(|bytes: &[u8]| {
    check!(bytes, u64);
    check!(bytes, String);
});
