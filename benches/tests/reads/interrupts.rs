use std::fs;
use std::process::{Command, Stdio};
use std::thread;

use serde_json::Value;

use crate::program::Program;

/// When exactly the signal arrives is up to the machine; what is checked holds whenever it does.
#[test]
fn ctrl_c_ends_with_what_was_measured_and_nothing_half_written() {
    let program = Program::new("reads");
    let place = program.folder().join("database");
    fs::create_dir(&place).unwrap();
    let arguments = "--database database --loads 50 --clients 2 --repeat 1000 --json --quiet";
    let child = program
        .command(arguments.split(' '))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The program listens for signals before it makes the database.
    while fs::read_dir(&place).unwrap().next().is_none() {
        thread::yield_now();
    }
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status().unwrap();
    assert!(sent.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));

    let file = fs::read(program.folder().join("report.json")).unwrap_or_default();
    assert_eq!(file, output.stdout);
    if !file.is_empty() {
        let report: Value = serde_json::from_slice(&file).unwrap();
        assert_eq!(report["header"]["interrupted"], true);
    }
    assert!(fs::read_dir(&place).unwrap().next().is_none());
}
