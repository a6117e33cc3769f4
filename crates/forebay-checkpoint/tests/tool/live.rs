use std::collections::HashMap;
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use forebay_checkpoint::FileStore;
use forebay_core::ResumeKey;

use crate::watching::Watching;
use crate::{OTHER_KEY, Place, at};

const PATH: &str = "FOREBAY_TOOL_PATH";
const WRITER: &str = "FOREBAY_TOOL_WRITER";
const WRITERS: u8 = 4;
const ROUNDS: u64 = 12;
/// The writer whose key is reset, the last of them.
const PUT_BACK: u8 = WRITERS - 1;

fn key(number: u8) -> ResumeKey {
    ResumeKey::from_bytes([0xc0 + number; 32])
}

/// What each of the processes does: this program once more, as this one test. It commits one sequence
/// after the other, whatever is done to its key, until it is killed.
#[test]
fn in_another_process() {
    let (Ok(path), Ok(number)) = (env::var(PATH), env::var(WRITER)) else {
        return;
    };
    let number = number.parse().unwrap();
    let options = FileStore::options().compact_from(8_000).lock_timeout(None);
    let store = options.open(PathBuf::from(path)).unwrap();
    let mut out = std::io::stdout();
    for sequence in 1.. {
        store.commit_blocking(&key(number), at(sequence)).unwrap();
        let line = format!("says {sequence}\n");
        out.write_all(line.as_bytes()).unwrap();
        out.flush().unwrap();
    }
}

/// What it says is read at once, whoever wants to hear it when: a pipe that is full would stop it, and
/// with it what others wait for.
struct Writer {
    child: Child,
    says: Receiver<u64>,
    told: u64,
}

impl Writer {
    fn start(place: &Place, number: u8) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "live::in_another_process", "--nocapture"])
            .env(PATH, place.path("offsets"))
            .env(WRITER, number.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (tell, says) = mpsc::channel();
        thread::spawn(move || {
            let said = lines.map(Result::unwrap);
            let said = said.filter_map(|line| line.split_once("says ")?.1.parse().ok());
            // Whoever has heard enough is gone.
            said.map_while(|said| tell.send(said).ok()).for_each(drop);
        });
        let told = 0;
        Self { child, says, told }
    }

    /// Waits for so many acknowledged commits.
    fn hear(&mut self, count: usize) {
        for _ in 0..count {
            self.told = self.says.recv().unwrap();
        }
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.told = self.says.iter().last().unwrap_or(self.told);
    }
}

/// Those who write have the lock again and again, and each time for as long as the disk takes.
fn patient<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [arguments, &["--lock-timeout", "3600"]].concat()
}

/// The positions of the writers' keys as `list` shows them.
fn listed(place: &Place) -> Vec<u64> {
    let listed = place.json(&["list", "offsets"]);
    let keys = listed["keys"].as_array().unwrap();
    let of = |number| {
        let found = keys
            .iter()
            .find(|found| found["key"] == key(number).to_string());
        found.map_or(0, |found| found["sequence"].as_u64().unwrap())
    };
    (0..WRITERS).map(of).collect()
}

/// Waits until the watch has told of all writers, of each key forward but for the resets.
fn sees_all(watching: &mut Watching, writers: &mut [Writer]) {
    let mut told = HashMap::<String, u64>::new();
    let mut advanced = HashMap::<String, u64>::new();
    let all: Vec<_> = (0..WRITERS).map(|number| key(number).to_string()).collect();
    while !all.iter().all(|key| advanced.get(key) >= Some(&3)) {
        for writer in &mut *writers {
            writer.hear(1);
        }
        let line = watching.json();
        let (key, sequence) = (line["key"].as_str().unwrap(), line["sequence"].as_u64());
        let sequence = sequence.unwrap();
        let last = told.insert(key.to_owned(), sequence);
        if line["change"] == "advanced" {
            assert!(last < Some(sequence), "{line}");
            *advanced.entry(key.to_owned()).or_default() += 1;
        }
    }
}

#[test]
fn everything_works_on_a_file_that_four_processes_write() {
    let place = Place::filled();
    let mut writers: Vec<_> = (0..WRITERS)
        .map(|number| Writer::start(&place, number))
        .collect();
    let mut watching = Watching::start(&place, &["watch", "offsets", "--json"]);
    let mut before = vec![0; WRITERS.into()];
    for round in 0..ROUNDS {
        for (number, writer) in writers.iter_mut().enumerate() {
            writer.hear(1 + (round as usize * 5 + number * 3) % 7);
        }
        // What was acknowledged is listed, and never less than before.
        let now = listed(&place);
        for (number, writer) in writers.iter().enumerate().take(PUT_BACK.into()) {
            assert!(now[number] >= writer.told, "{now:?}");
            assert!(now[number] >= before[number], "{now:?} {before:?}");
        }
        before = now;
        assert_eq!(place.json(&["verify", "offsets"])["state"], "sound");

        // A key that nobody else moves is exactly where it was put.
        let to = (100 + round).to_string();
        place.says(&patient(&[
            "set",
            "offsets",
            "0f0f",
            &to,
            "--event-id",
            &to,
        ]));
        let behind = round.to_string();
        place.fails(3, &patient(&["set", "offsets", "0f0f", &behind]));
        assert_eq!(place.json(&["get", "offsets", "0f0f"])["event_id"], to);
        // One that a writer moves is put back; the writer is none the wiser.
        let name = key(PUT_BACK).to_string();
        place.says(&patient(&["reset", "offsets", &name, "000000000000001f-0"]));
        let name = key(round as u8 % WRITERS).to_string();
        let label = format!("writer {}", round % 4);
        place.says(&patient(&["label", "offsets", &name, &label]));
    }
    sees_all(&mut watching, &mut writers);
    watching.kill();
    for writer in &mut writers {
        writer.kill();
    }
    assert_eq!(place.json(&["verify", "offsets"])["state"], "sound");
    let now = listed(&place);
    for (number, writer) in writers.iter().enumerate() {
        // One commit more may have been made, of which nobody was told; one key may have been put
        // back after the last.
        let is_told = (writer.told..=writer.told + 1).contains(&now[number]);
        let is_put_back = number == usize::from(PUT_BACK) && now[number] == 0;
        assert!(is_told || is_put_back, "{now:?}");
    }
    let store = FileStore::open(place.path("offsets")).unwrap();
    let last = (99 + ROUNDS).to_string();
    assert_eq!(
        store.load_now(&OTHER_KEY),
        Some(at(99 + ROUNDS).with_event_id(last))
    );
}
