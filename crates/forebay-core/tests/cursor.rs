//! Logs and the positions in them.
//!
//! * Every cursor and every log has one text, which reads back as the same and is of fixed form.
//! * Any other text is refused, with what is wrong about it.
//! * Serialised, a cursor is a structure; a log is text for people and a number for machines.

use forebay_core::{Cursor, LogId, ParseCursorError, Sequence};
use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};

fn cursors() -> impl Strategy<Value = Cursor> {
    // Small numbers and the last ones beside those of full length.
    let number = || (any::<u64>(), 0_u32..64).prop_map(|(number, shift)| number >> shift);
    (number(), number()).prop_map(|(log, sequence)| cursor(log, sequence))
}

fn cursor(log: u64, sequence: u64) -> Cursor {
    Cursor::new(LogId::new(log), Sequence::new(sequence))
}

/// What is wrong about the text, if anything is.
fn refused(text: &str) -> Option<ParseCursorError> {
    text.parse::<Cursor>().err()
}

#[test]
fn parts_go_in_and_come_out() {
    let cursor = Cursor::new(LogId::new(7), Sequence::new(42));
    assert_eq!(cursor.log(), LogId::new(7));
    assert_eq!(cursor.sequence(), Sequence::new(42));
    assert_eq!(LogId::new(7).get(), 7);
}

#[test]
fn the_same_sequence_of_another_log_is_another_position() {
    assert_ne!(cursor(1, 42), cursor(2, 42));
    assert_ne!(cursor(1, 42), cursor(1, 43));
}

/// Clients keep these texts while servers are replaced by newer ones.
#[test]
fn the_text_is_the_log_in_hexadecimal_and_the_sequence_in_decimal() {
    for (cursor, text) in [
        (cursor(0, 0), "0000000000000000-0"),
        (cursor(0x1f, 42), "000000000000001f-42"),
        (
            cursor(u64::MAX, u64::MAX),
            "ffffffffffffffff-18446744073709551615",
        ),
    ] {
        assert_eq!(cursor.to_string(), text);
        assert_eq!(text.parse(), Ok(cursor));
    }
}

#[test]
fn a_log_that_is_not_sixteen_lower_case_digits_is_refused() {
    for text in [
        "",
        "-",
        "-42",
        "1f-42",
        "000000000000001F-42",
        "+00000000000001f-42",
        "0x0000000000001f-42",
        "000000000000001g-42",
        " 00000000000001f-42",
        "00000000000001f-42",
        // The sixteenth byte lies inside of a letter.
        "00000000000000\u{20ac}-42",
        "00000000000000\u{e9}-42",
    ] {
        assert_eq!(refused(text), Some(ParseCursorError::Log), "{text:?}");
    }
    for text in ["", "1f", "000000000000001F", "000000000000001f-42"] {
        assert_eq!(
            text.parse::<LogId>(),
            Err(ParseCursorError::Log),
            "{text:?}"
        );
    }
}

#[test]
fn a_log_without_a_hyphen_after_it_is_refused() {
    for text in [
        "000000000000001f",
        "000000000000001f42",
        "000000000000001f 42",
        "0000000000000001f-42",
    ] {
        assert_eq!(refused(text), Some(ParseCursorError::Separator), "{text:?}");
    }
}

#[test]
fn a_sequence_that_no_cursor_writes_is_refused() {
    for sequence in [
        "",
        "+42",
        "-42",
        "042",
        "00",
        "4 2",
        "42 ",
        "42\n",
        "0x2a",
        "2a",
        "\u{664}\u{662}",
        "18446744073709551616",
    ] {
        let text = format!("000000000000001f-{sequence}");
        assert_eq!(refused(&text), Some(ParseCursorError::Sequence), "{text:?}");
    }
}

#[test]
fn a_refusal_is_one_line_in_lower_case() {
    for error in [
        ParseCursorError::Log,
        ParseCursorError::Separator,
        ParseCursorError::Sequence,
    ] {
        let text = error.to_string();
        assert!(text.starts_with(char::is_lowercase), "{text}");
        assert!(!text.contains(['\n', '.']), "{text}");
    }
}

#[test]
fn debug_output_shows_the_log_as_its_text() {
    let text = format!("{:?}", cursor(0x1f, 42));
    assert_eq!(
        text,
        "Cursor { log: LogId(000000000000001f), sequence: Sequence(42) }"
    );
}

proptest! {
    #[test]
    fn every_cursor_reads_back_from_its_text(cursor in cursors()) {
        prop_assert_eq!(cursor.to_string().parse(), Ok(cursor));
        prop_assert_eq!(cursor.log().to_string().parse(), Ok(cursor.log()));
    }

    /// Near misses of what is written, and now and then the very thing.
    #[test]
    fn what_reads_as_a_cursor_is_its_only_text(text in "[0-9a-fA-F+]{15,17}[-+ ]?[+-]?[0-9]{0,21}") {
        if let Ok(cursor) = text.parse::<Cursor>() {
            prop_assert_eq!(cursor.to_string(), text);
        }
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = text.parse::<Cursor>();
        let _ = text.parse::<LogId>();
    }
}

#[cfg(feature = "serde")]
mod serialised {
    use super::{Cursor, LogId, cursor, cursors};

    use proptest::prelude::{prop_assert_eq, proptest};
    use serde_test::{Configure, Token, assert_de_tokens_error, assert_tokens};

    #[test]
    fn a_cursor_is_a_structure_of_text_and_number() {
        let text = serde_json::to_string(&cursor(u64::MAX, 42)).unwrap();
        assert_eq!(text, r#"{"log":"ffffffffffffffff","sequence":42}"#);
    }

    #[test]
    fn a_log_is_text_for_people_and_a_number_for_machines() {
        let log = LogId::new(0x1f);
        assert_tokens(&log.readable(), &[Token::Str("000000000000001f")]);
        assert_tokens(&log.compact(), &[Token::U64(0x1f)]);
    }

    #[test]
    fn a_log_that_is_not_its_text_is_refused() {
        for text in ["31", "\"1f\"", "\"000000000000001F\"", "null", "[]"] {
            assert!(serde_json::from_str::<LogId>(text).is_err(), "{text}");
        }
        assert_de_tokens_error::<serde_test::Readable<LogId>>(
            &[Token::Str("1f")],
            "the log is not sixteen hexadecimal digits in lower case",
        );
    }

    proptest! {
        #[test]
        fn every_cursor_reads_back(cursor in cursors()) {
            let text = serde_json::to_string(&cursor).unwrap();
            prop_assert_eq!(serde_json::from_str::<Cursor>(&text).unwrap(), cursor);
        }
    }
}
