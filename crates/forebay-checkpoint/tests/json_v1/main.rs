//! The JSON files of older clients.
//!
//! * What those have written is read, and written again byte for byte.
//! * The order of keys and fields, spaces, and the case of digits do not count; where a key is
//!   there in several cases, the highest sequence does.
//! * Anything else is refused, with what is wrong, and nothing of it is imported.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::error::Error;

use forebay_checkpoint::{
    EVENT_ID_BYTES_MAX, ImportError, JsonError, Row, export_json_v1, import_json_v1,
};
use forebay_core::{Checkpoint, Cursor, LogId, ParseResumeKeyError, ResumeKey, Sequence};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};
use proptest::sample::Index;

/// Files as such clients write them: with two spaces, and without a line break at the end.
const GOLDEN: &str = include_str!("../golden/checkpoints_v1.json");
const EMPTY: &str = include_str!("../golden/empty_v1.json");

const LOG: LogId = LogId::new(7);

fn key(byte: u8) -> ResumeKey {
    ResumeKey::from_bytes([byte; 32])
}

fn at(sequence: u64) -> Checkpoint {
    Checkpoint::new(Cursor::new(LOG, Sequence::new(sequence)))
}

fn import(text: &str) -> Result<Vec<(ResumeKey, Checkpoint)>, ImportError> {
    import_json_v1(text.as_bytes(), LOG)
}

fn rows(checkpoints: &[(ResumeKey, Checkpoint)]) -> Vec<Row> {
    let rows = checkpoints
        .iter()
        .map(|(key, checkpoint)| Row::new(*key, Some(checkpoint.clone())));
    rows.collect()
}

/// Returns a file with these checkpoints, each the text of a key and of its value.
fn file(checkpoints: &[(&str, &str)]) -> String {
    let checkpoints = checkpoints
        .iter()
        .map(|(digits, checkpoint)| format!("\"{digits}\":{checkpoint}"));
    let checkpoints = checkpoints.collect::<Vec<_>>().join(",");
    format!(r#"{{"version":1,"key_format_version":1,"checkpoints":{{{checkpoints}}}}}"#)
}

fn unfit(digits: Option<&str>, field: &'static str) -> ImportError {
    let digits = digits.map(Into::into);
    ImportError::Unfit { digits, field }
}

#[test]
fn what_older_clients_have_written_is_read() {
    let mut rising = [0; 32];
    for (byte, digits) in rising.iter_mut().zip(
        [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef]
            .iter()
            .cycle(),
    ) {
        *byte = *digits;
    }
    let expected = [
        (key(0), at(0)),
        (
            ResumeKey::from_bytes(rising),
            at(u64::MAX).with_event_id(""),
        ),
        (
            key(0xab),
            at(42).with_event_id("order \"7\"\\\n\u{1f}\u{7f} \u{e9} \u{1f980}/"),
        ),
        (
            key(0xff),
            at(9_007_199_254_740_993).with_event_id("order@9007199254740993"),
        ),
    ];
    assert_eq!(import(GOLDEN), Ok(expected.to_vec()));
    assert_eq!(import(EMPTY), Ok(Vec::new()));
}

#[test]
fn it_is_written_again_byte_for_byte() {
    for text in [GOLDEN, EMPTY] {
        let mut rows = rows(&import(text).unwrap());
        assert_eq!(export_json_v1(&rows), text);
        rows.reverse();
        assert_eq!(export_json_v1(&rows), text);
    }
}

#[test]
fn labels_logs_and_keys_without_a_position_are_left_out() {
    let other_log = Checkpoint::new(Cursor::new(LogId::new(8), Sequence::new(1)));
    let rows = [
        Row::new(key(2), None).with_label("waits"),
        Row::new(key(1), Some(other_log)).with_label("orders"),
    ];
    let written = export_json_v1(&rows);
    assert_eq!(import(&written), Ok(vec![(key(1), at(1))]));
    assert!(!written.contains("orders") && !written.contains("waits"));
}

#[test]
fn of_one_key_in_several_cases_the_highest_sequence_counts() {
    let value = |sequence: u64, event_id: &str| {
        format!(r#"{{"last_committed_sequence":{sequence},"last_event_id":"{event_id}"}}"#)
    };
    let [lower, upper, mixed] = ["ab".repeat(32), "AB".repeat(32), "aB".repeat(32)];
    let [low, high, equal] = [value(3, "low"), value(42, "high"), value(42, "equal")];
    let expected = Ok(vec![(key(0xab), at(42).with_event_id("high"))]);
    for checkpoints in [
        [(&*lower, &*low), (&*upper, &*high), (&*mixed, &*equal)],
        [(&*upper, &*high), (&*lower, &*low), (&*mixed, &*equal)],
        [(&*lower, &*high), (&*lower, &*equal), (&*lower, &*low)],
    ] {
        assert_eq!(import(&file(&checkpoints)), expected, "{checkpoints:?}");
    }
}

#[test]
fn fields_that_are_not_known_and_missing_event_ids_are_no_matter() {
    let digits = "ab".repeat(32);
    let text = format!(
        r#"{{"checkpoints":{{"{digits}":{{"since":1,"last_committed_sequence":7}}}},
            "written_by":["x"],"key_format_version":1,"version":1}}"#
    );
    assert_eq!(import(&text), Ok(vec![(key(0xab), at(7))]));
}

