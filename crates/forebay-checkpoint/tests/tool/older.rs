use std::fs;

use forebay_checkpoint::FileStore;
use forebay_core::{LogId, Sequence};
use serde_json::json;

use crate::{KEY, Place, at};

const OLDER: &[u8] = include_bytes!("../golden/checkpoints_v1.json");
const LOG: &str = "000000000000001f";

fn with_older() -> Place {
    let place = Place::new();
    fs::write(place.path("older.json"), OLDER).unwrap();
    place
}

#[test]
fn the_json_goes_in_and_out_unchanged() {
    let place = with_older();
    let import = ["import", "offsets", "older.json", "--create", "--log", LOG];
    assert_eq!(place.says(&import), "4 keys advanced, 0 unchanged\n");
    assert_eq!(place.says(&["export", "offsets"]).as_bytes(), OLDER);
    let said = place.says(&["export", "offsets", "--json-v1", "out.json"]);
    assert_eq!(said, "4 keys exported to out.json\n");
    assert_eq!(fs::read(place.path("out.json")).unwrap(), OLDER);
    // Once more changes nothing.
    let again = json!({ "file": "offsets", "advanced": 0, "unchanged": 4, "reset": 0 });
    assert_eq!(place.json(&import), again);
    let store = FileStore::open(place.path("offsets")).unwrap();
    let stored = store.load_now(&KEY).unwrap();
    assert_eq!(stored.log(), LogId::new(0x1f));
    assert_eq!(stored.sequence(), Sequence::new(42));
}

#[test]
fn the_json_comes_from_standard_input_too() {
    let place = Place::new();
    let import = ["import", "offsets", "-", "--create", "--log", LOG];
    let run = place.run_with_input(&import, OLDER);
    assert_eq!((run.status, run.err.as_str()), (0, ""));
    assert_eq!(place.says(&["export", "offsets"]).as_bytes(), OLDER);
}

#[test]
fn a_json_file_is_taken_over_where_it_is_and_kept() {
    let place = with_older();
    let import = ["import", "older.json", "--log", LOG];
    let said = place.says(&import);
    assert!(
        said.starts_with("4 keys advanced, 0 unchanged; the JSON is kept"),
        "{said}"
    );
    let kept = fs::read(place.path("older.json.v1-backup")).unwrap();
    assert_eq!(kept, OLDER);
    assert_eq!(place.says(&["export", "older.json"]).as_bytes(), OLDER);
    let error = place.fails(2, &import);
    assert!(
        error.starts_with("older.json is a checkpoint file;"),
        "{error}"
    );
}

#[test]
fn the_further_position_stays() {
    let place = Place::filled();
    fs::write(place.path("older.json"), OLDER).unwrap();
    place.says(&["set", "offsets", "orders", "43"]);
    let import = ["import", "offsets", "older.json", "--log", LOG];
    assert_eq!(place.says(&import), "3 keys advanced, 1 unchanged\n");
    let store = FileStore::open(place.path("offsets")).unwrap();
    assert_eq!(store.load_now(&KEY), Some(at(43)));
    // Unless what the JSON has is wanted whatever it is.
    let reset = [&import[..], &["--reset"]].concat();
    assert_eq!(
        place.says(&reset),
        "0 keys advanced, 3 unchanged, 1 reset\n"
    );
    let stored = store.load_fresh_blocking(&KEY).unwrap().unwrap();
    assert_eq!(stored.sequence(), Sequence::new(42));
    let again = json!({ "file": "offsets", "advanced": 0, "unchanged": 4, "reset": 0 });
    assert_eq!(place.json(&reset), again);
}

