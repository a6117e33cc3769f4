//! The reader of reports, which takes files that other versions or other hands wrote.
//!
//! * No input makes it panic.
//! * What it accepts is written again and read back as the same report.
//! * Every format can show what it accepts.
#![no_main]

use forebay_bench::report::grid::Style;
use forebay_bench::report::{html, json, markdown, table};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(report) = json::parse(bytes) else {
        return;
    };
    let written = json::encode(&report).unwrap();
    assert_eq!(json::parse(&written).unwrap(), report);
    let _ = table::render(&report, Style::new(false, None));
    let _ = markdown::render(&report);
    let _ = html::render(&report);
});