#[test]
fn other_versions_are_refused_whatever_else_there_is() {
    for (text, expected) in [
        (
            r#"{"version":2}"#,
            ImportError::UnsupportedVersion { found: 2 },
        ),
        (
            r#"{"version":0,"checkpoints":[]}"#,
            ImportError::UnsupportedVersion { found: 0 },
        ),
        (
            r#"{"key_format_version":7,"version":1}"#,
            ImportError::UnsupportedKeys { found: 7 },
        ),
    ] {
        assert_eq!(import(text), Err(expected), "{text}");
    }
}

#[test]
fn what_is_no_key_is_refused_with_the_reason() {
    let value = r#"{"last_committed_sequence":1,"last_event_id":null}"#;
    for (digits, source) in [
        ("ab".repeat(31), ParseResumeKeyError::Length { digits: 62 }),
        ("ab".repeat(33), ParseResumeKeyError::Length { digits: 66 }),
        (String::new(), ParseResumeKeyError::Length { digits: 0 }),
        (
            "ab".repeat(31) + "ag",
            ParseResumeKeyError::Digit { at: 63 },
        ),
    ] {
        let error = import(&file(&[(&"00".repeat(32), value), (&digits, value)])).unwrap_err();
        assert_eq!(
            error,
            ImportError::Key {
                digits: digits.into(),
                source
            }
        );
        let cause = error.source().unwrap().downcast_ref();
        assert_eq!(cause, Some(&source));
    }
}