#[test]
fn positions_of_another_log_are_not_mixed_with_it() {
    let place = Place::filled();
    fs::write(place.path("older.json"), OLDER).unwrap();
    let before = place.contents();
    let import = [
        "import",
        "offsets",
        "older.json",
        "--log",
        "0000000000000001",
    ];
    assert_eq!(
        place.fails(3, &import),
        "1 of 4 keys in another log, the first abababababab (orders); nothing was imported, --reset \
         takes them over"
    );
    assert_eq!(place.contents(), before);
    let reset = json!({ "file": "offsets", "advanced": 3, "unchanged": 0, "reset": 1 });
    assert_eq!(place.json(&[&import[..], &["--reset"]].concat()), reset);
    let run = place.run(&["export", "offsets"]);
    assert_eq!(
        (run.status, run.err.as_str()),
        (
            0,
            "note: the positions are of 2 logs, which the JSON does not tell apart\n"
        )
    );
}

#[test]
fn an_import_creates_a_file_only_when_that_is_asked_for() {
    let place = with_older();
    place.fails(5, &["import", "offsets", "older.json", "--log", LOG]);
    place.fails(5, &["import", "nothing.json", "--log", LOG]);
    place.fails(
        5,
        &[
            "import",
            "offsets",
            "nothing.json",
            "--create",
            "--log",
            LOG,
        ],
    );
    place.fails(2, &["import", "offsets", "older.json", "--create"]);
    assert_eq!(place.names(), ["older.json"]);
}

#[test]
fn a_json_that_is_none_is_imported_in_no_part() {
    let place = Place::filled();
    for (json, why) in [
        ("{\"version\": 2}", "the file is of version 2"),
        ("{", "the file is no JSON"),
        ("\u{feff}", "the file is no JSON"),
    ] {
        fs::write(place.path("older.json"), json).unwrap();
        let before = place.contents();
        let error = place.fails(4, &["import", "offsets", "older.json", "--log", LOG]);
        assert!(error.contains(why), "{error}");
        assert_eq!(place.contents(), before);
    }
}

/// More than one write may have.
#[test]
fn many_positions_are_imported() {
    let place = Place::new();
    let event_id = "e".repeat(60_000);
    let keys = (0..200).map(|number| {
        format!(
            "\"{number:064x}\": {{\"last_committed_sequence\": {number}, \"last_event_id\": \
             \"{event_id}\"}}"
        )
    });
    let json = format!(
        "{{\"version\": 1, \"key_format_version\": 1, \"checkpoints\": {{{}}}}}",
        keys.collect::<Vec<_>>().join(",")
    );
    fs::write(place.path("older.json"), json).unwrap();
    let import = ["import", "offsets", "older.json", "--create", "--log", LOG];
    assert_eq!(place.says(&import), "200 keys advanced, 0 unchanged\n");
    assert_eq!(place.json(&["verify", "offsets"])["keys"], 200);
}

#[test]
fn an_export_replaces_a_file_only_when_that_is_asked_for() {
    let place = Place::filled();
    fs::write(place.path("out.json"), "mine").unwrap();
    let export = ["export", "offsets", "--json-v1", "out.json"];
    assert_eq!(
        place.fails(3, &export),
        "out.json is there; --overwrite replaces it"
    );
    assert_eq!(fs::read(place.path("out.json")).unwrap(), b"mine");
    let wanted = json!({ "file": "offsets", "to": "out.json", "exported": 2 });
    assert_eq!(
        place.json(&[&export[..], &["--overwrite"]].concat()),
        wanted
    );
    let out = fs::read_to_string(place.path("out.json")).unwrap();
    assert_eq!(out, place.says(&["export", "offsets"]));
    // The lock of older clients is never removed, and nothing else is left.
    assert_eq!(place.names(), ["offsets", "out.json", "out.json.lock"]);
}

#[test]
fn an_export_waits_for_older_clients_for_a_while_only() {
    let place = Place::filled();
    let lock = fs::File::create(place.path("out.json.lock")).unwrap();
    lock.lock().unwrap();
    let export = |seconds| {
        let to = "--json-v1=out.json";
        ["export", "offsets", to, "--lock-timeout", seconds]
    };
    let error = place.fails(5, &export("0.01"));
    assert!(error.ends_with("see --lock-timeout"), "{error}");
    assert_eq!(place.names(), ["offsets", "out.json.lock"]);
    lock.unlock().unwrap();
    // Where nobody has it, there is nothing to wait for.
    place.says(&export("0"));
}
