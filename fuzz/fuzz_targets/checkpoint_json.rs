//! JSON in parts of keys, and the files of older clients.
//!
//! * No input makes either reader panic.
//! * A part of a key may be written with other spaces around it.
//! * What is read from a file is written and read as the same, in a text that stays the same.
#![no_main]

use forebay_checkpoint::{KeyParts, Row, export_json_v1, import_json_v1};
use forebay_core::LogId;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = str::from_utf8(bytes) {
        let key = |text: &str| KeyParts::new().json("part", text).key().ok();
        assert_eq!(key(text), key(&format!("\n{text}\t ")));
    }
    let log = LogId::new(7);
    if let Ok(imported) = import_json_v1(bytes, log) {
        let row = |(key, checkpoint)| Row::new(key, Some(checkpoint));
        let rows: Vec<_> = imported.iter().cloned().map(row).collect();
        let written = export_json_v1(&rows);
        assert_eq!(import_json_v1(written.as_bytes(), log), Ok(imported));
    }
});
