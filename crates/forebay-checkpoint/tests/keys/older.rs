use forebay_checkpoint::{KeyError, KeyParts, KeyV1};

use crate::{bytes_of, golden, golden_key};

#[test]
fn keys_are_those_of_older_clients() {
    for vector in golden("v1") {
        let text = |name: &str| vector[name].as_str().unwrap();
        let fingerprint = vector["fingerprint"].as_str().map(bytes_of);
        let mut key = KeyV1::new(text("base_url"), text("event_type"), text("filter"));
        if let Some(fingerprint) = &fingerprint {
            key = key.fingerprint(fingerprint);
        }
        assert_eq!(key.key(), Ok(golden_key(&vector)), "{vector}");
    }
}

/// Such clients have taken these filters for one, so their progress is under one key.
#[test]
fn large_numbers_are_rounded_as_they_were() {
    let key = |filter| KeyV1::new("http://h/", "order", filter).key();
    assert_eq!(key("9007199254740992"), key("9007199254740993"));
    assert_eq!(key("18446744073709551615"), key("18446744073709551614"));
    assert_ne!(key("9007199254740992"), key("9007199254740994"));
    assert!(matches!(key("1e999"), Err(KeyError::Number { .. })));
}

#[test]
fn every_part_counts() {
    let plain = KeyV1::new("http://h/", "order", "{}");
    let key = plain.key().unwrap();
    for other in [
        KeyV1::new("https://h/", "order", "{}"),
        KeyV1::new("http://h/a", "order", "{}"),
        KeyV1::new("http://h:8080/", "order", "{}"),
        KeyV1::new("http://h/", "orders", "{}"),
        KeyV1::new("http://h/", "Order", "{}"),
        KeyV1::new("http://h/", "order", "null"),
        plain.fingerprint(b""),
        plain.fingerprint(b"a"),
    ] {
        assert_ne!(other.key().unwrap(), key, "{other:?}");
    }
    assert_ne!(plain.fingerprint(b"").key(), plain.fingerprint(b"a").key());
}

#[test]
fn an_address_that_is_unusual_is_refused_with_a_reason() {
    let error = KeyV1::new("ftp://h/", "order", "{}").key().unwrap_err();
    let reason = "is neither of http nor of https";
    assert_eq!(error, KeyError::BaseUrl { reason });
    let expected = "the base address is neither of http nor of https";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_filter_that_is_no_json_is_refused() {
    let error = KeyV1::new("http://h/", "order", "{").key().unwrap_err();
    assert!(matches!(error, KeyError::Json { part, .. } if &*part == "filter"));
}

/// The version is hashed first, and no other one begins like it.
#[test]
fn the_derivations_do_not_meet() {
    let older: Vec<_> = golden("v1").iter().map(golden_key).collect();
    for vector in golden("v2") {
        assert!(!older.contains(&golden_key(&vector)));
    }
    assert!(!older.contains(&KeyParts::new().key().unwrap()));
}

#[test]
fn debug_output_shows_no_address() {
    let key = KeyV1::new("http://me:hunter2@h/", "order", "{}");
    assert_eq!(format!("{key:?}"), "KeyV1 { event_type: \"order\", .. }");
}