#[test]
fn a_field_that_is_not_as_it_must_be_is_named() {
    for (text, field) in [
        ("[]", "file"),
        ("null", "file"),
        ("{}", "version"),
        (r#"{"version":"1"}"#, "version"),
        (r#"{"version":1.0}"#, "version"),
        (r#"{"version":-1}"#, "version"),
        (r#"{"version":1,"version":1}"#, "version"),
        (r#"{"version":1}"#, "key_format_version"),
        (
            r#"{"version":1,"key_format_version":null}"#,
            "key_format_version",
        ),
        (r#"{"version":1,"key_format_version":1}"#, "checkpoints"),
        (
            r#"{"version":1,"key_format_version":1,"checkpoints":[]}"#,
            "checkpoints",
        ),
    ] {
        assert_eq!(import(text), Err(unfit(None, field)), "{text}");
    }
    let digits = "ab".repeat(32);
    for (value, field) in [
        ("7", "checkpoint"),
        ("{}", "last_committed_sequence"),
        (
            r#"{"last_committed_sequence":-1}"#,
            "last_committed_sequence",
        ),
        (
            r#"{"last_committed_sequence":1.5}"#,
            "last_committed_sequence",
        ),
        (
            r#"{"last_committed_sequence":1e3}"#,
            "last_committed_sequence",
        ),
        (
            r#"{"last_committed_sequence":"1"}"#,
            "last_committed_sequence",
        ),
        (
            r#"{"last_committed_sequence":18446744073709551616}"#,
            "last_committed_sequence",
        ),
        (
            r#"{"last_committed_sequence":1,"last_event_id":7}"#,
            "last_event_id",
        ),
        (
            r#"{"last_committed_sequence":1,"last_event_id":"a","last_event_id":"b"}"#,
            "last_event_id",
        ),
    ] {
        let expected = unfit(Some(&digits), field);
        assert_eq!(import(&file(&[(&digits, value)])), Err(expected), "{value}");
    }
}

#[test]
fn an_event_id_is_refused_when_it_is_longer_than_stores_take() {
    let value = |bytes: usize| {
        let event_id = "a".repeat(bytes);
        format!(r#"{{"last_committed_sequence":1,"last_event_id":"{event_id}"}}"#)
    };
    let digits = "ab".repeat(32);
    let longest = value(EVENT_ID_BYTES_MAX);
    assert!(import(&file(&[(&digits, &longest)])).is_ok());
    let bytes = EVENT_ID_BYTES_MAX + 1;
    let error = import(&file(&[(&digits, &value(bytes))])).unwrap_err();
    let digits = digits.into();
    assert_eq!(error, ImportError::EventIdTooLong { digits, bytes });
}

#[test]
fn what_is_no_text_or_no_json_is_refused_with_its_place() {
    assert_eq!(
        import_json_v1(b"{\"a\xff", LOG),
        Err(ImportError::NotText { at: 3 })
    );
    for (text, at) in [("", 0), ("\0\0\0", 0), ("{\"version\":1", 12)] {
        let source = JsonError::Syntax { at };
        assert_eq!(import(text), Err(ImportError::Json { source }), "{text:?}");
    }
}

/// A file that was cut off anywhere is not one with fewer keys.
#[test]
fn no_beginning_of_a_file_is_a_file() {
    for length in 0..GOLDEN.len() {
        let cut = &GOLDEN.as_bytes()[..length];
        assert!(import_json_v1(cut, LOG).is_err(), "{length}");
    }
}

#[test]
fn what_is_wrong_is_said_in_one_line_in_lower_case() {
    let digits = "zz".repeat(32);
    let errors = [
        import("{"),
        import(r#"{"version":2}"#),
        import(r#"{"version":1,"key_format_version":2}"#),
        import("[]"),
        import(&file(&[(&"ab".repeat(32), "{}")])),
        import_json_v1(b"\xff", LOG),
    ];
    for error in errors {
        let text = error.unwrap_err().to_string();
        assert!(text.starts_with(char::is_lowercase), "{text}");
        assert!(!text.contains('\n') && !text.ends_with('.'), "{text}");
    }
    let error = import(&file(&[(&digits, "{}")])).unwrap_err();
    assert_eq!(error.to_string(), format!("{digits:?} is no key"));
}

fn checkpoints() -> impl Strategy<Value = BTreeMap<[u8; 32], (u64, Option<String>)>> {
    btree_map(
        any::<[u8; 32]>(),
        (any::<u64>(), option::of(any::<String>())),
        0..8,
    )
}

proptest! {
    #[test]
    fn what_is_written_reads_back(checkpoints in checkpoints()) {
        let checkpoints: Vec<_> = checkpoints
            .into_iter()
            .map(|(bytes, (sequence, event_id))| {
                let checkpoint = match event_id {
                    Some(event_id) => at(sequence).with_event_id(event_id),
                    None => at(sequence),
                };
                (ResumeKey::from_bytes(bytes), checkpoint)
            })
            .collect();
        let written = export_json_v1(&rows(&checkpoints));
        prop_assert_eq!(import(&written), Ok(checkpoints));
        prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&written).is_ok(), true);
    }

    #[test]
    fn no_bytes_panic(bytes in vec(any::<u8>(), 0..64)) {
        let _ = import_json_v1(&bytes, LOG);
    }

    /// Damage in one byte is refused, or it has changed one value to another that is as good.
    #[test]
    fn a_byte_that_is_damaged_panics_nobody(at in any::<Index>(), byte in any::<u8>()) {
        let mut file = GOLDEN.as_bytes().to_vec();
        let at = at.index(file.len());
        file[at] = byte;
        if let Ok(imported) = import_json_v1(&file, LOG) {
            let written = export_json_v1(&rows(&imported));
            prop_assert_eq!(import(&written), Ok(imported));
        }
    }
}
