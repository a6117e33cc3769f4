use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_assert_eq, prop_oneof, proptest};
use proptest::string::string_regex;
use serde_json::Value;

use super::{DEPTH_MAX, parse};
use crate::json::{Json, JsonError, write_string};

/// Returns what another parser would have, in which the last of equal names counts.
fn value(json: Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => value.into(),
        Json::Number(text) => serde_json::from_str(&text).unwrap(),
        Json::String(text) => text.into(),
        Json::Array(items) => items.into_iter().map(value).collect(),
        Json::Object(members) => members
            .into_iter()
            .map(|(name, member)| (name, value(member)))
            .collect(),
    }
}

/// Numbers beyond doubles are no business of the grammar.
fn is_number_too_large(text: &str) -> bool {
    let error = serde_json::from_str::<Value>(text).err();
    error.is_some_and(|error| error.to_string().contains("number out of range"))
}

fn syntax(text: &str) -> Option<usize> {
    match parse(text) {
        Err(JsonError::Syntax { at }) => Some(at),
        _ => None,
    }
}

#[test]
fn order_and_repeated_names_and_the_text_of_numbers_are_kept() {
    let read = parse(r#" {"b" : [1.0E+1, -0], "a":null, "b":"\ud834\udd1e\/" } "#);
    let number = |text: &str| Json::Number(text.to_owned());
    let expected = Json::Object(vec![
        (
            "b".to_owned(),
            Json::Array(vec![number("1.0E+1"), number("-0")]),
        ),
        ("a".to_owned(), Json::Null),
        ("b".to_owned(), Json::String("\u{1d11e}/".to_owned())),
    ]);
    assert_eq!(read, Ok(expected));
}

#[test]
fn what_is_no_json_is_refused_where_it_begins() {
    for (text, at) in [
        ("", 0),
        (" ", 1),
        ("nul", 0),
        ("True", 0),
        ("nulll", 4),
        ("1 2", 2),
        ("[1,]", 3),
        ("[1 2]", 3),
        ("[", 1),
        ("{\"a\"}", 4),
        ("{\"a\":1,}", 7),
        ("{a:1}", 1),
        ("{\"a\":1", 6),
        ("01", 1),
        ("-", 1),
        ("1.", 2),
        (".5", 0),
        ("+1", 0),
        ("1e", 2),
        ("1e+", 3),
        ("\"a", 2),
        ("\"a\nb\"", 2),
        ("\"\\x\"", 1),
        ("\"\\u12g4\"", 1),
        ("\"\\u+123\"", 1),
        ("\"\\ud800\"", 1),
        ("\"\\ud800\\u0041\"", 1),
        ("\"\\udc00\"", 1),
        ("\"\\\u{e9}\"", 1),
        ("\"\\u00\u{20ac}\"", 1),
        ("\u{feff}1", 0),
        ("1\u{a0}", 1),
        ("NaN", 0),
    ] {
        assert_eq!(syntax(text), Some(at), "{text:?}");
    }
}

#[test]
fn nesting_has_a_limit() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(parse(&nested(DEPTH_MAX)).is_ok());
    let expected = Err(JsonError::TooDeep { at: DEPTH_MAX });
    assert_eq!(parse(&nested(DEPTH_MAX + 1)), expected);
    assert!(parse(&"[{\"a\":".repeat(1_000_000)).is_err());
}

#[test]
fn what_is_wrong_is_said_in_one_line() {
    let errors = [JsonError::Syntax { at: 7 }, JsonError::TooDeep { at: 7 }];
    let texts = errors.map(|error| error.to_string());
    assert_eq!(texts[0], "the text is no JSON at byte 7");
    assert_eq!(texts[1], "the JSON is nested too deeply at byte 7");
}

/// Texts that are JSON, or would be but for a piece.
fn near_json() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        string_regex("[\\[\\]{},: \\t\\n]").unwrap(),
        string_regex("-?[0-9]{1,3}(\\.[0-9]{0,2})?([eE][-+]?[0-9]{0,3})?").unwrap(),
        string_regex("\"([a-c\u{e9}]|\\\\[\"\\\\/bfnrtux0]|\\\\u[0-9a-fD]{4}|\\\\ud8[0-9]{2}\\\\udc[0-9]{2}){0,3}\"").unwrap(),
        string_regex("null|true|false|\"").unwrap(),
    ];
    let mixed = vec(pieces, 0..12).prop_map(|pieces| pieces.concat());
    let whole = any::<u64>().prop_map(|seed| grown(&mut { seed }, 0));
    let cut = (whole.clone(), any::<usize>()).prop_map(|(text, at)| {
        let at = at % (text.len() + 1);
        (0..=at)
            .rev()
            .find_map(|at| text.get(..at))
            .unwrap_or_default()
            .to_owned()
    });
    prop_oneof![mixed, whole, cut]
}

/// Grows a value from a number.
fn grown(seed: &mut u64, depth: usize) -> String {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    let kind = *seed >> 60;
    let count = *seed >> 57 & 3;
    match kind {
        0..=4 if depth < 5 => {
            let items: Vec<_> = (0..count).map(|_| grown(seed, depth + 1)).collect();
            format!("[ {} ]", items.join(" ,\n"))
        }
        5..=9 if depth < 5 => {
            let member = |name| format!("\"{name}\" :{}", grown(seed, depth + 1));
            let members: Vec<_> = (0..count).map(member).collect();
            format!("{{{}}}", members.join(", "))
        }
        10 => "null".to_owned(),
        11 => "-1.5e-3".to_owned(),
        12 => "\"\\u00e9\\n\"".to_owned(),
        _ => (*seed >> 40).to_string(),
    }
}

proptest! {
    #[test]
    fn another_parser_reads_the_same(text in near_json()) {
        let expected = serde_json::from_str::<Value>(&text).ok();
        let read = parse(&text).ok();
        if !is_number_too_large(&text) {
            prop_assert_eq!(read.map(value), expected);
        }
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = parse(&text);
    }

    #[test]
    fn a_string_that_is_written_reads_back(text in any::<String>()) {
        let mut written = String::new();
        write_string(&text, &mut written);
        prop_assert_eq!(parse(&written), Ok(Json::String(text.clone())));
        prop_assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
    }
}
