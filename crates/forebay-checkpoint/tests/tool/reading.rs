use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use forebay_checkpoint::FileStore;
use forebay_core::ResumeKey;
use futures::executor::block_on;
use serde_json::json;

use crate::{KEY, OTHER_KEY, Place, at};

#[test]
fn keys_are_listed_in_a_table() {
    let place = Place::filled();
    assert_eq!(
        place.says(&["list", "offsets"]),
        "KEY           LABEL   LOG               SEQUENCE  EVENT ID\n\
         0f0f0f0f0f0f  -       000000000000001f         7  order\\n7\n\
         abababababab  orders  000000000000001f        42  -\n"
    );
    let full = place.says(&["list", "offsets", "--full"]);
    assert!(full.contains(&KEY.to_string()), "{full}");
    assert!(full.contains(&OTHER_KEY.to_string()), "{full}");
}

#[test]
fn keys_are_listed_as_json() {
    let place = Place::filled();
    let wanted = json!({
        "file": "offsets",
        "keys": [
            {
                "key": OTHER_KEY.to_string(),
                "label": null,
                "position": "000000000000001f-7",
                "log": "000000000000001f",
                "sequence": 7,
                "event_id": "order\n7",
            },
            {
                "key": KEY.to_string(),
                "label": "orders",
                "position": "000000000000001f-42",
                "log": "000000000000001f",
                "sequence": 42,
                "event_id": null,
            },
        ],
    });
    assert_eq!(place.json(&["list", "offsets"]), wanted);
}

#[test]
fn a_listed_key_shows_as_many_digits_as_tell_it_apart() {
    let place = Place::new();
    let store = FileStore::open(place.path("offsets")).unwrap();
    let mut bytes = [0xcd; 32];
    store
        .commit_blocking(&ResumeKey::from_bytes(bytes), at(1))
        .unwrap();
    bytes[10] = 0xce;
    store
        .commit_blocking(&ResumeKey::from_bytes(bytes), at(2))
        .unwrap();
    store.close_blocking().unwrap();
    let listed = place.says(&["list", "offsets"]);
    let keys = listed.lines().filter_map(|line| line.split(' ').next());
    let keys: Vec<_> = keys.skip(1).collect();
    assert_eq!(
        keys,
        [
            format!("{}cd", "cd".repeat(10)),
            format!("{}ce", "cd".repeat(10))
        ]
    );
    for key in keys {
        place.says(&["get", "offsets", key]);
    }
}

#[test]
fn a_store_without_keys_has_a_table_without_rows() {
    let place = Place::new();
    fs::write(place.path("offsets"), "").unwrap();
    let listed = place.says(&["list", "offsets"]);
    assert_eq!(listed, "KEY  LABEL  LOG  SEQUENCE  EVENT ID\n");
    let none = json!({ "file": "offsets", "keys": [] });
    assert_eq!(place.json(&["list", "offsets"]), none);
}

#[test]
fn one_key_is_shown_by_any_of_its_names() {
    let place = Place::filled();
    let shown =
        format!("key       {KEY}\nlabel     orders\nposition  000000000000001f-42\nevent id  -\n");
    let digits = KEY.to_string();
    for name in [
        "orders",
        "abab",
        "ABAB",
        "ababa",
        &digits,
        &digits.to_uppercase(),
    ] {
        assert_eq!(place.says(&["get", "offsets", name]), shown, "{name}");
    }
    let wanted = json!({
        "key": KEY.to_string(),
        "label": "orders",
        "position": "000000000000001f-42",
        "log": "000000000000001f",
        "sequence": 42,
        "event_id": null,
    });
    assert_eq!(place.json(&["get", "offsets", "orders"]), wanted);
}

#[test]
fn what_names_no_key_is_answered_with_no() {
    let place = Place::filled();
    let missing = ResumeKey::from_bytes([1; 32]).to_string();
    for name in ["order", "abac", &missing] {
        let error = place.fails(1, &["get", "offsets", name]);
        assert!(
            error.contains(name) && error.ends_with("list shows all"),
            "{error}"
        );
    }
    let error = place.fails(1, &["get", "offsets", "aba"]);
    assert!(error.ends_with("digits must be 4 or more"), "{error}");
}

