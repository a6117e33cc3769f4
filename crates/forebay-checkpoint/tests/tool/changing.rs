use forebay_checkpoint::{CheckpointError, FileStore};
use forebay_core::{CheckpointStore, ResumeKey};
use futures::executor::block_on;
use serde_json::{Value, json};

use crate::{KEY, OTHER_KEY, Place, at};

fn position(sequence: u64, event_id: Option<&str>) -> Value {
    json!({
        "position": format!("000000000000001f-{sequence}"),
        "log": "000000000000001f",
        "sequence": sequence,
        "event_id": event_id,
    })
}

#[test]
fn a_key_is_set_forward() {
    let place = Place::filled();
    assert_eq!(
        place.says(&["set", "offsets", "orders", "43"]),
        "abababababab (orders)  000000000000001f-42 -> 000000000000001f-43\n"
    );
    let to = [
        "set",
        "offsets",
        "orders",
        "000000000000001f-44",
        "--event-id",
        "e",
    ];
    let wanted = json!({
        "key": KEY.to_string(),
        "label": "orders",
        "outcome": "advanced",
        "before": position(43, None),
        "now": position(44, Some("e")),
    });
    assert_eq!(place.json(&to), wanted);
    let store = FileStore::open(place.path("offsets")).unwrap();
    assert_eq!(store.load_now(&KEY), Some(at(44).with_event_id("e")));
    assert_eq!(
        store.load_now(&OTHER_KEY),
        Some(at(7).with_event_id("order\n7"))
    );
}

#[test]
fn a_key_that_is_there_already_stays() {
    let place = Place::filled();
    let before = place.contents();
    assert_eq!(
        place.says(&["set", "offsets", "orders", "42"]),
        "abababababab (orders)  000000000000001f-42, as before\n"
    );
    let wanted = json!({
        "key": OTHER_KEY.to_string(),
        "label": null,
        "outcome": "unchanged",
        "before": position(7, Some("order\n7")),
        "now": position(7, Some("order\n7")),
    });
    assert_eq!(place.json(&["set", "offsets", "0f0f", "7"]), wanted);
    place.says(&["set", "offsets", "0f0f", "7", "--event-id", "order\n7"]);
    assert_eq!(place.contents(), before);
}

#[test]
fn what_would_go_back_or_replace_something_is_refused() {
    let place = Place::filled();
    let before = place.contents();
    let refused = |to: &[&str]| place.fails(3, &[&["set", "offsets", "orders"], to].concat());
    assert_eq!(
        refused(&["41"]),
        "abababababab (orders) is at 000000000000001f-42, beyond 41; use reset to go back"
    );
    assert_eq!(
        refused(&["000000000000002f-50"]),
        "abababababab (orders) is at 000000000000001f-42, in another log; use reset to go over to \
         this one"
    );
    assert_eq!(
        refused(&["42", "--event-id", "e"]),
        "abababababab (orders) is at 000000000000001f-42 without an event id; use reset to replace \
         that"
    );
    let error = place.fails(3, &["set", "offsets", "0f0f", "7", "--event-id", "e"]);
    assert!(error.contains("with event id order\\n7;"), "{error}");
    assert_eq!(place.contents(), before);
}

#[test]
fn a_reset_goes_wherever_it_is_told_and_fences() {
    let place = Place::filled();
    let store = FileStore::open(place.path("offsets")).unwrap();
    let claim = block_on(store.claim(&KEY)).unwrap();
    assert_eq!(
        place.says(&["reset", "offsets", "orders", "5"]),
        "abababababab (orders)  000000000000001f-42 -> 000000000000001f-5\n"
    );
    let error = block_on(claim.commit(at(50))).unwrap_err();
    assert!(matches!(error, CheckpointError::Fenced { .. }), "{error}");
    let wanted = json!({
        "key": KEY.to_string(),
        "label": "orders",
        "outcome": "reset",
        "before": position(5, None),
        "now": {
            "position": "000000000000002f-9",
            "log": "000000000000002f",
            "sequence": 9,
            "event_id": "e",
        },
    });
    let to = [
        "set",
        "offsets",
        "orders",
        "000000000000002f-9",
        "--reset",
        "--event-id",
        "e",
    ];
    assert_eq!(place.json(&to), wanted);
    let found = store.load_fresh_blocking(&KEY).unwrap().unwrap();
    assert_eq!(found.cursor().to_string(), "000000000000002f-9");
    assert_eq!(found.event_id(), Some("e"));
}

