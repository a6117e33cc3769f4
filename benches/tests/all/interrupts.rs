use std::io::{BufRead, BufReader};
use std::process::Stdio;

use crate::program::Program;

#[test]
fn ctrl_c_ends_with_the_parts_that_were_measured() {
    let program = Program::new("all");
    let mut running = program
        .command(["--quick", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // By then, the first part has ended.
    let mut notes = BufReader::new(running.stderr.take().unwrap()).lines();
    let second = notes.find(|line| line.as_ref().is_ok_and(|line| line.starts_with("2/")));
    assert!(second.is_some());
    let report = program.interrupt(running).unwrap();
    let first = &report["parts"][0];
    assert_eq!(first["report"]["header"]["interrupted"], false);
}
