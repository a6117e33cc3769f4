use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::program::Program;

/// When exactly the signal arrives is up to the machine; what is checked holds whenever it does,
/// since the first part has ended before it is sent.
#[test]
fn ctrl_c_ends_with_the_parts_that_were_measured() {
    let program = Program::new("all");
    let mut child = program
        .command(["--quick", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut notes = BufReader::new(child.stderr.take().unwrap()).lines();
    let second = notes.find(|line| line.as_ref().is_ok_and(|line| line.starts_with("2/")));
    assert!(second.is_some());
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status().unwrap();
    assert!(sent.success());
    let mut printed = Vec::new();
    let mut output = child.stdout.take().unwrap();
    output.read_to_end(&mut printed).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));

    let file = fs::read(program.folder().join("report.json")).unwrap();
    assert_eq!(file, printed);
    let report: Value = serde_json::from_slice(&file).unwrap();
    assert_eq!(report["header"]["interrupted"], true);
    let first = &report["parts"][0];
    assert_eq!(first["report"]["header"]["interrupted"], false);
}
