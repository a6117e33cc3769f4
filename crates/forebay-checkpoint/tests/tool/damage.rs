use std::fs;

use forebay_checkpoint::FileStore;
use forebay_core::ResumeKey;
use serde_json::json;

use crate::{KEY, OTHER_KEY, Place, at};

/// The file of `Place::filled`, in which KEY was set once more; of the three blocks behind the first
/// the first is damaged, in which OTHER_KEY got its position.
fn damaged() -> Place {
    let place = Place::new();
    let store = FileStore::open(place.path("offsets")).unwrap();
    store.commit_blocking(&KEY, at(42)).unwrap();
    store.commit_blocking(&OTHER_KEY, at(7)).unwrap();
    store.commit_blocking(&KEY, at(43)).unwrap();
    store.commit_blocking(&OTHER_KEY, at(8)).unwrap();
    let third = ResumeKey::from_bytes([0x11; 32]);
    store.commit_blocking(&third, at(1)).unwrap();
    store.commit_blocking(&KEY, at(44)).unwrap();
    store.close_blocking().unwrap();
    let mut bytes = fs::read(place.path("offsets")).unwrap();
    // Behind the header and three blocks, in the one that moved OTHER_KEY to 8.
    bytes[64 + 88 + 88 + 56 + 40] ^= 1;
    fs::write(place.path("offsets"), bytes).unwrap();
    place
}

#[test]
fn a_sound_file_is_verified() {
    let place = Place::filled();
    let len = fs::metadata(place.path("offsets")).unwrap().len();
    assert_eq!(
        place.says(&["verify", "offsets"]),
        format!(
            "state       sound\n\
             generation  1\n\
             keys        2\n\
             blocks      3\n\
             records     3\n\
             bytes       312 of {len}\n\
             torn bytes  0\n"
        )
    );
    let wanted = json!({
        "file": "offsets",
        "state": "sound",
        "generation": 1,
        "keys": 2,
        "blocks": 3,
        "records": 3,
        "bytes": 312,
        "len": len,
        "torn_bytes": 0,
        "damage": null,
    });
    assert_eq!(place.json(&["verify", "offsets"]), wanted);
}

#[test]
fn torn_bytes_are_no_damage() {
    let place = Place::filled();
    let mut bytes = fs::read(place.path("offsets")).unwrap();
    bytes[312..352].fill(1);
    fs::write(place.path("offsets"), bytes).unwrap();
    let report = place.json(&["verify", "offsets"]);
    assert_eq!(
        (&report["state"], &report["torn_bytes"]),
        (&json!("sound"), &json!(40))
    );
    let said = place.says(&["verify", "offsets"]);
    assert!(
        said.contains("torn bytes  40, of a write that was cut short"),
        "{said}"
    );
}

#[test]
fn an_empty_file_is_verified() {
    let place = Place::new();
    fs::write(place.path("offsets"), "").unwrap();
    assert_eq!(place.json(&["verify", "offsets"])["state"], "empty");
}

#[test]
fn damage_is_told_and_the_status_says_so() {
    let place = damaged();
    let run = place.run(&["verify", "offsets"]);
    assert_eq!(run.status, 1);
    assert_eq!(
        run.error(),
        "offsets is damaged at byte 296; salvage saves the rest"
    );
    for line in [
        "state          damaged\n",
        "keys           3\n",
        "bytes          296 of ",
        "damaged bytes  296 to 352\n",
        "may be behind  1\n",
    ] {
        assert!(run.out.contains(line), "{}", run.out);
    }
    let run = place.run(&["verify", "offsets", "--json"]);
    assert_eq!(run.status, 1);
    let report: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(report["state"], "damaged");
    let wanted = json!({
        "offset": 296,
        "gaps": [[296, 352]],
        "lost_records": 0,
        "behind": [OTHER_KEY.to_string()],
    });
    assert_eq!(report["damage"], wanted);
}

#[test]
fn nothing_but_verify_and_salvage_takes_a_damaged_file() {
    let place = damaged();
    let before = place.contents();
    for arguments in [
        &["list", "offsets"][..],
        &["get", "offsets", "abab"],
        &["set", "offsets", "abab", "99"],
        &["reset", "offsets", "abab", "99"],
        &["remove", "offsets", "abab"],
        &["label", "offsets", "abab", "text"],
        &["export", "offsets"],
        &["watch", "offsets"],
    ] {
        let error = place.fails(4, arguments);
        let advice = "verify says how much, and salvage saves the rest";
        assert!(error.contains("is damaged at byte 296; "), "{error}");
        assert!(error.ends_with(advice), "{error}");
    }
    assert_eq!(place.contents(), before);
}