#[test]
fn a_file_and_a_key_are_begun_when_that_is_asked_for() {
    let place = Place::new();
    let key = KEY.to_string();
    let to = ["set", "offsets", &key, "000000000000001f-1"];
    assert_eq!(
        place.fails(5, &to),
        "there is no offsets; check the path, or begin a file with --create"
    );
    place.fails(5, &["reset", "offsets", &key, "000000000000001f-1"]);
    assert_eq!(place.names(), Vec::<String>::new());
    let said = place.says(&[&to[..], &["--create"]].concat());
    assert_eq!(said, "abababababab  none -> 000000000000001f-1\n");
    // The file is there, and there is no harm in saying so once more.
    let other = OTHER_KEY.to_string();
    place.says(&["reset", "offsets", &other, "000000000000001f-3", "--create"]);
    let store = FileStore::open(place.path("offsets")).unwrap();
    assert_eq!(store.load_now(&KEY), Some(at(1)));
    assert_eq!(store.load_now(&OTHER_KEY), Some(at(3)));
}

#[test]
fn a_sequence_alone_takes_a_log_that_is_there() {
    let place = Place::filled();
    let key = ResumeKey::from_bytes([1; 32]).to_string();
    for command in ["set", "reset"] {
        let error = place.fails(1, &[command, "offsets", &key, "5"]);
        assert!(
            error.ends_with("give the position as LOG-SEQUENCE"),
            "{error}"
        );
    }
}

#[test]
fn a_key_is_removed_with_its_label() {
    let place = Place::filled();
    assert_eq!(
        place.says(&["remove", "offsets", "orders"]),
        "abababababab (orders)  removed, was at 000000000000001f-42\n"
    );
    let wanted = json!({
        "key": OTHER_KEY.to_string(),
        "label": null,
        "outcome": "removed",
        "before": position(7, Some("order\n7")),
        "now": null,
    });
    assert_eq!(place.json(&["remove", "offsets", "0f0f"]), wanted);
    let store = FileStore::open(place.path("offsets")).unwrap();
    assert_eq!(store.rows(), []);
    for name in ["orders", &KEY.to_string()] {
        let error = place.fails(1, &["remove", "offsets", name]);
        assert!(error.ends_with("list shows all"), "{error}");
    }
}

#[test]
fn a_removed_key_begins_anew() {
    let place = Place::filled();
    place.says(&["remove", "offsets", "orders"]);
    let store = FileStore::open(place.path("offsets")).unwrap();
    assert!(store.commit_blocking(&KEY, at(1)).unwrap().is_advanced());
}

#[test]
fn a_label_is_given_changed_and_taken_away() {
    let place = Place::filled();
    assert_eq!(
        place.says(&["label", "offsets", "orders", "bills in Europe"]),
        "abababababab  label orders -> bills in Europe\n"
    );
    let wanted = json!({
        "key": KEY.to_string(),
        "label": "bills",
        "outcome": "labelled",
        "before": position(42, None),
        "now": position(42, None),
    });
    let to = ["label", "offsets", "bills in Europe", "bills"];
    assert_eq!(place.json(&to), wanted);
    assert_eq!(
        place.says(&["label", "offsets", "bills", "--remove"]),
        "abababababab  label bills -> none\n"
    );
    let store = FileStore::open(place.path("offsets")).unwrap();
    assert!(store.rows().iter().all(|row| row.label.is_none()));
    // Before it has a position.
    let key = ResumeKey::from_bytes([1; 32]);
    place.says(&["label", "offsets", &key.to_string(), "soon"]);
    assert_eq!(block_on(store.load(&key)).unwrap(), None);
    let shown = place.says(&["get", "offsets", "soon"]);
    assert!(shown.contains("position  -\n"), "{shown}");
    let removed = place.says(&["remove", "offsets", "soon"]);
    assert!(removed.ends_with("removed, had no position\n"), "{removed}");
    place.fails(1, &["get", "offsets", "soon"]);
}
