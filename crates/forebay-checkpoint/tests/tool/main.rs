//! The program `forebay-checkpoint`, run as its users run it.
//!
//! * Keys are shown and found by digits, first digits and labels; what may be read in two ways is no
//!   name: [`reading`].
//! * Whoever reads needs no right to write, no lock, and changes nothing: [`reading`].
//! * Positions move forward; back, and to another log, only when that is asked for: [`changing`].
//! * The JSON of older clients goes in and out unchanged: [`older`].
//! * Damage is found, told and mended, and the damaged file is kept: [`damage`].
//! * Whatever else is wrong has its exit status, and one line that says what to do: [`refusing`].
//! * Changes are told as they come: [`watching`].
//! * All of it works on a file that four processes write: [`live`].
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod changing;
mod damage;
mod live;
mod older;
mod reading;
mod refusing;
mod watching;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use forebay_checkpoint::FileStore;
use forebay_core::{Checkpoint, Cursor, LogId, ResumeKey, Sequence};
use serde_json::Value;
use tempfile::TempDir;

const KEY: ResumeKey = ResumeKey::from_bytes([0xab; 32]);
const OTHER_KEY: ResumeKey = ResumeKey::from_bytes([0x0f; 32]);

fn at(sequence: u64) -> Checkpoint {
    Checkpoint::new(Cursor::new(LogId::new(0x1f), Sequence::new(sequence)))
}

/// A folder of its own with the file `offsets`, which is not there at first.
struct Place {
    folder: TempDir,
}

/// What came of running the program.
#[derive(Debug, Eq, PartialEq)]
struct Run {
    status: i32,
    out: String,
    err: String,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder }
    }

    /// With a file that has `KEY` at 42, labelled `orders`, and `OTHER_KEY` at 7 with an event id.
    fn filled() -> Self {
        let place = Self::new();
        let store = FileStore::open(place.path("offsets")).unwrap();
        store.commit_blocking(&KEY, at(42)).unwrap();
        let seven = at(7).with_event_id("order\n7");
        store.commit_blocking(&OTHER_KEY, seven).unwrap();
        futures::executor::block_on(store.label(&KEY, Some("orders"))).unwrap();
        store.close_blocking().unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_forebay-checkpoint"));
        command.current_dir(self.folder.path()).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments).output().unwrap())
    }

    fn run_with_input(&self, arguments: &[&str], input: &[u8]) -> Run {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        Run::of(child.wait_with_output().unwrap())
    }

    /// Runs what is to succeed, and returns what it prints.
    fn says(&self, arguments: &[&str]) -> String {
        let run = self.run(arguments);
        assert_eq!((run.status, run.err.as_str()), (0, ""), "{arguments:?}");
        run.out
    }

    /// Runs what is to succeed with `--json`, and returns what it prints.
    fn json(&self, arguments: &[&str]) -> Value {
        let out = self.says(&[arguments, &["--json"]].concat());
        assert_eq!(out.matches('\n').count(), 1, "{out}");
        serde_json::from_str(&out).unwrap()
    }

    /// Runs what is to fail without a word but the one line that is returned.
    fn fails(&self, status: i32, arguments: &[&str]) -> String {
        let run = self.run(arguments);
        assert_eq!((run.status, run.out.as_str()), (status, ""), "{run:?}");
        run.error()
    }

    /// All names in the folder, each with what is in the file.
    fn contents(&self) -> Vec<(String, Vec<u8>)> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut contents: Vec<_> = entries
            .map(|entry| {
                let entry = entry.unwrap();
                let name = entry.file_name().into_string().unwrap();
                (name, std::fs::read(entry.path()).unwrap_or_default())
            })
            .collect();
        contents.sort();
        contents
    }

    fn names(&self) -> Vec<String> {
        self.contents().into_iter().map(|(name, _)| name).collect()
    }
}

impl Run {
    fn of(output: Output) -> Self {
        Self {
            status: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The one line that says why it failed.
    fn error(&self) -> String {
        assert_eq!(self.err.matches('\n').count(), 1, "{}", self.err);
        let line = self.err.strip_prefix("error: ").unwrap();
        line.trim_end().to_owned()
    }
}