#[test]
fn a_salvage_says_first_what_it_would_come_to() {
    let place = damaged();
    let before = place.contents();
    let run = place.run(&["salvage", "offsets"]);
    assert_eq!(run.status, 3);
    assert!(run.error().starts_with("nothing was changed; with --yes"));
    assert_eq!(
        run.out,
        "damaged bytes  296 to 352\n\
         lost records   0\n\
         may be behind  1\n\
         saved keys     3\n\
         \n\
         may be behind:\n\
         KEY           LABEL  LOG               SEQUENCE  EVENT ID\n\
         0f0f0f0f0f0f  -      000000000000001f         7  -\n\
         \n\
         saved whole:\n\
         KEY           LABEL  LOG               SEQUENCE  EVENT ID\n\
         111111111111  -      000000000000001f         1  -\n\
         abababababab  -      000000000000001f        44  -\n"
    );
    assert_eq!(place.contents(), before);
    let run = place.run(&["salvage", "offsets", "--json"]);
    assert_eq!(run.status, 3);
    let shown: serde_json::Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!(
        (&shown["salvaged"], &shown["kept"]),
        (&json!(false), &json!(null))
    );
    assert_eq!(place.contents(), before);
}

#[test]
fn a_salvage_saves_what_there_is_and_keeps_the_damaged_file() {
    let place = damaged();
    let damaged = fs::read(place.path("offsets")).unwrap();
    let salvaged = place.json(&["salvage", "offsets", "--yes"]);
    assert_eq!(salvaged["salvaged"], true);
    assert_eq!(salvaged["damage"]["behind"], json!([OTHER_KEY.to_string()]));
    let kept = salvaged["kept"].as_str().unwrap();
    assert_eq!(fs::read(kept).unwrap(), damaged);
    assert_eq!(place.names().len(), 2);
    let positions = salvaged["keys"].as_array().unwrap().iter();
    let positions: Vec<_> = positions.map(|key| key["sequence"].as_u64()).collect();
    assert_eq!(positions, [Some(7), Some(1), Some(44)]);

    let listed = place.json(&["list", "offsets"]);
    assert_eq!(listed["keys"], salvaged["keys"]);
    let store = FileStore::open(place.path("offsets")).unwrap();
    assert_eq!(store.load_now(&KEY), Some(at(44)));
    assert!(
        store
            .commit_blocking(&OTHER_KEY, at(8))
            .unwrap()
            .is_advanced()
    );
}

#[test]
fn those_who_have_the_file_open_go_on_after_a_salvage() {
    let place = Place::filled();
    let store = FileStore::open(place.path("offsets")).unwrap();
    for sequence in 43..50 {
        store.commit_blocking(&KEY, at(sequence)).unwrap();
    }
    let mut bytes = fs::read(place.path("offsets")).unwrap();
    bytes[340] ^= 1;
    // In place, since that is how media fail.
    fs::write(place.path("offsets"), bytes).unwrap();
    assert_eq!(place.run(&["verify", "offsets"]).status, 1);
    place.says(&["salvage", "offsets", "--yes"]);
    assert!(store.commit_blocking(&KEY, at(50)).unwrap().is_advanced());
    let shown = place.says(&["get", "offsets", "abab"]);
    assert!(shown.contains("000000000000001f-50"), "{shown}");
}

#[test]
fn a_sound_file_has_nothing_to_be_salvaged() {
    let place = Place::filled();
    let before = place.contents();
    assert_eq!(
        place.says(&["salvage", "offsets", "--yes"]),
        "offsets is sound\n"
    );
    let wanted = json!({
        "file": "offsets",
        "salvaged": false,
        "kept": null,
        "damage": null,
        "keys": [],
    });
    assert_eq!(place.json(&["salvage", "offsets", "--yes"]), wanted);
    assert_eq!(place.contents(), before);
}

#[test]
fn a_file_is_saved_whose_header_is_damaged() {
    let place = Place::filled();
    let mut bytes = fs::read(place.path("offsets")).unwrap();
    bytes[..64].fill(0);
    fs::write(place.path("offsets"), bytes).unwrap();
    let error = place.fails(4, &["list", "offsets"]);
    assert!(error.contains("is damaged at byte 0; "), "{error}");
    assert_eq!(place.run(&["verify", "offsets"]).status, 1);
    let salvaged = place.json(&["salvage", "offsets", "--yes"]);
    assert_eq!(salvaged["damage"]["gaps"], json!([[0, 64]]));
    assert_eq!(salvaged["damage"]["behind"], json!([]));
    let listed = place.json(&["list", "offsets"]);
    assert_eq!(listed["keys"].as_array().unwrap().len(), 2);
}