#[test]
fn what_names_several_keys_is_no_name() {
    let place = Place::filled();
    let store = FileStore::open(place.path("offsets")).unwrap();
    let mut bytes = *KEY.as_bytes();
    bytes[3] = 0;
    let near = ResumeKey::from_bytes(bytes);
    store.commit_blocking(&near, at(1)).unwrap();
    block_on(store.label(&OTHER_KEY, Some("orders"))).unwrap();
    block_on(store.label(&near, Some("0f0f"))).unwrap();
    store.close_blocking().unwrap();

    // Two keys with these digits; two with this label; a label that looks like digits.
    for name in ["abab", "orders", "0f0f"] {
        let error = place.fails(2, &["get", "offsets", name]);
        assert!(
            error.starts_with(&format!("{name} stands for 2 keys, ")),
            "{error}"
        );
        assert!(error.ends_with("give more digits"), "{error}");
        let unchanged = place.contents();
        place.fails(2, &["reset", "offsets", name, "1"]);
        place.fails(2, &["remove", "offsets", name]);
        assert_eq!(place.contents(), unchanged);
    }
    let error = place.fails(2, &["get", "offsets", "abab"]);
    assert!(
        error.contains("ababab00abab (0f0f), abababababab (orders)"),
        "{error}"
    );
    place.says(&["get", "offsets", "ababab00"]);
}

#[test]
fn a_long_list_of_candidates_is_cut() {
    let place = Place::new();
    let store = FileStore::open(place.path("offsets")).unwrap();
    for number in 0..10 {
        let mut bytes = [0xaa; 32];
        bytes[4] = number;
        store
            .commit_blocking(&ResumeKey::from_bytes(bytes), at(1))
            .unwrap();
    }
    store.close_blocking().unwrap();
    let error = place.fails(2, &["get", "offsets", "aaaa"]);
    assert_eq!(error.matches("aaaaaaaa0").count(), 8, "{error}");
    assert!(error.contains(", and 2 more; give"), "{error}");
}

#[test]
fn a_label_is_shown_alone() {
    let place = Place::filled();
    assert_eq!(place.says(&["label", "offsets", "abab"]), "orders\n");
    let wanted = json!({ "key": KEY.to_string(), "label": "orders" });
    assert_eq!(place.json(&["label", "offsets", "abab"]), wanted);
    let error = place.fails(1, &["label", "offsets", "0f0f"]);
    assert_eq!(error, "0f0f has no label");
}

/// Those who run this as the superuser may write whatever they may read.
#[test]
fn whoever_reads_needs_no_right_to_write_and_changes_nothing() {
    let place = Place::filled();
    fs::set_permissions(place.path("offsets"), Permissions::from_mode(0o444)).unwrap();
    fs::set_permissions(place.path("."), Permissions::from_mode(0o555)).unwrap();
    let before = (
        place.contents(),
        fs::metadata(place.path("offsets")).unwrap(),
    );
    for command in ["list", "verify", "export", "salvage"] {
        place.says(&[command, "offsets"]);
    }
    place.says(&["get", "offsets", "orders"]);
    place.says(&["label", "offsets", "orders"]);
    let after = fs::metadata(place.path("offsets")).unwrap();
    assert_eq!(before.1.modified().unwrap(), after.modified().unwrap());
    assert_eq!(before.0, place.contents());
    fs::set_permissions(place.path("."), Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_file_that_somebody_has_locked_is_read_all_the_same() {
    let place = Place::filled();
    let file = fs::File::open(place.path("offsets")).unwrap();
    file.lock().unwrap();
    place.says(&["list", "offsets"]);
    place.says(&["verify", "offsets"]);
    place.says(&["get", "offsets", "orders"]);
}
