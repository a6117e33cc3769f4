use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};
use std::thread;

use serde_json::Value;

use crate::program::Program;

/// When exactly the signal arrives is up to the machine; what is checked holds whenever it does.
#[test]
fn ctrl_c_ends_with_what_was_measured_and_nothing_half_written() {
    let program = Program::new("catchup");
    let arguments = "--keys 300 --behind 300 --repeat 1000 --json --quiet";
    let mut child = program
        .command(arguments.split(' '))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The thread that waits for signals is there as soon as the program listens for them.
    let threads = format!("/proc/{}/task", child.id());
    while child.try_wait().unwrap().is_none() && count(&threads) < 2 {
        thread::yield_now();
    }
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status().unwrap();
    assert!(sent.success());
    let mut printed = Vec::new();
    let mut output = child.stdout.take().unwrap();
    output.read_to_end(&mut printed).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));

    let file = fs::read(program.folder().join("report.json")).unwrap_or_default();
    assert_eq!(file, printed);
    if !file.is_empty() {
        let report: Value = serde_json::from_slice(&file).unwrap();
        assert_eq!(report["header"]["interrupted"], true);
    }
}

fn count(folder: &str) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}
