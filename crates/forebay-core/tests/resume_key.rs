//! The names under which positions are kept.
//!
//! * A key is its bytes; its text has each of them, in lower case, and is read in either case.
//! * Any other text is refused, with what is wrong about it.
//! * Serialised, a key is text for people and bytes for machines.

use forebay_core::{ParseResumeKeyError, ResumeKey};
use proptest::prelude::{any, prop_assert_eq, proptest};

/// Every byte is another one, so that none can stand in for a neighbour.
const RISING: ResumeKey = ResumeKey::from_bytes([
    0x00, 0x01, 0x12, 0x23, 0x34, 0x45, 0x56, 0x67, 0x78, 0x89, 0x9a, 0xab, 0xbc, 0xcd, 0xde, 0xef,
    0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff,
]);
const RISING_TEXT: &str = "0001122334455667\
                           78899aabbccddeef\
                           f0f1f2f3f4f5f6f7\
                           f8f9fafbfcfdfeff";

fn refused(text: &str) -> Option<ParseResumeKeyError> {
    text.parse::<ResumeKey>().err()
}

#[test]
fn bytes_go_in_and_come_out() {
    assert_eq!(ResumeKey::from_bytes([7; 32]).as_bytes(), &[7; 32]);
}

#[test]
fn keys_are_ordered_as_their_bytes() {
    let mut last = [0; 32];
    last[31] = 1;
    let mut first = [0; 32];
    first[0] = 1;
    assert!(ResumeKey::from_bytes([0; 32]) < ResumeKey::from_bytes(last));
    assert!(ResumeKey::from_bytes(last) < ResumeKey::from_bytes(first));
}

/// Files and command lines hold these texts for years.
#[test]
fn the_text_is_every_byte_in_lower_case() {
    assert_eq!(RISING.to_string(), RISING_TEXT);
    assert_eq!(RISING_TEXT.parse(), Ok(RISING));
}

#[test]
fn upper_case_and_both_mixed_are_read() {
    assert_eq!(RISING_TEXT.to_uppercase().parse(), Ok(RISING));
    let (head, tail) = RISING_TEXT.split_at(31);
    assert_eq!((head.to_uppercase() + tail).parse(), Ok(RISING));
}

#[test]
fn a_text_with_another_number_of_digits_is_refused() {
    for digits in [0, 1, 2, 62, 63, 65, 66, 128] {
        let text = "a".repeat(digits);
        let expected = ParseResumeKeyError::Length { digits };
        assert_eq!(refused(&text), Some(expected), "{text:?}");
    }
}

#[test]
fn the_first_byte_that_is_no_digit_is_named() {
    for (text, at) in [
        ("g".to_owned() + &RISING_TEXT[1..], 0),
        (RISING_TEXT[..63].to_owned() + "\n", 63),
        (RISING_TEXT.to_owned() + " ", 64),
        ("0x".to_owned() + &RISING_TEXT[2..], 1),
        ("0".repeat(10) + "+" + &"0".repeat(53), 10),
        ("0".repeat(61) + "\u{20ac}", 61),
        ("\u{e9}".repeat(32), 0),
    ] {
        let expected = ParseResumeKeyError::Digit { at };
        assert_eq!(refused(&text), Some(expected), "{text:?}");
    }
}

#[test]
fn a_refusal_is_one_line_in_lower_case() {
    for error in [
        ParseResumeKeyError::Digit { at: 7 },
        ParseResumeKeyError::Length { digits: 7 },
    ] {
        let text = error.to_string();
        assert!(text.starts_with(char::is_lowercase), "{text}");
        assert!(text.contains('7') && !text.contains(['\n', '.']), "{text}");
    }
}

#[test]
fn debug_output_shows_the_text() {
    let expected = format!("ResumeKey({RISING_TEXT})");
    assert_eq!(format!("{RISING:?}"), expected);
}

proptest! {
    #[test]
    fn every_key_reads_back_from_its_text(bytes in any::<[u8; 32]>()) {
        let key = ResumeKey::from_bytes(bytes);
        prop_assert_eq!(key.to_string().parse(), Ok(key));
        prop_assert_eq!(key.to_string().to_uppercase().parse(), Ok(key));
    }

    /// Near misses, and now and then the very thing.
    #[test]
    fn what_reads_as_a_key_is_its_text(text in "[0-9a-fA-F]{63,65}[ g]?") {
        if let Ok(key) = text.parse::<ResumeKey>() {
            prop_assert_eq!(key.to_string(), text.to_lowercase());
        }
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = text.parse::<ResumeKey>();
    }
}

#[cfg(feature = "serde")]
mod serialised {
    use super::{RISING, RISING_TEXT, ResumeKey};

    use serde_test::{Configure, Token, assert_de_tokens, assert_de_tokens_error, assert_tokens};

    #[test]
    fn a_key_is_text_for_people_and_bytes_for_machines() {
        assert_tokens(&RISING.readable(), &[Token::Str(RISING_TEXT)]);
        assert_tokens(&RISING.compact(), &[Token::Bytes(RISING.as_bytes())]);
    }

    fn one_by_one(bytes: usize) -> Vec<Token> {
        let mut tokens = vec![Token::Seq { len: Some(bytes) }];
        tokens.extend((0..bytes).map(|_| Token::U8(7)));
        tokens.push(Token::SeqEnd);
        tokens
    }

    #[test]
    fn formats_without_bytes_may_give_them_one_by_one() {
        let key = ResumeKey::from_bytes([7; 32]);
        assert_de_tokens(&key.compact(), &one_by_one(32));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        type Compact = serde_test::Compact<ResumeKey>;
        for text in ["\"ab\"", "7", "null", "[]"] {
            assert!(serde_json::from_str::<ResumeKey>(text).is_err(), "{text}");
        }
        let expected = "invalid length 31, expected a key of 32 bytes";
        assert_de_tokens_error::<Compact>(&[Token::Bytes(&[7; 31])], expected);
        assert_de_tokens_error::<Compact>(&one_by_one(31), expected);
        let mut tokens = one_by_one(33);
        tokens.pop();
        let expected = "invalid length 33, expected a key of 32 bytes";
        assert_de_tokens_error::<Compact>(&tokens, expected);
    }
}
