use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Stdio};

use forebay_checkpoint::FileStore;
use forebay_core::{CheckpointStore, ResumeKey};
use futures::executor::block_on;
use serde_json::{Value, json};

use crate::{KEY, OTHER_KEY, Place, at};

/// The program, while it watches.
pub(crate) struct Watching {
    child: Child,
    lines: BufReader<ChildStdout>,
}

impl Watching {
    pub(crate) fn start(place: &Place, arguments: &[&str]) -> Self {
        let mut command = place.command(arguments);
        let command = command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap());
        Self { child, lines }
    }

    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        line
    }

    pub(crate) fn json(&mut self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    /// Waits for it to end of itself.
    fn end(self) -> (Option<i32>, String) {
        drop(self.lines);
        let output = self.child.wait_with_output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[test]
fn what_is_stored_is_told_and_then_every_change() {
    let place = Place::filled();
    let store = FileStore::open(place.path("offsets")).unwrap();
    let mut watching = Watching::start(&place, &["watch", "offsets"]);
    let other = "now       0f0f0f0f0f0f  000000000000001f-7  order\\n7\n";
    assert_eq!(watching.line(), other);
    let first = "now       abababababab (orders)  000000000000001f-42\n";
    assert_eq!(watching.line(), first);
    store.commit_blocking(&KEY, at(43)).unwrap();
    let next = "advanced  abababababab (orders)  000000000000001f-43\n";
    assert_eq!(watching.line(), next);
    block_on(store.reset(&KEY, at(1))).unwrap();
    let next = "reset     abababababab (orders)  000000000000001f-1\n";
    assert_eq!(watching.line(), next);
    block_on(store.label(&KEY, Some("bills"))).unwrap();
    let next = "labelled  abababababab (bills)  000000000000001f-1\n";
    assert_eq!(watching.line(), next);
    block_on(store.remove(&KEY)).unwrap();
    assert_eq!(watching.line(), "removed   abababababab\n");
    // Of another process.
    let third = ResumeKey::from_bytes([0x11; 32]).to_string();
    place.says(&["set", "offsets", &third, "000000000000001f-3"]);
    assert_eq!(
        watching.line(),
        "advanced  111111111111  000000000000001f-3\n"
    );
    watching.kill();
}

#[test]
fn changes_are_told_as_json() {
    let place = Place::filled();
    let mut watching = Watching::start(&place, &["watch", "offsets", "orders", "--json"]);
    let line = |change: &str, sequence: u64| {
        json!({
            "change": change,
            "key": KEY.to_string(),
            "label": "orders",
            "position": format!("000000000000001f-{sequence}"),
            "log": "000000000000001f",
            "sequence": sequence,
            "event_id": null,
        })
    };
    assert_eq!(watching.json(), line("now", 42));
    // Other keys are not told.
    place.says(&["set", "offsets", "0f0f", "8"]);
    place.says(&["set", "offsets", "orders", "43"]);
    assert_eq!(watching.json(), line("advanced", 43));
    place.says(&["remove", "offsets", "orders"]);
    let removed = json!({
        "change": "removed",
        "key": KEY.to_string(),
        "label": null,
        "position": null,
        "log": null,
        "sequence": null,
        "event_id": null,
    });
    assert_eq!(watching.json(), removed);
    place.says(&["set", "offsets", &KEY.to_string(), "000000000000001f-5"]);
    let back = watching.json();
    assert_eq!(
        (&back["change"], &back["sequence"]),
        (&json!("advanced"), &json!(5))
    );
    watching.kill();
}

#[test]
fn a_key_can_be_waited_for() {
    let place = Place::filled();
    let key = ResumeKey::from_bytes([0x11; 32]).to_string();
    let mut watching = Watching::start(&place, &["watch", "offsets", &key]);
    assert_eq!(watching.line(), "now       111111111111\n");
    place.says(&["set", "offsets", &key, "000000000000001f-0"]);
    assert_eq!(
        watching.line(),
        "advanced  111111111111  000000000000001f-0\n"
    );
    watching.kill();
}

#[test]
fn a_file_that_is_replaced_is_followed() {
    let place = Place::filled();
    let options = FileStore::options().compact_from(2_000);
    let store = options.open(place.path("offsets")).unwrap();
    let mut watching = Watching::start(&place, &["watch", "offsets", "orders", "--json"]);
    assert_eq!(watching.json()["sequence"], 42);
    for sequence in 43..150 {
        store.commit_blocking(&KEY, at(sequence)).unwrap();
        if sequence % 20 == 0 {
            while watching.json()["sequence"] != sequence {}
        }
    }
    assert!(store.stats().replacements > 1);
    watching.kill();
}

#[test]
fn a_watch_ends_when_nobody_reads_it() {
    let place = Place::filled();
    let mut watching = Watching::start(&place, &["watch", "offsets"]);
    watching.line();
    watching.line();
    // Nothing more is written, so that only a look at the pipe can tell.
    assert_eq!(watching.end(), (Some(0), String::new()));
}

#[test]
fn a_watch_fails_when_the_file_is_gone() {
    let place = Place::filled();
    let mut watching = Watching::start(&place, &["watch", "offsets", "orders"]);
    watching.line();
    fs::remove_file(place.path("offsets")).unwrap();
    assert_eq!(watching.line(), "");
    let output = watching.child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(5));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.ends_with("; check the path\n"), "{said}");
}

#[test]
fn nothing_is_told_where_nothing_has_changed() {
    let place = Place::filled();
    let store = FileStore::open(place.path("offsets")).unwrap();
    let mut watching = Watching::start(&place, &["watch", "offsets", "0f0f", "--json"]);
    assert_eq!(watching.json()["sequence"], 7);
    for sequence in 43..60 {
        store.commit_blocking(&KEY, at(sequence)).unwrap();
        store.commit_blocking(&OTHER_KEY, at(7)).unwrap();
    }
    store.commit_blocking(&OTHER_KEY, at(9)).unwrap();
    assert_eq!(watching.json()["sequence"], 9);
    watching.kill();
}
