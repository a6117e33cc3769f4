use forebay_checkpoint::{JsonError, KeyError, KeyParts};
use forebay_core::ResumeKey;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};
use serde_json::{Map, Value};

fn key(text: &str) -> Result<ResumeKey, KeyError> {
    KeyParts::new().json("filter", text).key()
}

fn is_number(error: &KeyError, text: &str) -> bool {
    matches!(error, KeyError::Number { part, number } if &**part == "filter" && &**number == text)
}

/// Values with numbers that every parser has exactly.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        (-1_000_000_i32..1_000_000).prop_map(|number| Value::from(f64::from(number) / 64.0)),
        "[a-c\u{e9}\"\\\\\n\u{1f980}\u{ff5e}]{0,4}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec(("[ab\u{e9}\u{1f980}\u{ff5e}]{0,3}", inner), 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Writes a value in one of many ways.
fn written(value: &Value, ways: &mut impl Iterator<Item = u8>) -> String {
    let mut way = || ways.next().unwrap_or(0);
    let space = [" ", "", "\n\t", "\r "][usize::from(way() % 4)];
    match value {
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(|item| written(item, ways)).collect();
            format!("{space}[{}{space}]", items.join(","))
        }
        Value::Object(members) => {
            let first = usize::from(way()) % (members.len() + 1);
            // A map has an order of its own, so the turned one is another.
            let turned = members.iter().skip(first).chain(members.iter().take(first));
            let members: Vec<_> = turned
                .map(|(name, member)| {
                    let name = written(&Value::from(name.as_str()), ways);
                    format!("{name}{space}:{}", written(member, ways))
                })
                .collect();
            format!("{{{space}{}}}", members.join(&format!(",{space}")))
        }
        Value::String(text) if way() % 2 == 0 => {
            let units = text.encode_utf16().map(|unit| format!("\\u{unit:04X}"));
            format!("\"{}\"{space}", units.collect::<String>())
        }
        Value::Number(number) => match (way() % 4, number.as_i64()) {
            (0, Some(number)) => format!("{number}.0"),
            (1, Some(number)) => format!("{number}0e-1"),
            (2, _) => format!("{number}{space}"),
            _ => format!("{:e}", number.as_f64().unwrap()),
        },
        other => format!("{other}{space}"),
    }
}

#[test]
fn neighbours_of_large_numbers_do_not_share_a_key() {
    let exact = key(r#"{"n":9007199254740992}"#).unwrap();
    assert_ne!(exact, key(r#"{"n":9007199254740991}"#).unwrap());
    for number in [
        "9007199254740993",
        "-9007199254740993",
        "18446744073709551615",
        "18446744073709551614",
        "9007199254740993.0",
        "1e17",
        "1e999",
    ] {
        let error = key(&format!("{{\"n\":{number}}}")).unwrap_err();
        assert!(is_number(&error, number), "{error:?}");
    }
    // As a string, it is what it says.
    let large = |digits: &str| key(&format!("{{\"n\":\"{digits}\"}}")).unwrap();
    assert_ne!(large("18446744073709551615"), large("18446744073709551614"));
}

#[test]
fn one_name_twice_in_an_object_is_refused() {
    for text in [r#"{"a":1,"a":1}"#, r#"[{"b":{"a":1,"\u0061":2}}]"#] {
        let expected = KeyError::Name {
            part: "filter".into(),
            name: "a".into(),
        };
        assert_eq!(key(text), Err(expected), "{text}");
    }
}

#[test]
fn values_of_other_kinds_are_different() {
    let texts = [
        "null", "false", "true", "0", "1", "\"\"", "\"0\"", "\"null\"", "[]", "{}", "[0]", "[[]]",
        "{\"\":0}", "[0,0]", "\"[]\"",
    ];
    for (at, left) in texts.iter().enumerate() {
        for right in &texts[..at] {
            assert_ne!(key(left), key(right), "{left} and {right}");
        }
    }
}

#[test]
fn a_text_that_is_no_json_is_refused_with_its_place() {
    for (text, at) in [("", 0), ("{", 1), ("{}x", 2), ("'a'", 0), ("[1,]", 3)] {
        let expected = KeyError::Json {
            part: "filter".into(),
            source: JsonError::Syntax { at },
        };
        assert_eq!(key(text), Err(expected), "{text}");
    }
}

#[test]
fn what_is_wrong_is_said_in_one_line_in_lower_case() {
    for text in ["", "1e17", r#"{"a":1,"a":1}"#] {
        let text = key(text).unwrap_err().to_string();
        assert!(text.starts_with(char::is_lowercase), "{text}");
        assert!(
            text.contains("\"filter\"") && !text.contains('\n'),
            "{text}"
        );
    }
}

proptest! {
    #[test]
    fn how_it_is_written_does_not_count(value in values(), ways in vec(any::<u8>(), 0..40)) {
        let text = written(&value, &mut ways.into_iter());
        prop_assert_eq!(serde_json::from_str::<Value>(&text).is_ok(), true);
        prop_assert_eq!(key(&text), key(&value.to_string()));
    }

    #[test]
    fn what_it_means_counts(left in values(), right in values()) {
        prop_assert_eq!(
            key(&left.to_string()) == key(&right.to_string()),
            same(&left, &right)
        );
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = key(&text);
    }
}

/// Compares as JSON does, for which 1 and 1.0 are one number.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(name, left)| right.get(name).is_some_and(|right| same(left, right)))
        }
        _ => left == right,
    }
}
