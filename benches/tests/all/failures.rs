use std::fs;

use serde_json::Value;

use crate::program::Program;

#[test]
fn a_part_that_fails_is_named_and_the_others_are_asked_all_the_same() {
    let program = Program::new("all");
    let output = program.run("--quick --quiet --json --folder nowhere");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    let lines: Vec<&str> = errors.lines().collect();
    assert_eq!(lines.len(), 3, "{errors}");
    for (line, named) in lines.iter().zip([
        "error: Many rows, one by one: the database in nowhere cannot be opened",
        "error: Positions that outlast a crash: stores cannot be measured in nowhere",
        "error: Many callers, one row: the database in nowhere cannot be opened",
    ]) {
        assert!(line.starts_with(named), "{errors}");
    }
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let failure = report["parts"][4]["failure"].as_str().unwrap();
    assert!(failure.starts_with("stores cannot be measured in nowhere"));
    assert_eq!(report["parts"][2]["report"]["kind"], "events");
    let page = fs::read_to_string(program.folder().join("report.html")).unwrap();
    assert!(page.contains("<b>Failed: </b>the database in nowhere cannot be opened"));
    assert!(page.contains("failed: the database in nowhere cannot be opened"));
}

#[test]
fn a_folder_that_cannot_be_written_to_is_found_before_anything_is_asked() {
    let program = Program::new("all");
    program.refuses("--quick --out /dev/null/out", "/dev/null/out");
}
