use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use forebay_bench::reads::trace::{self, Format, TraceError};
use proptest::prelude::*;

use crate::counts::counts;
use crate::program::{Program, number};

#[test]
fn plain_packed_and_timed_traces_say_the_same() {
    let plain = trace::parse(b"a\nb\na\n", Format::Detect).unwrap();
    let packed = trace::parse(&gzip(b"a\nb\na\n"), Format::Detect).unwrap();
    assert_eq!(plain, packed);
    let timed = trace::parse(b"time,key\r\n7,a\r\n7.25,b\r\n9,a", Format::Detect).unwrap();
    assert_eq!((timed.keys, timed.distinct), (plain.keys, plain.distinct));
    assert_eq!(timed.times_ns, Some(vec![0, 250_000_000, 2_000_000_000]));
}

#[test]
fn keys_may_be_any_text() {
    let text = "GET /a?b=1,2\n \u{1f980} \nx,y\nGET /a?b=1,2\n";
    let trace = trace::parse(text.as_bytes(), Format::Detect).unwrap();
    assert_eq!(trace.keys, [0, 1, 2, 0]);
    let numbers = trace::parse(b"1,2\n1,3\n", Format::Keys).unwrap();
    assert_eq!((numbers.keys, numbers.times_ns), (vec![0, 1], None));
}

#[test]
fn a_malformed_line_is_named_with_what_was_expected() {
    let cases: [(&[u8], &str); 8] = [
        (
            b"",
            "holds no read; expected one key per line, or `time,key`",
        ),
        (
            b"time,key\n",
            "holds no read; expected one key per line, or `time,key`",
        ),
        (b"a\n \nb\n", "line 2: expected a key, found a blank line"),
        (
            b"a\n\xff\n",
            "line 2: expected UTF-8 text, found bytes that are no UTF-8",
        ),
        (
            b"time,key\n1,a\nb\n",
            "line 3: expected `time,key` with a time in seconds such as 12.5, found `b`",
        ),
        (
            b"1,a\n-1,b\n",
            "line 2: expected `time,key` with a time in seconds such as 12.5, found `-1,b`",
        ),
        (
            b"2,a\n1,b\n",
            "line 2: expected a time not before the previous line's, found `1,b`",
        ),
        (
            b"1,a\n2,\n",
            "line 2: expected a key after the time, found `2,`",
        ),
    ];
    for (bytes, message) in cases {
        let error = trace::parse(bytes, Format::Detect).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}

#[test]
fn endless_lines_and_damaged_packing_are_errors() {
    let endless = vec![b'a'; 100_000];
    let error = trace::parse(&endless, Format::Detect).unwrap_err();
    assert!(matches!(error, TraceError::Line { line: 1, .. }));
    let mut packed = gzip(b"a\nb\n");
    packed.truncate(packed.len() - 4);
    let error = trace::parse(&packed, Format::Detect).unwrap_err();
    assert!(matches!(error, TraceError::Read(_)));
}

#[test]
fn both_loops_replay_the_whole_trace() {
    let program = Program::new("reads");
    program.file(
        "keys.txt.gz",
        gzip("a\nb\nb\na\nc\n".repeat(100).as_bytes()),
    );
    for pace in ["--clients 1,9", "--rate 100000"] {
        for backend in ["model", "sqlite"] {
            let arguments = format!("--trace keys.txt.gz --backend {backend} {pace} --repeat 1");
            let report = program.report(&arguments);
            for counts in counts(&report, 0, "direct") {
                assert_eq!(number(counts, "loads"), 500);
            }
            for counts in counts(&report, 0, "quick_cache") {
                assert_eq!(number(counts, "backend_calls"), 3);
            }
        }
    }
}

#[test]
fn a_timed_trace_keeps_its_own_pace() {
    let program = Program::new("reads");
    program.file("timed.csv", "0,a\n1.5,b\n3,c\n");
    for (speed, elapsed_ns) in [("1", 3_001_000_000_u64), ("2", 1_501_000_000)] {
        let arguments = format!("--trace timed.csv --backend model --speed {speed} --tail 0s");
        let report = program.report(&format!("{arguments} --per-key 0s --strategies direct"));
        let point = &report["counted"]["points"][0];
        assert_eq!(
            point["strategies"][0]["rounds"][0]["timing"]["elapsed_ns"],
            elapsed_ns
        );
    }
}

proptest! {
    #[test]
    fn no_input_makes_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for format in [Format::Detect, Format::Keys, Format::Timed] {
            if let Ok(trace) = trace::parse(&bytes, format) {
                prop_assert!(trace.keys.iter().all(|&key| key < trace.distinct));
            }
        }
    }

    #[test]
    fn equal_texts_and_only_those_get_equal_numbers(keys in proptest::collection::vec("[a-c]{1,2}", 1..50)) {
        let trace = trace::parse(keys.join("\n").as_bytes(), Format::Detect).unwrap();
        for (text, number) in keys.iter().zip(&trace.keys) {
            for (other_text, other_number) in keys.iter().zip(&trace.keys) {
                prop_assert_eq!(text == other_text, number == other_number);
            }
        }
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
