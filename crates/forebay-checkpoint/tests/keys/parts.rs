use std::collections::BTreeMap;
use std::error::Error;

use forebay_checkpoint::{JsonError, KeyError, KeyParts};
use forebay_core::ResumeKey;
use proptest::collection::{btree_map, vec};
use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};
use proptest::sample::subsequence;

use crate::{bytes_of, golden, golden_key};

/// Parts by name, each with whether it is JSON.
type Parts = BTreeMap<String, (bool, String)>;

fn key<'a>(parts: impl IntoIterator<Item = (&'a String, &'a (bool, String))>) -> ResumeKey {
    let add = |key: KeyParts, (name, (is_json, content)): (&String, &(bool, String))| {
        if *is_json {
            key.json(name, content)
        } else {
            key.part(name, content)
        }
    };
    parts.into_iter().fold(KeyParts::new(), add).key().unwrap()
}

/// Names and contents of few letters, so that they run into one another; each content is JSON in
/// canonical form.
fn parts() -> impl Strategy<Value = Parts> {
    let content = (any::<bool>(), "(0|1|10|\"[ab:,]{0,2}\")");
    btree_map("[ab\\x00\\x01]{0,3}", content, 0..4)
}

#[test]
fn keys_are_those_that_other_code_derives() {
    for vector in golden("v2") {
        let mut parts = KeyParts::new();
        for part in vector["parts"].as_array().unwrap() {
            let [name, kind, content] = [0, 1, 2].map(|at| part[at].as_str().unwrap());
            parts = match kind {
                "json" => parts.json(name, content),
                "hex" => parts.part(name, bytes_of(content)),
                _ => parts.part(name, content),
            };
        }
        assert_eq!(parts.key(), Ok(golden_key(&vector)), "{vector}");
    }
}

#[test]
fn a_part_that_is_left_out_is_not_one_that_is_empty() {
    let none = KeyParts::new();
    let empty = KeyParts::new().part("topic", "");
    let null = KeyParts::new().json("topic", "null");
    assert_ne!(none.key(), empty.key());
    assert_ne!(none.key(), null.key());
    assert_ne!(empty.key(), null.key());
}

#[test]
fn one_name_twice_is_refused_whatever_the_contents() {
    for parts in [
        KeyParts::new().part("a", "1").part("a", "1"),
        KeyParts::new().part("a", "1").part("b", "").json("a", "1"),
        KeyParts::new().json("a", "1").json("a", "no json"),
    ] {
        let part = "a".into();
        assert_eq!(parts.key(), Err(KeyError::Repeated { part }));
    }
}

#[test]
fn the_first_thing_that_is_wrong_is_told() {
    let parts = KeyParts::new()
        .json("a", "[1,")
        .json("b", "9007199254740993")
        .part("a", "");
    let error = parts.key().unwrap_err();
    let source = JsonError::Syntax { at: 3 };
    assert_eq!(
        error,
        KeyError::Json {
            part: "a".into(),
            source
        }
    );
    assert_eq!(error.to_string(), "part \"a\" is no JSON");
    let cause = error.source().unwrap().downcast_ref::<JsonError>();
    assert_eq!(cause, Some(&source));
}

#[test]
fn debug_output_shows_names_and_no_contents() {
    let parts = KeyParts::new().part("token", "hunter2").json("filter", "7");
    let text = format!("{parts:?}");
    assert!(text.contains("token") && text.contains("filter"), "{text}");
    assert!(!text.contains("hunter2") && !text.contains('7'), "{text}");
}

proptest! {
    #[test]
    fn the_order_of_parts_does_not_count(
        parts in parts(),
        first in subsequence((0..4).collect::<Vec<_>>(), 0..=4),
    ) {
        let (early, late): (Vec<_>, Vec<_>) = parts
            .iter()
            .enumerate()
            .partition(|(at, _)| first.contains(at));
        let moved = late.into_iter().rev().chain(early).map(|(_, part)| part);
        prop_assert_eq!(key(moved), key(&parts));
    }

    #[test]
    fn only_the_same_parts_have_the_same_key(left in parts(), right in parts()) {
        prop_assert_eq!(key(&left) == key(&right), left == right);
    }

    /// What belongs to which part is never lost: moving a byte over any border shows.
    #[test]
    fn moved_borders_give_other_keys(text in "[ab]{4,8}", cuts in vec(0_usize..=2, 4)) {
        let cut = |name: usize, content: usize| {
            let (name, rest) = text.split_at(name);
            let (content, other) = rest.split_at(content);
            (name, content, other)
        };
        let key = |(name, content, other)| {
            KeyParts::new().part(name, content).part("other", other).key().unwrap()
        };
        let [left, right] = [cut(cuts[0], cuts[1]), cut(cuts[2], cuts[3])];
        prop_assert_eq!(key(left) == key(right), left == right);
    }
}
