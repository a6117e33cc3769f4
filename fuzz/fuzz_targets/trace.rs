//! The reader of recorded reads, which takes files from anywhere.
//!
//! * No input makes it panic, whichever format it is read as.
//! * Keys are numbered without gaps in the order in which they first appear, and times never fall.
//! * Packing changes nothing.
#![no_main]

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use forebay_bench::reads::trace::{self, Format, Trace};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for format in [Format::Detect, Format::Keys, Format::Timed] {
        let Ok(plain) = trace::parse(bytes, format) else {
            continue;
        };
        assert_sound(&plain, format);
        if !bytes.starts_with(&[0x1f, 0x8b]) {
            let packed = trace::parse(&pack(bytes), format);
            assert_eq!(packed.unwrap(), plain);
        }
    }
});

fn assert_sound(trace: &Trace, format: Format) {
    let mut distinct = 0;
    for &key in &trace.keys {
        assert!(key <= distinct, "key {key} came before key {distinct}");
        distinct = distinct.max(key + 1);
    }
    assert_eq!(distinct, trace.distinct);
    assert!(distinct > 0);
    if let Some(times) = &trace.times_ns {
        assert_ne!(format, Format::Keys);
        assert_eq!(times.len(), trace.keys.len());
        assert_eq!(times[0], 0);
        assert!(times.is_sorted());
    }
}

fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}
